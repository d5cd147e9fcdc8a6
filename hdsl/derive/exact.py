"""Exact: flows that are linear in themselves become what they come to in a step, before anything is derived.

Of ḣ = f = A h + r, with A and r held through a step of τ, the solution is

    h⁺ = e^{τA} h + τ φ₁(τA) r = h + τ φ₁(τA) f        φ₁(X) = ∫₀¹ e^{sX} ds

which is right for any A, singular ones too: φ₁(0) = 1. The state then moves as by ``next``, so that its costate is that of
this map (1-mathematics.md, section 3). A is read off as stationarity reads off a curvature: (∂f/∂h)ᵀp is linear in p, and
where it does not read h, f is linear in h. Going back is the same map with −τ: h = h⁺ − τ φ₁(−τA) f(h⁺).

Source: Hochbruck, Ostermann, *Exponential integrators*, Acta Numerica 19, 2010, section 2.1 (the exponential Euler method).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy

from hdsl.derive.accumulate import Part, accumulate, total
from hdsl.derive.fixed import Fixed
from hdsl.derive.lifted import Lifted, NoMatrix
from hdsl.derive.probing import Probing
from hdsl.derive.seeds import TAU
from hdsl.derive.stationarity import PROBE, kinked
from hdsl.derive.workspace import Workspace
from hdsl.diagnostics import catalogue_learning as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.linearity import bent
from hdsl.model.model import DynamicsOf, Exact, Model
from hdsl.model.outside import is_outside
from hdsl.model.schedules import BOUNDARY
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Define, Dynamics
from hdsl.terms.elementwise import exp, phi1
from hdsl.terms.term import (
    Body,
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    indices,
    keep_needed,
    slot,
    slot_indices,
    slot_name,
    slots,
)

ROW, COLUMN, SUMMED = indices(3)


def set_exact(model: Model) -> tuple[Model, tuple[Diagnostic, ...]]:
    """A model with the exact maps of the states that ask for them, and what is wrong; any other model as it is.

    A boundary problem has no steps: there a flow stays a flow.
    """
    asked = model.learning.exact if model.hamiltonian is None and model.learning.schedule != BOUNDARY else ()
    wrong: list[Diagnostic] = []
    for name in asked:
        found = _read(model, name)
        if isinstance(found, Diagnostic):
            wrong.append(found)
        else:
            model = _moved(model, *found)
    return model, tuple(wrong)


def map_of(workspace: Workspace, exact: Exact, start: str, flow: str, tau: Scalar, name: str) -> tuple[Definition, ...]:
    """The lines of one exact step from ``start``, where ``flow`` is ḣ, over a time ``tau``; the last is called ``name``.

    With −τ, from the new state and with the ḣ that is there, the last is the old state.
    """
    state, sizes = exact.state, workspace.sizes_of(exact.state)
    at = indices(len(sizes))
    lines: list[Definition] = []

    def add(stem: str, body: Body, own: tuple[Size, ...]) -> Definition:
        made = Definition(workspace.fresh(f"{stem}:{state}"), body, own, workspace.reads_only_shared(body), (exact.span,))
        lines.append(workspace.append(made))
        return made

    if not exact.matrix:
        rate = tau * exact.rate
        grown = slot(start, at) + tau * phi1(rate) * slot(flow, at) if exact.forced else exp(rate) * slot(start, at)
        last: Body = Elementwise(grown)
    else:
        wide = (sizes[0], sizes[0])
        exponent = add("exponent", Elementwise(sympy.expand_mul(tau * exact.rate)), wide)
        power = add("power", Structured("phi1m" if exact.forced else "expm", (exponent.name,)), wide)
        read = flow if exact.forced else start
        product = Contraction((slot(power.name, (ROW, COLUMN)), slot(read, (COLUMN,))), ((COLUMN, sizes[0]),))
        last = product
        if exact.forced:
            last = Elementwise(slot(start, at) + tau * add("change", product, sizes).slot)
    made = Definition(name, last, sizes, workspace.shared([state]), (exact.span,))
    return (*lines, workspace.append(made))


def _moved(model: Model, exact: Exact, rates: Sequence[Definition]) -> Model:
    """The model in which a state moves by its exact map; ``rates`` are lines that its rate reads."""
    old, new = model.dynamics[exact.state].definition, f"F:{exact.state}"
    definitions = [replace(d, name=exact.flow) if d.name == old else d for d in model.definitions]
    docs = {new if name == old else name: text for name, text in model.docs.items()}
    workspace = Workspace(replace(model, definitions=(*definitions, *rates)))
    made = map_of(workspace, exact, exact.state, exact.flow, TAU, new)
    wanted = [d.name for d in definitions if exact.forced or d.name != exact.flow]
    return replace(
        model,
        definitions=keep_needed((*definitions, *rates, *made), (*wanted, new)),
        dynamics={**model.dynamics, exact.state: DynamicsOf(exact.state, "next", new, exact.span)},
        docs=docs,
        exact={**model.exact, exact.state: exact},
    )


# What a flow is in its state ------------------------------------------------------------------------------------------


def _read(model: Model, name: str) -> tuple[Exact, tuple[Definition, ...]] | Diagnostic:
    """What a state's flow is in itself, with the lines that its rate reads besides the model's; or why it is not linear."""
    dynamics = model.dynamics[name]
    path = f"step.{name}"
    if dynamics.kind == "next":
        line = model.source.line_of(dynamics.span)
        return catalogue.exact_at_once(model.learning.spans[path], path, name, line)
    flow, probe = dynamics.definition, PROBE + name
    workspace = Workspace(model)
    sizes = workspace.sizes_of(name)
    at = indices(len(sizes))
    workspace.declare(probe, sizes, model.quantities[name].shared)
    parts = accumulate(workspace, model.definitions, {flow: [Part(slot(probe, at), (), ())]}, [name])
    lines = {line.name: line for line in (*model.definitions, *workspace.added)}
    probing = Probing(lines, probe, at)
    pulled = probing.opened(total(parts[name]))
    if probing.reads(pulled, name) or kinked(model.definitions, [flow], name):
        return _bent(model, name)
    matrix = probing.reads(pulled, probe) and not probing.keeps_entries(pulled)
    if not matrix:
        rate = Fixed(workspace, lines, probe, sympy.Integer(1)).value(pulled)
    elif len(sizes) != 1:
        return _no_form(model, name)
    else:
        try:
            lifted = Lifted(workspace, lines, probe, lambda read: probing.reads_name(read, probe))
            turned = slot(lifted.matrix(pulled), (COLUMN, ROW))
        except NoMatrix:
            return _no_form(model, name)
        rate = _opened(workspace, turned)
    rest = Fixed(workspace, lines, name, sympy.Integer(0)).value(slot(flow, at))
    found = Exact(name, f"flow:{name}", rate, matrix, rest != 0, dynamics.span)
    return found, tuple(keep_needed(workspace.added, map(slot_name, slots(rate))))


def _opened(workspace: Workspace, expression: Scalar) -> Scalar:
    """An expression with every elementwise line put into it that was added to the workspace."""
    while True:
        swap = {}
        for occurrence in slots(expression):
            line = workspace.line(slot_name(occurrence))
            if line is not None and isinstance(line.body, Elementwise):
                at = dict(zip(line.indices, slot_indices(occurrence), strict=True))
                swap[occurrence] = line.body.expression.xreplace(at)
        if not swap:
            return sympy.expand_mul(expression)
        expression = expression.xreplace(swap)


# What is wrong --------------------------------------------------------------------------------------------------------


def _bent(model: Model, name: str) -> Diagnostic:
    """The part of what was written that is not linear."""
    defined = {s.name: s.value for s in model.written.statements if isinstance(s, Define)}
    law = next(s for s in model.written.statements if isinstance(s, Dynamics) and s.name == name)
    part = bent(law.value, defined, name)
    span = law.value.span if part is None else part.span
    return catalogue.exact_bent(span, f"step.{name}", name, _setting(model, name))


def _no_form(model: Model, name: str) -> Diagnostic:
    law = next(s for s in model.written.statements if isinstance(s, Dynamics) and s.name == name)
    return catalogue.exact_form(law.value.span, f"step.{name}", name, _setting(model, name))


def _setting(model: Model, name: str) -> Span | None:
    """Where the step is set; None where that is outside the file."""
    span = model.learning.spans[f"step.{name}"]
    return None if is_outside(model.source.text, span) else span
