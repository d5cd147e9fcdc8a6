"""The pointwise minimum against closed forms: within bounds, at bounds, coupled, not convex."""

from __future__ import annotations

import numpy as np

from hdsl.runtime.boundary.minimise import minimise

NONE = np.array([-np.inf, -np.inf]), np.array([np.inf, np.inf])


def test_a_coupled_quadratic_form_is_solved_at_every_point() -> None:
    rng = np.random.default_rng(0)
    matrix, target = np.array([[2.0, 1.0], [1.0, 3.0]]), rng.normal(size=(5, 2))

    def value(a: np.ndarray) -> np.ndarray:
        d = a - target
        return np.einsum("pi,ij,pj->p", d, matrix, d) / 2

    found = minimise(value, lambda a: (a - target) @ matrix, *NONE, 5)
    np.testing.assert_allclose(found, target, atol=1e-10)


def test_bounds_hold_and_the_rest_is_best_within_them() -> None:
    # ½(a² + b²) + ab/2 − 3a − b within a ≤ 1: at a = 1, b = 1 − ½.
    def value(a: np.ndarray) -> np.ndarray:
        return 0.5 * (a**2).sum(1) + a[:, 0] * a[:, 1] / 2 - 3 * a[:, 0] - a[:, 1]

    def slope(a: np.ndarray) -> np.ndarray:
        return np.stack([a[:, 0] + a[:, 1] / 2 - 3, a[:, 1] + a[:, 0] / 2 - 1], 1)

    found = minimise(value, slope, np.array([-1.0, -np.inf]), np.array([1.0, np.inf]), 2)
    np.testing.assert_allclose(found, [[1.0, 0.5]] * 2, atol=1e-9)


def test_of_two_valleys_the_deeper_one_is_found() -> None:
    # a⁴/4 − a²/2 + sa/10: two valleys near ±1, the deeper one on the side of −s.
    s = np.array([1.0, -1.0])

    def value(a: np.ndarray) -> np.ndarray:
        return a[:, 0] ** 4 / 4 - a[:, 0] ** 2 / 2 + s * a[:, 0] / 10

    found = minimise(
        value, lambda a: a**3 - a + s[:, None] / 10, np.array([-2.0]), np.array([2.0]), 2
    )
    roots = [np.roots([1, 0, -1, sign / 10]).real for sign in s]
    wanted = [min(own, key=lambda a, k=sign: a**4 / 4 - a**2 / 2 + k * a / 10) for own, sign in zip(roots, s, strict=True)]
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-9)


def test_a_slope_that_never_vanishes_ends_at_a_bound() -> None:
    found = minimise(lambda a: a[:, 0], np.ones_like, np.array([-3.0]), np.array([2.0]), 1)
    assert found[0, 0] == -3
