"""Where Newton's method begins, and the ways that lead from easier problems to the one that is asked for, in order.

Each way is a function that gives an attempt at the whole problem, or None where it has nothing to try. The first that fulfils
the equations is taken; the result tells which it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from hdsl.runtime.boundary.functions import COST, Functions
from hdsl.runtime.boundary.two_point import Array, Attempt, Path, jacobian_of, solve_from

NODES = 51
LOOSE = 1e-3  # of the solutions on the way
LENGTHS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)
PARTS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Task:
    """What is to be solved: T is ``end``, or is to be found from there where ``free``. ``stop`` is asked between attempts."""

    functions: Functions
    end: float
    free: bool
    tol: float
    most_nodes: int


def grid(nodes: int = NODES) -> Array:
    return np.linspace(0, 1, nodes)


def from_guess(task: Task, guess: Path) -> Attempt:
    """The problem from one guess: first roughly, T held where it is free, then to the tolerance."""
    rough = max(task.tol, LOOSE)
    held = solve_from(task.functions.problem(False), guess, rough, max(300, task.most_nodes // 5))
    if held.why:
        return held
    if task.free:
        held = solve_from(task.functions.problem(True), held.path, rough, max(300, task.most_nodes // 5))
        if held.why:
            return held
    return finish(task, held.path)


def finish(task: Task, path: Path) -> Attempt:
    """To the tolerance, from what is near."""
    return solve_from(task.functions.problem(task.free), path, task.tol, task.most_nodes)


def still(functions: Functions) -> Array:
    """All cells as they begin, costates and J at 0: (size,)."""
    y = np.zeros((functions.size, 1))
    for name in (*functions.model.dynamics, *functions.params):
        if name in functions.first:
            y[functions.places[name]] = functions.rest(name, 1)
    with np.errstate(all="ignore"):
        made = functions.begin(functions.given(np.zeros(1), y)) if functions.model.begun else {}
    for name in functions.model.begun:
        y[functions.places[name]] = np.reshape(made[f"initial:{name}"], (-1, 1))
    return y[:, 0]


def wanted_end(functions: Functions, y: Array, end: float) -> Array:
    """The states nearest to ``y`` that fulfil the conditions at the end, by Gauss and Newton; ``y`` where that fails."""
    if not functions.mus:
        return y
    own = np.concatenate([np.arange(functions.size)[functions.places[name]] for name in functions.model.dynamics])
    p, time = np.zeros((functions.unknowns, 1)), np.full(1, end)

    def conditions(_: Array, x: Array) -> Array:
        whole = np.repeat(y[:, None], x.shape[1], axis=1)
        whole[own] = x
        cases = x.shape[1]
        made = functions.at_end(whole, np.repeat(p, cases, 1), np.repeat(time, cases))
        return np.concatenate([np.reshape(made[f.definition], (cases, -1)).T for f in functions.model.finals])

    x = y[own][:, None]
    with np.errstate(all="ignore"):
        for _ in range(10):
            wrong, slopes = conditions(time, x), jacobian_of(conditions, np.zeros(1), x)[:, :, 0]
            if not (np.isfinite(wrong).all() and np.isfinite(slopes).all()):
                return y
            x = x - np.linalg.lstsq(slopes, wrong, rcond=1e-9)[0]
    found = y.copy()
    found[own] = x[:, 0]
    return found


def line(task: Task) -> Path:
    """States on a straight line to where the conditions at the end want them, costates 0."""
    begin, s = still(task.functions), grid()
    end = wanted_end(task.functions, begin, task.end)
    return Path(s, begin[:, None] + (end - begin)[:, None] * s, np.zeros(task.functions.unknowns), task.end)


def rolled(task: Task) -> Path | None:
    """States run forward with costates 0, then costates back along them from what they are at the end; None if it blows up."""
    functions, s = task.functions, grid(201)
    step, start = task.end * np.diff(s), still(functions)
    states = np.zeros(functions.size, bool)
    for name in (*functions.model.dynamics, *functions.params):
        states[functions.places[name]] = True

    def slope(time: float, y: Array, moved: Array) -> Array:
        return np.where(moved, functions.slope(np.full(1, time), y[:, None])[:, 0], 0.0)

    y = np.empty((functions.size, len(s)))
    y[:, 0] = start
    with np.errstate(all="ignore"):
        for k, h in enumerate(step):
            y[:, k + 1] = _stepped(slope, s[k] * task.end, h, y[:, k], y[:, k], states)
        unknown = np.zeros((functions.unknowns, 1))
        made = functions.at_end(y[:, -1:], unknown, np.full(1, task.end))
        for name in (*functions.model.dynamics, *functions.params):
            y[functions.places[functions.costate(name)], -1] = np.reshape(made[f"end:{functions.costate(name)}"], -1)
        back = ~states
        back[functions.places[COST]] = False
        for k in range(len(step) - 1, -1, -1):
            before = np.where(back, y[:, k + 1], y[:, k])
            y[:, k] = _stepped(slope, s[k + 1] * task.end, -step[k], before, y[:, k], back)
    if not np.isfinite(y).all() or np.abs(y).max() > 1e8:
        return None
    return Path(s, y, np.zeros(functions.unknowns), task.end)


def _stepped(
    slope: Callable[[float, Array, Array], Array], time: float, h: float, y: Array, there: Array, moved: Array
) -> Array:
    """One step of Heun's method of what moves; the rest is as it is ``there``."""
    first = slope(time, y, moved)
    second = slope(time + h, np.where(moved, y + h * first, there), moved)
    return np.where(moved, y + h / 2 * (first + second), there)


