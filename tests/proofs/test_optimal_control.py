"""Optimal control problems that ship, against answers that were found in another way.

Closed forms (`benchmarks.control.closed_forms`) and direct collocation of the same problem written by hand
(`benchmarks.control.by_hand`), on J, T, states and costates. Tolerances were set before looking: hdsl solves to a residual of
1e-6, so J is asked for to 1e-6 of itself and paths to 1e-5 of their largest value; where a control meets a bound, its kink
lies within an interval of the collocation, whose costates are then good to 1e-4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import hdsl
from benchmarks.control import by_hand, closed_forms
from benchmarks.control.closed_forms import Known
from benchmarks.control.collocation import Optimum, Problem, solve
from hdsl.resources import folder
from hdsl.runtime.boundary.result import Solution

SMOOTH, KINKED = 1e-5, 1e-4


@cache
def solved(model: str) -> Solution:
    """The boundary problem of a model that ships, as its file has it."""
    found = hdsl.load(model).solve()
    assert found.solved, found.message
    assert found.residuals.largest <= found.tol <= (1e-4 if model == "bryson_denham" else 1e-6)
    return found


def columns(found: Solution, names: tuple[str, ...], times: np.ndarray) -> np.ndarray:
    """Arrays (times, numbers) of some names at times that are among those reported."""
    places = np.searchsorted(found["t"], times - 1e-9)
    assert found["t"][places] == pytest.approx(times, abs=1e-9)
    return np.concatenate([found[name][places].reshape(len(times), -1) for name in names], axis=1)


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, over the largest value of each column."""
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs).max(0), 1e-2)).max())


# Closed forms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "known", "states"),
    [
        ("lqr", closed_forms.lqr, ("x",)),
        ("double_integrator", closed_forms.double_integrator, ("x", "v")),
    ],
)
def test_it_is_as_on_paper(model: str, known: Callable[[np.ndarray], Known], states: tuple[str, ...]) -> None:
    found = solved(model)
    answer = known(found["t"])
    assert pytest.approx(answer.cost, rel=1e-6) == found.J
    assert found.end == answer.end
    assert apart(columns(found, states, found["t"]), answer.states) < SMOOTH
    assert apart(columns(found, tuple(f"z.{name}" for name in states), found["t"]), answer.costates) < SMOOTH


def test_the_force_of_least_effort_is_linear_in_time() -> None:
    found = solved("double_integrator")
    assert found["a"] == pytest.approx(1.5 * (1 - found["t"]), abs=1e-5)


def test_the_least_time_is_that_of_its_rule() -> None:
    """A ramp in place of the jump makes T longer by a known amount, 3e-3 as the model ships."""
    found = solved("minimum_time")
    assert found.end == pytest.approx(closed_forms.minimum_time_smoothed(0.1), abs=1e-6)
    assert pytest.approx(found.end, rel=1e-9) == found.J


def test_ever_narrower_ramps_come_to_the_least_time() -> None:
    """As the model's doc comment says: each from the one before. T = 2 without a ramp, and costates are linear."""
    found = solved("minimum_time")
    for width in (0.03, 0.01, 0.003, 0.001):
        found = hdsl.load("minimum_time", settings={"width": width}).solve(warm=found)
        assert found.solved, found.message
        assert found.end == pytest.approx(closed_forms.minimum_time_smoothed(width), abs=1e-6)
    assert found.end == pytest.approx(2, abs=1e-6)
    answer = closed_forms.minimum_time(found["t"])
    assert apart(columns(found, ("x", "v"), found["t"]), answer.states) < 2e-3  # the ramp is 0.002 wide
    assert apart(columns(found, ("z.x", "z.v"), found["t"]), answer.costates) < SMOOTH
    assert set(np.sign(found["a"][np.abs(found["t"] - 1) > 0.01])) == {1, -1}


def test_it_turns_round_at_the_limit() -> None:
    """A penalty comes near to J = 4 from below: J at l + v, where v is how far it lets x go, is 4/(9 (l + v)) at least."""
    found = solved("bryson_denham")
    answer = closed_forms.bryson_denham(found["t"])
    beyond = found.violations["wall"]
    assert beyond <= 1e-4
    assert closed_forms.bryson_denham(found["t"], 1 / 9 + beyond).cost < found.J < 4.0
    assert np.abs(columns(found, ("x", "v"), found["t"]) - answer.states).max() < 5e-3
    away = np.min(np.abs(found["t"][:, None] - [1 / 3, 2 / 3]), axis=1) > 0.05
    assert apart(columns(found, ("z.x", "z.v"), found["t"])[away], answer.costates[away]) < 2e-2


