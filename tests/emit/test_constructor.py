"""How a module begins: initial values by (seed, name) alone, sizes and settings as arguments, buffers where asked."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import pytest
import torch

import hdsl

TEXT = """
dim n = 40, m = 30, q = n + 2*m, r
input u[n]
param A[n, m] = normal(1, 0.5)
param B[n, m] = uniform(-1, 3)
param C[n, m] = orthogonal(2)
param D[n, m] = glorot
param E[n, m] = he
param F[m, m] = eye
param G[3] = [1, 2.5, -1/2]
param H[n] = ones
param K[r] = 0
param L = 1/sqrt(n)
const gain = 0.5
const table[2] = [gain, 2*gain]
output y = u
learn
    eta = 2*gain
    beta.A = 0.1
"""


def made(text=TEXT, *arguments, **keywords):
    return hdsl.loads(text).compile()(*arguments, **{"r": 2, **keywords})


def moments(tensor):
    return float(tensor.detach().mean()), float(tensor.detach().std())


def test_distributions_have_their_moments():
    net = made(n=300, m=200, dtype=torch.float64)
    assert moments(net.A) == pytest.approx((1, 0.5), abs=0.01)
    assert moments(net.B) == pytest.approx((1, 4 / math.sqrt(12)), abs=0.02)
    assert float(net.B.detach().min()) >= -1 and float(net.B.detach().max()) <= 3
    assert moments(net.D) == pytest.approx((0, math.sqrt(2 / 500)), abs=0.002)
    assert float(net.D.detach().abs().max()) <= math.sqrt(6 / 500)
    assert moments(net.E) == pytest.approx((0, math.sqrt(2 / 200)), abs=0.002)  # by the inputs: the last axis


def test_kernels_are_filled_by_what_comes_in_and_goes_out_over_the_window() -> None:
    """The bound of Glorot and Bengio and the deviation of He et al.: a kernel [out, in, 3, 5] has fans of 15 times each."""
    text = TEXT.replace("D[n, m]", "D[n, m, 3, 5]").replace("E[n, m]", "E[n, m, 3, 5]")
    net = made(text, n=40, m=60, dtype=torch.float64)
    bound = math.sqrt(6 / (15 * 40 + 15 * 60))
    count, d, e = net.D.numel(), net.D.detach(), net.E.detach()
    assert count == 40 * 60 * 15
    assert 0.999 * bound < float(d.abs().max()) <= bound
    assert float(d.std()) == pytest.approx(bound / math.sqrt(3), rel=5 / math.sqrt(count))
    assert float(e.std()) == pytest.approx(math.sqrt(2 / (15 * 60)), rel=5 / math.sqrt(count))
    assert abs(float(e.mean())) < 5 * math.sqrt(2 / (15 * 60) / count)


@pytest.mark.parametrize("shape", ["n, m", "n, m, 5", "n, m, 3, 5"])
@pytest.mark.parametrize(
    "name, fill", [("glorot", torch.nn.init.xavier_uniform_), ("he", torch.nn.init.kaiming_normal_)]
)
def test_values_are_those_of_torch_with_the_same_generator(shape: str, name: str, fill: Any) -> None:
    net = made(f"dim n = 4, m = 3, r\ninput u[r]\nparam W[{shape}] = {name}\noutput y = u\n", dtype=torch.float64, seed=7)
    digest = hashlib.sha256(b"7:W").digest()
    source = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    assert torch.equal(net.W, fill(torch.empty(net.W.shape, dtype=torch.float64), generator=source))


def test_orthogonal_columns_have_the_length_of_the_gain():
    c = made(dtype=torch.float64).C.detach()
    assert torch.allclose(c.T @ c, 4 * torch.eye(30, dtype=torch.float64), atol=1e-12)


def test_numbers_lists_and_eye_are_what_they_say():
    net = made(dtype=torch.float64)
    assert torch.equal(net.F, torch.eye(30, dtype=torch.float64)) and net.G.tolist() == [1, 2.5, -0.5]
    assert net.H.tolist() == [1] * 40 and net.K.tolist() == [0, 0] and net.L.item() == 1 / math.sqrt(40)
    assert net.table.tolist() == [0.5, 1.0]


def test_values_are_drawn_by_seed_and_name_alone():
    lines = TEXT.strip().split("\n")
    params = [line for line in lines if line.startswith("param")]
    others = [line for line in lines if not line.startswith("param") and line not in lines[-3:]]
    turned = "\n".join([*others, *reversed(params), *lines[-3:]])
    first, second = made(seed=3), made(turned, seed=3)
    for name, parameter in first.named_parameters():
        assert torch.equal(parameter, dict(second.named_parameters())[name])
    other, again = made(seed=4), made(seed=3)
    assert torch.equal(again.A, first.A) and not torch.equal(other.A, first.A)
    assert not torch.equal(first.A[:, :3], first.B[:, :3])


def test_values_are_the_same_in_every_dtype_and_leave_torchs_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    single, double = made(dtype=torch.float32), made(dtype=torch.float64)
    assert torch.equal(torch.rand(1), expected)
    for name, parameter in single.named_parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(dict(double.named_parameters())[name].float(), parameter)


def test_sizes_are_arguments_and_follow_one_another():
    net = made(n=5)
    assert (net.n, net.m, net.q, net.r) == (5, 30, 65, 2) and net.A.shape == (5, 30)
    assert made(n=5, q=7).q == 7


def test_a_size_without_a_default_is_asked_for():
    with pytest.raises(TypeError, match="the size r has no default: pass r=…"):
        hdsl.loads(TEXT).compile()()


def test_a_size_that_comes_out_broken_is_refused():
    text = "dim n = 5, k = (n-1)/2\ninput u[k]\nparam W[k] = 0\noutput y = W * u\n"
    assert made_of(text).W.shape == (2,)
    with pytest.raises(ValueError, match="not a whole number"):
        made_of(text, n=4)


def made_of(text, **keywords):
    return hdsl.loads(text).compile()(**keywords)


def test_settings_are_arguments_and_follow_consts():
    assert made().eta == 1 and made(gain=2).eta == 4 and made(gain=2, eta=7).eta == 7
    assert made(gain=3).table.tolist() == [3, 6]
    assert made(beta_A=0.7).beta_A == 0.7 and made().beta_A == 0.1


def test_states_begin_at_their_initial_value_for_every_stream_and_costates_at_zero():
    text = "dim n = 2\nconst s = 3\ninput u[n]\nstate h[n] = s\nparam W[n, n] = ones\nh' = W @ u - h\noutput y = h\n"
    net = hdsl.loads(text).compile()(batch=4)
    assert net.state.h.tolist() == [[3, 3]] * 4
    assert net.costate.h.shape == (4, 2) and net.costate.W.shape == (2, 2)
    assert not net.costate.h.any() and not net.costate.W.any() and int(net.clock) == 0
    names = list(net.state_dict())
    assert names[0] == "W" and {"state.h", "costate.h", "costate.W", "clock"} <= set(names)
    assert not any(name.startswith(("initial", "share")) for name in names)


def test_a_shared_state_has_no_batch_axis():
    net = hdsl.loads("dim n = 2\nstate g[n] = 1\nparam W[n, n] = 0\ng' = W @ g\noutput y = g\n").compile()(batch=3)
    assert net.state.g.shape == net.costate.g.shape == (2,)


def test_sizes_are_held_against_the_parts_that_formulas_take():
    text = "dim n = 5, m = 2\ninput u[n]\noutput y = u[m:] + sum(u[0:4]) + u[-1]\n"
    model = hdsl.loads(text).compile()
    assert model(n=4).n == 4
    with pytest.raises(ValueError, match="takes a part of what is too small for it: 4 > n"):
        model(n=3)
    with pytest.raises(ValueError, match=r"m \+ 1 > n"):
        model(m=5)
    assert model().source.count("too small for it") == 2  # what holds for every size is not asked


def test_sizes_are_held_against_the_windows_that_must_fit():
    text = "dim h = 6, k = 2\ninput u[1, h, 8]\nparam K[1, 1, k, k] = 1\noutput y = sum(maxpool2d(conv2d(u, K), 3, stride=1))\n"
    model = hdsl.loads(text).compile()
    assert model(h=4).h == 4
    with pytest.raises(ValueError, match="a window is larger than its image: 1 > h"):
        model(h=2)
    with pytest.raises(ValueError, match="a window is larger than its image: 1 > 9 - k"):
        model(k=9, h=20)


def test_a_number_of_copies_is_written_out_where_sizes_and_parts_depend_on_it():
    text = """dim d = 3, pairs = 2, copies = 2*pairs, width = copies*d
input u[width]
component turn(x[s], W[d, d]) { return concat(x[d:], W @ x[:d]) }
param W[d, d] = eye
output y = repeat(copies, turn, u, W)
"""
    model = hdsl.loads(text).compile()
    net = model(dtype=torch.float64)
    assert (net.pairs, net.copies, net.width, net.d) == (2, 4, 12, 3)
    assert torch.equal(net.predict(u=torch.arange(12.0, dtype=torch.float64)[None])[0], torch.arange(12.0))  # all round
    assert model(d=5).width == 20
    for fixed in ("copies", "pairs"):  # four copies are written out: another number would not be what runs
        with pytest.raises(TypeError, match=fixed):
            model(**{fixed: 3})
