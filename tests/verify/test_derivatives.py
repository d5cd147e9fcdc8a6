"""f, L, H′ and their derivatives in the judge: against differences; on paper where streams and shared things meet."""

import math

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.derivatives import (
    differentiate,
    finite_difference,
    lacks_target,
    moment_of,
    observed,
    point_at,
    point_of_shared,
    slope,
    terms_of_hamiltonian,
)
from hdsl.verify.written import Written

F64 = torch.float64


def written(text, dims=None):
    tree, diagnostics = parse(Source(text))
    assert not diagnostics
    return Written(tree, dims)


def scalar(value):
    return torch.tensor(value, dtype=F64)


# --- what a sample holds ---------------------------------------------------------------------------------------------

TWO_TARGETS = """
dim n = 2
input u[n]
input k : index(5)
target v[n]
target c : index(3)
let e = u - v
cost real = squared(e)
cost class = cross_entropy([1, 2, 3], c)
cost both = real_again + cross_entropy([1, 2, 3], c)
let real_again = sum(e)
cost neither = sum(u)
"""


@pytest.mark.parametrize(
    ("sample", "without"),
    [
        ({"v": [1.0, 2.0], "c": 0}, set()),
        ({"v": None, "c": 0}, {"real", "both"}),
        ({"c": 2}, {"real", "both"}),
        ({"v": [1.0, math.nan], "c": 2}, {"real", "both"}),
        ({"v": [1.0, 2.0], "c": -1}, {"class", "both"}),
        ({"v": torch.full((2,), math.nan), "c": torch.tensor(-1)}, {"real", "class", "both"}),
    ],
)
def test_a_cost_lacks_its_target(sample, without):
    model = written(TWO_TARGETS)
    assert {cost for cost in model.costs if lacks_target(model, cost, sample)} == without


def test_indices_are_whole_and_reals_take_their_shape():
    model = written(TWO_TARGETS)
    index = observed(model, "k", {"k": torch.tensor([4])})
    assert index.dtype == torch.long and index.shape == () and index == 4
    assert observed(model, "u", {"u": [3, 4]}).tolist() == [3.0, 4.0]


def test_a_missing_target_has_no_value():
    model = written(TWO_TARGETS)
    point = point_at(model, {}, {"u": [0.0, 0.0], "v": [math.nan, 0.0]}, 0.0, 1.0)
    with pytest.raises(ValueError, match="v has no value"):
        point("real")


# --- f ---------------------------------------------------------------------------------------------------------------


def test_slopes():
    model = written("""
state a = 1
state b[2] = 0
state still[2] = 3
a' = -2*a + t + tau
next b = [a, 1]
""")
    values = {"a": scalar(5.0), "b": scalar([1.0, 2.0]), "still": scalar([3.0, 3.0])}
    point = point_at(model, values, {}, t=0.5, tau=0.25)
    assert slope(model, "a", point).item() == -10 + 0.5 + 0.25
    assert slope(model, "b", point).tolist() == [(5 - 1) / 0.25, (1 - 2) / 0.25]
    assert slope(model, "still", point).tolist() == [0.0, 0.0]


def test_one_bound_of_a_clip_may_be_infinite():
    model = written("state x = 0\nlet low = clip(x, -inf, n)\nlet high = clip(x, pi, inf)\ndim n = 2\n")
    point = point_at(model, {"x": scalar(2.5)}, {}, 0.0, 1.0)
    assert (point("low").item(), point("high").item()) == (2.0, math.pi)


# --- derivatives against differences ---------------------------------------------------------------------------------

GATED = """
dim n = 3, m = 2, k = 4
input u[m]
input token : index(4)
target v[k]
target c : index(k)
state s[n] = 0
state h[n] = 0
param W[n, n] = 0
param R[n, m] = 0
param b[n] = 0
param C[k, n] = 0
param q = 0
let gate = sigmoid(W @ h + R @ u + b)
let cand = gelu(R @ u) + silu(W.T @ s) * exp(-q*t)
let s_new = gate*s + (1 - gate)*cand + tau*clip(cross_entropy(C @ h, token), -9, 9)
next s = s_new
h' = -h + softplus(s_new) * softmax(s) - q^2*max(h, s)
output y = C @ (h + logsumexp(s))
cost class = cross_entropy(y, c)
cost fit = mean(abs(softmax(y) - v)) / (1 + squared(W) / n)
cost price = 1/2*q^2 + dot(b, sqrt(1 + b^2))
learn
    phi = 0.7 + t
"""


@pytest.mark.parametrize("missing", [set(), {"c"}, {"v"}])
def test_gradients_of_a_gated_net_against_differences(missing):
    model = written(GATED)
    generator = torch.Generator().manual_seed(11)

    def draw(shape):
        return torch.randn(shape, dtype=F64, generator=generator)

    values = {name: draw(model.shape(name)) for name in (*model.states, *model.parameters)}
    costates = {name: draw(model.shape(name)) for name in model.states}
    sample = {"u": draw((2,)), "token": 1, "v": draw((4,)), "c": 3}
    for name in missing:
        sample[name] = None
    t, tau = 0.4, 0.3
    phi = model.phi(t, tau, False)

    def total(changed):
        point = point_at(model, {**values, **changed}, sample, t, tau)
        both = [terms_of_hamiltonian(model, part, point, sample, phi, costates) for part in (False, True)]
        return both[0] + both[1]

    moment = moment_of(model, [sample], [t], [tau], first=False)
    batch = {name: value[None] if name in model.per_stream else value for name, value in values.items()}
    batch_costates = {name: value[None] for name, value in costates.items()}
    found = differentiate(model, batch, moment, True, batch_costates, times_tau=False)
    for name, value in values.items():
        along = draw(value.shape)
        by_difference = finite_difference(lambda x, name=name: total({name: x}), value, along)
        assert (found[name].reshape(value.shape) * along).sum().item() == pytest.approx(
            by_difference.item(), rel=1e-7, abs=1e-8
        ), name


