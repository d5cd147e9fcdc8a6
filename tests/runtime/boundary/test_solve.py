"""Whole problems against answers that are known otherwise: Riccati, closed forms, scipy's initial-value solver, other paths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import hdsl
from hdsl.runtime.boundary import solve as solving
from hdsl.runtime.boundary.numbers import numbered
from hdsl.runtime.boundary.result import STATUSES, Residuals, Solution
from hdsl.runtime.boundary.solve import most_nodes, solve_boundary

LEARN = "learn\n    schedule = boundary\n"


def solved(text: str, **settings: Any) -> Solution:
    solution = hdsl.loads(f"ham 1\n{text}{LEARN}", settings=settings).solve()
    assert solution.solved, solution.message
    assert solution.message == STATUSES["solved"]
    assert solution.residuals.largest <= solution.tol
    return solution


# Riccati --------------------------------------------------------------------------------------------------------------


def test_the_regulator_is_that_of_riccati() -> None:
    solution = hdsl.load("lqr").solve()
    A, B, r = np.array([[0, 1], [-1, -0.2]]), np.array([[0.0], [1.0]]), 0.1

    def riccati(t: float, p: np.ndarray) -> np.ndarray:
        P = p.reshape(2, 2)
        return -(A.T @ P + P @ A - P @ B @ B.T @ P / r + np.eye(2)).reshape(-1)

    back = solve_ivp(riccati, (5, 0), np.eye(2).reshape(-1), rtol=1e-12, atol=1e-13, dense_output=True)
    assert solution.solved
    assert pytest.approx(back.y[0, -1] / 2, abs=1e-6) == solution.J
    t, x, z = solution["t"], solution["x"], solution["z.x"]
    assert len(t) == 501 and t[0] == 0 and t[-1] == 5
    P = back.sol(t).T.reshape(-1, 2, 2)
    np.testing.assert_allclose(z, np.einsum("tij,tj->ti", P, x), atol=2e-6)
    np.testing.assert_allclose(solution["a"], -z @ B[:, 0] / r, atol=1e-9)
    whole = solve_ivp(
        lambda s, y: A @ y - B[:, 0] * (B.T @ back.sol(s).reshape(2, 2) @ y) / r, (0, 5), [1, 0], rtol=1e-11, atol=1e-12,
        t_eval=t,
    )  # fmt: skip
    np.testing.assert_allclose(x, whole.y.T, atol=2e-6)
    assert solution.residuals.hamiltonian is not None and solution.residuals.hamiltonian < 1e-6
    assert solution.residuals.minimum is not None and solution.residuals.minimum < 1e-9
    assert sum(solution.costs.values()) == pytest.approx(solution.J, abs=1e-8)


def test_dissipation_weighs_the_cost_as_the_functional_says() -> None:
    # J = ∫ e^{ηt} ½(a² + x²) dt + x(T)²: V = ½ p x² with −ṗ = e^{ηt} − p² e^{−ηt}, p(T) = 2; z = e^{−ηt} p x.
    text = "state x = 1\ncontrol a\nx' = a\ncost run = 1/2*a^2 + 1/2*x^2\nterminal goal = x^2\nhorizon 2\n"
    solution = solved(text, eta=0.5)
    back = solve_ivp(
        lambda t, p: -np.exp(t / 2) + p**2 * np.exp(-t / 2), (2, 0), [2.0], rtol=1e-12, atol=1e-13, dense_output=True
    )
    assert pytest.approx(back.y[0, -1] / 2, abs=1e-6) == solution.J
    t = solution["t"]
    np.testing.assert_allclose(solution["z.x"], np.exp(-t / 2) * back.sol(t)[0] * solution["x"], atol=2e-6)
    assert solution.residuals.hamiltonian is None  # H moves with e^{ηt}


# Ends -----------------------------------------------------------------------------------------------------------------

ENERGY = """state x = 0
state v = 0
control a
x' = v
v' = a
cost time = 1
cost effort = a^2/2
final x == 1
final v == 0
"""


def test_the_time_of_a_double_integrator_is_found() -> None:
    solution = solved(ENERGY + "horizon free = 1 in [0.1, 10]\n")
    assert solution.end == pytest.approx(18**0.25, abs=1e-6) and solution.free_end
    assert pytest.approx(18**0.25 + 6 / 18**0.75, abs=1e-6) == solution.J
    assert solution.costs["time"] == pytest.approx(solution.end, abs=1e-6)
    t, T = solution["t"], solution.end
    np.testing.assert_allclose(solution["a"], 6 / T**2 - 12 * t / T**3, atol=1e-5)
    np.testing.assert_allclose(solution.mu["mu:0"], solution["z.x"][-1], atol=1e-6)


@pytest.mark.parametrize(("bounds", "end"), [("[0.1, 1.5]", 1.5), ("[3, 10]", 3.0)])
def test_a_time_that_would_leave_its_bounds_is_held_there(bounds: str, end: float) -> None:
    solution = solved(ENERGY + f"horizon free = {end} in {bounds}\n")
    assert solution.end == end and pytest.approx(end + 6 / end**3, abs=1e-6) == solution.J
    assert "T is held at its bound" in solution.notes[0]


def test_a_fixed_time_is_kept() -> None:
    solution = solved(ENERGY + "horizon 3\n")
    assert solution.end == 3 and pytest.approx(3 + 6 / 27, abs=1e-6) == solution.J


def test_a_beginning_that_is_free_is_chosen() -> None:
    # ẋ = a, J = ½∫(a² + x²) + ½(x(T) − 3)²: x = c cosh t, z = −c sinh t, z(T) = x(T) − 3.
    solution = solved("state x = free\ncontrol a\nx' = a\ncost c = a^2/2 + x^2/2\nterminal g = (x - 3)^2/2\nhorizon 2\n")
    c = 3 / (np.cosh(2) + np.sinh(2))
    np.testing.assert_allclose(solution["x"], c * np.cosh(solution["t"]), atol=1e-6)
    assert abs(solution["z.x"][0]) < 1e-6


def test_a_constant_that_is_free_is_found() -> None:
    solution = solved("state x = 1\nparam k = free\nx' = -k*x\nterminal goal = (x - 1/2)^2/2\nhorizon 2\n", beta=0)
    np.testing.assert_allclose(solution["k"], np.log(2) / 2, atol=1e-5)
    assert pytest.approx(0, abs=1e-9) == solution.J and "motion" not in solution.costs


# Learning -------------------------------------------------------------------------------------------------------------

LEAKY = """state h = 0
param w = 0.5
param b = 0
h' = -h + tanh(w*sin(t) + b)
cost fit = (h - cos(t)/2)^2/2
horizon 3
"""


def test_what_is_learned_costs_least_of_all_velocities_near() -> None:
    solution = solved(LEAKY, beta=0.5, tol=1e-8, tau=0.01)
    assert solution["costate.w"][-1] == pytest.approx(0, abs=1e-8)
    t, beta = solution["t"], 0.5

    def cost(moved: float, seed: int) -> float:
        """J of a path whose velocities are moved, by an initial-value solver and a quadrature of its own."""
        rng = np.random.default_rng(seed)
        shape = rng.normal(size=(2, 4))

        def velocity(s: float) -> np.ndarray:
            own = [-beta * np.interp(s, t, solution[f"costate.{name}"]) for name in "wb"]
            return np.array(own) + moved * (shape @ np.sin(np.arange(1, 5) * s))

        def slope(s: float, y: np.ndarray) -> list[float]:
            h, w, b, _ = y
            v = velocity(s)
            rate = (h - np.cos(s) / 2) ** 2 / 2 + (v**2).sum() / (2 * beta)
            return [-h + np.tanh(w * np.sin(s) + b), *v, rate]

        found = solve_ivp(slope, (0, 3), [0, 0.5, 0, 0], rtol=1e-10, atol=1e-12, max_step=0.05)
        return float(found.y[3, -1])

    least = cost(0.0, 0)
    assert pytest.approx(least, abs=1e-5) == solution.J
    for seed in range(4):
        more, less = cost(0.02, seed) - least, cost(-0.02, seed) - least
        assert more > 0 and less > 0 and abs(more - less) < 0.2 * (more + less)  # a slope of 0, and a valley


def test_eight_neurons_learn_to_the_tolerance() -> None:
    text = """dim n = 8
