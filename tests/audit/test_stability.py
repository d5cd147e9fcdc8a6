"""Limits of stability against simulated ones, found by bisection on the generated modules in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.audit.sgd import equivalences
from hdsl.audit.stability import largest_curvature, limits

STEPS = 600

ONE = """
const k = 1
param w = 1
output y = w
cost size = 1/2 * k * w^2
learn
    order = {order}
    tau = {tau}
    eta = {eta}
    beta = {beta}
    phi = {phi}
"""
LINEAR = """
dim n = 2
const A[n, n] = [[-0.2, {turn}], [-{turn}, -0.2]]
state h[n] = 1
target v[n]
param w = {w}
{dynamics}
output y = h
cost fit = 1/2 * squared(h - v)
learn
    tau = 0.1
    eta.h = {eta}
    beta = 0
    order = {order}
"""


def found(text, **settings):
    model = hdsl.loads(text, settings=settings).compiler.model
    return limits(model, equivalences(model))


def settles(net, names, steps=STEPS, **given):
    """Whether cells become smaller from the first to the last quarter of a run."""
    sizes = []
    for _ in range(steps):
        net.step(**given)
        state = net.state_dict()
        sizes.append(max(float(state[name].abs().max()) for name in names))
    quarter = steps // 4
    return max(sizes[-quarter:]) < max(sizes[:quarter])


def measured(text):
    """The largest curvature at which a run settles, to one part in 300."""
    low, high = 1e-3, 1e5
    while high / low > 1 + 1 / 300:
        middle = (low * high) ** 0.5
        net = hdsl.loads(text, settings={"k": middle}).compile(dtype=torch.float64)(seed=0)
        low, high = (middle, high) if settles(net, ["w"]) else (low, middle)
    return low


@pytest.mark.parametrize(
    ("order", "tau", "eta", "beta", "phi"),
    [
        ("sequential", 0.5, 1.0, 0.3, 1.0),
        ("sequential", 1.0, 0.1, 0.05, 0.5),
        ("semi-implicit", 0.5, 1.0, 0.3, 1.0),
        ("simultaneous", 0.5, 1.0, 0.3, 1.0),
        ("simultaneous", 1.0, 1.0, 0.05, 0.5),
    ],
)
def test_the_largest_curvature_is_the_one_that_runs_find(order, tau, eta, beta, phi):
    text = ONE.format(order=order, tau=tau, eta=eta, beta=beta, phi=phi)
    (limit,) = found(text)
    assert limit.largest == pytest.approx(largest_curvature(order, tau, eta, beta, phi))
    assert measured(text) == pytest.approx(limit.largest, rel=0.01)


def test_simultaneous_without_dissipation_is_unstable_at_every_curvature():
    text = ONE.format(order="simultaneous", tau=0.5, eta=0, beta=0.3, phi=1)
    (limit,) = found(text, k=0.01)
    assert limit.largest == 0
    assert limit.holds is False
    assert not settles(hdsl.loads(text, settings={"k": 0.01}).compile(dtype=torch.float64)(seed=0), ["w"], 3 * STEPS)


def test_simultaneous_with_much_dissipation_asks_for_a_least_curvature_besides():
    (limit,) = found(ONE.format(order="simultaneous", tau=1, eta=2.1, beta=0.3, phi=1))
    least = 2 * (2.1 - 2) / 0.3
    assert f"{least:.4g}" in limit.note
    text = ONE.format(order="simultaneous", tau=1, eta=2.1, beta=0.3, phi=1)
    for k, stable in ((0.9 * least, False), (1.1 * least, True)):
        net = hdsl.loads(text, settings={"k": k}).compile(dtype=torch.float64)(seed=0)
        assert settles(net, ["w", "costate.w"]) == stable


@pytest.mark.parametrize(("cost", "curvature"), [
    ("3/2 * squared(w - c)", 3.0),
    ("1/2 * squared(X @ w - c)", float(np.linalg.eigvalsh(np.array([[1, 2], [3, 4]]).T @ np.array([[1, 2], [3, 4]]))[-1])),
    ("mean((w - c)^2)", 1.0),
    ("w[0] * w[1]", 1.0),
])  # fmt: skip
def test_the_curvature_of_costs_of_parameters_and_consts_alone(cost, curvature):
    consts = "const X[n, n] = [[1, 2], [3, 4]]\nconst c[n] = [1, -1]"
    text = f"dim n = 2\n{consts}\nparam w[n] = 1\noutput y = w\ncost size = {cost}"
    (limit,) = found(text, eta=1)
    assert limit.value == pytest.approx(curvature)


@pytest.mark.parametrize("cost", ["squared(w - u)", "squared(tanh(w))", "sum(w^4)", "squared(w * d)"])
def test_a_curvature_that_moves_is_left_free(cost):
    params = "param d[n] = normal(0, 1)\nparam w[n] = normal(0, 1)"
    text = f"dim n = 2\ninput u[n]\n{params}\noutput y = w * d * u\ncost size = {cost}"
    (limit, *_) = found(text, eta=1)
    assert limit.value is None
    assert limit.largest == 200  # 2 (2 − τη) / (τ² β φ) at the default β = 0.01


@pytest.mark.parametrize("order", ["sequential", "simultaneous"])
@pytest.mark.parametrize(
    ("dynamics", "turn", "w"), [("h' = A @ h", 1.5, 1), ("h' = w * (A @ h)", 1.5, 2), ("next h = w*(A @ h)", 0.9, 1)]
)
def test_the_dissipation_at_which_costates_of_linear_dynamics_stop_to_settle(order, dynamics, turn, w):
    """The spectral radius against a run: it is as far on one side of 1 as runs of the costate shrink or grow."""
    for eta in (0, 0.4, 5, 18, 25):
        text = LINEAR.format(order=order, dynamics=dynamics, turn=turn, eta=eta, w=w)
        (state, costate) = [one for one in found(text) if one.condition.startswith("ρ")]
        net = hdsl.loads(text).compile(dtype=torch.float64)(seed=0)
        cells = net.state_dict()
        cells["costate.h"] = torch.ones_like(cells["costate.h"])
        net.load_state_dict(cells)
        sizes = []
        for _ in range(300):
            net.step(v=None)
            sizes.append(float(net.state_dict()["costate.h"].norm()))
        grown = (sizes[-1] / sizes[99]) ** (1 / 200) if sizes[-1] > 1e-280 else 0.0
        assert costate.holds == (grown < 1)
        if grown:
            assert costate.value == pytest.approx(grown, rel=0.02)
        assert state.holds is not None
        assert ("initial w" in state.note) == ("w" in dynamics)


def test_explicit_euler_on_a_skew_system_grows():
    text = LINEAR.format(order="sequential", dynamics="h' = A @ h", turn=2, eta=0, w=1).replace("-0.2", "0")
    state = next(one for one in found(text) if one.condition == "ρ(J) ≤ 1")
    assert state.value == pytest.approx((1 + 0.1**2 * 2**2) ** 0.5)
    assert state.holds is False


@pytest.mark.parametrize(
    ("model", "why"),
    [("sunspots", "not linear in the state"), ("oscillators", "more than 64 entries"), ("slow_copy", "more than 64 entries")],
)
def test_why_there_is_no_number(model, why):
    made = hdsl.load(model).compiler.model
    (costate,) = [one for one in limits(made, equivalences(made)) if one.condition.startswith("ρ")]
    assert why in costate.note
    assert costate.holds is None


def test_parameters_that_begin_at_random_give_no_number():
    model = hdsl.load("oscillators", n=4).compiler.model
    (costate,) = [one for one in limits(model, equivalences(model)) if one.condition.startswith("ρ")]
    assert "it moves with omega" in costate.note


def test_a_model_that_learns_nothing_has_no_limit():
    assert found("input u\noutput y = 2*u") == ()


@pytest.mark.parametrize("settings", [{"step": "rk4", "order": "simultaneous"}, {"dissipation": "exact"}])
def test_limits_of_euler_steps_are_not_told_of_others(settings):
    text = LINEAR.format(turn=1, eta=0.1, w=1, dynamics="h' = A @ h", order="sequential")
    model = hdsl.loads(text).product("model")
    assert limits(model, equivalences(model))
    model = hdsl.loads(text, settings=settings).product("model")
    assert limits(model, equivalences(model)) == ()
