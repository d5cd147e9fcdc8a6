"""What teaches nothing and serves nothing: costates that stay 0, costs that move no parameter, definitions of dead ends."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sympy

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.model.reach import reached, reads_of
from hdsl.model.walk import names_in
from hdsl.syntax.control_tree import Constraint, Control, Final
from hdsl.syntax.tree import Declare, Define, Dynamics, Project
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, Structured, is_slot, slot_name, slots

FLAT = {"sign": (0,), "where_less": (0, 1), "where_at_most": (0, 1), "where_equal": (0, 1)}
"""Arguments through which no derivative goes."""


def idle(model: Model) -> Iterator[Diagnostic]:
    """Costates that stay 0, costs that move no parameter and no control, and definitions that only dead ends read.

    Where no cost at all depends on a param, that is told of the params.
    """
    yield from _dead(model)
    if not model.costs:
        return
    reads = reads_of(model)
    slopes = reads_of(model, _sloped)
    params = {q.name for q in model.of_role("param")}
    yield from _still_costates(model, reads, slopes, params)
    if not reached(model.costs, reads) & params:
        return
    spans = {d.name: d.spans[0] for d in model.definitions if d.name in model.costs}
    for cost in model.costs:
        if not reached([cost], slopes) & {*params, *model.controls}:
            yield catalogue.idle_cost(spans[cost], cost, bool(reached([cost], reads) & params))


def _sloped(definition: Definition) -> tuple[str, ...]:
    """The names that a derivative of a definition goes to."""
    match definition.body:
        case Elementwise(expression=expression):
            return tuple(slot_name(occurrence) for occurrence in _sloped_slots(expression))
        case Contraction(factors=factors, coefficient=coefficient):
            return tuple(slot_name(occurrence) for occurrence in (*factors, *slots(coefficient)))
        case Structured(operands=operands):
            return operands


def _sloped_slots(expression: Scalar) -> Iterator[Scalar]:
    if is_slot(expression):
        yield expression
        return
    flat = FLAT.get(type(expression).__name__, ()) if isinstance(expression, RowFunction) else ()
    for place, argument in enumerate(expression.args):
        if place not in flat and isinstance(argument, sympy.Expr):
            yield from _sloped_slots(argument)


def _still_costates(
    model: Model, reads: Mapping[str, tuple[str, ...]], slopes: Mapping[str, tuple[str, ...]], params: Collection[str]
) -> Iterator[Diagnostic]:
    """States whose costate no cost ever moves, neither along the way nor at its end; a condition at the end moves it as well.

    A state behind which there is a param that no cost depends on has been named by that param; one that an output shows
    is there to be seen.
    """
    ends = (*model.terminals, *(final.definition for final in model.finals))
    asked = (*model.costs, *ends, *(constraint.definition for constraint in model.constraints))
    of_costs, by_slopes = reached(asked, reads), reached(asked, slopes)
    shown = reached(model.outputs, reads)
    own = {s.name: s for s in model.written.statements if isinstance(s, Declare) and s.role == "state"}
    for state in model.taught:
        if state in by_slopes or _hidden(own[state]):
            continue
        if state in of_costs:
            yield catalogue.flat_costate(own[state].name_span, state)
        elif state not in shown and not (reached([state], reads) & set(params)) - of_costs:
            yield catalogue.still_costate(own[state].name_span, state)


def _hidden(declared: Declare) -> bool:
    """Whether a delay has made this state: its definition is named in its place."""
    return declared.value is not None and declared.value.span == declared.span


def _dead(model: Model) -> Iterator[Diagnostic]:
    """Definitions of the file that are read, but by nothing other than definitions that nothing reads, by whatever way.

    What instances are made of counts with the definition that they stand in.
    """
    lets = {s.name: s for s in model.written.statements if isinstance(s, Define) and s.role == "let" and "." not in s.name}
    readers: dict[str, set[str]] = {name: set() for name in lets}
    for statement in model.written.statements:
        if not isinstance(statement, Define | Dynamics | Declare | Project | Control | Final | Constraint):
            continue
        head = "" if isinstance(statement, Final) else statement.name.partition(".")[0]
        who = head if head in lets and isinstance(statement, Define) else ""
        values = (statement.value, statement.every if isinstance(statement, Project) else None)
        for read in (read for value in values if value is not None for read in names_in(value)):
            name = read.name.partition(".")[0]
            if name in readers and name != who:
                readers[name].add(who)
    dead = readers.keys() - reached((name for name, by in readers.items() if "" in by), _turned(readers))
    for name in (name for name in lets if name in dead and readers[name]):
        by = [other for other in lets if other in readers[name]]
        yield catalogue.dead_definition(lets[name].name_span, name, by, [model.source.line_of(lets[o].span) for o in by])


def _turned(readers: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """For each reader what it reads."""
    found: dict[str, list[str]] = {}
    for name, by in readers.items():
        for reader in by:
            found.setdefault(reader, []).append(name)
    return found