# Direct collocation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A model, the same by hand, on how many intervals, and how near paths have to come."""

    model: str
    problem: Callable[[], Problem]
    intervals: int
    states: tuple[str, ...]
    costates: tuple[str, ...]
    near: float


CASES = (
    Case("lqr", by_hand.lqr, 20, ("x",), ("z.x",), SMOOTH),
    Case("van_der_pol", by_hand.van_der_pol, 100, ("v", "x"), ("z.v", "z.x"), KINKED),
    Case("swing_up", by_hand.swing_up, 180, ("q", "v"), ("z.q", "z.v"), KINKED),
    Case("cart_pole", by_hand.cart_pole, 40, ("x", "q", "v", "w"), ("z.x", "z.q", "z.v", "z.w"), SMOOTH),
    Case(
        "leaky_neuron",
        by_hand.leaky_neuron,
        48,
        ("h", "w", "v", "b"),
        ("z.h", "costate.w", "costate.v", "costate.b"),
        SMOOTH,
    ),
)


@cache
def collocated(case: Case) -> Optimum:
    return solve(case.problem(), case.intervals)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.model)
def test_it_is_as_direct_collocation_has_it(case: Case) -> None:
    found, other = solved(case.model), collocated(case)
    assert pytest.approx(other.cost, rel=1e-6) == found.J
    assert found.end == pytest.approx(other.end)
    assert apart(columns(found, case.states, other.times), other.states) < case.near
    assert apart(columns(found, case.costates, other.times), other.costates) < case.near


def test_values_from_the_literature() -> None:
    """PROPT's manual has 2.8672595 for case study 6.1 of Balsa-Canto et al. (2002); dymos has 58.884 on a coarse mesh."""
    assert pytest.approx(2.8672595, abs=1e-5) == solved("van_der_pol").J
    assert pytest.approx(58.884, rel=2e-3) == solved("cart_pole").J


def test_controls_keep_their_bounds_and_meet_them() -> None:
    force, torque = solved("van_der_pol")["a"], solved("swing_up")["a"]
    assert (force.min(), force.max()) == (-0.3, 1.0)
    assert (torque.min(), torque.max()) == (-0.5, 0.5)
    assert np.mean(np.abs(torque) == 0.5) == pytest.approx(0.39, abs=0.02)


def test_a_soft_limit_is_that_of_direct_collocation() -> None:
    """With a given weight the penalty is part of the problem, and both solve the same one."""
    text = (folder("models") / "bryson_denham.ham").read_text(encoding="utf-8")
    found = hdsl.loads(text.replace(" penalty", " soft 1000")).solve()
    plain = by_hand.bryson_denham()

    def running(x, a, t):
        return plain.running(x, a, t) + 500 * by_hand.above(x[0] - 1 / 9) ** 2

    other = solve(Problem(**{**vars(plain), "running": running, "path": None}), 100)
    assert found.solved
    assert pytest.approx(other.cost, rel=1e-6) == found.J
    assert apart(columns(found, ("x", "v"), other.times), other.states) < KINKED
    assert apart(columns(found, ("z.x", "z.v"), other.times), other.costates) < KINKED


@pytest.mark.slow
def test_a_recurrent_net_learns_as_direct_collocation_has_it() -> None:
    """8 states and 104 parameters that all move, from the values that are drawn for seed 0."""
    found = solved("rnn_optimal")
    own = ("W", "U", "b", "C")
    begin = {name: found[name][0] for name in own}
    other = solve(by_hand.rnn(*begin.values(), eta=0.1, beta=0.5, end=3.0), 10, 4)
    assert pytest.approx(other.cost, rel=1e-6) == found.J
    assert apart(columns(found, ("h", *own), other.times), other.states) < SMOOTH
    assert apart(columns(found, ("z.h", *(f"costate.{name}" for name in own)), other.times), other.costates) < SMOOTH
