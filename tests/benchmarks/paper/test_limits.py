"""Growth against maps written by hand, and the search for limits against functions whose limits are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.paper import limits


def radius(order: str, tau: float, eta: float, push: float) -> float:
    """The spectral radius of the map of (w, ω) that a step on ½λw² is; ``push`` is βφλ with β = 1."""
    kept = 1 - tau * eta
    step = [[1, -tau], [tau * push, kept]]
    if order == "sequential":
        step = [[1 - tau**2 * push, -tau * kept], [tau * push, kept]]
    return float(np.abs(np.linalg.eigvals(np.array(step))).max())


@pytest.mark.parametrize("order", ["simultaneous", "sequential"])
def test_growth_of_a_parameter_is_that_of_the_map(order: str) -> None:
    curvatures = np.geomspace(0.5, 20, limits.COPIES)
    found = limits.of_parameter(order, 0.5, 1.0, 1.0, 1.0)(curvatures, 1000)
    wanted = np.log([radius(order, 0.5, 1.0, each) for each in curvatures])
    assert np.abs(found - wanted).max() < 4e-3


def test_growth_of_a_motion_is_that_of_its_eigenvalues() -> None:
    matrix, scales = np.array([[-1.0, 4.0], [-4.0, -1.0]]), np.geomspace(0.1, 3, limits.COPIES)
    wanted = np.log(np.abs(1 + 0.2 * scales * (-1 + 4j)))
    assert np.abs(limits.of_motion(matrix, 0.2, 0.0, False)(scales, 200) - wanted).max() < 1e-9
    wanted = np.log(np.abs(1 + 0.2 * scales * (-1 + 4j) - 0.2 * 1.5))
    assert np.abs(limits.of_motion(matrix, 0.2, 1.5, True)(scales, 200) - wanted).max() < 1e-9


def test_turning_points_are_all_found() -> None:
    found = limits.turning_points(lambda tried, steps: (tried - 0.5) * (tried - 3.0), 0.01, 100, (1, 1, 1))
    assert found == pytest.approx([0.5, 3.0], rel=1e-3)
    assert limits.turning_points(lambda tried, steps: tried, 0.01, 100, (1, 1)) == []


def test_the_largest_scale_of_a_damped_rotation() -> None:
    # |1 − τcα + iτcω| = 1 where c = 2α / (τ(α² + ω²)).
    assert limits.largest_scale(np.array([-1 + 4j, -1 - 4j]), 0.2, 0.0) == pytest.approx(2 / (0.2 * 17))
