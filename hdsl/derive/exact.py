"""Exact: flows that are linear in themselves become what they come to in a step, before anything is derived.

Of ḣ = f = A h + r, with A and r held through a step of τ, the solution is

    h⁺ = e^{τA} h + τ φ₁(τA) r = h + τ φ₁(τA) f        φ₁(X) = ∫₀¹ e^{sX} ds

which is right for any A, singular ones too: φ₁(0) = 1. The state then moves as by ``next``, so that its costate is that of
this map (1-mathematics.md, section 3). A is read off as stationarity reads off a curvature: (∂f/∂h)ᵀp is linear in p, and
where it does not read h, f is linear in h. Going back is the same map with −τ: h = h⁺ − τ φ₁(−τA) f(h⁺).

States that read one another in a circle move together: two that turn one another, ẋ = a x + b y and ẏ = a y − b x, are one
complex number x + iy of rate a − ib. Whatever else a flow reads is held, other exact states too.

Source: Hochbruck, Ostermann, *Exponential integrators*, Acta Numerica 19, 2010, section 2.1 (the exponential Euler method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from hdsl.model.reach import reached
from hdsl.model.schedules import BOUNDARY
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Define, Dynamics
from hdsl.terms.elementwise import cos, exp, phi1, phi1_im, phi1_re, sin
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
    for states in _together(model, asked):
        found = _read(model, states)
        if isinstance(found, Diagnostic):
            wrong.append(found)
        else:
            model = _moved(model, *found)
    return model, tuple(wrong)


def map_of(
    workspace: Workspace, exact: Exact, starts: Sequence[str], flows: Sequence[str], tau: Scalar, names: Sequence[str]
) -> tuple[Definition, ...]:
    """The lines of one exact step over a time ``tau``, added to the workspace; the last are called ``names``, one a state.

    ``starts`` are the states at its beginning, ``flows`` their ḣ there. From the new states, over −τ, it gives the old ones.
    """
    sizes = workspace.sizes_of(exact.states[0])
    at = indices(len(sizes))
    begin, mark = [slot(name, at) for name in starts], workspace.mark
    slopes = [slot(name, at) for name in flows]

    def add(stem: str, body: Body, own: tuple[Size, ...]) -> str:
        shared = workspace.reads_only_shared(body)
        made = Definition(workspace.fresh(stem), body, own, shared, exact.spans)
        return workspace.append(made).name

    power = f"power:{exact.states[0]}"
    bodies: list[Body]
    if exact.matrix:
        wide = (sizes[0], sizes[0])
        exponent = add("x", Elementwise(sympy.expand_mul(tau * exact.rates[0])), wide)
        matrix = add(power, Structured("phi1m" if exact.forced else "expm", (exponent,)), wide)
        read = (flows if exact.forced else starts)[0]
        product = Contraction((slot(matrix, (ROW, COLUMN)), slot(read, (COLUMN,))), ((COLUMN, sizes[0]),))
        bodies = [Elementwise(begin[0] + tau * slot(add("c", product, sizes), at)) if exact.forced else product]
    else:
        stems = (power, f"turn:{exact.states[0]}")
        made = [add(stem, Elementwise(value), sizes) for stem, value in zip(stems, _factors(exact, tau), strict=False)]
        bodies = [Elementwise(value) for value in _by_entries(exact.forced, begin, slopes, [slot(m, at) for m in made], tau)]
    for state, name, body, span in zip(exact.states, names, bodies, exact.spans, strict=True):
        workspace.append(Definition(name, body, sizes, workspace.shared([state]), (span,)))
    return tuple(workspace.since(mark))


def _factors(exact: Exact, tau: Scalar) -> tuple[Scalar, ...]:
    """What an entry is multiplied by; of a pair, x + iy of rate a − ib, the real part and minus the imaginary one."""
    rates = [tau * rate for rate in exact.rates]
    if len(rates) == 1:
        return (phi1(rates[0]) if exact.forced else exp(rates[0]),)
    if exact.forced:
        return phi1_re(*rates), phi1_im(*rates)
    return exp(rates[0]) * cos(rates[1]), exp(rates[0]) * sin(rates[1])


def _by_entries(
    forced: bool, begin: Sequence[Scalar], slopes: Sequence[Scalar], factors: Sequence[Scalar], tau: Scalar
) -> tuple[Scalar, ...]:
    """The new states where each entry moves by itself, or turns with its fellow."""
    moving = [tau * slope for slope in slopes] if forced else begin
    if len(factors) == 1:
        turned: tuple[Scalar, ...] = (factors[0] * moving[0],)
    else:
        (along, across), (x, y) = factors, moving
        turned = (along * x + across * y, along * y - across * x)
    return tuple(start + part for start, part in zip(begin, turned, strict=True)) if forced else turned


def _moved(model: Model, exact: Exact, added: Sequence[Definition]) -> Model:
    """The model in which states move by their exact map; ``added`` are lines that its rates read."""
    flows = {model.dynamics[state].definition: flow for state, flow in zip(exact.states, exact.flows, strict=True)}
    names = [f"F:{state}" for state in exact.states]
    definitions = [replace(d, name=flows.get(d.name, d.name)) for d in model.definitions]
    docs = {f"F:{name[2:]}" if name in flows else name: text for name, text in model.docs.items()}
    workspace = Workspace(replace(model, definitions=(*definitions, *added)))
    made = map_of(workspace, exact, exact.states, exact.flows, TAU, names)
    wanted = [d.name for d in definitions if exact.forced or d.name not in exact.flows]
    moved = zip(exact.states, names, exact.spans, strict=True)
    return replace(
        model,
        definitions=keep_needed((*definitions, *added, *made), (*wanted, *names)),
        dynamics={**model.dynamics, **{state: DynamicsOf(state, "next", name, span) for state, name, span in moved}},
        docs=docs,
        exact={**model.exact, **dict.fromkeys(exact.states, exact)},
    )


# What a flow is in its states -----------------------------------------------------------------------------------------


def _together(model: Model, asked: Sequence[str]) -> list[tuple[str, ...]]:
    """The states that read one another in circles; what is read one way alone is held through a step."""
    reads = {d.name: d.reads() for d in model.definitions}
    behind = {name: tuple(reached([model.dynamics[name].definition], reads) & set(asked)) for name in asked}
    far = {name: reached([name], behind) for name in asked}
    groups = {
        name: tuple(one for one in sorted(asked) if one == name or (one in far[name] and name in far[one])) for name in asked
    }
    return list(dict.fromkeys(groups.values()))


def _read(model: Model, states: tuple[str, ...]) -> tuple[Exact, tuple[Definition, ...]] | Diagnostic:
    """What flows are in their states, with the lines that the rates read besides the model's; or why they are not linear."""
    for name in states:
        dynamics, path = model.dynamics[name], f"step.{name}"
        if dynamics.kind == "next":
            line = model.source.line_of(dynamics.span)
            return catalogue.exact_at_once(model.learning.spans[path], path, name, line)
    reader = _Reader(model, states)
    found = [reader.rates(name) for name in states]
    for row in found:
        if isinstance(row, Diagnostic):
            return row
    rates = tuple(row for row in found if not isinstance(row, Diagnostic))
    if len(states) > 2 or (len(states) == 2 and (reader.matrix or not _turns(model, states, rates))):
        return catalogue.exact_others(model.dynamics[states[0]].span, states, _setting(model, states[0]))
    flows, spans = tuple(f"flow:{name}" for name in states), tuple(model.dynamics[name].span for name in states)
    exact = Exact(states, flows, rates[0], reader.matrix, reader.forced(), spans)
    read = [slot_name(occurrence) for rate in rates[0] for occurrence in slots(rate)]
    return exact, tuple(keep_needed(reader.workspace.added, read))


