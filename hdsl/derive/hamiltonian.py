"""Hamiltonian: the cost functional, H, its stationarity in the control, and the robust Hamiltonian H′.

This is where the signs live, and the only place: `SIGN` is −1, Hamiltonian Learning (1-mathematics.md, section 2; equations
(5)-(8) of the paper); `sign_of` a model that is solved from both ends is +1, optimal control. Everything here is a sympy object
over readable symbols, for people; the equations themselves are derived from the definitions in `hdsl.derive.equations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy

from hdsl.derive.shown import Shown
from hdsl.model.model import Model, Quantity
from hdsl.terms.term import indices

SIGN = -1
"""s in ż = −s ∂H′/∂h − ηz: −1 runs the costates forward in time from z = 0."""


def sign_of(model: Model) -> int:
    """s of a model's equations: +1 where the costates are known at the end (``schedule = boundary``), else `SIGN`."""
    return -SIGN if model.learning.schedule == "boundary" else SIGN


T, ETA, PHI = sympy.symbols("t eta phi")


@dataclass(frozen=True)
class Hamiltonian(Shown):
    """The derivation up to the robust Hamiltonian. Each part is worked out when it is first asked for: equations need none.

    ``lagrangian`` is L, the sum of the cost terms by name; ``functional`` is J[ν]; ``hamiltonian`` is Pontryagin's H with its
    exponentials; ``stationarity`` and ``control`` give, for each parameter, ∂H/∂ν = 0 and its solution; ``rescaled`` is
    θ̇ after the costates have absorbed e^{ηt} and β² has become β; ``robust`` is H′ = φ L + ⟨z, f⟩. Where the model gives its
    Hamiltonian there is nothing else to derive from.
    """

    model: Model

    @cached_property
    def lagrangian(self) -> Any:
        given = self.model.hamiltonian is not None
        return sympy.Integer(0) if given else sympy.Add(*(sympy.Symbol(cost) for cost in self.model.costs))

    @cached_property
    def functional(self) -> Any:
        return sympy.Integer(0) if self.model.hamiltonian is not None else sympy.Integral(self._running, T)

    @cached_property
    def hamiltonian(self) -> Any:
        if self.model.hamiltonian is not None:
            return sympy.Symbol(self.model.hamiltonian)
        motion = (_moved(p) for p in self.model.of_role("param"))
        return self._running + sympy.Add(*self._dynamics) + sympy.Add(*motion)

    @cached_property
    def robust(self) -> Any:
        if self.model.hamiltonian is not None:
            return sympy.Symbol(self.model.hamiltonian)
        return PHI * self.lagrangian + sympy.Add(*self._dynamics)

    @cached_property
    def stationarity(self) -> Mapping[str, sympy.Eq]:
        return self._of_params(0)

    @cached_property
    def control(self) -> Mapping[str, sympy.Eq]:
        return self._of_params(1)

    @cached_property
    def rescaled(self) -> Mapping[str, sympy.Eq]:
        return self._of_params(2)

    @cached_property
    def _running(self) -> Any:
        """e^{ηt} (φ L + ½‖ν‖²)."""
        ranks = ((p.name, indices(len(p.sizes)), p.sizes) for p in self.model.of_role("param"))
        squares = [_sum(symbol("nu", name, at) ** 2, at, sizes) for name, at, sizes in ranks]
        return sympy.exp(ETA * T) * (PHI * self.lagrangian + sympy.Rational(1, 2) * sympy.Add(*squares))

    @cached_property
    def _dynamics(self) -> tuple[Any, ...]:
        """⟨z, f⟩ of each state."""
        return tuple(_pairing("z", "f", name, self.model.quantities[name].sizes) for name in self.model.taught)

    def _of_params(self, part: int) -> dict[str, sympy.Eq]:
        params = () if self.model.hamiltonian is not None else self.model.of_role("param")
        motions = {rank: _motion_of(rank) for rank in sorted({len(p.sizes) for p in params})}
        return {p.name: _of_param(motions[len(p.sizes)][part], p) for p in params}


def symbol(prefix: str, name: str, at: tuple[Any, ...]) -> Any:
    """``prefix_name[indices]``, a readable sympy symbol."""
    label = f"{prefix}_{name}"
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
    return Hamiltonian(model)


def _moved(param: Quantity) -> Any:
    """⟨ω, β ⊙ ν⟩ of one parameter."""
    at = indices(len(param.sizes))
    beta = sympy.Symbol(f"beta_{param.name}")
    product = beta * symbol("omega", param.name, at) * symbol("nu", param.name, at)
    return _sum(product, at, param.sizes)


def _motion_of(rank: int) -> tuple[sympy.Eq, ...]:
    """∂H/∂ν = 0, its solution, and the rescaled θ̇ of any parameter of a rank, whose name is nothing: all have the same."""
    at = indices(rank)
    beta, omega, entry, stand_in = sympy.Symbol("beta_"), symbol("omega", "", at), symbol("nu", "", at), sympy.Dummy("nu")
    # Of one entry, only its own square and its own motion hold it.
    growth = sympy.exp(ETA * T)
    own = growth * stand_in**2 / 2 + beta * omega * stand_in
    slope_by_control = sympy.diff(own, stand_in).xreplace({stand_in: entry})
    # ∂H/∂ν is linear in ν, by ½‖ν‖².
    slope, intercept = slope_by_control.coeff(entry, 1), slope_by_control.coeff(entry, 0)
    control = -intercept / slope
    # θ̇ = β ⊙ ν with ω = e^{ηt} ω′ (the rescaled costate keeps its name) and β² renamed β.
    velocity = (beta * control).xreplace({omega: sympy.exp(ETA * T) * omega}).xreplace({beta**2: beta})
    equations = ((slope_by_control, sympy.Integer(0)), (entry, control), (symbol("dot", "", at), velocity))
    return tuple(sympy.Eq(left, right, evaluate=False) for left, right in equations)


def _of_param(equation: sympy.Eq, param: Quantity) -> sympy.Eq:
    """An equation of `_motion_of` with the name of a parameter."""
    at = indices(len(param.sizes))
    swap = {symbol(kind, "", at): symbol(kind, param.name, at) for kind in ("nu", "omega", "dot")}
    swap[sympy.Symbol("beta_")] = sympy.Symbol(f"beta_{param.name}")
    return sympy.Eq(*(side.xreplace(swap) for side in equation.args), evaluate=False)
