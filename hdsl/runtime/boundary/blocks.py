"""Newton's method on the collocation equations of many states, by blocks: what scipy's sparse factors have no memory for.

The scheme is that of scipy.integrate.solve_bvp (Lobatto IIIA of three stages, order 4). Its equations couple neighbours only,

    A_i y_i + B_i y_{i+1} = r_i,  i = 1 … m − 1,   and   C y_1 + D y_m = r,

so that half of the nodes are eliminated at each level, the one between each pair of intervals, with pivots from the rows of
both (cyclic reduction as by Wright 1994, with elimination in place of rotations): what grows and what decays find their pivots,
which a march from one end has not, in O(m n³).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
MOST_STEPS, MOST_FACTORS = 30, 12  # of Newton's method on one mesh
LEAST_PART = 2.0**-4  # of a step that is made shorter still
MOST_REFINEMENTS = 25


@dataclass(frozen=True)
class Blocks:
    """What the method found: nodes (m,), values (n, m), slopes (n, m), refinements, and what stopped it, if anything did."""

    s: Array
    y: Array
    f: Array
    refinements: int
    why: str


def collocate(
    slope: Callable[[Array, Array], Array],
    ends: Callable[[Array, Array], Array],
    slope_by: Callable[[Array, Array], Array],
    ends_by: Callable[[Array, Array], tuple[Array, Array]],
    residual: Callable[[Array, Array, Array], Array],
    s: Array,
    y: Array,
    tol: float,
    most_nodes: int,
) -> Blocks:
    """Solve y′ = slope(s, y), ends(y(0), y(1)) = 0, with as many ends as equations.

    ``slope_by`` gives (n, n, m), ``ends_by`` two (n, n); ``residual`` the largest residual within each interval, (m − 1,), from
    nodes, values and slopes. The mesh is refined until none is above ``tol``.
    """
    refinement = 0
    while refinement < MOST_REFINEMENTS:
        refinement += 1
        y, why = _newton(slope, ends, slope_by, ends_by, s, y, tol)
        f = slope(s, y)
        large = residual(s, y, f) / tol
        if not (np.isfinite(f).all() and np.isfinite(large).all()):
            why = "nan"
        if why not in ("", "short") or (not why and large.max() <= 1):
            break
        more = np.where((large > 100) & (why != "short"), 2, np.where(large > 1, 1, 0))
        if len(s) + more.sum() > most_nodes:
            why = why or "nodes"
            break
        if more.any():
            s, y = _refined(s, y, f, more)
    else:
        why = "stuck"
    return Blocks(s, y, f, refinement, {"short": "stuck"}.get(why, why))


def hermite(s: Array, y: Array, f: Array, at: Array, interval: Array) -> tuple[Array, Array]:
    """The cubic between two nodes that has their values and slopes, and its derivative, at points of given intervals."""
    h = (s[1:] - s[:-1])[interval]
    x = (at - s[interval]) / h
    low, high, down, up = y[:, interval], y[:, interval + 1], f[:, interval], f[:, interval + 1]
    value = (1 + 2 * x) * (1 - x) ** 2 * low + x**2 * (3 - 2 * x) * high
    value = value + h * (x * (1 - x) ** 2 * down - x**2 * (1 - x) * up)
    slope = 6 * x * (1 - x) * (high - low) / h + (1 - x) * (1 - 3 * x) * down + x * (3 * x - 2) * up
    return value, slope


def _refined(s: Array, y: Array, f: Array, more: Array) -> tuple[Array, Array]:
    """The mesh with one or two nodes more in the intervals that ask for them."""
    one, two = np.flatnonzero(more == 1), np.flatnonzero(more == 2)
    places = [(one, 1 / 2), (two, 1 / 3), (two, 2 / 3)]
    interval = np.concatenate([which for which, _ in places])
    new = np.concatenate([s[which] + part * (s[which + 1] - s[which]) for which, part in places])
    values, _ = hermite(s, y, f, new, interval)
    nodes = np.concatenate([s, new])
    order = np.argsort(nodes)
    return nodes[order], np.concatenate([y, values], axis=1)[:, order]


def _newton(
    slope: Callable[[Array, Array], Array],
    ends: Callable[[Array, Array], Array],
    slope_by: Callable[[Array, Array], Array],
    ends_by: Callable[[Array, Array], tuple[Array, Array]],
    s: Array,
    y: Array,
    tol: float,
) -> tuple[Array, str]:
    """Damped Newton's method on one mesh: a step is good where it makes the next step of the same factors shorter.

    That measure does not depend on how the equations are scaled (Ascher, Mattheij, Russell 1995, section 8.1.1). Factors are
    kept while whole steps are good. ``short`` is told where the steps ran out: a finer mesh may then help.
    """
    wrong, within = _equations(slope, ends, s, y, tol)
    factors: Factors | None = None
    made = 0
    for _ in range(MOST_STEPS):
        if within:
            return y, ""
        if not np.isfinite(wrong).all():
            return y, "nan"
        if factors is None:
            if made == MOST_FACTORS:
                break
            try:
                factors, made = Factors(*_blocks(slope, slope_by, s, y), *ends_by(y[:, 0], y[:, -1])), made + 1
            except np.linalg.LinAlgError:
                return y, "singular"
            step = factors.solve(wrong)
        if not np.isfinite(step).all():
            return y, "singular"
        part, before = 1.0, float((step**2).sum())
        while True:
            tried = y - part * step
            wrong, within = _equations(slope, ends, s, tried, tol)
            next_step = factors.solve(wrong)
            if (np.isfinite(next_step).all() and float((next_step**2).sum()) < (1 - 0.4 * part) * before) or within:
                break
            if part < LEAST_PART:
                break
            part /= 2
        if not np.isfinite(wrong).all():
            return y, "short"
        y, step = tried, next_step
        if part < 1:
            factors = None
    return y, "" if within else "short"


def _equations(
    slope: Callable[[Array, Array], Array], ends: Callable[[Array, Array], Array], s: Array, y: Array, tol: float
) -> tuple[Array, bool]:
    """The equations of every interval, then those of the ends, (n, m); and whether they are fulfilled well within ``tol``."""
    h, f = np.diff(s), slope(s, y)
    middle = (y[:, 1:] + y[:, :-1]) / 2 - h / 8 * np.diff(f)
    f_middle = slope(s[:-1] + h / 2, middle)
    defect = np.diff(y) - h / 6 * (f[:, :-1] + f[:, 1:] + 4 * f_middle)
    at_ends = ends(y[:, 0], y[:, -1])
    within = bool((np.abs(defect) <= h * tol / 20 * (1 + np.abs(f_middle))).all() and np.abs(at_ends).max() <= tol / 20)
    return np.concatenate([defect, at_ends[:, None]], axis=1), within


def _blocks(
    slope: Callable[[Array, Array], Array], slope_by: Callable[[Array, Array], Array], s: Array, y: Array
) -> tuple[Array, Array]:
    """A and B of every interval, (m − 1, n, n)."""
    h, f = np.diff(s), slope(s, y)
    middle = (y[:, 1:] + y[:, :-1]) / 2 - h / 8 * np.diff(f)
    by, by_middle = (np.ascontiguousarray(np.moveaxis(slope_by(*at), -1, 0)) for at in ((s, y), (s[:-1] + h / 2, middle)))
    h, one = h[:, None, None], np.eye(len(y))
    lead = -one - h / 6 * (by[:-1] + by_middle @ (2 * one + h / 2 * by[:-1]))
    follow = one - h / 6 * (by[1:] + by_middle @ (2 * one - h / 2 * by[1:]))
    return lead, follow


class Factors:
    """The factors of  lead[i] y_i + follow[i] y_{i+1} = right_i  and, for the last column of ``right``, first y_1 + last y_m.

    Raises numpy.linalg.LinAlgError where the equations have no one solution.
    """

    def __init__(self, lead: Array, follow: Array, first: Array, last: Array) -> None:
        self.n = n = len(first)
        self.levels: list[tuple[list[_Pair], Array, Array]] = []
        while len(lead) > 1:
            odd = len(lead) // 2 * 2
            pairs, left, rest = [], np.empty((odd // 2, 2 * n, n)), np.empty((odd // 2, 2 * n, n))
            # Of  A1 y1 + B1 y2 = r1,  A2 y2 + B2 y3 = r2  the unknown between, y2, is eliminated.
            for k in range(0, odd, 2):
                pair = _Pair(np.concatenate([follow[k], lead[k + 1]]))
                outer = np.zeros((2 * n, 2 * n))
                outer[:n, :n], outer[n:, n:] = lead[k], follow[k + 1]
                made = pair.eliminated(outer)
                left[k // 2], rest[k // 2] = made[:, :n], made[:, n:]
                pairs.append(pair)
            self.levels.append((pairs, left[:, :n].copy(), rest[:, :n].copy()))
            lead = np.concatenate([left[:, n:], lead[odd:]])
            follow = np.concatenate([rest[:, n:], follow[odd:]])
        self.whole = np.linalg.inv(np.block([[lead[0], follow[0]], [first, last]]))

    def solve(self, right: Array) -> Array:
        """The y (n, m) of a right side (n, m)."""
        n, rows = self.n, np.ascontiguousarray(right[:, :-1].T)
        known = []
        for pairs, _, _ in self.levels:
            odd = 2 * len(pairs)
            made = [pair.eliminated(rows[2 * k : 2 * k + 2].reshape(-1, 1)) for k, pair in enumerate(pairs)]
            both = np.stack(made)[:, :, 0]
            known.append(both[:, :n])
            rows = np.concatenate([both[:, n:], rows[odd:]])
        values = (self.whole @ np.concatenate([rows[0], right[:, -1]])).reshape(2, n)
        for (pairs, left, rest), own in zip(reversed(self.levels), reversed(known), strict=True):
            count = len(pairs)
            right_of = own - np.einsum("kij,kj->ki", left, values[:count])
            right_of -= np.einsum("kij,kj->ki", rest, values[1 : count + 1])
            made = np.empty((len(values) + count, n))
            made[0 : 2 * count + 1 : 2] = values[: count + 1]
            for k, pair in enumerate(pairs):
                made[2 * k + 1] = pair.between(right_of[k])
            made[2 * count + 1 :] = values[count + 1 :]
            values = made
        return values.T


class _Pair:
    """The factors of the column of two blocks that multiplies the unknown between: rows turned, L below U."""

    def __init__(self, column: Array) -> None:
        from scipy.linalg.lapack import dgetrf

        factors, pivots, info = dgetrf(np.asfortranarray(column), overwrite_a=1)
        if info > 0:
            raise np.linalg.LinAlgError("the unknown between two blocks is not determined")
        self.n = n = column.shape[1]
        self.upper, self.lower = np.asfortranarray(factors[:n]), np.ascontiguousarray(factors[n:])
        self.rows = np.arange(len(column))
        for k, pivot in enumerate(pivots):
            self.rows[[k, pivot]] = self.rows[[pivot, k]]

    def eliminated(self, right: Array) -> Array:
        """The rows of a right side (2n, …): the upper ones with the unknown still in them, the lower ones without."""
        from scipy.linalg.blas import dtrsm

        made = right[self.rows]
        made[: self.n] = dtrsm(1.0, self.upper, made[: self.n], lower=1, diag=1)
        made[self.n :] -= self.lower @ made[: self.n]
        return made

    def between(self, right: Array) -> Array:
        """The unknown, from its upper rows (n,)."""
        from scipy.linalg.blas import dtrsm

        return np.asarray(dtrsm(1.0, self.upper, right[:, None])[:, 0])