def _turns(model: Model, states: Sequence[str], rates: Sequence[Sequence[Scalar]]) -> bool:
    """Whether of two states ẋ = a x + b y and ẏ = a y − b x."""
    alike = len({(model.quantities[name].sizes, model.quantities[name].shared) for name in states}) == 1
    (own, other), (own_of_second, other_of_second) = rates
    return alike and sympy.expand(own - own_of_second) == 0 and sympy.expand(other + other_of_second) == 0


class _Reader:
    """Reads the rates of flows in states that move together. ``matrix`` tells that a rate couples entries."""

    def __init__(self, model: Model, states: tuple[str, ...]) -> None:
        self.model, self.states, self.matrix = model, states, False
        self.workspace = Workspace(model)

    def rates(self, name: str) -> tuple[Scalar, ...] | Diagnostic:
        """The rates of one flow in its own state, then in the others."""
        model, workspace = self.model, self.workspace
        flow, probe = model.dynamics[name].definition, PROBE + name
        sizes = workspace.sizes_of(name)
        workspace.declare(probe, sizes, model.quantities[name].shared)
        seeds = {flow: [Part(slot(probe, indices(len(sizes))), (), ())]}
        parts = accumulate(workspace, model.definitions, seeds, self.states)
        lines = {line.name: line for line in (*model.definitions, *workspace.added)}
        probing = Probing(lines, probe, indices(len(sizes)))
        found = []
        for state in self.states:
            pulled = probing.opened(total(parts[state]))
            if any(probing.reads(pulled, one) for one in self.states) or kinked(model.definitions, [flow], state):
                return self._bent(name)
            rate = self._rate(pulled, probe, probing, lines)
            if rate is None:
                return self._no_form(name)
            found.append(rate)
        return (found[self.states.index(name)], *(r for one, r in zip(self.states, found, strict=True) if one != name))

    def _rate(
        self, pulled: Scalar, probe: str, probing: Probing, lines: Mapping[str, Definition]
    ) -> Scalar | None:
        """A of (∂f/∂h)ᵀp, which is linear in p; None where it is neither a number for each entry nor a matrix."""
        if not probing.reads(pulled, probe) or probing.keeps_entries(pulled):
            return Fixed(self.workspace, lines, probe, sympy.Integer(1)).value(pulled)
        self.matrix = True
        if len(probing.at) != 1:
            return None
        try:
            lifted = Lifted(self.workspace, lines, probe, lambda read: probing.reads_name(read, probe))
            return _opened(self.workspace, slot(lifted.matrix(pulled), (COLUMN, ROW)))
        except NoMatrix:
            return None

    def forced(self) -> bool:
        """Whether some flow is anything where all of the states are 0."""
        for name in self.states:
            rest = slot(self.model.dynamics[name].definition, indices(len(self.workspace.sizes_of(name))))
            for state in self.states:
                lines = {line.name: line for line in (*self.model.definitions, *self.workspace.added)}
                rest = Fixed(self.workspace, lines, state, sympy.Integer(0)).value(rest)
            if rest != 0:
                return True
        return False

    def _law(self, name: str) -> Dynamics:
        """The dynamics as they are written."""
        return next(s for s in self.model.written.statements if isinstance(s, Dynamics) and s.name == name)

    def _bent(self, name: str) -> Diagnostic:
        """The part of what was written that is not linear."""
        defined = {s.name: s.value for s in self.model.written.statements if isinstance(s, Define)}
        law = self._law(name)
        parts = ((state, bent(law.value, defined, state)) for state in (name, *self.states))
        state, span = next(((state, part.span) for state, part in parts if part is not None), (name, law.value.span))
        return catalogue.exact_bent(span, f"step.{name}", state, _setting(self.model, name))

    def _no_form(self, name: str) -> Diagnostic:
        return catalogue.exact_form(self._law(name).value.span, f"step.{name}", name, _setting(self.model, name))


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


def _setting(model: Model, name: str) -> Span | None:
    """Where the step is set; None where that is outside the file."""
    span = model.learning.spans[f"step.{name}"]
    return None if is_outside(model.source.text, span) else span
