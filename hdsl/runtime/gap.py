"""Gap: what a forward run costs beside the optimum and beside no learning, by one functional, and where they part.

J = ∫ e^{ηt} (φL + ½‖ν‖²) dt + Φ(h(T)) (1-mathematics.md, section 1), with the η, φ and β of the boundary problem for all
three: a forward run may be made with others, and is charged for the ν = θ̇/√β by which its parameters moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsl.derive.boundary import RUNNING
from hdsl.runtime.boundary.functions import COST, Functions, Given
from hdsl.runtime.boundary.numbers import Numbered
from hdsl.runtime.boundary.result import Solution
from hdsl.runtime.course import Course, Numbers
from hdsl.terms.term import setting_name


@dataclass(frozen=True)
class Way:
    """One way through the horizon: what it costs, and its ``arrays`` by cell and control at ``times`` (points,), points first.

    ``costs`` are the parts of ``J`` by name: each cost term, the ``motion`` of the parameters ½‖ν‖², each terminal cost. J is
    infinite where the run ``diverged``, at that time. ``missed`` is by how much each condition at the end is not met.
    """

    name: str
    J: float
    costs: Mapping[str, float]
    times: Numbers
    arrays: Mapping[str, Numbers]
    diverged: float | None = None
    missed: tuple[float, ...] = ()


@dataclass(frozen=True)
class Parting:
    """Of one state or parameter: when a run is first farther from the optimum than ``threshold`` times as far as the optimum
    ever is from its own beginning; None where it never is. ``farthest`` is its largest distance in that measure."""

    name: str
    at: float | None
    farthest: float


def measured(problem: Numbered, course: Course, name: str) -> Way:
    """What a course costs by the functional of a boundary problem: trapezoids over its own points.

    On each step controls are what they were at its beginning, and parameters move evenly.
    """
    functions, t, y = problem.functions, course.times, packed(problem.functions, course.values)
    steps, before, after = np.diff(t), y[:, :-1].copy(), y[:, 1:].copy()
    for param in functions.params:
        place = functions.places[functions.costate(param)]
        before[place] = after[place] = _costate_of_motion(functions, param, y, steps)
    with np.errstate(all="ignore"):
        first = functions.along(t[:-1], before)
        controls = {control: np.asarray(first[control]) for control in functions.model.controls}
        last = functions.along(t[1:], after, controls)
        end = functions.at_end(y[:, -1:], np.zeros((functions.unknowns, 1)), t[-1:])
    costs = _costs(functions, t, first, last)
    costs |= {cost: float(np.asarray(end[cost]).sum()) for cost in functions.model.terminals}
    missed = tuple(float(np.abs(np.asarray(end[final.definition])).max()) for final in functions.model.finals)
    arrays = {**course.values, **{control: np.concatenate([held, held[-1:]]) for control, held in controls.items()}}
    J = sum(costs.values()) if course.diverged is None else np.inf
    return Way(name, J, costs, t, arrays, course.diverged, missed)


def _costs(functions: Functions, t: Numbers, first: Given, last: Given) -> dict[str, float]:
    """The integral of each cost term and of the motion, by trapezoids with values at the beginnings and the ends of steps."""

    def integral(before: Any, after: Any) -> float:
        return float((np.diff(t) * (np.reshape(before, -1) + np.reshape(after, -1)) / 2).sum())

    grown = [np.exp(functions.eta * times) for times in (t[:-1], t[1:])]
    found = {
        cost: integral(*(scale * made["learn:phi"] * made[cost] for scale, made in zip(grown, (first, last), strict=True)))
        for cost in functions.model.costs
    }
    if functions.params:
        found["motion"] = integral(first[RUNNING], last[RUNNING]) - sum(found.values())
    return found


def packed(functions: Functions, values: Mapping[str, Numbers]) -> Numbers:
    """The values of a course (points, …) in one array (size, points), as the boundary problem has them; J is 0."""
    points = len(next(iter(values.values())))
    y = np.zeros((functions.size, points))
    for cell, place in functions.places.items():
        if cell != COST and cell in values:
            y[place] = values[cell].reshape(points, -1).T
    return y


def _costate_of_motion(functions: Functions, param: str, y: Numbers, steps: Numbers) -> Numbers:
    """The costate (entries, steps) by which a parameter would move as it did: θ̇ = −β ω with the problem's β.

    Where β is 0 nothing may move: what did is infinitely dear.
    """
    rate = np.diff(y[functions.places[param]], axis=1) / steps
    beta = float(functions.numbers[setting_name(functions.model.learning.beta[param])])
    return -rate / beta if beta else np.where(rate == 0, 0.0, np.inf)


def partings(run: Way, optimum: Solution, names: tuple[str, ...], threshold: float) -> tuple[Parting, ...]:
    """Where a run parts from the optimum, for each state and parameter."""
    return tuple(_parting(run, optimum, name, threshold) for name in names)


def _parting(run: Way, optimum: Solution, name: str, threshold: float) -> Parting:
    best = _at(run.times, optimum.arrays["t"], optimum.arrays[name])
    own = run.arrays[name].reshape(len(run.times), -1)
    scale = float(np.linalg.norm(best - best[0], axis=1).max()) or 1.0
    far = np.linalg.norm(own - best, axis=1) / scale
    over = np.flatnonzero(~(far <= threshold))
    return Parting(name, float(run.times[over[0]]) if len(over) else None, float(far.max()))


def _at(times: Numbers, known: Numbers, values: Numbers) -> Numbers:
    """Values (points, …) at other times, linear in between: (times, entries)."""
    flat = values.reshape(len(known), -1)
    return np.stack([np.interp(times, known, column) for column in flat.T], axis=1)



