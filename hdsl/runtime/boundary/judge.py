"""What a path is held against that the solver did not look at: conditions by name, the minimum of H′, the constancy of H."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hdsl.derive.boundary import ROBUST, WHOLE
from hdsl.derive.stationarity import SLOPE
from hdsl.runtime.boundary.functions import Functions
from hdsl.runtime.boundary.result import Residuals
from hdsl.runtime.boundary.two_point import Array, Attempt, Path

POINTS = 401  # at which a path is judged
TRIED = 24  # controls that are drawn at each of them
AT_BOUND = 1e-9


@dataclass(frozen=True)
class Bounds:
    """The bounds of each control, one number each, the ones that minimise H′, and those of a ``declared`` rule."""

    lower: Mapping[str, float]
    upper: Mapping[str, float]
    minimising: tuple[str, ...]
    declared: tuple[str, ...] = ()


def judge(functions: Functions, attempt: Attempt, free: bool, bounds: Bounds) -> Residuals:
    """The residuals of a path, each worked out anew."""
    path = attempt.path
    first, last = path.y[:, :1], path.y[:, -1:]
    p, end = path.p[:, None], np.full(1, path.end)
    begin = functions.beginnings(first)
    ends = functions.endings(last, p, end, free)
    t, made = along(functions, path, POINTS)
    stationarity, minimum = None, None
    if bounds.minimising:
        stationarity = _stationarity(functions, made, bounds)
        minimum = _minimum(functions, path, t, made, bounds)
    return Residuals(
        equations=attempt.residual,
        begin=_largest(begin),
        end=_largest(ends),
        stationarity=stationarity,
        minimum=minimum,
        hamiltonian=_drift(made) if autonomous(functions) and not bounds.declared else None,
    )


def along(functions: Functions, path: Path, points: int) -> tuple[Array, dict[str, Array]]:
    """Times that are evenly apart, and every line there."""
    s = np.linspace(0, 1, points)
    t = s * path.end
    with np.errstate(all="ignore"):
        return t, functions.along(t, path.at(s))


def autonomous(functions: Functions) -> bool:
    """Whether H is to stay the same where controls make it least: nothing arrives or reads the time, and eta is 0."""
    model = functions.model
    if model.of_role("input") or model.of_role("target"):
        return False
    return "t" not in functions.reads


def _largest(conditions: Mapping[str, Array]) -> float:
    return max((float(np.abs(own).max(initial=0.0)) for own in conditions.values()), default=0.0)


def _drift(made: Mapping[str, Array]) -> float:
    whole = np.asarray(made[WHOLE])
    return float(np.abs(whole - whole.mean()).max() / (1 + np.abs(whole).max()))


def _stationarity(functions: Functions, made: Mapping[str, Array], bounds: Bounds) -> float:
    """The largest ∂H′/∂a of the controls that are between their bounds, or that points into the bounds."""
    found, slopes = 0.0, functions.sloped(dict(made))
    for name in bounds.minimising:
        a, slope = np.asarray(made[name]), np.asarray(slopes[SLOPE + name])
        room = AT_BOUND * (1 + np.abs(a))
        held = ((a <= bounds.lower[name] + room) & (slope >= 0)) | ((a >= bounds.upper[name] - room) & (slope <= 0))
        scale = 1 + np.abs(slope).max(initial=0.0)
        found = max(found, float(np.abs(np.where(held, 0.0, slope)).max(initial=0.0) / scale))
    return found


def _minimum(
    functions: Functions, path: Path, t: Array, made: Mapping[str, Array], bounds: Bounds
) -> float:
    """By how much H′ is smaller, relative to 1 + |H′|, at controls drawn within the bounds; 0 where it never is."""
    generator, least = np.random.default_rng(0), np.asarray(made[ROBUST])
    y = path.at(t / path.end)
    found = 0.0
    with np.errstate(all="ignore"):
        for number in range(TRIED):
            controls = {name: np.asarray(made[name]) for name in functions.model.controls}
            for name in bounds.minimising:
                controls[name] = _drawn(controls[name], bounds, name, generator, near=number % 2 == 0)
            tried = np.asarray(functions.along(t, y, controls)[ROBUST])
            less = np.where(np.isfinite(tried), (least - tried) / (1 + np.abs(least)), 0.0)
            found = max(found, float(less.max()))
    return found


def _drawn(a: Array, bounds: Bounds, name: str, generator: np.random.Generator, near: bool) -> Array:
    """Controls within the bounds: near to what was chosen, or anywhere; without bounds up to ten times as far as chosen."""
    spread = (1e-2 if near else 10.0) * (1 + np.abs(a).max(initial=0.0))
    low = np.maximum(a - spread, bounds.lower[name])
    high = np.minimum(a + spread, bounds.upper[name])
    return low + (high - low) * generator.random(a.shape)
