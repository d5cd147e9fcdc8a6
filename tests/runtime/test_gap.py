"""What a run costs by the functional of the boundary problem: against sums by hand and against the solver's own account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.boundary.numbers import Numbered, numbered
from hdsl.runtime.boundary.solve import solve_boundary
from hdsl.runtime.course import Course, course_of
from hdsl.runtime.gap import Gap, compare, measured, named, packed, taus

TEXT = """
ham 1
state h = 0
param w = 0.5
param c = 1
let u = sin(t)
h' = -h + tanh(w*h + u)
output y = c*h
cost track = 1/2*(y - 0.8*u)^2
terminal goal = 2*(h - 0.1)^2
horizon 2
learn
    schedule = {schedule}
    order = {order}
    tau  = 0.05
    eta  = 0.3
    phi  = 1 + t
    beta = {beta}
    beta.c = {beta_c}
"""
F64 = torch.float64


def text(schedule: str = "boundary", order: str = "simultaneous", beta: float = 0.7, beta_c: float = 0.2) -> str:
    return TEXT.format(schedule=schedule, order=order, beta=beta, beta_c=beta_c)


def problem(**given: Any) -> Numbered:
    return numbered(hdsl.loads(text(**given)).compiler)


def ran(tau: float = 0.05, learning: bool = True, **given: Any) -> Course:
    model = hdsl.loads(text("online", **given))
    net = model.compile(dtype=F64)(batch=1, tau=tau)
    return course_of(net, model.product("model"), {"tau": torch.from_numpy(taus(2.0, tau))}, learning)


def by_hand(course: Course, beta: Mapping[str, float]) -> float:
    """∫ e^{0.3 t} ((1 + t) L + ½‖ν‖²) dt + Φ by trapezoids, ν from how far the parameters went."""
    t, v = course.times, course.values
    h, c = v["h"].reshape(-1), v["c"].reshape(-1)
    running = np.exp(0.3 * t) * (1 + t) * 0.5 * (c * h - 0.8 * np.sin(t)) ** 2
    total = np.trapezoid(running, t)
    for name, own in beta.items():
        nu = np.diff(v[name].reshape(-1)) / np.diff(t) / np.sqrt(own)
        grown = (np.exp(0.3 * t[1:]) + np.exp(0.3 * t[:-1])) / 2
        total += (np.diff(t) * grown * 0.5 * nu**2).sum()
    return float(total + 2 * (h[-1] - 0.1) ** 2)


@pytest.mark.parametrize("order", ["simultaneous", "sequential", "semi-implicit"])
def test_j_of_a_run_is_the_sum_by_hand(order: str) -> None:
    course = ran(order=order)
    way = measured(problem(), course, "forward")
    assert pytest.approx(by_hand(course, {"w": 0.7, "c": 0.2}), rel=1e-12) == way.J
    assert sum(way.costs.values()) == pytest.approx(way.J, rel=1e-12)
    assert set(way.costs) == {"track", "motion", "goal"} and min(way.costs.values()) > 1e-4


def test_a_run_with_another_beta_is_charged_by_that_of_the_problem() -> None:
    """Half of the β for the motion: the same way costs twice as much motion where β is half."""
    course = ran(beta=0.7, beta_c=0.2)
    dear, cheap = (measured(problem(beta=b, beta_c=b / 2), course, "").costs["motion"] for b in (0.2, 0.4))
    assert dear == pytest.approx(2 * cheap, rel=1e-12)


def test_a_parameter_that_may_not_move_is_infinitely_dear() -> None:
    assert np.isposinf(measured(problem(beta_c=0), ran(), "").J)
    assert np.isfinite(measured(problem(beta_c=0), ran(beta_c=0), "").J)


def test_the_optimums_own_course_costs_what_the_solver_says() -> None:
    """The judge of the judge: the optimal path put through `measured`, whose error is that of trapezoids, O(τ²)."""
    whole = problem()
    found = solve_boundary(replace(whole, tau=0.002), 1e-8)
    cells = {cell: found.arrays[named(cell)] for cell in whole.functions.places if cell != "J"}
    way = measured(whole, Course(found.arrays["t"], cells), "optimum")
    assert pytest.approx(found.J, rel=1e-5) == way.J
    assert way.costs == pytest.approx(found.costs, rel=1e-4)


def compared(**given: Any) -> Gap:
    model, whole = hdsl.loads(text("online", **given)), problem()
    net_class = model.compile(dtype=F64)
    steps = {"tau": torch.from_numpy(taus(2.0, 0.05))}
    return compare(whole, solve_boundary(whole), lambda: net_class(batch=1), model.product("model"), steps, 0.1)


def test_no_way_is_better_than_the_optimum() -> None:
    """By trapezoids of 0.05 a J is known to about 0.1 per cent."""
    for order in ("simultaneous", "sequential"):
        gap = compared(order=order)
        assert gap.solution.solved
        assert gap.optimum.J < gap.still.J * 0.97
        assert gap.optimum.J < gap.forward.J * 0.98
        assert gap.still.costs["motion"] == 0


def test_where_they_part_is_where_the_curves_are_first_apart() -> None:
    gap = compared()
    best, run = gap.optimum, gap.forward
    for parting in gap.partings:
        there = np.interp(run.times, best.times, best.arrays[parting.name].reshape(-1))
        far = np.abs(run.arrays[parting.name].reshape(-1) - there) / np.abs(there - there[0]).max()
        assert parting.farthest == pytest.approx(far.max())
        first = next((t for t, d in zip(run.times, far, strict=True) if d > 0.1), None)
        assert parting.at == first
    assert {p.name for p in gap.partings} == {"h", "w", "c"}
    assert any(p.at is not None for p in gap.partings)


def test_steps_come_to_the_end() -> None:
    assert taus(1.0, 0.25) == pytest.approx([0.25] * 4)
    assert taus(1.0, 0.4) == pytest.approx([0.4, 0.4, 0.2])
    assert taus(0.3, 0.1) == pytest.approx([0.1] * 3)  # though 0.3/0.1 is a little below 3
    assert taus(0.05, 0.1) == pytest.approx([0.05])


def test_a_course_is_packed_as_the_problem_has_it() -> None:
    functions, course = problem().functions, ran()
    y = packed(functions, course.values)
    assert y.shape == (functions.size, len(course.times))
    for cell, place in functions.places.items():
        assert (y[place] == (0.0 if cell == "J" else course.values[cell].reshape(-1))).all()
    assert [named(cell) for cell in ("h", "z:h", "w:w")] == ["h", "z.h", "costate.w"]


def test_a_run_that_blew_up_costs_infinitely_much() -> None:
    course = replace(ran(), diverged=1.5)
    assert np.isposinf(measured(problem(), course, "forward").J)


STEERED = """
ham 1
state x = 1
control a in [-1, 1]{rule}
x' = -x + a
cost c = 1/2*x^2 + 1/20*a^2
horizon 3
learn
    schedule = {schedule}
    order = simultaneous
    tau = 0.1
    eta = 0.2
    beta = 2
