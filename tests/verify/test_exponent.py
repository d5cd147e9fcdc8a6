"""The power as which something falls."""

from __future__ import annotations

import pytest

from hdsl.verify.exponent import ABOVE_NOISE, FEW, exponent_of

STEPS = tuple(2.0**-k for k in range(20, 2, -1))


@pytest.mark.parametrize("power", [0.5, 1, 2, 5])
@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e3])
def test_a_pure_power_is_found(power, factor):
    assert exponent_of(STEPS, [factor * step**power for step in STEPS], 0.0) == pytest.approx(power)


def test_what_is_round_off_is_not_fitted():
    sizes = [max(step**2, 1e-9) for step in STEPS]
    assert exponent_of(STEPS, sizes, 1e-9) == pytest.approx(2)
    assert exponent_of(STEPS, sizes, 0.0) < 0.5  # a floor that is taken for a signal


def test_the_smallest_steps_count():
    """What a long step adds (a kink, the next term of a series) has no part in it."""
    sizes = [step**2 + (step > 1e-3) for step in STEPS]
    assert exponent_of(STEPS, sizes, 1e-14) == pytest.approx(2)


def test_nothing_above_round_off_has_no_exponent():
    assert exponent_of(STEPS, [0.0] * len(STEPS), 1e-16) is None
    few = [0.0] * (len(STEPS) - FEW + 1) + [1.0] * (FEW - 1)
    assert exponent_of(STEPS, few, 1e-16) is None
    assert exponent_of(STEPS, [ABOVE_NOISE] * len(STEPS), 1.0) is None
