"""What is told of steps, each judged by running the generated module: what is told grows, and what is not settles."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import hdsl
from hdsl.lint.linear import numbers_of
from hdsl.lint.stability import Pole, begins_with, curvatures, eigenvalues, unstable

TURN = """state a = 1
state b = 0
const omega = {omega}
const alpha = {alpha}
a' = -alpha*a + omega*b
b' = -omega*a - alpha*b
output y = a
learn
    tau = {tau}
"""
LEAK = "state h = 1\nconst k = {k}\nh' = -k*h + tanh(sin(t))\noutput y = h\nlearn\n    tau = {tau}\n"
MATRIX = """dim n = 3
state h[n] = [1, 0.5, -1]
const A[n, n] = [[-1, {x}, 0], [{y}, -1, 0], [0, 0, -0.5]]
h' = A @ h
output y = h
learn
    tau = {tau}
"""
SKEW = """dim n = 3
state h[n] = [1, 0.5, -1]
param W[n, n] = normal(0, 1)
let A = (W - W.T)/2
h' = A @ h{leak}
output y = h
learn
    tau = 0.1
"""
DECAY = """param w[2] = ones
cost decay = {weight}*squared(w)
learn
    order = {order}
    tau = {tau}
    eta = {eta}
    beta = {beta}
"""
COSTATE = """input u
target v
state h = 0
param w = 0
h' = -1.5*h + w
output y = h
cost fit = 1/2*squared(y - v)
learn
    tau = 1
    eta = {eta}
    beta = 0
