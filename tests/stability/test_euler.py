"""The formulas of explicit Euler against the numbers that a step makes."""

from __future__ import annotations

import pytest

from hdsl.stability.euler import critical_curvature, growth, largest_curvature, least_curvature

CASES = [(0.5, 1.0, 0.3, 1.0), (1.0, 0.1, 0.05, 0.5), (1.0, 2.1, 0.3, 1.0), (0.2, 3.0, 2.0, 0.7)]


def grows(order: str, curvature: float, tau: float, eta: float, beta: float, phi: float) -> bool:
    """Whether a parameter and its costate grow under a cost ½ λ θ², from the first to the last quarter of the steps."""
    theta, omega = 1.0, 0.1
    sizes = []
    for _ in range(1000):
        if order == "semi-implicit":
            theta -= tau * beta * omega
        old = omega
        omega += tau * (phi * curvature * theta - eta * omega)
        if order != "semi-implicit":
            theta -= tau * beta * (old if order == "simultaneous" else omega)
        sizes.append(abs(theta) + abs(omega))
        if sizes[-1] > 1e100:
            return True
    return max(sizes[-250:]) > 1.5 * max(sizes[:250])


@pytest.mark.parametrize("order", ["sequential", "semi-implicit", "simultaneous"])
@pytest.mark.parametrize("numbers", CASES)
def test_the_largest_curvature_is_where_steps_begin_to_grow(order: str, numbers: tuple[float, float, float, float]) -> None:
    largest, least = largest_curvature(order, *numbers), least_curvature(order, *numbers)
    assert grows(order, 1.03 * largest, *numbers)
    if largest:
        assert not grows(order, 0.97 * largest, *numbers)
    if least:
        assert grows(order, 0.97 * least, *numbers)


@pytest.mark.parametrize("order", ["sequential", "simultaneous"])
def test_without_dissipation_nothing_settles(order: str) -> None:
    assert largest_curvature(order, 0.5, 0.0, 0.3, 1.0) == 0.0
    assert critical_curvature("sequential", 0.5, 0.0, 0.3, 1.0) == pytest.approx(4 / (0.25 * 0.3))
    assert not grows("sequential", 0.9 * 4 / (0.25 * 0.3), 0.5, 0.0, 0.3, 1.0)  # though it does not settle


def test_a_pole_grows_by_one_plus_tau_lambda() -> None:
    assert growth(3j - 1, 0.5) == pytest.approx(abs(0.5 + 1.5j))
    assert growth(-3, 0.5, eta=1) == pytest.approx(1.0)
