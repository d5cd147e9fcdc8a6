"""Statements: definitions, dynamics and resets, in whatever order they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.declarations import Declarations
from hdsl.model.definitions import MOST_DEFINITIONS, Definitions, TooManyDefinitions
from hdsl.model.expressions import Reader
from hdsl.model.lists import met
from hdsl.model.model import DynamicsOf, Quantity
from hdsl.model.order import in_order
from hdsl.model.reach import target_reads
from hdsl.model.scope import RESERVED, SYMBOLS, Scope
from hdsl.model.shapes import differ_by_name, fits
from hdsl.model.sharing import per_stream
from hdsl.model.sizes import show_sizes
from hdsl.model.values import Value
from hdsl.model.walk import names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Define, Dynamics, Expression, ModelText, Reset
from hdsl.terms.term import Definition, Elementwise, slots

PREFIX = {"flow": "f", "next": "F"}


@dataclass
class Statements:
    """What the statements come to. ``reads`` has what each definition, and for a state its dynamics, reads, as written.

    ``lists`` are the constants that literal lists have become; ``moved`` the states that have dynamics in the file;
    ``reset_spans`` where resets stand.
    """

    scope: Scope
    definitions: tuple[Definition, ...] = ()
    lists: dict[str, Quantity] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    dynamics: dict[str, DynamicsOf] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    resets: dict[str, Literal["sample", "sequence", "never"]] = field(default_factory=dict)
    reset_spans: dict[str, Span] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_statements(text: ModelText, scope: Scope, declared: Declarations) -> Statements:
    """Read every definition, dynamics and reset of a file."""
    found = Statements(scope)
    defines = [s for s in text.statements if isinstance(s, Define)]
    first = {s.name: s for s in defines if scope.entries[s.name].span == s.name_span}
    moving = _moving(text, found)
    found.reads = {name: _needs(s) for name, s in first.items()}
    order, cycles = in_order(_in_text_order(text, first, moving))
    for path in cycles:
        scope.report(catalogue.cycle(scope.entries[path[0]].span, path))
        scope.poisoned.update(path)
    found.reads |= {name: _names(s.value) for name, s in moving.items()}
    _report_targets(tuple(name for name in order if name in first), first, moving, found)
    arriving = [d.name for d in declared.declares if d.role in ("input", "target")]
    own = per_stream(arriving, found.reads)
    shared = {name: name not in own for name in (*scope.entries, "t", "tau")}
    reader = Reader(
        scope,
        Definitions((*scope.entries, *RESERVED, *SYMBOLS), shared),
        declared.constants,
        dict(declared.sizes),
        declared.below,
    )
    found.states = tuple(d.name for d in declared.declares if d.role == "state")
    try:
        for name in order:
            if name.endswith("'"):
                _dynamics(reader, moving[name[:-1]], found)
            else:
                _define(reader, first[name])
        _stand_still(reader, found)
        for again in defines:
            if first.get(again.name) is not again:
                _ = reader.by_index(again) if again.indices else reader.value(again.value)
    except TooManyDefinitions:
        scope.report(formulas.too_many_definitions(Span(0, 0), MOST_DEFINITIONS))
    found.definitions = reader.made.made
    read = {name for definition in found.definitions for name in definition.reads()}
    found.lists = {name: quantity for name, quantity in reader.lists.items() if name in read}
    found.outputs = tuple(s.name for s in first.values() if s.role == "output")
    found.costs = tuple(s.name for s in first.values() if s.role == "cost")
    _read_resets(text, found)
    return found


def _names(tree: Expression) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.name for name in names_in(tree)))


def _needs(define: Define) -> tuple[str, ...]:
    """What a definition reads; not the indices to which it gives names."""
    own = {index.name for index in define.indices}
    return tuple(name for name in _names(define.value) if name not in own)


def _in_text_order(
    text: ModelText, first: Mapping[str, Define], moving: Mapping[str, Dynamics]
) -> dict[str, tuple[str, ...]]:
    """What every definition needs, and the dynamics of every state (as ``h'``), which nothing needs."""
    needs: dict[str, tuple[str, ...]] = {}
    for statement in text.statements:
        if isinstance(statement, Define) and first.get(statement.name) is statement:
            needs[statement.name] = _needs(statement)
        elif isinstance(statement, Dynamics) and moving.get(statement.name) is statement:
            needs[f"{statement.name}'"] = _names(statement.value)
    return needs


def _define(reader: Reader, define: Define) -> None:
    """One let, output or cost."""
    value = reader.by_index(define) if define.indices else reader.value(define.value)
    if value is None or define.name in reader.scope.poisoned:
        return
    if define.role == "cost" and value.rank:
        reader.scope.report(formulas.cost_shape(define.value.span, define.name, show_sizes(value.sizes)))
        return
    reader.made.define(define.name, value.body, value.sizes, define.span)
    reader.sizes[define.name] = value.sizes


# Dynamics -----------------------------------------------------------------------------------------------------------


def _moving(text: ModelText, found: Statements) -> dict[str, Dynamics]:
    """The dynamics of each state, its first where it has several. Dynamics of what is no state are reported."""
    scope = found.scope
    moving: dict[str, Dynamics] = {}
    for statement in text.statements:
        if not isinstance(statement, Dynamics):
            continue
        name, span = statement.name, statement.name_span
        if name in moving:
            if name in scope.poisoned:
                continue
            scope.report(catalogue.duplicate_dynamics(span, name, moving[name].name_span))
        elif _is_state(scope, name, span, "dynamics"):
            moving[name] = statement
    found.moved = set(moving)
    return moving


def _is_state(scope: Scope, name: str, span: Span, what: str) -> bool:
    """Whether a name is that of a state; reported where it is not."""
    entry = scope.find(name, span, ("state",))
    if entry is None:
        return False
    if entry.kind == "state":
        return True
    if name not in scope.poisoned:
        scope.report(catalogue.not_a_state(span, name, entry.kind, scope.line(entry.span), what))
    return False


def _dynamics(reader: Reader, dynamics: Dynamics, found: Statements) -> None:
    """The dynamics of one state, as a definition of the state's sizes."""
    name = dynamics.name
    value = reader.value(dynamics.value)
    wanted = reader.sizes.get(name)
    if value is None or wanted is None:
        return
    if name in reader.scope.poisoned:
        return
    value = reader.keep(met(reader, value, wanted), value.span)
    if value is None:
        return
    if not fits(value.sizes, wanted) and not _is_constant(value):
        reader.scope.report(_misfit(reader.scope, dynamics, value, wanted))
        return
    definition = f"{PREFIX[dynamics.kind]}:{name}"
    reader.made.define(definition, value.body, wanted, dynamics.span)
    found.dynamics[name] = DynamicsOf(name, dynamics.kind, definition, dynamics.span)


def _stand_still(reader: Reader, found: Statements) -> None:
    """States without dynamics stay where they begin: f = 0."""
    for name in found.states:
        if name not in found.moved and name in reader.sizes:
            span = reader.scope.entries[name].span
            reader.made.define(f"f:{name}", Elementwise(sympy.Integer(0)), reader.sizes[name], span)
            found.dynamics[name] = DynamicsOf(name, "flow", f"f:{name}", span)
    found.dynamics = {name: found.dynamics[name] for name in found.states if name in found.dynamics}


def _is_constant(value: Value) -> bool:
    """A number, which is the same for every entry of a state."""
    return not value.rank and isinstance(value.body, Elementwise) and not slots(value.body.expression)


def _misfit(scope: Scope, dynamics: Dynamics, value: Value, wanted: tuple[sympy.Basic, ...]) -> Diagnostic:
    name = dynamics.name
    return formulas.dynamics_shape(
        dynamics.value.span,
        name,
        show_sizes(wanted),
        show_sizes(value.sizes),
        scope.line(scope.entries[name].span),
        len(value.sizes) == len(wanted) and differ_by_name(value.sizes, wanted),
    )


def _report_targets(
    order: tuple[str, ...], first: Mapping[str, Define], moving: Mapping[str, Dynamics], found: Statements
) -> None:
    """Targets may be read by costs, and by what only costs read: a prediction is made without them."""
    scope = found.scope
    trees: dict[str, Expression] = {name: define.value for name, define in first.items()}
    trees |= {f"{name}'": dynamics.value for name, dynamics in moving.items()}
    bound = {name: {index.name for index in define.indices} for name, define in first.items()}
    places = {
        name: [(read.name, read.span) for read in names_in(tree) if read.name not in bound.get(name, ())]
        for name, tree in trees.items()
    }
    for reader, (span, target, way) in target_reads(order, scope.entries, places).items():
        who = f"the dynamics of `{reader[:-1]}`" if reader.endswith("'") else f"the output `{reader}`"
        scope.report(catalogue.target_read(span, who, target, scope.line(scope.entries[target].span), way))


# Resets -------------------------------------------------------------------------------------------------------------


def _read_resets(text: ModelText, found: Statements) -> None:
    """When each state returns to its initial value: at each sequence unless the file says otherwise."""
    scope = found.scope
    for statement in text.statements:
        if not isinstance(statement, Reset):
            continue
        name, span = statement.name, statement.name_span
        if name in found.reset_spans:
            if name in scope.poisoned:
                continue
            scope.report(catalogue.duplicate_reset(span, name, found.reset_spans[name]))
        elif _is_state(scope, name, span, "reset"):
            found.reset_spans[name] = span
            found.resets[name] = statement.when
    found.resets = {name: found.resets.get(name, "sequence") for name in found.states}
