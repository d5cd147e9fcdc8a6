"""A two-point problem in plain numbers, and one solution of it by collocation (scipy.integrate.solve_bvp).

    ẏ = slope(t, y) on [0, T],  ends(y(0), y(T), p, T) = 0

Time is scaled to s = t/T, so that T may be an unknown like the others (its logarithm is, so that it stays above 0), and so
that a path found for one length is a guess for another. Both functions take many columns at once, so that the Jacobians are
difference quotients of all columns in one call: 200 equations cost two calls and not 200.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from hdsl.runtime.boundary.blocks import collocate, hermite

Array: TypeAlias = np.ndarray
Slope: TypeAlias = Callable[[Array, Array], Array]
Ends: TypeAlias = Callable[[Array, Array, Array, Array], Array]

MOST_POINTS = 20_000  # so many points are put through a slope at once
STEP = 2.0**-26  # of a difference quotient, relative: the root of the round-off
INSIDE = np.linspace(0, 1, 8)[:-1] + 1 / 14  # where within an interval the residual is measured: not where a solver looks
MOST_EQUATIONS = 20
"""Above this scipy's solver is left: its sparse factors fill up with dense blocks (docs/boundary.md has the measurement)."""
LONGEST = 50.0  # of the logarithm of T


@dataclass(frozen=True)
class TwoPoint:
    """``size`` equations, and ``unknowns`` numbers p that only the ends read and that are to be found with them.

    ``slope`` takes t (m,) and y (size, m) and gives (size, m). ``ends`` takes y(0) and y(T) (size, m), p (unknowns, m) and T
    (m,), m cases side by side, and gives (conditions, m): a condition for each equation and each unknown, and one more where
    ``free`` says that T is to be found.
    """

    size: int
    unknowns: int
    slope: Slope
    ends: Ends
    free: bool = False

    @property
    def conditions(self) -> int:
        return self.size + self.unknowns + self.free


@dataclass(frozen=True)
class Path:
    """A path, a solution or a guess of one: at the nodes ``s`` (m,) from 0 to 1 the values ``y`` (size, m), with p and T.

    ``f`` (size, m) are the derivatives by s; a guess has none and is linear between the nodes, a solution is cubic.
    """

    s: Array
    y: Array
    p: Array
    end: float
    f: Array | None = None

    def at(self, s: Array) -> Array:
        """The values (size, …) at points of [0, 1]."""
        if self.f is None:
            return np.stack([np.interp(s, self.s, row) for row in self.y])
        interval = np.clip(np.searchsorted(self.s, s, side="right") - 1, 0, len(self.s) - 2)
        return hermite(self.s, self.y, self.f, s, interval)[0]


@dataclass(frozen=True)
class Attempt:
    """What a solver gave.

    ``residual`` is the largest of ``|y′ − slope| / (1 + |slope|)`` between the nodes, worked out here; ``ends`` the largest of
    the conditions; ``why`` is what stopped the solver: nodes, singular, stuck, nan, or nothing.
    """

    path: Path
    residual: float
    ends: float
    iterations: int
    why: str = ""

    @property
    def largest(self) -> float:
        return float(np.max([self.residual, self.ends]))  # nan where one of them is


def solve_from(problem: TwoPoint, guess: Path, tol: float, most_nodes: int = 5_000) -> Attempt:
    """Solve by collocation from a guess, on a mesh that is refined until the residual measured here is ``tol`` at most.

    scipy's residual is a mean over each interval; its tolerance is tightened where the largest is above.
    """
    if problem.size > MOST_EQUATIONS:
        return _by_blocks(problem, guess, tol, most_nodes)
    within, count = tol / 2, 0
    attempt = _by_scipy(problem, guess, within, most_nodes)
    iterations = attempt.iterations
    while not attempt.why and attempt.largest > tol and count < 5:
        within, count = within / 4, count + 1
        attempt = _by_scipy(problem, attempt.path, within, most_nodes)
        iterations += attempt.iterations
    return replace(attempt, iterations=iterations)


