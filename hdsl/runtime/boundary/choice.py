"""How the controls are chosen along a path: by the lines that stationarity or a rule gave, and by minimising H′ where asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hdsl.derive.boundary import ROBUST
from hdsl.derive.stationarity import SLOPE
from hdsl.model.model import Model
from hdsl.runtime.boundary.judge import Bounds
from hdsl.runtime.boundary.minimise import minimise

Choose = Callable[[dict[str, Any]], dict[str, Any]]


def chooser(
    model: Model, choices: Mapping[str, str], module: Any, shapes: Mapping[str, tuple[int, ...]], bounds: Bounds
) -> Choose:
    """A function from what is known at points to the controls there.

    ``module`` has the functions of the problem as text made them: ``choose`` for the controls that have a line, by ``choices``;
    ``flow`` for H′, which the others minimise, and ``slope`` for ∂H′/∂a.
    """
    by_gradient = [name for name in model.controls if name not in choices]

    def choose(given: dict[str, Any]) -> dict[str, Any]:
        made = module.choose(given) if choices else {}
        return {name: made[line] for name, line in choices.items()}

    if not by_gradient:
        return choose
    counts = [int(np.prod(shapes[name], dtype=int)) for name in by_gradient]
    low = np.concatenate([np.full(n, bounds.lower[name]) for name, n in zip(by_gradient, counts, strict=True)])
    high = np.concatenate([np.full(n, bounds.upper[name]) for name, n in zip(by_gradient, counts, strict=True)])

    def minimised(given: dict[str, Any]) -> dict[str, Any]:
        others, points = choose(given), int(given[":batch"])

        def named(a: np.ndarray) -> dict[str, Any]:
            parts = np.split(a, np.cumsum(counts)[:-1], axis=1)
            return {name: part.reshape(points, *shapes[name]) for name, part in zip(by_gradient, parts, strict=True)}

        def value(a: np.ndarray) -> np.ndarray:
            made = np.asarray(module.flow({**given, **others, **named(a)})[ROBUST])
            return np.where(np.isfinite(made), made, np.inf)

        def slope(a: np.ndarray) -> np.ndarray:
            made = module.slope({**given, **others, **named(a)})
            return np.concatenate([np.reshape(made[SLOPE + name], (points, -1)) for name in by_gradient], axis=1)

        return {**others, **named(minimise(value, slope, low, high, points))}

    return minimised