# --- where streams meet what is shared --------------------------------------------------------------------------------

# s is shared: it reads a parameter and itself only. H′ of stream b is, on paper,
#     φ ( ½ (w h_b + s − v_b)² + ½ w² ) + z_b (−h_b + s u_b) + z_s (−p s)
CROSSING = """
input u
target v
state h = 0
state s = 1
param w = 0
param p = 0
h' = -h + s*u
s' = -p*s
output y = w*h + s
cost fit = 1/2*squared(y - v)
cost price = 1/2*w^2
learn
    phi = 2
"""
W, P, S, ZS = 0.7, 0.3, 1.2, -0.4
H, Z, U, V = [0.5, -1.0, 2.0], [0.1, 0.2, -0.3], [1.0, 2.0, -1.0], [0.4, 0.0, 1.5]


def crossing(samples, taus, cost=True, dynamics=True, times_tau=False):
    model = written(CROSSING)
    values = {"h": scalar(H), "s": scalar(S), "w": scalar(W), "p": scalar(P)}
    costates = {"h": scalar(Z), "s": scalar(ZS)} if dynamics else None
    moment = moment_of(model, samples, [0.0, 0.0, 0.0], taus, first=False)
    return {n: d.tolist() for n, d in differentiate(model, values, moment, cost, costates, times_tau).items()}


SAMPLES = [{"u": u, "v": v} for u, v in zip(U, V, strict=True)]


def mean(values):
    return sum(values) / 3


def test_mean_over_streams_once_and_shared_terms_undivided():
    error = [W * h + S - v for h, v in zip(H, V, strict=True)]
    found = crossing(SAMPLES, [1.0, 1.0, 1.0])
    assert found["h"] == pytest.approx([2 * e * W - z for e, z in zip(error, Z, strict=True)], abs=1e-15)
    own = [2 * e + z * u for e, z, u in zip(error, Z, U, strict=True)]
    assert found["s"] == pytest.approx(mean(own) - ZS * P, abs=1e-15)
    assert found["w"] == pytest.approx(mean([2 * e * h for e, h in zip(error, H, strict=True)]) + 2 * W, abs=1e-15)
    assert found["p"] == pytest.approx(-ZS * S, abs=1e-15)


def test_a_stream_without_a_target_counts_as_zero():
    error = [W * h + S - v for h, v in zip(H, V, strict=True)]
    error[1] = 0.0
    found = crossing([SAMPLES[0], {"u": U[1], "v": None}, SAMPLES[2]], [1.0, 1.0, 1.0])
    assert found["h"] == pytest.approx([2 * e * W - z for e, z in zip(error, Z, strict=True)], abs=1e-15)
    assert found["w"] == pytest.approx(mean([2 * e * h for e, h in zip(error, H, strict=True)]) + 2 * W, abs=1e-15)


def test_each_stream_uses_its_own_tau_and_the_shared_terms_the_mean():
    error = [W * h + S - v for h, v in zip(H, V, strict=True)]
    taus = [0.5, 1.0, 3.0]
    found = crossing(SAMPLES, taus, times_tau=True)
    assert found["h"] == pytest.approx([k * (2 * e * W - z) for k, e, z in zip(taus, error, Z, strict=True)], abs=1e-15)
    own = [k * (2 * e + z * u) for k, e, z, u in zip(taus, error, Z, U, strict=True)]
    assert found["s"] == pytest.approx(mean(own) - 1.5 * ZS * P, abs=1e-14)
    own = [k * 2 * e * h for k, e, h in zip(taus, error, H, strict=True)]
    assert found["w"] == pytest.approx(mean(own) + 1.5 * 2 * W, abs=1e-14)


def test_costs_alone_and_dynamics_alone_make_the_whole():
    ones = [1.0, 1.0, 1.0]
    whole, cost = crossing(SAMPLES, ones), crossing(SAMPLES, ones, dynamics=False)
    dynamics = crossing(SAMPLES, ones, cost=False)
    assert dynamics["w"] == 0.0 and cost["p"] == 0.0
    assert dynamics["h"] == pytest.approx([-z for z in Z], abs=1e-15)
    for name in ("s", "w", "p"):
        assert cost[name] + dynamics[name] == pytest.approx(whole[name], abs=1e-14)


def test_at_the_shared_point_nothing_of_a_stream_has_a_value():
    model = written(CROSSING)
    values = {"h": scalar(H), "s": scalar(S), "w": scalar(W), "p": scalar(P)}
    point = point_of_shared(model, values, moment_of(model, SAMPLES, [1.0, 2.0, 6.0], [0.5, 1.0, 3.0], False))
    assert (point("t").item(), point("tau").item(), point("price").item()) == (3.0, 1.5, W * W / 2)
    for name in ("u", "v", "h", "y"):
        with pytest.raises(ValueError, match="has no value"):
            point(name)


def test_finite_difference_is_of_second_order():
    def cube(x):
        return x**3

    # A central difference of x³ along 1 is 3x² + h².
    assert finite_difference(cube, scalar(2.0), scalar(1.0), h=0.5).item() == 12.25
