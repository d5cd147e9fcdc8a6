"""Gap: what a forward run costs beside the optimum and beside no learning, by one functional, and where they part.

J = ∫ e^{ηt} (φL + ½‖ν‖²) dt + Φ(h(T)) (1-mathematics.md, section 1), with the η, φ and β of the boundary problem for all
three: a forward run may be made with others, and is charged for the ν = θ̇/√β by which its parameters moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hdsl.model.model import Model
from hdsl.runtime.boundary.functions import COST, Functions, Given
from hdsl.runtime.boundary.numbers import Numbered
from hdsl.runtime.boundary.result import Solution
from hdsl.runtime.course import Course, Numbers, course_of
from hdsl.terms.term import setting_name

DOUBLE = torch.float64
"""What forward runs are made in: the optimum is known better than float32 can tell."""


@dataclass(frozen=True)
class Way:
    """One way through the horizon: what it costs, and its ``arrays`` at ``times`` (points,), points first, by name: states and
    parameters ``h``, ``W``, their costates ``z.h``, ``costate.W``, controls, outputs.

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


@dataclass(frozen=True)
class Gap:
    """Three ways through one horizon. ``partings`` are of the forward run, ``solution`` is how the optimum was found."""

    still: Way
    forward: Way
    optimum: Way
    solution: Solution
    threshold: float
    partings: tuple[Parting, ...]

    @property
    def ways(self) -> tuple[Way, Way, Way]:
        return (self.still, self.forward, self.optimum)


def measured(problem: Numbered, course: Course, name: str) -> Way:
    """What a course costs by the functional of a boundary problem: trapezoids over its own points.

    On each step controls are what they were at its beginning, those that follow a gradient as the course has them, and
    parameters move evenly.
    """
    functions, t, y = problem.functions, course.times, packed(problem.functions, course.values)
    with np.errstate(all="ignore"):  # of a run that goes astray
        chosen = functions.choose(functions.given(t[:-1], y[:, :-1]))
        controls = {control: course.values.get(control, chosen[control])[: len(t) - 1] for control in functions.model.controls}
        first = functions.along(t[:-1], y[:, :-1], controls)
        last = functions.along(t[1:], y[:, 1:], controls)
        end = functions.at_end(y[:, -1:], np.zeros((functions.unknowns, 1)), t[-1:])
        costs = _running(functions, t, first, last)
        if functions.params:
            costs["motion"] = sum(_motion(functions, param, t, y) for param in functions.params)
    costs |= {cost: float(np.asarray(end[cost]).sum()) for cost in functions.model.terminals}
    missed = tuple(float(np.abs(np.asarray(end[final.definition])).max()) for final in functions.model.finals)
    arrays = {named(cell): value for cell, value in course.values.items()}
    arrays |= {control: np.concatenate([held, held[-1:]]) for control, held in controls.items()}
    for output in functions.model.outputs:
        arrays.setdefault(output, np.concatenate([np.asarray(first[output]), np.asarray(last[output])[-1:]]))
    J = sum(costs.values()) if course.diverged is None else np.inf
    return Way(name, J, costs, t, arrays, course.diverged, missed)


def _running(functions: Functions, t: Numbers, first: Given, last: Given) -> dict[str, float]:
    """The integral of e^{ηt} φ times each cost term, by its values at the beginnings and the ends of steps."""
    scales = [np.exp(functions.eta * at) * made["learn:phi"] for at, made in ((t[:-1], first), (t[1:], last))]
    return {
        cost: float((np.diff(t) * (scales[0] * first[cost] + scales[1] * last[cost]) / 2).sum())
        for cost in functions.model.costs
    }


