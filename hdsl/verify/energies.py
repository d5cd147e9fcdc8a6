"""The slopes that an energy gives, as derived, along random directions: against differences of the energy as written."""

from __future__ import annotations

import math

import numpy as np
import torch

from hdsl.verify.interpret import Readings
from hdsl.verify.judgement import FLOOR, Errors
from hdsl.verify.mechanics import energy_at
from hdsl.verify.points import Point, Sized
from hdsl.verify.taylor import exponents

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
DIRECTIONS = 2


def judge_energy(found: Sized, point: Point, made: Readings, errors: Errors, generator: torch.Generator) -> None:
    """Add what differences and remainders say of q̇ = ∂H/∂p and ṗ = −∂H/∂q."""
    written = found.walk.written
    moved = [(state, momentum, 1.0) for state, momentum in written.pairs.items()]
    for name, by, sign in (*moved, *((momentum, state, -1.0) for state, momentum, _ in moved)):
        slope = sign * np.asarray(made.of(f"dot:{name}"), float)

        def energy(along: torch.Tensor, step: float, by: str = by) -> float:
            values = {**point.values, by: point.values[by] + step * along}
            return float(energy_at(written, values, point.t, point.tau))

        usual = float(np.linalg.norm(slope)) / math.sqrt(max(slope.size, 1))
        for _ in range(DIRECTIONS):
            along = torch.randn(point.values[by].shape, generator=generator, dtype=torch.float64)
            along = along / along.norm()
            mine, best = float((slope * along.numpy()).sum()), math.inf
            for step in STEPS:
                above, below = energy(along, step), energy(along, -step)
                scale = max(usual, FLOOR * abs(above), abs(mine), FLOOR)
                best = min(best, abs(mine - (above - below) / (2 * step)) / scale)
            errors.add(f"dot:{name}", "differences", best)
        change, remainder = exponents(lambda step, along=along, energy=energy: energy(along, step), mine)  # type: ignore[misc]
        errors.add_exponent(f"dot:{name}", "change", change, 1, most=True)
        errors.add_exponent(f"dot:{name}", "remainder", remainder, 2)