# The ways -------------------------------------------------------------------------------------------------------------


def _straight(task: Task) -> Attempt | None:
    return from_guess(task, line(task))


def _forward(task: Task) -> Attempt | None:
    guess = rolled(task)
    return None if guess is None else from_guess(task, guess)


def _longer(task: Task) -> Attempt | None:
    """From a short horizon to the whole, each solution the guess of the next."""
    held = replace(task, free=False)
    path = line(replace(held, end=task.end * LENGTHS[0]))
    for part in LENGTHS:
        length = task.end * part
        attempt = solve_from(task.functions.problem(False), replace(path, end=length), max(task.tol, LOOSE), task.most_nodes)
        if attempt.why:
            return attempt
        path = attempt.path
    return from_guess(task, path)


def _moved_in(task: Task) -> Attempt | None:
    """The conditions at the end moved from where the states run by themselves to where they are wanted."""
    functions = task.functions
    path = rolled(task) if functions.mus else None
    if path is None:
        return None
    free = functions.at_end(path.y[:, -1:], np.zeros((functions.unknowns, 1)), np.full(1, task.end))
    there = np.concatenate([np.reshape(free[final.definition], -1) for final in functions.model.finals])
    for part in PARTS:
        problem = functions.problem(False, (1 - part) * there)
        attempt = solve_from(problem, path, max(task.tol, LOOSE), task.most_nodes)
        if attempt.why:
            return attempt
        path = attempt.path
    return from_guess(task, path)


WAYS: dict[str, Callable[[Task], Attempt | None]] = {
    "states on a straight line, costates 0": _straight,
    "states run forward without control, costates run back along them": _forward,
    "a short horizon made longer step by step": _longer,
    "conditions at the end moved in step by step": _moved_in,
}


def ways(task: Task, warm: Path | None) -> Iterator[tuple[str, Attempt]]:
    """The attempts, each with the way that led to it, a former solution before all others."""
    if warm is not None:
        yield "a former solution", from_near(task, warm)
    for told, way in WAYS.items():
        attempt = way(task)
        if attempt is not None:
            yield told, attempt


def from_near(task: Task, warm: Path) -> Attempt:
    """From a former solution: at once, and roughly with T held first where that fails."""
    guess = warm if task.free else replace(warm, end=task.end, f=None if warm.f is None else warm.f * task.end / warm.end)
    attempt = finish(task, guess)
    return attempt if not attempt.why else from_guess(task, guess)
