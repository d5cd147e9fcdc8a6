"""Projections: what is put back after the update of the parameters (``project W = W / norm2(W) every 10``).

They read params, consts and sizes, and `let` definitions of these, so nothing of a step. Their definitions stand apart from
the model's own, beside copies of those that they read, and no equation is derived from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_project as catalogue
from hdsl.model.declarations import Declarations
from hdsl.model.definitions import MOST_DEFINITIONS, Definitions, TooManyDefinitions
from hdsl.model.evaluate import evaluate
from hdsl.model.expressions import Reader
from hdsl.model.lists import met
from hdsl.model.model import Projection
from hdsl.model.scalars import ScalarReader
from hdsl.model.scope import RESERVED, Scope
from hdsl.model.shapes import differ_by_name, fits
from hdsl.model.sizes import show_sizes
from hdsl.model.walk import names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Expression, Project
from hdsl.terms.term import Definition, keep_needed, slot_name, slots

PREFIX = "P"
OF_A_STEP = ("t", "tau")
OF_STREAMS = ("input", "target", "state", "control", "costate", "output", "cost", "terminal", "constraint")
MOST_STEPS = 10**9

Projected = tuple[tuple[Projection, ...], tuple[Definition, ...]]


def read_projections(statements: Iterable[Project], model: Reader, declared: Declarations) -> Projected:
    """The projections of a file in the order of the text, and the definitions that they are made of.

    ``model`` is the reader of the model's own definitions; constants of lists are added to its own.
    """
    scope = model.scope
    taken = (*scope.entries, *RESERVED, *(definition.name for definition in model.made.made))
    made = Definitions(taken, {name: True for name in scope.entries})
    reader = Reader(scope, made, model.constants, dict(model.sizes), model.below, model.lists)
    first: dict[str, Span] = {}
    found: list[Projection] = []
    try:
        for statement in statements:
            scope.in_instance = "." in statement.name
            if _is_param(scope, statement, first):
                projection = _projection(reader, statement, declared, model.made.made)
                found += [projection] if projection else []
    except TooManyDefinitions as many:
        scope.report(formulas.too_many_definitions(many.span, MOST_DEFINITIONS))
    scope.in_instance = False
    read = keep_needed(model.made.made, (name for definition in made.made for name in definition.reads()))
    return tuple(found), tuple(replace(definition, shared=True) for definition in (*read, *made.made))


def _is_param(scope: Scope, statement: Project, first: dict[str, Span]) -> bool:
    """Whether what is projected is a param that has not been projected before; reported where it is not."""
    name, span = statement.name, statement.name_span
    entry = scope.find(name, span, ("param",))
    if entry is None or name in scope.poisoned:
        return False
    if entry.kind != "param":
        scope.report(catalogue.not_a_param(span, name, entry.kind, scope.line(entry.span)))
        return False
    if name in first:
        scope.report(catalogue.twice(span, name, first[name]))
        return False
    first[name] = span
    return True


def _projection(
    reader: Reader, statement: Project, declared: Declarations, model: tuple[Definition, ...]
) -> Projection | None:
    scope, name = reader.scope, statement.name
    steps = 1 if statement.every is None else _every(statement.every, declared, scope)
    if not _reads_what_lasts(scope, statement, model):
        return None
    value, wanted = reader.value(statement.value), reader.sizes.get(name)
    if value is None or wanted is None:
        return None
    value = reader.keep(met(reader, value, wanted), value.span)
    if value is None:
        return None
    if not fits(value.sizes, wanted) and not value.is_number:
        by_name = len(value.sizes) == len(wanted) and differ_by_name(value.sizes, wanted)
        line = scope.line(scope.entries[name].span)
        sizes = show_sizes(wanted), show_sizes(value.sizes)
        scope.report(catalogue.shape(statement.value.span, name, *sizes, line, by_name))
        return None
    if steps is None:
        return None
    definition = reader.made.define(f"{PREFIX}:{name}", value.body, wanted, statement.span)
    return Projection(name, steps, definition.name, statement.span)


def _reads_what_lasts(scope: Scope, statement: Project, model: tuple[Definition, ...]) -> bool:
    """Whether a projection reads params, consts and sizes only, itself or through a `let`; every other name is reported."""
    fine = True
    for read in names_in(statement.value):
        entry = scope.entries.get(read.name)
        if read.name in OF_A_STEP:
            scope.report(catalogue.reads_time(read.span, statement.name, read.name))
            fine = False
        elif entry is not None and entry.kind in OF_STREAMS:
            line = scope.line(entry.span)
            scope.report(catalogue.reads(read.span, statement.name, read.name, entry.kind, line))
            fine = False
        elif entry is not None and entry.kind == "let":
            through = next(_passing(scope, read.name, model), None)
            if through is not None:
                line = scope.line(entry.span)
                scope.report(catalogue.reads_through(read.span, statement.name, read.name, line, *through))
                fine = False
    return fine


def _passing(scope: Scope, name: str, model: tuple[Definition, ...]) -> Iterator[tuple[str, str]]:
    """What a `let` reads that belongs to a step, itself or through others: its name and its kind, ``""`` for the time."""
    for definition in keep_needed(model, (name,)):
        for read in definition.reads():
            entry = scope.entries.get(read)
            if read in OF_A_STEP:
                yield read, ""
            elif entry is not None and entry.kind in ("input", "target", "state", "control"):
                yield read, entry.kind


def _every(tree: Expression, declared: Declarations, scope: Scope) -> int | None:
    """The steps from one projection to the next: a whole number that no size changes."""
    value = ScalarReader(scope, declared.scalar).read(tree)
    while value is not None and slots(value):
        consts: Mapping[str, object] = declared.initials
        if not all(slot_name(s) in consts for s in slots(value)):
            return None  # reported where the const is declared
        value = value.xreplace({s: declared.initials[slot_name(s)].arguments[0] for s in slots(value)})
    if value is None:
        return None
    if value.free_symbols:
        scope.report(catalogue.every_size(tree.span, scope.written(tree.span)))
        return None
    number = evaluate(value, {})
    if number is None or not 1 <= number <= MOST_STEPS or number != int(number):
        scope.report(catalogue.every(tree.span, scope.written(tree.span)))
        return None
    return int(number)
