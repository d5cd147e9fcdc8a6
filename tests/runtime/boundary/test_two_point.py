"""The two-point problem: closed forms, free end times, unknowns at the end, both solvers, and residuals that do not flatter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdsl.runtime.boundary import two_point
from hdsl.runtime.boundary.two_point import Array, Path, TwoPoint, jacobian_of, residuals, solve_from

S = np.linspace(0, 1, 21)


def lqr(n: int = 1) -> TwoPoint:
    """ẋ = −z, ż = −x, x(0) = 1, z(T) = 0, in n copies: x = cosh(T − t)/cosh T."""

    def slope(t: Array, y: Array) -> Array:
        return np.concatenate([-y[n:], -y[:n]])

    def ends(first: Array, last: Array, p: Array, end: Array) -> Array:
        return np.concatenate([first[:n] - 1, last[n:]])

    return TwoPoint(2 * n, 0, slope, ends)


def minimum_energy() -> TwoPoint:
    """The double integrator from rest at 0 to rest at 1 with J = T + ∫ ½a²: a = −z₂, T = 18^¼ and J = T + 6/T³."""

    def slope(t: Array, y: Array) -> Array:
        a = -y[3]
        return np.stack([y[1], a, 0 * a, -y[2], 1 + a**2 / 2])

    def ends(first: Array, last: Array, p: Array, end: Array) -> Array:
        x, z = last[:2], last[2:4]
        a = -z[1]
        hamiltonian = 1 + a**2 / 2 + z[0] * x[1] + z[1] * a
        return np.stack([*first[:2], x[0] - 1, x[1], *(z - p), first[4], hamiltonian])

    return TwoPoint(5, 2, slope, ends, free=True)


@pytest.fixture(params=["scipy", "blocks"])
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(two_point, "MOST_EQUATIONS", 10**9 if request.param == "scipy" else 0)
    return str(request.param)


def test_a_closed_form_is_met(solver: str) -> None:
    found = solve_from(lqr(), Path(S, np.zeros((2, 21)), np.zeros(0), 3.0), 1e-8)
    assert found.why == "" and found.largest <= 1e-8
    t = 3 * found.path.s
    np.testing.assert_allclose(found.path.y[0], np.cosh(3 - t) / np.cosh(3), atol=1e-7)
    np.testing.assert_allclose(found.path.y[1], np.sinh(3 - t) / np.cosh(3), atol=1e-7)
    between = np.linspace(0, 1, 97)
    np.testing.assert_allclose(found.path.at(between)[0], np.cosh(3 - 3 * between) / np.cosh(3), atol=1e-7)


def test_an_end_time_and_what_holds_at_the_end_are_found(solver: str) -> None:
    y = np.zeros((5, 21))
    y[0] = S
    without_time = replace(minimum_energy(), free=False, ends=without_last(minimum_energy()))
    held = solve_from(without_time, Path(S, y, np.zeros(2), 1.0), 1e-6)
    found = solve_from(minimum_energy(), held.path, 1e-8)
    assert found.why == ""
    assert found.path.end == pytest.approx(18**0.25, abs=1e-7)
    assert found.path.y[4, -1] == pytest.approx(18**0.25 + 6 / 18**0.75, abs=1e-7)
    np.testing.assert_allclose(found.path.p, found.path.y[2:4, -1], atol=1e-8)


def without_last(problem: TwoPoint) -> two_point.Ends:
    return lambda first, last, p, end: problem.ends(first, last, p, end)[:-1]


def test_conditions_that_leave_something_open_are_told_of(solver: str) -> None:
    def ends(first: Array, last: Array, p: Array, end: Array) -> Array:
        return np.stack([first[0] - 1, first[0] - 1])

    found = solve_from(replace(lqr(), ends=ends), Path(S, np.zeros((2, 21)), np.zeros(0), 1.0), 1e-6, 200)
    assert found.why in ("singular", "stuck", "nan")


def test_a_slope_that_is_not_finite_is_told_of(solver: str) -> None:
    def slope(t: Array, y: Array) -> Array:
        return np.log(y - 1)

    problem = TwoPoint(1, 0, slope, lambda first, last, p, end: first)
    found = solve_from(problem, Path(S, np.zeros((1, 21)), np.zeros(0), 1.0), 1e-6)
    assert found.why == "nan" and not np.isfinite(found.residual)


def test_the_residual_is_that_of_the_cubic_between_the_nodes() -> None:
    s, n = np.linspace(0, 1, 6), 3

    def slope(s: Array, y: Array) -> Array:
        return n * y

    y = np.exp(n * s)[None]
    at = two_point.INSIDE * 0.2
    found = residuals(slope, s, y, slope(s, y))[0]
    # The cubic by its own formula, on the first interval, from values and slopes at its ends.
    h, (low, high) = 0.2, y[0, :2]
    x = at / h
    cubic = np.polynomial.Polynomial(
        [low, n * low * h, 3 * (high - low) - h * n * (2 * low + high), 2 * (low - high) + h * n * (low + high)]
    )
    wanted = np.abs(cubic.deriv()(x) / h - n * cubic(x)) / (1 + np.abs(n * cubic(x)))
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert found.max() > 1e-4


def test_the_jacobian_is_that_of_each_point() -> None:
    def slope(s: Array, y: Array) -> Array:
        return np.stack([s * y[0] * y[1], y[1] ** 2, y[0]])

    s, y = np.array([1.0, 2.0]), np.array([[2.0, 3.0], [5.0, 7.0]])
    made = jacobian_of(slope, s, y)
    wanted = np.array([[[5.0, 14.0], [2.0, 6.0]], [[0.0, 0.0], [10.0, 14.0]], [[1.0, 1.0], [0.0, 0.0]]])
    np.testing.assert_allclose(made, wanted, rtol=1e-6)


def test_so_many_equations_are_solved_that_scipy_has_no_memory_for() -> None:
    n = 60
    found = solve_from(lqr(n), Path(S, np.zeros((2 * n, 21)), np.zeros(0), 3.0), 1e-6)
    assert found.why == "" and found.path.y[n - 1, -1] == pytest.approx(1 / np.cosh(3), abs=1e-6)