"""


def size_after(text: str, steps: int, cell: str, **given: Any) -> float:
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=1, seed=0)
    for _ in range(steps):
        net.step(**given)
    return float(net.state_dict()[cell].abs().max())


@pytest.mark.parametrize(
    ("text", "cell", "wanted"),
    [
        (TURN.format(omega=2, alpha=0, tau=0.1), "state.a", "euler-skew"),
        (TURN.format(omega=2, alpha=0.12, tau=0.1), "state.a", "euler-skew"),
        (TURN.format(omega=2, alpha=0.21, tau=0.1), "state.a", None),
        (TURN.format(omega=0.5, alpha=0, tau=1), "state.a", "euler-skew"),
        (LEAK.format(k=2.1, tau=1), "state.h", "unstable-step"),
        (LEAK.format(k=1.9, tau=1), "state.h", None),
        (LEAK.format(k=25, tau=0.1), "state.h", "unstable-step"),
        (MATRIX.format(x=0.5, y=0.5, tau=1.2), "state.h", None),
        (MATRIX.format(x=0.9, y=0.9, tau=1.2), "state.h", "unstable-step"),
        (MATRIX.format(x=1.5, y=-1.5, tau=0.5), "state.h", None),
        (MATRIX.format(x=3, y=-3, tau=0.5), "state.h", "euler-skew"),
        (SKEW.format(leak=""), "state.h", "euler-skew"),
        (SKEW.format(leak=" - 0.5*h"), "state.h", None),
        (DECAY.format(weight=0.5, order="sequential", tau=1, eta=1, beta=1.9), "w", None),
        (DECAY.format(weight=0.5, order="sequential", tau=1, eta=1, beta=2.1), "w", "unstable-step"),
        (DECAY.format(weight=0.5, order="semi-implicit", tau=0.5, eta=1, beta=12.5), "w", "unstable-step"),
        (DECAY.format(weight=0.5, order="semi-implicit", tau=0.5, eta=1, beta=11.5), "w", None),
        (DECAY.format(weight=2, order="simultaneous", tau=0.5, eta=1, beta=0.45), "w", None),
        (DECAY.format(weight=2, order="simultaneous", tau=0.5, eta=1, beta=0.55), "w", "unstable-step"),
        (DECAY.format(weight=0.5, order="sequential", tau=1, eta=2.1, beta=0.01), "w", "unstable-step"),
    ],
)  # fmt: skip
def test_what_is_told_grows_and_what_is_not_settles(text: str, cell: str, wanted: str | None, told: Any) -> None:
    assert [code for code, _, _ in told(unstable, text)] == ([wanted] if wanted else [])
    assert (size_after(text, 900, cell) > 50) is (wanted is not None)


@pytest.mark.parametrize(("eta", "wanted"), [(0.6, ["unstable-step"]), (0.4, [])])
def test_a_costate_may_grow_where_its_state_settles(eta: float, wanted: list[str], told: Any) -> None:
    text = COSTATE.format(eta=eta)
    given = {"u": torch.zeros(1, dtype=torch.float64), "v": torch.ones(1, dtype=torch.float64)}
    assert [code for code, _, _ in told(unstable, text)] == wanted
    assert (size_after(text, 300, "costate.h", **given) > 50) is bool(wanted)
    assert size_after(text, 300, "state.h", **given) < 1


@pytest.mark.parametrize(
    "text",
    [
        "state h = 1\nparam k = 3\nh' = -k*h\noutput y = h\n",  # a param learns
        "state h = 1\nconst k = 3\nnext h = -k*h\noutput y = h\n",  # a step of its own
        "state h = 1\nh' = 0.1*h\noutput y = h\n",  # grows by itself, whatever the step
        "state h = 1\nh' = -3*h + 2.5*relu(h)\noutput y = h\n",
        "state h = 1\ninput k\nh' = -3*k*h\noutput y = h\n",
        "state a = 1\nstate b = 0\na' = b - a^3\nb' = -a\noutput y = a\n",  # what is not linear may hold it
        "state h = 1\ndim n\nh' = -h/n*3\noutput y = h\n",
        "param w = 1\ninput u\ncost c = 100*squared(w*u)\n",
    ],
)
def test_what_numbers_do_not_tell_is_not_told(text: str, told: Any) -> None:
    assert told(unstable, text) == []


def test_one_dissipation_is_told_once(told: Any) -> None:
    text = "param w = 1\nparam b = 1\nstate h = 0\nh' = w - 0.5*h\ncost c = squared(h + b)\nlearn\n    eta = 2\n"
    assert told(unstable, text) == [("unstable-step", 7, "`eta` is so large that costates do not settle")]


def test_a_param_counts_as_large_as_it_begins() -> None:
    text = "param a = -3\nparam b = uniform(-2, 1)\nparam c = normal(-1, 0.5)\nparam d[2, 2] = glorot\n"
    model = hdsl.loads(f"{text}cost k = a + b + c + sum(d)\n").product("model")
    known = numbers_of(model)
    assert [begins_with(model, name, known) for name in "abcd"] == [3.0, 2.0, 1.5, None]


def test_curvatures_add_up_over_costs_and_through_definitions() -> None:
    text = "const l = 0.5\nparam W[2] = ones\nparam b[2] = ones\nlet d = 3*W - b\n"
    costs = "cost one = l*squared(d) + squared(W)/2\ncost two = 2*squared(b)\n"
    model = hdsl.loads(text + costs).product("model")
    # ½ ‖3W − b‖² curves by 9 and 1, ½ ‖W‖² by 1, 2 ‖b‖² by 4.
    assert curvatures(model, numbers_of(model)) == {"W": (10.0, "one"), "b": (5.0, "two")}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [([[-2.0]], [-2]), ([[0.0, 2.0], [-2.0, 0.0]], [-2j, 2j]), ([[1.0, 2, 0], [0, 3, 0], [0, 0, -1]], [-1, 1, 3])],
)
def test_eigenvalues(rows: list[list[float]], wanted: list[complex]) -> None:
    assert sorted(eigenvalues(rows), key=lambda z: (z.real, z.imag)) == pytest.approx(wanted)


def test_a_pole_grows_by_one_plus_tau_lambda() -> None:
    assert Pole(3j - 1).growth(0.5) == pytest.approx(abs(0.5 + 1.5j))
    assert Pole(-3).growth(0.5, eta=1) == pytest.approx(1.0)
    assert Pole(3j).turns(0.1) and not Pole(-30).turns(0.1)


def test_limits_that_dissipation_has_part_in_are_those_of_its_euler_factor(told: Any) -> None:
    text = "target v\nparam w = 1\nstate h = 1\nh' = -h\noutput y = w*h\ncost fit = (y - v)^2\nlearn\n    eta = 3\n"
    assert [finding.code for finding in unstable(hdsl.loads(text).product("model"))]
    assert not [*unstable(hdsl.loads(text, settings={"dissipation": "exact"}).product("model"))]
    fast = text.replace("h' = -h", "h' = -3*h").replace("eta = 3", "eta = 3\n    dissipation = exact")
    assert [finding.code for finding in unstable(hdsl.loads(fast).product("model"))] == ["unstable-step"]
    for step in ("midpoint", "rk4"):
        settings = {"step": step, "order": "simultaneous"}
        assert not [*unstable(hdsl.loads(fast, settings=settings).product("model"))]