def _motion(functions: Functions, param: str, t: Numbers, y: Numbers) -> float:
    """The integral of e^{ηt} ½ Σ θ̇²/β. Where β is 0 nothing may move: what did is infinitely dear."""
    rate = np.diff(y[functions.places[param]], axis=1) / np.diff(t)
    beta = float(functions.numbers[setting_name(functions.model.learning.beta[param])])
    if beta == 0:
        return np.inf if rate.any() else 0.0
    grown = np.exp(functions.eta * t)
    return float((np.diff(t) * (grown[:-1] + grown[1:]) / 2 * (rate**2).sum(0) / (2 * beta)).sum())


def named(cell: str) -> str:
    """The name of a cell as a solution has it: ``z.h`` for ``z:h``, ``costate.W`` for ``w:W``."""
    kind, _, name = cell.rpartition(":")
    return {"z": "z.", "w": "costate."}.get(kind, "") + name


def packed(functions: Functions, values: Mapping[str, Numbers]) -> Numbers:
    """The values of a course (points, …) in one array (size, points), as the boundary problem has them; J is 0."""
    points = len(next(iter(values.values())))
    y = np.zeros((functions.size, points))
    for cell, place in functions.places.items():
        if cell != COST and cell in values:
            y[place] = values[cell].reshape(points, -1).T
    return y


def compare(
    problem: Numbered,
    optimum: Solution,
    made: Callable[[], Any],
    model: Model,
    stream: Mapping[str, Any],
    threshold: float,
) -> Gap:
    """The forward run and the run without learning beside an optimum that was solved.

    Args:
        made: makes the module of the forward run, in float64, at its beginning; ``model`` is what it was made of.
        stream: what both see, as `course_of` takes it; its steps come to the T of the optimum.
    """
    without = "no learning" if problem.functions.params else "costates 0"
    still = measured(problem, course_of(made(), model, stream, learning=False), without)
    run = measured(problem, course_of(made(), model, stream), "forward")
    arrays = {name: value for name, value in optimum.arrays.items() if name != "t"}
    best = Way("optimum", optimum.J, optimum.costs, optimum.arrays["t"], arrays)
    names = (*problem.functions.model.dynamics, *problem.functions.params)
    return Gap(still, run, best, optimum, threshold, tuple(_parting(run, best, name, threshold) for name in names))


def taus(end: float, tau: float) -> Numbers:
    """Steps of tau that come to the end; the last may be shorter."""
    count = max(1, int(np.ceil(end / tau - 1e-9)))
    return np.append(np.full(count - 1, tau), end - tau * (count - 1))


def samples(signals: Callable[[Numbers], Mapping[str, Numbers]], end: float, tau: float) -> dict[str, torch.Tensor]:
    """What a forward run sees up to the end, as `Net.run` takes it: the samples of a stream where they stand, if there is one.

    Each is held over its step; the boundary problem goes from sample to sample along lines.
    """
    knots = getattr(signals, "knots", None)
    steps = taus(end, tau) if knots is None else np.diff(np.append(knots[knots < end * (1 - 1e-9)], end))
    times = np.concatenate([[0.0], np.cumsum(steps[:-1])])
    values = {name: torch.from_numpy(np.asarray(value)).unsqueeze(1) for name, value in signals(times).items()}
    return {**values, "tau": torch.from_numpy(steps)}


def _parting(run: Way, best: Way, name: str, threshold: float) -> Parting:
    there = _at(run.times, best.times, best.arrays[name])
    own = run.arrays[name].reshape(len(run.times), -1)
    scale = float(np.linalg.norm(there - there[0], axis=1).max()) or 1.0
    with np.errstate(all="ignore"):
        far = np.linalg.norm(own - there, axis=1) / scale
    over = np.flatnonzero(far > threshold)
    return Parting(name, float(run.times[over[0]]) if len(over) else None, float(far.max()))


def _at(times: Numbers, known: Numbers, values: Numbers) -> Numbers:
    """Values (points, …) at other times, linear in between: (times, entries)."""
    flat = values.reshape(len(known), -1)
    return np.stack([np.interp(times, known, column) for column in flat.T], axis=1)
