"""Taylor remainders of functions whose derivatives are known."""

from __future__ import annotations

import math

import pytest

from hdsl.verify.taylor import STEPS, exponents


def line(step):
    return 3.0 + 0.7 * step


def test_a_slope_that_is_right_leaves_a_square():
    change, remainder = exponents(lambda step: math.exp(0.7 * step) + 5, 0.7)
    assert change == pytest.approx(1, abs=0.01) and remainder == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("slope", [-0.7, 0.0, 1.4, 0.7001])
def test_a_slope_that_is_wrong_leaves_a_line(slope):
    _, remainder = exponents(lambda step: math.exp(0.7 * step) + 5, slope)
    assert remainder == pytest.approx(1, abs=0.05)


def test_a_line_has_no_remainder_and_a_constant_no_change():
    change, remainder = exponents(line, 0.7)
    assert change == pytest.approx(1) and remainder is None
    assert exponents(lambda step: 3.0, 0.0) == (None, None)
    assert exponents(line, 0.8)[1] == pytest.approx(1)


def test_a_third_power_is_told_as_it_is():
    _, remainder = exponents(lambda step: 1e3 * step**3 + step, 1.0)
    assert remainder == pytest.approx(3, abs=0.01)


def test_round_off_of_large_terms_that_cancel_is_not_taken_for_a_remainder():
    assert exponents(lambda step: (1e6 + 0.7 * step) - 1e6, 0.7)[1] is None
    assert exponents(lambda step: (1e6 + 0.7 * step) - 1e6, 0.8)[1] == pytest.approx(1, abs=0.05)


def test_a_value_that_is_not_finite_is_no_proof():
    assert exponents(lambda step: math.inf if step == STEPS[0] else step, 1.0) == (0.0, 0.0)
    assert exponents(line, math.nan) == (0.0, 0.0)
