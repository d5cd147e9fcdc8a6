"""Along random directions: the derived ∂H′ against central differences and Taylor remainders of H′ on the walk of the text."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from hdsl.verify.interpret import Array
from hdsl.verify.judgement import FLOOR, Errors, difference
from hdsl.verify.points import Point, Sized, of_stream, streams
from hdsl.verify.taylor import exponents

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
DIRECTIONS = 2


def judge_along(
    found: Sized, point: Point, name: str, pull: Array, equation: str, errors: Errors, generator: torch.Generator
) -> None:
    """Add what differences and remainders say of ∂H′ by one state or parameter; ``pull`` is it, in the shape of its values.

    A per-stream state is moved in all streams, and each stream has its own H′; anything shared moves the mean of them.
    """
    for _ in range(DIRECTIONS):
        along = direction(found, point, name, generator)
        errors.add(equation, "differences", _by_differences(found, point, name, pull, along))
    shared = found.model.quantities[name].shared

    def robust(step: float) -> float:
        each = _hamiltonians(found, point, name, point.values[name] + step * along)
        return float(each.mean() if shared else each.sum())

    change, remainder = exponents(robust, float((pull * along.numpy()).sum()))
    errors.add_exponent(equation, "change", change, 1, most=True)
    errors.add_exponent(equation, "remainder", remainder, 2)


def direction(found: Sized, point: Point, name: str, generator: torch.Generator) -> Tensor:
    """A random direction for a state or a parameter: of length 1, in each stream where it is per stream."""
    value, shared = point.values[name], found.model.quantities[name].shared
    along = torch.randn(value.shape, generator=generator, dtype=torch.float64)
    return along / along.norm() * math.sqrt(max(1, value.shape[0] if value.ndim and not shared else 1))


def _by_differences(found: Sized, point: Point, name: str, pull: Array, along: Tensor) -> float:
    """The error of ⟨∂H′/∂x, direction⟩ against central differences of H′, by the best of the steps."""
    value, shared = point.values[name], found.model.quantities[name].shared
    product = pull * along.numpy()
    mine = product.sum() if shared else product.reshape(len(point.samples), -1).sum(1)
    # A direction may happen to be nearly level, so the error is relative to the slope of a usual direction; and H′ so large
    # that its round-off is more than the slope, where tanh is saturated.
    usual = float(np.linalg.norm(pull)) / math.sqrt(max(pull.size, 1))
    best = math.inf
    for step in STEPS:
        above = _hamiltonians(found, point, name, value + step * along)
        below = _hamiltonians(found, point, name, value - step * along)
        judged = (above - below) / (2 * step)
        scale = max(usual, FLOOR * float(np.abs(above).max()))
        best = min(best, difference(mine, judged.mean() if shared else judged, scale))
    return best


def _hamiltonians(found: Sized, point: Point, name: str, value: Tensor) -> Array:
    """H′ of each stream with one quantity changed."""
    walk = found.walk
    states = point.of(walk.written.states)
    told = []
    with torch.no_grad():
        for b in streams(point):
            z = {n: v if found.model.quantities[n].shared else v[b] for n, v in states.items()}
            own = of_stream(found, point, b, **{name: value})
            told.append(float(walk.hamiltonian(own, z, point.samples[b], point.t, point.tau)))
    return np.array(told)
