"""A boundary problem solved: ways are tried in order, penalties raised, and what comes of it is judged before it is told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hdsl.runtime.boundary.account import arrays, cost, shares, violations, where_nonfinite
from hdsl.runtime.boundary.guesses import Task, from_near, ways
from hdsl.runtime.boundary.judge import judge
from hdsl.runtime.boundary.numbers import Numbered
from hdsl.runtime.boundary.result import STATUSES, Residuals, Solution
from hdsl.runtime.boundary.two_point import Attempt, Path

MOST_NODES = 10_000
MOST_NUMBERS = 4e7  # in the Jacobian at all nodes
BY_WHY = {"": "tolerance", "nodes": "mesh", "singular": "singular", "stuck": "stuck", "nan": "nonfinite"}
LOST = ("singular", "stuck", "nonfinite")
"""Where the path that is left is that of a guess: what it costs says nothing."""
MINIMUM = 1e-6
"""By so much less, relative to 1 + |H′|, H′ may be at another control: round-off of a minimum that is flat."""
FIRST_WEIGHT, MOST_WEIGHT, RAISED = 1e2, 1e10, 10.0


@dataclass(frozen=True)
class Found:
    """An attempt, the way that led to it, and the ways that had failed before."""

    attempt: Attempt
    way: str
    tried: tuple[str, ...]
    free: bool
    iterations: int
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not self.attempt.why


def solve_boundary(
    problem: Numbered, tol: float | None = None, warm: Path | None = None, stream: str = ""
) -> Solution:
    """Solve a boundary problem to a tolerance, the model's own where none is given, from a former solution if there is one.

    The status of what is returned says whether it is solved; nothing is raised for that. ``stream`` names what arrives.
    """
    start = time.perf_counter()
    tol = problem.tol if tol is None else tol
    if warm is not None and len(warm.y) != problem.functions.size:
        raise ValueError(f"the former solution has {len(warm.y)} equations and this problem {problem.functions.size}")
    if problem.penalties:
        problem, found = _raised(problem, tol, warm)
    else:
        found = _found(problem, tol, warm)
    return replace(_told(problem, found, tol, time.perf_counter() - start), signals=stream)


def most_nodes(equations: int) -> int:
    """The finest mesh that is allowed: so many nodes that the Jacobians fit into memory."""
    return int(min(MOST_NODES, max(400, MOST_NUMBERS / equations**2)))


def _found(problem: Numbered, tol: float, warm: Path | None) -> Found:
    """The first attempt that fulfils the equations, with T held at a bound where it is free and would be beyond."""
    ends = problem.ends
    task = Task(problem.functions, ends.guess, ends.free, tol, most_nodes(problem.functions.size))
    found = _first(task, warm)
    end = found.attempt.path.end
    if not ends.free or not found.good or ends.lower <= end <= ends.upper:
        return found
    bound = ends.lower if end < ends.lower else ends.upper
    attempt = from_near(replace(task, free=False, end=bound), found.attempt.path)
    iterations = found.iterations + attempt.iterations
    wanted = _wish(problem, attempt.path) if not attempt.why else 0.0
    if (bound == ends.lower) != (wanted >= 0):
        note = f"T is held at its bound {bound:g}, but J falls from there into the bounds: a solution within them was not found"
        return replace(found, attempt=replace(attempt, why="stuck"), free=False, iterations=iterations, notes=(note,))
    note = f"T is held at its bound {bound:g}; where it is free the equations are fulfilled at {end:.6g}"
    return replace(found, attempt=attempt, free=False, iterations=iterations, notes=(note,))


def _wish(problem: Numbered, path: Path) -> float:
    """∂J/∂T at a path whose T is held."""
    with np.errstate(all="ignore"):
        endings = problem.functions.endings(path.y[:, -1:], path.p[:, None], np.full(1, path.end), True)
    return float(endings["T"][0, 0])


def _first(task: Task, warm: Path | None) -> Found:
    tried: list[str] = []
    best: tuple[Attempt, str] | None = None
    iterations = 0
    for way, attempt in ways(task, warm):
        iterations += attempt.iterations
        if not attempt.why and attempt.largest <= task.tol:
            return Found(attempt, way, tuple(tried), task.free, iterations)
        if best is None or attempt.largest < best[0].largest:
            best = attempt, way
        tried.append(way)
    assert best is not None
    return Found(replace(best[0], why=best[0].why or "tolerance"), best[1], tuple(tried), task.free, iterations)


def _raised(problem: Numbered, tol: float, warm: Path | None) -> tuple[Numbered, Found]:
    """The weights of the penalties raised, tenfold each time, until the largest violation is within the tolerance."""
    weight, path, first, iterations = FIRST_WEIGHT, warm, None, 0
    while True:
        weighed = problem.weighed(weight)
        found = _found(weighed, tol, path)
        first, iterations = first or found, iterations + found.iterations
        if not found.good:
            break
        worst = max(violations(weighed.functions, found.attempt.path).values())
        if worst <= tol or weight >= MOST_WEIGHT:
            break
        weight, path = weight * RAISED, found.attempt.path
    return weighed, replace(found, way=first.way, tried=first.tried, iterations=iterations)


def _told(problem: Numbered, found: Found, tol: float, seconds: float) -> Solution:
    attempt, functions = found.attempt, problem.functions
    path = attempt.path
    wrong = where_nonfinite(functions, path)
    if attempt.why == "nan" or wrong:
        residuals, above = Residuals(np.inf, np.inf, np.inf), {}
    else:
        residuals = judge(functions, attempt, found.free, problem.bounds)
        above = violations(functions, path)
    status = _status(attempt, residuals, above, problem, tol, wrong)
    parts, by_gauss = shares(functions, path)
    J, notes = cost(functions, path), list(found.notes)
    if status in LOST:
        J, parts = np.nan, {}
    if status == "solved" and abs(J - by_gauss) > 100 * tol * (1 + abs(J)):
        notes.append(f"J is {J:.9g} as the solver integrated it and {by_gauss:.9g} by another rule")
    if residuals.hamiltonian is not None and residuals.hamiltonian > 1e3 * tol:
        notes.append(f"H moves by {residuals.hamiltonian:.1e} of 1 + |H| where it is to stay the same: a smaller tol may help")
    if problem.bounds.declared:
        names = ", ".join(problem.bounds.declared)
        notes.append(f"{names}: chosen by the declared rule; that H′ is least there is not claimed")
    values, roles = arrays(functions, path, problem.tau)
    with np.errstate(all="ignore"):
        mu = functions.named(path.p[:, None])
    return Solution(
        model=functions.model.name,
        status=status,
        message=_message(status, residuals, above, wrong, tol, most_nodes(functions.size)),
        J=J,
        end=path.end,
        costs=parts,
        arrays=values,
        residuals=residuals,
        way=found.way,
        tried=found.tried,
        nodes=len(path.s),
        iterations=found.iterations,
        equations=functions.size,
        seconds=seconds,
        tol=tol,
        path=path,
        settings=problem.settings,
        mu={name: value[0] for name, value in mu.items()},
        violations=above,
        weights={name: problem.weight for name in problem.penalties},
        notes=tuple(notes),
        free_end=problem.ends.free,
        roles=roles,
    )


def _status(
    attempt: Attempt, residuals: Residuals, above: Mapping[str, float], problem: Numbered, tol: float, wrong: str
) -> str:
    if wrong:
        return "nonfinite"
    if attempt.why:
        return BY_WHY.get(attempt.why, "tolerance")
    if not residuals.largest <= tol:
        return "tolerance"
    if any(above[name] > tol for name in problem.penalties):
        return "violated"
    if residuals.minimum is not None and residuals.minimum > max(MINIMUM, tol):
        return "not a minimum"
    return "solved"


def _message(
    status: str, residuals: Residuals, above: Mapping[str, float], wrong: str, tol: float, nodes: int
) -> str:
    """The sentence of a status, with what is special about it."""
    more = {
        "nonfinite": wrong or "on the way, from a path that was finite",
        "mesh": f"{nodes} nodes, residual {residuals.largest:.1e} and not {tol:.1e}",
        "tolerance": f"residual {residuals.largest:.1e} and not {tol:.1e}",
        "not a minimum": f"by {residuals.minimum or 0.0:.1e}",
        "violated": ", ".join(f"{name} by {value:.1e}" for name, value in above.items() if value > tol),
    }.get(status, "")
    return STATUSES[status] + (f": {more}" if more else "")