state h[n] = 0
param W[n, n] = normal(0, 1/sqrt(n))
param U[n] = normal(0, 1)
param C[n] = normal(0, 1/sqrt(n))
h' = -h + tanh(W @ h + U*sin(2*t))
cost fit = squared(dot(C, h) - sin(2*t + 1))/2
horizon 1
"""
    solution = solved(text, beta=1, tol=1e-5)
    assert solution.equations == 177
    np.testing.assert_allclose(solution["costate.W"][-1], 0, atol=1e-8)
    np.testing.assert_allclose(solution["W"][0], numbered(hdsl.loads(f"ham 1\n{text}{LEARN}").compiler).functions.first["W"])


# What goes wrong is told ----------------------------------------------------------------------------------------------


def failed(text: str, **settings: Any) -> Solution:
    solution = hdsl.loads(f"ham 1\n{text}{LEARN}", settings=settings).solve()
    assert not solution.solved and solution.status in STATUSES
    return solution


def test_a_value_that_is_not_finite_is_told_by_its_line() -> None:
    solution = failed("state x = 1\nparam k = 1\nx' = log(x - 2) + k\ncost c = x^2\nhorizon 1\n")
    assert solution.status == "nonfinite" and np.isnan(solution.J)
    assert ":4), which is not finite at t = 0" in solution.message and "log(" in solution.message


def test_conditions_that_cannot_hold_are_not_called_solved() -> None:
    solution = failed("state x = 1\nparam k = 1\nx' = -x\ncost c = x^2 + k^2\nfinal x == 5\nhorizon 1\n")
    assert solution.status in ("singular", "stuck") and len(solution.tried) > 1


def test_a_mesh_that_may_not_be_finer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "most_nodes", lambda equations: 60)
    solution = failed("state x = 1\nparam k = 1\nx' = -k*x + 1/(0.001 + (t - 1)^2)\ncost c = x^2\nhorizon 2\n", tol=1e-10)
    assert solution.status == "mesh" and "60 nodes" in solution.message


def test_a_residual_above_the_tolerance_is_not_called_solved() -> None:
    problem = numbered(hdsl.loads("ham 1\nstate x = 1\nparam k = 1\nx' = -k*x\ncost c = x^2\nhorizon 1\n" + LEARN).compiler)
    good = Residuals(1e-7, 0.0, 0.0)
    attempt = solving.Attempt(solve_boundary(problem).path, 1e-7, 0.0, 1)
    assert solving._status(attempt, good, {}, problem, 1e-6, "") == "solved"
    for bad in (replace(good, equations=2e-6), replace(good, end=2e-6), replace(good, begin=np.nan)):
        assert solving._status(attempt, bad, {}, problem, 1e-6, "") == "tolerance"
    assert solving._status(attempt, replace(good, minimum=1e-3), {}, problem, 1e-6, "") == "not a minimum"
    assert solving._status(replace(attempt, why="nodes"), good, {}, problem, 1e-6, "") == "mesh"
    capped = replace(problem, penalties=("cap",))
    assert solving._status(attempt, good, {"cap": 1e-3}, capped, 1e-6, "") == "violated"


def test_the_mesh_that_is_allowed_fits_into_memory() -> None:
    assert most_nodes(5) == solving.MOST_NODES and most_nodes(177) * 177**2 * 8 < 400e6


# Constraints ----------------------------------------------------------------------------------------------------------


def test_a_penalty_is_raised_until_the_constraint_holds() -> None:
    # Bryson and Denham: ẍ = a, x ≤ l, from (0, 1) to (0, −1) in T = 1: J = 4/(9 l) for l ≤ 1/6.
    text = """state x = 0
state v = 1
control a
x' = v
v' = a
cost effort = a^2/2
constraint cap = x <= 1/9 penalty
final x == 0
final v == -1
horizon 1
"""
    solution = solved(text, tol=1e-3)
    assert pytest.approx(4, abs=0.01) == solution.J and solution.J < 4
    assert 0 < solution.violations["cap"] <= 1e-3 and solution.weights["cap"] > 1e4
    assert "penalty:cap" not in solution.costs


def test_a_soft_constraint_is_a_cost_and_told() -> None:
    solution = solved("state x = 1\nparam k = 1\nx' = -k*x\ncost c = 1\nconstraint cap = x <= 1/2 soft 10\nhorizon 1\n", beta=1)
    assert solution.costs["cap"] > 0 and solution.violations["cap"] == pytest.approx(0.5, abs=1e-9)
