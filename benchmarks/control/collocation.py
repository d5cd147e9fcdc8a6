"""Direct collocation of an optimal control problem: a judge of what `hdsl` finds, with which it shares no derivation.

A problem is turned into one large nonlinear program, which IPOPT solves; nobody writes down a costate equation. On each of
N intervals states are polynomials that meet the dynamics at the K Gauss-Legendre points. Multipliers of the continuity
between intervals are the costates: the first-order conditions of the program are the same collocation of Hamilton's
equations (J. M. Sanz-Serna, *Symplectic Runge-Kutta schemes for adjoint equations, automatic differentiation, optimal
control, and more*, SIAM Review 58, 2016), so J, states and costates at the mesh are of order 2K where the control is smooth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import casadi
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
QUIET = {"ipopt.print_level": 0, "print_time": False, "ipopt.sb": "yes"}


@dataclass(frozen=True)
class Problem:
    """Minimise ∫ running dt + goal over x' = rate(x, a, t), by hand: all functions are of flat CasADi columns.

    ``states`` and ``controls`` are names of numbers; ``begin`` the beginning of each state, None where it is chosen too;
    ``ends`` gives what is zero at the end, ``path`` what is never positive; ``end`` is T, or None where it is chosen, near
    ``guess_end``. ``running`` has the factor e^{ηt} in it, and ``eta`` says which, so that costates can be told as hdsl
    tells them: times e^{-ηt}. ``guess`` takes the share of the time that is over to a state and a control.
    """

    states: tuple[str, ...]
    controls: tuple[str, ...]
    begin: tuple[float | None, ...]
    rate: Callable[[Any, Any, Any], Any]
    running: Callable[[Any, Any, Any], Any]
    guess: Callable[[float], tuple[Sequence[float], Sequence[float]]]
    goal: Callable[[Any], Any] | None = None
    ends: Callable[[Any], Any] | None = None
    path: Callable[[Any], Any] | None = None
    lower: float = -inf
    upper: float = inf
    end: float | None = None
    guess_end: float = 1.0
    eta: float = 0.0


@dataclass(frozen=True)
class Optimum:
    """What was found: J as `cost`, T, and at the N + 1 points of the mesh states and costates, both (N + 1, states).

    ``stage_times`` (N K,) and ``controls`` (N K, controls) are at the collocation points, where the program has controls.
    """

    cost: float
    end: float
    times: Array
    states: Array
    costates: Array
    stage_times: Array
    controls: Array


def gauss(degree: int) -> tuple[Array, Array, Array]:
    """Nodes c, weights b and matrix A of the Gauss-Legendre method of so many stages, on [0, 1]."""
    c, b = np.polynomial.legendre.leggauss(degree)
    c, b = (c + 1) / 2, b / 2
    powers = np.arange(degree)
    A = np.linalg.solve(np.vander(c, degree, increasing=True).T, (c[:, None] ** (powers + 1) / (powers + 1)).T).T
    return c, b, A


def solve(problem: Problem, intervals: int = 40, degree: int = 4, start: Optimum | None = None) -> Optimum:
    """Solve a problem on an even mesh. Raises RuntimeError with IPOPT's word where it finds no optimum.

    ``start`` is the optimum of a neighbouring problem on the same mesh and degree to begin from.
    """
    c, b, A = gauss(degree)
    n, m = len(problem.states), len(problem.controls)
    knots = casadi.MX.sym("X", n, intervals + 1)
    stages = casadi.MX.sym("S", n, intervals * degree)
    actions = casadi.MX.sym("a", m, intervals * degree)
    end = casadi.MX.sym("T")
    h = end / intervals
    where = casadi.DM((np.arange(intervals)[:, None] + c).reshape(1, -1))
    x, a, t = casadi.SX.sym("x", n), casadi.SX.sym("a", m), casadi.SX.sym("t")
    both = casadi.Function("stage", [x, a, t], [problem.rate(x, a, t), problem.running(x, a, t)])
    slopes, costs = both.map(intervals * degree)(stages, actions, h * where)

    from_left = casadi.kron(casadi.DM.eye(intervals), casadi.DM(np.ones((1, degree))))
    at_stages = knots[:, :-1] @ from_left + h * slopes @ casadi.kron(casadi.DM.eye(intervals), casadi.DM(A.T)) - stages
    at_knots = knots[:, :-1] + h * slopes @ casadi.kron(casadi.DM.eye(intervals), casadi.DM(b[:, None])) - knots[:, 1:]
    weights = np.tile(b, intervals)
    J = h * casadi.dot(costs, casadi.DM(weights[None])) + (problem.goal(knots[:, -1]) if problem.goal else 0)

    equal = [casadi.vec(at_knots), casadi.vec(at_stages)]
    if problem.ends is not None:
        equal.append(problem.ends(knots[:, -1]))
    held = []
    if problem.path is not None:
        along = casadi.Function("path", [x], [problem.path(x)])
        held = [casadi.vec(along.map(intervals + 1)(knots)), casadi.vec(along.map(intervals * degree)(stages))]
    free = [casadi.vec(knots), casadi.vec(stages), casadi.vec(actions), end]
    program = {"x": casadi.vertcat(*free), "f": J, "g": casadi.vertcat(*equal, *held)}
    begin, bounds = _beginning(problem, intervals, c, start), _bounds(problem, intervals, degree)
    found = _minimum(program, casadi.vertcat(*equal).numel(), begin, bounds)

    parts = np.split(np.asarray(found["x"]).ravel(), np.cumsum([p.numel() for p in free])[:-1])
    T = float(parts[3][0])
    multipliers = np.asarray(found["lam_g"]).ravel()
    later = multipliers[: n * intervals].reshape(intervals, n)
    first = later[0] + multipliers[n * intervals :][: n * degree].reshape(degree, n).sum(0)
    times = np.linspace(0, T, intervals + 1)
    return Optimum(
        cost=float(found["f"]),
        end=T,
        times=times,
        states=parts[0].reshape(-1, n),
        costates=np.vstack([first, later]) * np.exp(-problem.eta * times)[:, None],
        stage_times=T / intervals * np.asarray(where).ravel(),
        controls=parts[2].reshape(-1, m),
    )


def _bounds(problem: Problem, intervals: int, degree: int) -> tuple[Array, Array]:
    n, m = len(problem.states), len(problem.controls)
    begin = np.array([(-inf, inf) if b is None else (b, b) for b in problem.begin])
    rest = np.tile([-inf, inf], (n * intervals * (degree + 1), 1))
    actions = np.tile([problem.lower, problem.upper], (m * intervals * degree, 1))
    end = np.array([[1e-3, inf] if problem.end is None else [problem.end, problem.end]])
    low, high = np.vstack([begin, rest, actions, end]).T
    return low, high


def _beginning(problem: Problem, intervals: int, c: Array, start: Optimum | None) -> Array:
    shares = (np.arange(intervals)[:, None] + c).ravel() / intervals
    at_knots = np.linspace(0, 1, intervals + 1)
    if start is None:
        knots, _ = zip(*(problem.guess(s) for s in at_knots), strict=True)
        stages, actions = zip(*(problem.guess(s) for s in shares), strict=True)
        end = problem.guess_end if problem.end is None else problem.end
    else:
        knots, actions, end = tuple(start.states), tuple(start.controls), start.end
        stages = tuple(np.array([np.interp(shares, at_knots, column) for column in start.states.T]).T)
    return np.concatenate([np.ravel(knots), np.ravel(stages), np.ravel(actions), [end]])


def _minimum(program: dict[str, Any], equal: int, begin: Array, bounds: tuple[Array, Array]) -> dict[str, Any]:
    """IPOPT's answer; the first ``equal`` constraints are equations, the others at most 0."""
    options = {
        "ipopt.tol": 1e-11,
        "ipopt.constr_viol_tol": 1e-11,
        "ipopt.dual_inf_tol": 1e-9,
        "ipopt.compl_inf_tol": 1e-11,
        "ipopt.bound_relax_factor": 0.0,
        "ipopt.max_iter": 2000,
        "ipopt.linear_solver": "mumps",
    }
    solver = casadi.nlpsol("solver", "ipopt", program, options | QUIET)
    low = np.concatenate([np.zeros(equal), np.full(program["g"].numel() - equal, -inf)])
    found = solver(x0=begin, lbx=bounds[0], ubx=bounds[1], lbg=low, ubg=0)
    status = solver.stats()["return_status"]
    if status not in ("Solve_Succeeded", "Solved_To_Acceptable_Level"):
        raise RuntimeError(f"IPOPT: {status}")
    return dict(found)
