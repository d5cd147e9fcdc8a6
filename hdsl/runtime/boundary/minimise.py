"""Controls by the gradient of H′: at every point of a path H′ is minimised within the bounds, all points at once.

A projected Newton method with a Hessian of difference quotients, made positive, and steps made shorter where H′ would not fall;
from several beginnings, of which the best end is taken. H′ need not be convex, so that this is a local method with several
tries: `hdsl.runtime.boundary.judge` holds what it gave against controls drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

Array = np.ndarray
MOST_STEPS, HALVINGS = 40, 20
STEP = 1e-6


def minimise(
    value: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    lower: Array,
    upper: Array,
    points: int,
) -> Array:
    """The controls (points, k) at which ``value`` (points,) is least within ``lower`` and ``upper`` (k,), infinite for none.

    ``value`` and ``slope`` (points, k) take the controls of all points.
    """
    best, least = np.zeros((points, len(lower))), np.full(points, np.inf)
    for begin in _beginnings(lower, upper):
        found = _descended(value, slope, lower, upper, np.tile(begin, (points, 1)))
        reached = value(found)
        better = reached < least - 1e-12 * (1 + np.abs(np.where(np.isfinite(least), least, 0)))
        best, least = np.where(better[:, None], found, best), np.where(better, reached, least)
    return best


def _beginnings(lower: Array, upper: Array) -> Iterator[Array]:
    """The control nearest to 0, then a quarter and three quarters of the way from bound to bound, or ±1."""
    low, high = np.where(np.isfinite(lower), lower, -1.0), np.where(np.isfinite(upper), upper, 1.0)
    low, high = np.minimum(low, high), np.maximum(low, high)
    yield np.clip(np.zeros_like(lower), lower, upper)
    yield np.clip(0.75 * low + 0.25 * high, lower, upper)
    yield np.clip(0.25 * low + 0.75 * high, lower, upper)


def _descended(
    value: Callable[[Array], Array], slope: Callable[[Array], Array], lower: Array, upper: Array, a: Array
) -> Array:
    here = value(a)
    for _ in range(MOST_STEPS):
        g = slope(a)
        held = ((a <= lower) & (g > 0)) | ((a >= upper) & (g < 0))
        g = np.where(held, 0.0, g)
        if not np.isfinite(g).all() or np.abs(g).max(initial=0.0) <= 1e-13:
            break
        direction = _newton(slope, a, g, held)
        part, moved = np.ones(len(a)), np.zeros(len(a), bool)
        for _ in range(HALVINGS):
            tried = np.clip(a + part[:, None] * direction, lower, upper)
            there = value(tried)
            fits = ~moved & (there < here)
            a, here = np.where(fits[:, None], tried, a), np.where(fits, there, here)
            moved |= fits
            if moved.all():
                break
            part = np.where(moved, part, part / 2)
        if not moved.any():
            break
    return a


def _newton(slope: Callable[[Array], Array], a: Array, g: Array, held: Array) -> Array:
    """−|Hessian|⁻¹ g of the controls that are not held at a bound."""
    points, k = a.shape
    hessian = np.empty((points, k, k))
    for column in range(k):
        step = np.zeros(k)
        step[column] = STEP
        hessian[:, :, column] = (slope(a + step) - slope(a - step)) / (2 * STEP)
    hessian = (hessian + hessian.swapaxes(1, 2)) / 2
    free = ~held
    hessian = np.where(free[:, :, None] & free[:, None, :], hessian, 0.0) + held[:, :, None] * np.eye(k)
    hessian = np.where(np.isfinite(hessian), hessian, 0.0)
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(np.abs(values), 1e-8 * (1 + np.abs(values).max(1, keepdims=True)))
    turned = np.einsum("pij,pi->pj", vectors, g) / values
    return -np.einsum("pij,pj->pi", vectors, turned)