"""


@pytest.mark.parametrize("rule", ["", " gradient"])
def test_a_control_is_charged_as_the_run_had_it(rule: str) -> None:
    """By its costate as stationarity has it, a = clip(-z/0.1, -1, 1); one that follows the gradient is a cell of its own."""
    model = hdsl.loads(STEERED.format(rule=rule, schedule="online"))
    net = model.compile(dtype=F64)(batch=1)
    course = course_of(net, model.product("model"), {"tau": torch.from_numpy(taus(3.0, 0.1))})
    way = measured(numbered(hdsl.loads(STEERED.format(rule=rule, schedule="boundary")).compiler), course, "forward")
    t, x, a = course.times, course.values["x"].reshape(-1), way.arrays["a"].reshape(-1)
    wanted = course.values["a"].reshape(-1) if rule else np.clip(-course.values["z:x"].reshape(-1) / 0.1, -1, 1)
    assert a[:-1] == pytest.approx(wanted[:-1], abs=1e-12) and np.ptp(a) > 0.1
    assert np.diff(x) == pytest.approx(0.1 * (a - x)[:-1], abs=1e-12)  # that is what moved x
    first, last = ((np.exp(0.2 * s) * (y**2 / 2 + a[:-1] ** 2 / 20)) for s, y in ((t[:-1], x[:-1]), (t[1:], x[1:])))
    assert pytest.approx((np.diff(t) * (first + last) / 2).sum(), rel=1e-12) == way.J
