"""Equations: Hamilton's equations of a model, all four groups, in continuous time.

    ḣ = f        θ̇ = −β ω        ż = −s ∂H′/∂h − η z        ω̇ = −s ∂H′/∂θ − η ω

(1-mathematics.md, section 2; s is `hdsl.derive.hamiltonian.sign_of` the model). The equations are definitions in index
notation; the adjoints that they share are definitions of their own and stand before them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, summands_of, total
from hdsl.derive.hamiltonian import Hamiltonian, sign_of
from hdsl.derive.seeds import PHI, TAU, seed_cost, seed_dynamics
from hdsl.derive.shown import Shown
from hdsl.derive.stationarity import Chooser, Chosen
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.term import (
    Definition,
    Elementwise,
    Summand,
    indices,
    merge_spans,
    setting_name,
    slot,
    trace_summands,
)


@dataclass(frozen=True)
class Equations(Shown):
    """Hamilton's equations.

    ``definitions`` are what the equations read: the model's own definitions, then the adjoints, in order. ``state`` and
    ``parameter`` are keyed by name; ``costate`` by the state or the parameter whose costate it is. ``slope`` has for each
    control ∂H′/∂a, at the control as it is, and ``control`` its choice by
    stationarity or by its rule, within its bounds, as ``choice:a``.
    """

    model: Model
    hamiltonian: Hamiltonian
    definitions: tuple[Definition, ...]
    state: Mapping[str, Definition]
    costate: Mapping[str, Definition]
    parameter: Mapping[str, Definition]
    slope: Mapping[str, Definition] = field(default_factory=dict)
    control: Mapping[str, Definition] = field(default_factory=dict)

    @property
    def summands(self) -> Mapping[str, tuple[Summand, ...]]:
        """Of each equation its summands, by its name (``dot:h``, ``dot:z:h``): their sum is its right side."""
        return {equation.name: equation.summands for equation in self.all}

    @property
    def all(self) -> tuple[Definition, ...]:
        """Every equation: states, their costates, the parameters' costates, parameters."""
        return (*self.state.values(), *self.costate.values(), *self.parameter.values())


def derive_equations(hamiltonian: Hamiltonian) -> Equations:
    """The pass ``equations``: differentiate H′ once, at the point (u, h)."""
    model = hamiltonian.model
    workspace = Workspace(model)
    by_name = {d.name: d for d in model.definitions}
    seeds = {cost: seed_cost(workspace, cost, by_name[cost], PHI) for cost in model.costs}
    for name, dynamics in model.dynamics.items():
        scale = 1 / TAU if dynamics.kind == "next" else 1
        definition = by_name[dynamics.definition]
        if name not in model.taught:
            continue
        seeds[definition.name] = seed_dynamics(workspace, name, f"z:{name}", definition, scale)
    params = [p.name for p in model.of_role("param")]
    parts = accumulate(workspace, model.definitions, seeds, (*model.taught, *params, *model.controls))
    chosen = Chooser(workspace, model.definitions, seeds).chosen(parts) if model.controls else Chosen()
    control = {name: _line(workspace, line) for name, line in chosen.choices.items()}
    used = _needed(workspace, model, parts, (*control.values(), *chosen.slopes.values()))
    return Equations(
        model=model,
        hamiltonian=hamiltonian,
        definitions=used,
        state={name: _state(model, name) for name in model.dynamics},
        costate={name: _costate(workspace, name, parts[name]) for name in (*model.taught, *params)},
        parameter={name: _parameter(model, name) for name in params},
        slope=chosen.slopes,
        control=control,
    )


def _line(workspace: Workspace, name: str) -> Definition:
    line = workspace.line(name)
    assert line is not None
    return line


def _needed(
    workspace: Workspace, model: Model, parts: Mapping[str, tuple[Part, ...]], controls: Iterable[Definition]
) -> tuple[Definition, ...]:
    """What the equations, the controls, the outputs and the costs read, in order."""
    wanted = {d.definition for d in model.dynamics.values()} | {*model.outputs, *model.costs}
    wanted |= {f"initial:{state}" for state in model.dynamics} | {name for line in controls for name in line.reads()}
    for group in parts.values():
        for part in group:
            wanted.update(Definition("", Elementwise(part.expression)).reads())
    kept: list[Definition] = []
    for definition in reversed((*model.definitions, *workspace.added)):
        if definition.name in wanted:
            kept.append(definition)
            wanted.update(definition.reads())
    return tuple(reversed(kept))


def _state(model: Model, name: str) -> Definition:
    """ḣ = f, and (F − h)/τ for a state that moves by ``next``."""
    quantity, dynamics = model.quantities[name], model.dynamics[name]
    at = indices(len(quantity.sizes))
    f = slot(dynamics.definition, at)
    if dynamics.kind == "next":
        f = (f - slot(name, at)) / TAU
    summands = trace_summands(f, [Summand(f, (dynamics.span,), (name,))])
    return Definition(f"dot:{name}", Elementwise(f), quantity.sizes, quantity.shared, (dynamics.span,), (), summands)


def _costate(workspace: Workspace, name: str, parts: tuple[Part, ...]) -> Definition:
    """ż = −s ∂H′/∂h − ηz, and the same for ω: a ``next`` state's f holds −h/τ besides F/τ."""
    model = workspace.model
    quantity = model.quantities[name]
    own, sign = f"z:{name}" if quantity.role == "state" else f"w:{name}", sign_of(model)
    costate = slot(own, indices(len(quantity.sizes)))
    slope = total(parts)
    spans, summands = places_of(parts), summands_of(parts, -sign)
    if quantity.role == "state" and model.dynamics[name].kind == "next":
        slope = slope - costate / TAU
        summands.append(Summand(sign * costate / TAU, (model.dynamics[name].span,), (name,)))
        spans = merge_spans(spans, (model.dynamics[name].span,))
    eta = setting_name(model.learning.eta[name])
    summands.append(Summand(-slot(eta) * costate, (), (eta,)))
    rate = -sign * slope - slot(eta) * costate
    body, roots = Elementwise(rate), merge_roots(parts)
    told = trace_summands(rate, summands)
    spans = spans or (quantity.span,)  # what moves by no line of the file belongs to where it is declared
    return Definition(f"dot:{own}", body, quantity.sizes, quantity.shared, spans, roots, told)


def _parameter(model: Model, name: str) -> Definition:
    """θ̇ = −β ω."""
    quantity = model.quantities[name]
    beta = setting_name(model.learning.beta[name])
    rate = -slot(beta) * slot(f"w:{name}", indices(len(quantity.sizes)))
    summands = (Summand(rate, (), (beta,)),)
    return Definition(f"dot:{name}", Elementwise(rate), quantity.sizes, quantity.shared, (quantity.span,), (), summands)
