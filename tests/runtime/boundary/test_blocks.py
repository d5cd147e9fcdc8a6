"""Blocks against dense algebra, and the collocation against closed forms and scipy's."""

from __future__ import annotations

import numpy as np
import pytest

from hdsl.runtime.boundary.blocks import Factors, collocate, hermite
from hdsl.runtime.boundary.two_point import jacobian_of, residuals

Array = np.ndarray


@pytest.mark.parametrize("nodes", [2, 3, 4, 5, 8, 13])
def test_the_factors_solve_what_dense_algebra_solves(nodes: int) -> None:
    rng, n = np.random.default_rng(nodes), 3
    lead, follow = rng.normal(size=(2, nodes - 1, n, n))
    first, last = rng.normal(size=(2, n, n))
    right = rng.normal(size=(n, nodes))
    whole = np.zeros((n * nodes, n * nodes))
    for k in range(nodes - 1):
        whole[k * n : (k + 1) * n, k * n : (k + 1) * n] = lead[k]
        whole[k * n : (k + 1) * n, (k + 1) * n : (k + 2) * n] = follow[k]
    whole[-n:, :n], whole[-n:, -n:] = first, whole[-n:, -n:] + last
    wanted = np.linalg.solve(whole, right.T.reshape(-1)).reshape(nodes, n).T
    np.testing.assert_allclose(Factors(lead, follow, first, last).solve(right), wanted, rtol=0, atol=1e-11)


def test_what_is_not_determined_is_refused() -> None:
    lead, follow = -np.ones((1, 1, 1)), np.ones((1, 1, 1))
    with pytest.raises(np.linalg.LinAlgError):
        Factors(lead, follow, np.ones((1, 1)), -np.ones((1, 1)))  # y(0) = y(1) and ẏ = 0 leave y open
    nothing = np.zeros((2, 1, 1))
    with pytest.raises(np.linalg.LinAlgError, match="unknown between"):
        Factors(nothing, nothing, np.ones((1, 1)), np.ones((1, 1)))


def test_what_grows_and_decays_by_far_is_solved() -> None:
    # y″ = 900 y, y(0) = 1, y(1) = 1: the solutions grow and decay by e³⁰, where a march from one end has lost all digits.
    def slope(s: Array, y: Array) -> Array:
        return np.stack([y[1], 900 * y[0]])

    def ends(first: Array, last: Array) -> Array:
        return np.array([first[0] - 1, last[0] - 1])

    def ends_by(first: Array, last: Array) -> tuple[Array, Array]:
        return np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])

    def residual(s: Array, y: Array, f: Array) -> Array:
        return residuals(slope, s, y, f).max(1)

    s = np.linspace(0, 1, 9)
    found = collocate(slope, ends, lambda s, y: jacobian_of(slope, s, y), ends_by, residual, s, np.zeros((2, 9)), 1e-8, 5000)
    assert found.why == ""
    exact = (np.cosh(30 * (found.s - 0.5))) / np.cosh(15)
    np.testing.assert_allclose(found.y[0], exact, atol=1e-7)


def test_a_mesh_that_is_too_fine_is_told() -> None:
    def slope(s: Array, y: Array) -> Array:
        return 1 / (1e-4 + (s[None] - 0.5) ** 2)

    def residual(s: Array, y: Array, f: Array) -> Array:
        return residuals(slope, s, y, f).max(1)

    s = np.linspace(0, 1, 5)
    found = collocate(
        slope, lambda a, b: a, lambda s, y: np.zeros((1, 1, len(s))), lambda a, b: (np.eye(1), np.zeros((1, 1))),
        residual, s, np.zeros((1, 5)), 1e-9, 20,
    )  # fmt: skip
    assert found.why == "nodes"


def test_a_cubic_is_its_own_spline() -> None:
    s = np.array([0.0, 0.2, 0.7, 1.0])
    y, f = (s**3 - s)[None], (3 * s**2 - 1)[None]
    at, interval = np.array([0.1, 0.5, 0.9]), np.array([0, 1, 2])
    value, rate = hermite(s, y, f, at, interval)
    np.testing.assert_allclose(value[0], at**3 - at, atol=1e-14)
    np.testing.assert_allclose(rate[0], 3 * at**2 - 1, atol=1e-13)
