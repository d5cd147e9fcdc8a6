"""Taylor remainders: how H′ changes along a direction, and how much of that the derived slope leaves unexplained.

|H′(x + εd) − H′(x)| falls as ε, and |H′(x + εd) − H′(x) − ε⟨∂H′, d⟩| as ε² if ∂H′ is its derivative, as ε if it is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hdsl.verify.exponent import exponent_of

STEPS = tuple(2.0**-k for k in range(22, 13, -1))
"""ε, from small to large, along directions of length 1: shorter than the way to the next kink (`points.MARGIN`)."""

PROBES = tuple(2.0**-k for k in (30, 31, 32, 33, 34))
"""Steps so small that what is left of H′ is round-off, or next to nothing of what a wrong slope leaves at `STEPS`."""


def exponents(hamiltonian: Callable[[float], float], slope: float) -> tuple[float | None, float | None]:
    """The exponents of the change and of the remainder; None where there is nothing but round-off.

    Args:
        hamiltonian: H′(x + εd) as a function of ε.
        slope: ⟨∂H′, d⟩.
    """
    at_rest = hamiltonian(0.0)
    # Round-off is that of sums whose terms may be far larger than H′, so it is measured.
    left = [abs(hamiltonian(step) - at_rest - step * slope) for step in PROBES]
    noise = max(*left, 1e-16 * abs(at_rest), 1e-300)
    changes = [hamiltonian(step) - at_rest for step in STEPS]
    remainders = [change - step * slope for step, change in zip(STEPS, changes, strict=True)]
    if not all(map(math.isfinite, (*changes, *remainders))):
        return 0.0, 0.0
    return exponent_of(STEPS, list(map(abs, changes)), noise), exponent_of(STEPS, list(map(abs, remainders)), noise)
