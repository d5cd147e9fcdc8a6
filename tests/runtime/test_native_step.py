"""A native step from Python beside torch's: whatever is missing, ends or is told, and with the same words where it is wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.native_build import find_compiler
from hdsl.runtime.prepared import Prepared, Wanted
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

MIXED = """dim n = 3
input u[n]
input k : index(n)
target v[2]
target c : index(n)
state h[n] = 0
state a[n] = 0.5
param W[n, n] = normal(0, 1)
const g[n] = [1, 2, 3]
h' = -h + tanh(W @ (u * g) + one_hot(k))
a' = -a + tanh(W @ h)
output y = W @ a
cost near = 1/2 * squared(y[0:2] - v)
cost class = cross_entropy(y, c)
cost both = squared(y[0:2] - v) * cross_entropy(y, c)
cost free = squared(a)
cost small = 1/2 * squared(W)
reset h each sample
project W = W / (1 + squared(W)/100) every 2
learn
    phi = exp(-t)
    first = undamped
    beta = 0.1
"""
LAYERED = """dim n = 2
input u[n]
target v[n]
state a[n] = 0
state b[n] = 0
param A[n, n] = normal(0, 1)
param B[n, n] = normal(0, 1)
next a = tanh(A @ u)
next b = tanh(B @ a)
output y = b
cost fit = 1/2 * squared(y - v)
learn
    eta = 1
    schedule = layerwise
"""
BEGUN = """dim n = 2
input u[n]
target v[n]
state h[n] = B @ u
state s = w
param B[n, n] = normal(0, 1)
param w = 0.3
h' = -h + tanh(u)
s' = -s
output y = h + s
cost fit = 1/2 * squared(y - v)
learn
    beta = 0.1
"""
FLAT = """dim l = 1, f = 2
input C[l, f]
target b[l, f]
state w[l] = ones
param V[f, l] = normal(0, 1)
w' = -w + 0.1*sum(V)
output y = V @ w
cost g = mean(((C.T @ w if sum(V) >= 0 else V[:, 0] + C) - b)^2)
learn
    beta = 0.1
"""
NAN = torch.nan
GAPS: dict[str, Any] = {
    "v": torch.tensor([[1.0, 2.0], [NAN, 1.0], [0.3, -0.4], [NAN, NAN], [0.1, 0.2], [5.0, 6.0]], dtype=torch.float64),
    "c": torch.tensor([0, -1, 2, 1, -1, 0]),
}


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plain_builds():
        yield


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each step whether C has made all of it."""
    told: list[bool] = []
    step = Prepared.step

    def counted(self: Prepared, *given: Any) -> Any:
        found = step(self, *given)
        told.append(found is not None)
        return found

    monkeypatch.setattr(Prepared, "step", counted)
    return told


def nets(text: str, batch: int, **sizes: int) -> list[Any]:
    model = hdsl.loads(text, **sizes)
    return [model.compile(dtype=torch.float64, backend=backend)(batch=batch, seed=1) for backend in ("native", "torch")]


def same(native: Any, plain: Any, sample: dict[str, Any], **told: Any) -> None:
    """A step of both, what it hands out and what it leaves."""
    y, costs = native.step(**sample, **told)
    wanted, of = plain.step(**sample, **told)
    close = {"rtol": 1e-12, "atol": 1e-13, "equal_nan": True}
    torch.testing.assert_close([y, costs], [wanted, of], **close)
    torch.testing.assert_close(native.state_dict(), plain.state_dict(), **close)
    assert not y.is_inference() and not y.requires_grad


@pytest.mark.parametrize(("k", "c", "told"), [
    (3, 0, "k has an index 3; wanted 0 to 2"), (-1, 0, "k has an index -1; wanted 0 to 2"),
    (0, 3, "c has an index 3; wanted 0 to 2, or -1 for none"),
])  # fmt: skip
@pytest.mark.parametrize("batch", [1, 2])
def test_an_index_beyond_its_table_moves_nothing(k: int, c: int, told: str, batch: int) -> None:
    for net in nets(MIXED, batch):
        sample = {"u": torch.zeros(batch, 3).double(), "v": torch.zeros(batch, 2).double()}
        ks, cs = (torch.tensor([1] * (batch - 1) + [each]) for each in (k, c))
        before = copy.deepcopy(net.state_dict())
        for _ in range(2):
            with pytest.raises(ValueError, match=f"^{told}$"):
                net.step(**sample, k=ks, c=cs)
        with pytest.raises(ValueError, match=f"^{told}$"):
            net.run({name: value[None] for name, value in {**sample, "k": ks, "c": cs}.items()})
        assert torch.equal(net.state_dict()["clock"], before["clock"])
        torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)


