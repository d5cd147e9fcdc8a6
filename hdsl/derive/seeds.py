"""With what adjoint each cost term and each dynamics enters the robust Hamiltonian H′ = φ L + ⟨z, f⟩."""

from __future__ import annotations

from hdsl.derive.accumulate import Part
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.term import Definition, Elementwise, Scalar, setting_name, slot, slots

TAU = slot("tau")
PHI = slot(setting_name("phi"))


def setting(model: Model, path: str) -> Scalar:
    """A setting by its path; as it is written where it reads τ, which is that of the sample (``eta = (1 - mu)/tau``)."""
    written = model.learning.values[path]
    return written if TAU in written.free_symbols else slot(setting_name(path))


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
