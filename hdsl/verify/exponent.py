"""Exponent: as which power of a step something falls, measured at the smallest steps at which it is not yet round-off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEW = 4
"""How many steps the power is fitted to."""

ABOVE_NOISE = 30.0
"""How far above round-off a number must be for its logarithm to be of use."""


def exponent_of(steps: Sequence[float], sizes: Sequence[float], noise: float) -> float | None:
    """p in size ≈ c step^p, by least squares in logarithms over the smallest steps that tell.

    Args:
        steps: from small to large.
        sizes: of what is measured at each, 0 or more.
        noise: how large round-off is in them.

    Returns:
        The exponent; None where fewer than `FEW` of the sizes, from the smallest on, are above round-off.
    """
    told = [(step, size) for step, size in zip(steps, sizes, strict=True) if size > ABOVE_NOISE * noise]
    if len(told) < FEW:
        return None
    x, y = np.log(np.array(told[:FEW])).T
    return float(np.polyfit(x, y, 1)[0])