def test_costs_of_what_has_an_axis_of_one_entry_are_torchs() -> None:
    native, plain = nets(FLAT, 1)
    same(native, plain, {"C": torch.tensor([[[0.3, -2.0]]]).double(), "b": torch.tensor([[[1.0, 0.5]]]).double()})


@pytest.mark.parametrize(("text", "batch"), [(MIXED, 1), (MIXED, 3), (LAYERED, 1), (BEGUN, 2)],
                         ids=["mixed", "mixed of 3", "layered", "begun"])  # fmt: skip
def test_it_is_torchs_step_whatever_is_missing_or_ends(text: str, batch: int, made: list[bool]) -> None:
    native, plain = nets(text, batch)
    ends = [None, None, torch.arange(batch) == 0, torch.zeros(batch, dtype=torch.bool), True, None]
    for k in range(6):
        rows = [(k + b) % 6 for b in range(batch)]
        numbers = torch.linspace(-1, 1 + k, batch * native.n, dtype=torch.float64)
        sample: dict[str, Any] = {"u": numbers.reshape(batch, native.n)}
        if text == MIXED:
            sample["k"] = torch.tensor(rows) % 3
        targets = {name: GAPS[name][rows] for name in native.targets}
        if k == 3:
            targets["v"] = None
        if k == 5:
            native.eval(), plain.eval()
        same(native, plain, {**sample, **targets}, boundary=ends[k], tau=None if k != 2 else 0.4)
    same(native, plain, sample)  # nothing is told of any target
    assert all(made) and len(made) == 7


def test_what_is_no_such_tensor_is_read_as_torch_reads_it(made: list[bool]) -> None:
    native, plain = nets(LAYERED, 1, n=1)
    turned = torch.complex(torch.zeros(1, 1), torch.ones(1, 1)).to(torch.complex128).conj().imag
    assert turned.is_neg() and turned.is_contiguous()  # it lies there with the other sign
    for u in ([[1]], np.ones((1, 1), np.float32), torch.nn.Parameter(-turned), torch.ones(1, 1).int(), turned):
        same(native, plain, {"u": u, "v": turned})
    assert all(made)


@pytest.mark.parametrize(
    "given",
    [{}, {"u": torch.ones(1, 3)}, {"u": torch.ones(3), "k": [0]}, {"u": torch.ones(1, 3), "k": [0.5]},
     {"u": torch.ones(1, 3), "k": [0], "w": 1}, {"u": torch.ones(1, 3), "k": [0], "v": torch.ones(1)}, {"u": "a", "k": [0]},
     {"u": None, "k": [0]}],
    ids=lambda given: "-".join(given),
)  # fmt: skip
def test_what_is_wrong_is_told_by_torch_and_moves_nothing(given: dict[str, Any]) -> None:
    native, plain = nets(MIXED, 1)
    before = copy.deepcopy(native.state_dict())
    said = []
    for net in (native, plain):
        with pytest.raises((TypeError, ValueError, RuntimeError)) as caught:
            net.step(**given)
        said.append((caught.type, str(caught.value)))
    with pytest.raises(TypeError, match="positional"):
        native.step(*[None] * 5)
    assert said[0] == said[1]
    torch.testing.assert_close(native.state_dict(), before, rtol=0, atol=0)


def test_a_copy_that_was_made_in_inference_mode_steps_outside_of_it(made: list[bool]) -> None:
    native, plain = nets(LAYERED, 1)
    with torch.inference_mode():
        native, plain = copy.deepcopy(native), copy.deepcopy(plain)
    sample = {"u": torch.ones(1, 2, dtype=torch.float64), "v": torch.ones(1, 2, dtype=torch.float64)}
    same(native, plain, sample)
    assert made == [True]


def test_memory_that_is_shared_with_another_process_is_what_moves(made: list[bool]) -> None:
    native, plain = nets(LAYERED, 1)
    sample = {"u": torch.ones(1, 2, dtype=torch.float64), "v": torch.ones(1, 2, dtype=torch.float64)}
    same(native, plain, sample)
    native.A.share_memory_()
    same(native, plain, sample)
    native.share_memory()
    same(native, plain, sample)
    assert made == [True, False, True, True] and native.A.is_shared()


def test_its_words_and_arguments_are_those_of_torchs() -> None:
    native, plain = (type(net).step for net in nets(LAYERED, 1))
    assert native.__doc__ == plain.__doc__ and native.__wrapped__.__code__ == plain.__code__


def test_an_index_is_whole_and_a_number_is_of_the_modules_type() -> None:
    assert Wanted(torch.int64, (1,), True, 3).read([0.5]) is None and Wanted(torch.int64, (2,), True, 3).read([1]) is None
    read = Wanted(torch.float32, (1,), False, 0).read([1])
    assert read is not None and read.dtype == torch.float32
    index = Wanted(torch.int64, (1,), True, 3).read(np.array([2], np.int32))
    assert index is not None and index.dtype == torch.int64 and index.tolist() == [2]
