"""J, H, stationarity, rescaling and H′ of a small model, written out by hand; the sign is forward in time."""

from __future__ import annotations

import sympy

import hdsl
from hdsl.derive.hamiltonian import SIGN, symbol
from hdsl.terms.term import indices, size

TEXT = """
dim n = 2
input u[n]
target v[n]
state h[n] = 0
state g = 0
param W[n, n] = 0
param k = 0
h' = -h + W @ u * k
g' = -g + sum(u)
output y = h * g
cost fit = squared(y - v)
cost decay = k^2
"""
MADE = hdsl.loads(TEXT).hamiltonian
ROW, COLUMN = indices(2)
N = size("n")
t, eta, phi, fit, decay = sympy.symbols("t eta phi fit decay")
NU, OMEGA = symbol("nu", "W", (ROW, COLUMN)), symbol("omega", "W", (ROW, COLUMN))
BETA = sympy.Symbol("beta_W")


def over(term, *at):
    return sympy.Sum(term, *((i, 0, N - 1) for i in at))


SQUARES = over(NU**2, ROW, COLUMN) + sympy.Symbol("nu_k") ** 2
PAIRING = over(symbol("z", "h", (ROW,)) * symbol("f", "h", (ROW,)), ROW) + sympy.Symbol("z_g") * sympy.Symbol("f_g")


def same(found, expected):
    return sympy.expand(found - expected) == 0


def test_learning_runs_forward():
    assert SIGN == -1


def test_the_lagrangian_is_the_sum_of_the_costs():
    assert fit + decay == MADE.lagrangian


def test_the_functional_weighs_cost_and_control_by_growing_time():
    (limits,) = MADE.functional.limits
    assert limits == (t,)
    assert same(MADE.functional.function, sympy.exp(eta * t) * (phi * (fit + decay) + SQUARES / 2))


def test_pontryagins_hamiltonian():
    motion = over(BETA * OMEGA * NU, ROW, COLUMN) + sympy.prod(sympy.symbols("beta_k omega_k nu_k"))
    running = sympy.exp(eta * t) * (phi * (fit + decay) + SQUARES / 2)
    assert same(MADE.hamiltonian, running + PAIRING + motion)


def test_stationarity_and_its_solution():
    assert same(MADE.stationarity["W"].lhs, sympy.exp(eta * t) * NU + BETA * OMEGA)
    assert MADE.stationarity["W"].rhs == 0 and set(MADE.stationarity) == {"W", "k"}
    assert MADE.control["W"].lhs == NU
    assert same(MADE.control["W"].rhs, -sympy.exp(-eta * t) * BETA * OMEGA)
    solved = MADE.stationarity["W"].lhs.subs(NU, MADE.control["W"].rhs)
    assert sympy.simplify(solved) == 0


def test_rescaled_costates_leave_neither_exponential_nor_square():
    assert MADE.rescaled["W"].lhs == symbol("dot", "W", (ROW, COLUMN))
    assert same(MADE.rescaled["W"].rhs, -BETA * OMEGA)


def test_the_robust_hamiltonian_holds_neither_exponentials_nor_omega():
    assert same(MADE.robust, phi * (fit + decay) + PAIRING)
    assert not MADE.robust.has(sympy.exp) and not MADE.robust.has(OMEGA)


def test_a_notebook_shows_the_robust_hamiltonian():
    assert MADE._repr_latex_().startswith("$") and "phi" in MADE._repr_latex_()