def _by_scipy(problem: TwoPoint, guess: Path, tol: float, most_nodes: int) -> Attempt:
    from scipy.integrate import solve_bvp

    scaled, unknowns = _Scaled(problem, guess.end), _unknowns(problem, guess)
    keywords: dict[str, Any] = {"fun_jac": scaled.slope_by, "bc_jac": scaled.ends_by, "p": unknowns}
    if not len(unknowns):
        keywords = {"fun_jac": lambda s, y: scaled.slope_by(s, y)[0], "bc_jac": lambda a, b: scaled.ends_by(a, b)[:2]}
    with np.errstate(all="ignore"):
        try:
            found = solve_bvp(
                scaled.slope, scaled.ends, guess.s, guess.y, tol=max(tol, 1e-13), max_nodes=most_nodes, **keywords
            )
        except (ValueError, RuntimeError, np.linalg.LinAlgError) as fault:  # splu and the checks of its matrix raise these
            return Attempt(guess, np.inf, np.inf, 0, _reason(fault))
    p = NOTHING if found.p is None else found.p
    why = {0: "", 1: "nodes", 2: "singular", 3: ""}[found.status]
    return _judged(scaled, guess, found.x, found.y, p, found.niter, why)


def _by_blocks(problem: TwoPoint, guess: Path, tol: float, most_nodes: int) -> Attempt:
    """The same, by blocks; what is unknown is put among the states, as one that does not move."""
    scaled, unknowns, n = _Scaled(problem, guess.end), _unknowns(problem, guess), problem.size

    def slope(s: Array, y: Array) -> Array:
        return np.concatenate([scaled.slope(s, y[:n], y[n:]), np.zeros_like(y[n:])])

    def slope_by(s: Array, y: Array) -> Array:
        by_y, by_unknowns = scaled.slope_by(s, y[:n], y[n:])
        made = np.zeros((len(y), len(y), len(s)))
        made[:n, :n], made[:n, n:] = by_y, by_unknowns
        return made

    def ends(first: Array, last: Array) -> Array:
        return scaled.ends(first[:n], last[:n], first[n:])

    def ends_by(first: Array, last: Array) -> tuple[Array, Array]:
        by_first, by_last, by_unknowns = scaled.ends_by(first[:n], last[:n], first[n:])
        return np.hstack([by_first, by_unknowns]), np.hstack([by_last, np.zeros_like(by_unknowns)])

    def residual(s: Array, y: Array, f: Array) -> Array:
        return residuals(slope, s, y, f).max(1)

    whole = np.concatenate([guess.y, np.repeat(unknowns[:, None], len(guess.s), axis=1)])
    with np.errstate(all="ignore"):
        found = collocate(slope, ends, slope_by, ends_by, residual, guess.s, whole, tol, most_nodes)
    return _judged(scaled, guess, found.s, found.y[:n], found.y[n:, 0], found.refinements, found.why)


def _unknowns(problem: TwoPoint, guess: Path) -> Array:
    return np.append(guess.p, np.log(guess.end)) if problem.free else guess.p


def _judged(scaled: _Scaled, guess: Path, s: Array, y: Array, unknowns: Array, iterations: int, why: str) -> Attempt:
    """What was found, with the residuals that it has by our own measure."""
    with np.errstate(all="ignore"):
        f = scaled.slope(s, y, unknowns)
        if not (np.isfinite(y).all() and np.isfinite(unknowns).all() and np.isfinite(f).all()):
            return Attempt(guess, np.inf, np.inf, iterations, "nan")
        path = Path(s, y, unknowns[: scaled.problem.unknowns], float(scaled.length(unknowns)), f)
        residual = float(residuals(lambda s, y: scaled.slope(s, y, unknowns), s, y, f).max())
        ends = float(np.abs(scaled.ends(y[:, 0], y[:, -1], unknowns)).max())
    return Attempt(path, residual if np.isfinite(residual) else np.inf, ends, iterations, why)


def _reason(fault: Exception) -> str:
    return "nan" if "inf" in str(fault).lower() or "nan" in str(fault).lower() else "singular"


