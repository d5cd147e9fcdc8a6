"""With what adjoint each cost term and each dynamics enters the robust Hamiltonian H′ = φ L + ⟨z, f⟩."""

from __future__ import annotations

import sympy

from hdsl.derive.accumulate import Part
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.elementwise import exp
from hdsl.terms.term import Definition, Elementwise, Scalar, setting_name, slot, slots

TAU = slot("tau")
PHI = slot(setting_name("phi"))


def seed_cost(workspace: Workspace, cost: str, definition: Definition, weight: Scalar) -> list[Part]:
    """The adjoint of a cost term: its weight, as a definition of its own unless it is a number or one symbol.

    ``definition`` is the cost at the point where it is taken; ``cost`` the term's name.
    """
    if slots(weight) not in ((), (weight,)):
        name = f"seed:{cost}"
        body = Elementwise(weight)
        workspace.append(Definition(name, body, (), workspace.reads_only_shared(body), definition.spans, (cost,)))
        weight = slot(name)
    return [Part(weight, definition.spans, (cost,))]


def seed_dynamics(workspace: Workspace, state: str, costate: str, definition: Definition, scale: Scalar) -> list[Part]:
    """The adjoint of the dynamics of a state: ``scale`` times the costate, by the name under which that stands."""
    span = workspace.model.dynamics[state].span
    return [Part(scale * slot(costate, definition.indices), (span,), (state,))]


def weight_of(model: Model, cost: str) -> Scalar:
    """φ of a cost term: 1/τ at the first sample where so declared, 0 for a stream where a target it needs is missing."""
    return phi_of(model) * given_of(model, cost)


def given_of(model: Model, cost: str) -> Scalar:
    """1 where the targets of a cost term are there, else 0."""
    return sympy.Mul(*(slot(f"present:{target}") for target in model.targets_of[cost]))


def plain_phi(model: Model) -> Scalar:
    """φ as it is written where it reads t or τ, or is 1; else the number of the setting."""
    phi = model.learning.phi
    return phi if {slot("t"), TAU} & phi.free_symbols or phi == 1 else PHI


def phi_of(model: Model) -> Scalar:
    """φ within a step."""
    phi = plain_phi(model)
    if model.learning.first == "undamped":
        first = slot(setting_name("first"))
        phi = first / TAU + (1 - first) * phi
    return phi


def setting(model: Model, path: str) -> Scalar:
    """A setting by its path; as it is written where it reads τ, which is that of the sample (``eta = (1 - mu)/tau``)."""
    written = model.learning.values[path]
    return written if TAU in written.free_symbols else slot(setting_name(path))


def kept_of(model: Model, path: str) -> Scalar:
    """What dissipation alone leaves of a costate after a step: 1 − τη, or e^{−τη} where it is exact."""
    rate = TAU * setting(model, path)
    return exp(-rate) if model.learning.dissipation == "exact" else sympy.expand(1 - rate)
