"""Hamiltonian: the cost functional, H, its stationarity in the control, and the robust Hamiltonian H′.

This is where the signs live, and the only place: `SIGN` is −1, Hamiltonian Learning (1-mathematics.md, section 2; equations
(5)-(8) of the paper). Everything here is a sympy object over readable symbols, for people; the equations themselves are
derived from the definitions in `hdsl.derive.equations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from hdsl.derive.shown import Shown
from hdsl.model.model import Model, Quantity
from hdsl.terms.term import indices

SIGN = -1
"""s in ż = −s ∂H′/∂h − ηz: −1 runs the costates forward in time from z = 0."""

T, ETA, PHI = sympy.symbols("t eta phi")


@dataclass(frozen=True)
class Hamiltonian(Shown):
    """The derivation up to the robust Hamiltonian.

    ``lagrangian`` is L, the sum of the cost terms by name; ``functional`` is J[ν]; ``hamiltonian`` is Pontryagin's H with its
    exponentials; ``stationarity`` and ``control`` give, for each parameter, ∂H/∂ν = 0 and its solution; ``rescaled`` is
    θ̇ after the costates have absorbed e^{ηt} and β² has become β; ``robust`` is H′ = φ L + ⟨z, f⟩.
    """

    model: Model
    lagrangian: Any
    functional: Any
    hamiltonian: Any
    stationarity: Mapping[str, sympy.Eq]
    control: Mapping[str, sympy.Eq]
    rescaled: Mapping[str, sympy.Eq]
    robust: Any


def symbol(prefix: str, name: str, at: tuple[Any, ...]) -> Any:
    """``prefix_name[indices]``, a readable sympy symbol."""
    label = f"{prefix}_{name}" if prefix else name
    return sympy.IndexedBase(label)[at] if at else sympy.Symbol(label)


def _pairing(left: str, right: str, name: str, sizes: tuple[Any, ...]) -> Any:
    """⟨left, right⟩ of one quantity, as a sum over its indices."""
    at = indices(len(sizes))
    product = symbol(left, name, at) * symbol(right, name, at)
    return _sum(product, at, sizes)


def _sum(term: Any, at: tuple[Any, ...], sizes: tuple[Any, ...]) -> Any:
    limits = [(i, 0, n - 1) for i, n in zip(at, sizes, strict=True)]
    return sympy.Sum(term, *limits) if limits else term


def build_hamiltonian(model: Model) -> Hamiltonian:
    """The pass ``hamiltonian``."""
    lagrangian = sympy.Add(*(sympy.Symbol(cost) for cost in model.costs))
    params = model.of_role("param")
    squares = [_sum(symbol("nu", p.name, indices(len(p.sizes))) ** 2, indices(len(p.sizes)), p.sizes) for p in params]
    running = PHI * lagrangian + sympy.Rational(1, 2) * sympy.Add(*squares)
    growth = sympy.exp(ETA * T)
    dynamics = [_pairing("z", "f", name, model.quantities[name].sizes) for name in model.taught]
    motion = [_moved(p) for p in params]
    stationarity = {p.name: sympy.Eq(_slope_by_control(p, growth), 0) for p in params}
    control = {p.name: _solve_control(p, stationarity[p.name]) for p in params}
    rescaled = {p.name: _rescale(p, control[p.name]) for p in params}
    return Hamiltonian(
        model=model,
        lagrangian=lagrangian,
        functional=sympy.Integral(growth * running, T),
        hamiltonian=growth * running + sympy.Add(*dynamics) + sympy.Add(*motion),
        stationarity=stationarity,
        control=control,
        rescaled=rescaled,
        robust=PHI * lagrangian + sympy.Add(*dynamics),
    )


def _moved(param: Quantity) -> Any:
    """⟨ω, β ⊙ ν⟩ of one parameter."""
    at = indices(len(param.sizes))
    beta = sympy.Symbol(f"beta_{param.name}")
    product = beta * symbol("omega", param.name, at) * symbol("nu", param.name, at)
    return _sum(product, at, param.sizes)


def _slope_by_control(param: Quantity, growth: Any) -> Any:
    """∂H/∂ν of one entry: only its own square and its own motion hold it."""
    at = indices(len(param.sizes))
    entry, stand_in = symbol("nu", param.name, at), sympy.Dummy("nu")
    beta = sympy.Symbol(f"beta_{param.name}")
    own = growth * entry**2 / 2 + beta * symbol("omega", param.name, at) * entry
    return sympy.diff(own.xreplace({entry: stand_in}), stand_in).xreplace({stand_in: entry})


def _solve_control(param: Quantity, stationarity: sympy.Eq) -> sympy.Eq:
    entry = symbol("nu", param.name, indices(len(param.sizes)))
    # ∂H/∂ν is linear in ν, by ½‖ν‖².
    slope, intercept = stationarity.lhs.coeff(entry, 1), stationarity.lhs.coeff(entry, 0)
    return sympy.Eq(entry, -intercept / slope)


def _rescale(param: Quantity, control: sympy.Eq) -> sympy.Eq:
    """θ̇ = β ⊙ ν with ω = e^{ηt} ω′ (the rescaled costate keeps its name) and β² renamed β."""
    at = indices(len(param.sizes))
    omega, beta = symbol("omega", param.name, at), sympy.Symbol(f"beta_{param.name}")
    velocity = (beta * control.rhs).xreplace({omega: sympy.exp(ETA * T) * omega}).xreplace({beta**2: beta})
    return sympy.Eq(symbol("dot", param.name, at), velocity)