NOTHING = np.zeros(0)


class _Scaled:
    """The problem on [0, 1] as the solver wants it: unknowns are p, then log T where T is free."""

    def __init__(self, problem: TwoPoint, end: float) -> None:
        self.problem = problem
        self.end = end

    def length(self, unknowns: Array) -> Any:
        """T, one number, or one a point (m,) where the unknowns are given at each (k, m)."""
        return np.exp(np.clip(unknowns[-1], -LONGEST, LONGEST)) if self.problem.free else self.end

    def slope(self, s: Array, y: Array, unknowns: Array = NOTHING) -> Array:
        end = self.length(unknowns)
        return end * self.problem.slope(s * end, y)

    def slope_by(self, s: Array, y: Array, unknowns: Array = NOTHING) -> tuple[Array, Array]:
        """∂slope/∂y (n, n, m) and ∂slope/∂unknowns (n, k, m)."""
        n, by_unknowns = len(y), np.zeros((len(y), len(unknowns), len(s)))
        if not self.problem.free:
            return jacobian_of(self.slope, s, y), by_unknowns
        length = np.broadcast_to(unknowns[-1], (1, len(s)))
        made = jacobian_of(lambda s, y: self.slope(s, y[:n], y[n:]), s, np.concatenate([y, length]))
        by_unknowns[:, -1] = made[:, n]
        return made[:, :n], by_unknowns

    def ends(self, first: Array, last: Array, unknowns: Array = NOTHING) -> Array:
        return self._ends(np.concatenate([first, last, unknowns])[:, None])[:, 0]

    def _ends(self, both: Array) -> Array:
        """The conditions of many cases side by side; each is a column of y(0), y(1) and the unknowns."""
        size, k = self.problem.size, self.problem.unknowns
        first, last, p = both[:size], both[size : 2 * size], both[2 * size : 2 * size + k]
        free = np.exp(np.clip(both[-1], -LONGEST, LONGEST)) if self.problem.free else np.full(both.shape[1], self.end)
        return self.problem.ends(first, last, p, free)

    def ends_by(self, first: Array, last: Array, unknowns: Array = NOTHING) -> tuple[Array, Array, Array]:
        both, size = np.concatenate([first, last, unknowns]), len(first)
        made = jacobian_of(lambda _, y: self._ends(y), np.zeros(1), both[:, None])[:, :, 0]
        return made[:, :size], made[:, size : 2 * size], made[:, 2 * size :]


def jacobian_of(function: Slope, s: Array, y: Array) -> Array:
    """∂function/∂y at every point by differences, all columns at once: (r, n, m) of a function from (n, m) to (r, m)."""
    n, m = y.shape
    here = function(s, y)
    steps = STEP * (1 + np.abs(y))
    made = np.empty((len(here), n, m))
    at_once = max(1, MOST_POINTS // m)
    for first in range(0, n, at_once):
        columns = np.arange(first, min(first + at_once, n))
        moved = np.repeat(y[:, None, :], len(columns), axis=1)
        moved[columns, np.arange(len(columns))] += steps[columns]
        real = moved[columns, np.arange(len(columns))] - y[columns]
        there = function(np.tile(s, len(columns)), moved.reshape(n, -1)).reshape(len(here), len(columns), m)
        made[:, columns] = (there - here[:, None, :]) / real
    return made


def residuals(slope: Slope, s: Array, y: Array, f: Array) -> Array:
    """|y′ − slope| / (1 + |slope|), the largest of all equations, at points within each interval: (m − 1, points).

    The points are not those where a solver of this order looks.
    """
    interval = np.repeat(np.arange(len(s) - 1), len(INSIDE))
    places = (s[:-1, None] + np.diff(s)[:, None] * INSIDE).reshape(-1)
    value, rate = hermite(s, y, f, places, interval)
    wanted = slope(places, value)
    return (np.abs(rate - wanted) / (1 + np.abs(wanted))).max(0).reshape(len(s) - 1, -1)
