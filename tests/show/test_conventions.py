"""J, H, stationarity and ν: printed from the sympy objects of the derivation, once for all parameters."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

from hdsl.show.conventions import Conventions

TEXT = [
    "J[ν] = ∫ exp(η t) (φ L + ½ ‖ν‖²) dt",
    "H = exp(η t) (φ L + ½ ‖ν‖²) + ⟨z, f⟩ + ⟨ω, β ⊙ ν⟩",
    "∂H/∂ν = exp(η t) ν + β ⊙ ω = 0",
    "ν = −exp(−η t) β ⊙ ω",
    "θ̇ = −β ⊙ ω",
]
LATEX = [
    r"J[\nu] = \int \exp\left(\eta t\right) \left(\varphi L + \tfrac{1}{2} \left\lVert \nu \right\rVert^{2}\right) "
    r"\, \mathrm{d}t",
    r"H = \exp\left(\eta t\right) \left(\varphi L + \tfrac{1}{2} \left\lVert \nu \right\rVert^{2}\right) "
    r"+ \left\langle z, f \right\rangle + \left\langle \omega, \beta \odot \nu \right\rangle",
    r"\frac{\partial H}{\partial \nu} = \exp\left(\eta t\right) \nu + \beta \odot \omega = 0",
    r"\nu = -\exp\left(-\eta t\right) \beta \odot \omega",
    r"\dot{\theta} = -\beta \odot \omega",
]


@pytest.mark.parametrize(("style", "expected"), [("text", TEXT), ("latex", LATEX)])
def test_from_the_cost_functional_to_the_update(product, style, expected):
    shown = Conventions(product("leaky").hamiltonian, style)
    assert [str(row.equations[0]) for row in shown.rows()] == expected


def test_what_is_left_to_differentiate(product):
    assert Conventions(product("leaky").hamiltonian, "text").robust() == "φ L + ⟨z, f⟩"
    assert Conventions(product("net").hamiltonian, "text").robust() == "φ L"


def test_the_sum_of_the_costs_is_the_lagrangian(product):
    assert str(Conventions(product("two").hamiltonian, "text").rows()[0].equations[0]) == TEXT[0]


def test_a_users_omega_is_not_the_costates(product):
    shown = [str(row.equations[0]) for row in Conventions(product("two").hamiltonian, "text").rows()]
    assert shown[1] == "H = exp(η t) (φ L + ½ ‖ν‖²) + ⟨z, f⟩ + ⟨ω_all, β ⊙ ν⟩"
    assert shown[-1] == "θ̇ = −β ⊙ ω_all"


def test_what_the_derivation_says_is_what_is_shown(product):
    """A derivation with another sign shows another sign: nothing here is a text of its own."""
    given = product("leaky").hamiltonian
    turned, without = replace(given), replace(given)
    vars(turned)["control"] = {n: sympy.Eq(eq.lhs, -eq.rhs) for n, eq in given.control.items()}
    assert str(Conventions(turned, "text").rows()[3].equations[0]) == "ν = exp(−η t) β ⊙ ω"
    vars(without)["hamiltonian"] = given.hamiltonian - given.robust + sympy.Symbol("phi") * given.lagrangian
    assert "⟨z, f⟩" not in str(Conventions(without, "text").rows()[1].equations[0])
