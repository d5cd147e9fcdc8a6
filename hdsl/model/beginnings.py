"""Beginnings: a state that begins from what arrives, ``state h[n] = B @ u``, evaluated at the first sample of each sequence.

Such a beginning is a definition like any other, ``initial:h``, in inputs, params, consts and what is defined by these
alone. What a state that begins from numbers needs is no definition and stands in `hdsl.model.initial`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.expressions import Reader
from hdsl.model.initial import named_kind
from hdsl.model.lists import met
from hdsl.model.order import in_order
from hdsl.model.reach import reached
from hdsl.model.scope import FUNCTIONS, HOLDING, INITIALS, RESERVED, Scope
from hdsl.model.shapes import differ_by_name, fits
from hdsl.model.sizes import show_sizes
from hdsl.model.values import Value
from hdsl.model.walk import calls_in, names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Declare, Expression, ListLiteral
from hdsl.terms.term import Definition, Size

INITIAL = "initial:"
OF_NUMBERS = frozenset((*RESERVED, *INITIALS, *FUNCTIONS))  # what is said of them is said where numbers are read
EACH = {"sample": "each sample", "sequence": "each sequence", "never": "once"}
LATER = ("target", "control", "costate")  # what is not there when a state begins


def begins_from_stream(scope: Scope, declared: Declare, scalar: set[str]) -> bool:
    """Whether the initial value of a state reads more than numbers, sizes and scalar consts, or holds an instance."""
    tree = declared.value
    if declared.role != "state" or tree is None or isinstance(tree, ListLiteral) or named_kind(tree) is not None:
        return False
    if any(call.function in HOLDING or _kind(scope, call.function) in ("component", "function") for call in calls_in(tree)):
        return True
    names = {name.name for name in names_in(tree)}
    numbers = {name for name in names if name in scalar or _kind(scope, name) == "dim"}
    return any(name in scope.entries or name not in OF_NUMBERS for name in names - numbers)


def _kind(scope: Scope, name: str) -> str:
    return scope.entries[name].kind if name in scope.entries else ""


def holds_no_delay(scope: Scope, state: str, tree: Expression) -> bool:
    """False after a delay has been reported: it is a state, and a state begins from the sample alone."""
    held = [call for call in calls_in(tree) if call.function in ("delay", "previous")]
    for call in held:
        scope.report(catalogue.beginning_holds(call.span, state, call.function))
    return not held


def read_beginning(reader: Reader, state: str, tree: Expression) -> None:
    """Define ``initial:h``; ``tree`` has no instances, and all that it reads has been defined."""
    wanted = reader.sizes.get(state)
    found = _refused(reader, state, tree)
    for one in found:
        reader.scope.report(one)
    value = None if found else reader.value(tree)
    if value is None or wanted is None or state in reader.scope.poisoned:
        return
    value = reader.keep(met(reader, value, wanted), value.span)
    if value is None:
        return
    if not fits(value.sizes, wanted) and not value.is_number:
        reader.scope.report(_misfit(reader.scope, state, tree, value, wanted))
        return
    reader.made.define(INITIAL + state, value.body, wanted, tree.span, alone=True)


def _refused(reader: Reader, state: str, tree: Expression) -> list[Diagnostic]:
    """A beginning reads nothing that a prediction is made without."""
    scope = reader.scope
    found: dict[str, Diagnostic] = {}
    named = {f"z:{state}": name for name, state in reader.costates.items()}
    reads = {d.name: tuple(named.get(name, name) for name in d.reads()) for d in reader.made.made}
    for read in names_in(tree):
        late = sorted(name for name in reached([read.name], reads) if _kind(scope, name) in LATER)
        if late and read.name not in scope.poisoned:
            way = () if read.name in late else (late[0],)
            entry = scope.entries[way[0] if way else read.name]
            line = scope.line(entry.span)
            found.setdefault(read.name, catalogue.beginning_reads(read.span, state, read.name, entry.kind, line, way))
    return list(found.values())


def _misfit(scope: Scope, state: str, tree: Expression, value: Value, wanted: tuple[Size, ...]) -> Diagnostic:
    by_name = len(value.sizes) == len(wanted) and differ_by_name(value.sizes, wanted)
    line = scope.line(scope.entries[state].span)
    return catalogue.beginning_shape(tree.span, state, show_sizes(wanted), show_sizes(value.sizes), line, by_name)


def first_of_all(definitions: Sequence[Definition]) -> tuple[Definition, ...]:
    """The definitions in an order in which states have begun before anything reads them."""
    reads = _with_beginnings(definitions)
    order = in_order(reads)[0]
    needed = reached([name for name in reads if name.startswith(INITIAL)], reads)
    place = {name: k for k, name in enumerate(order)}
    first = sorted((d for d in definitions if d.name in needed), key=lambda d: place[d.name])
    return (*first, *(d for d in definitions if d.name not in needed))


def _with_beginnings(definitions: Sequence[Definition]) -> dict[str, tuple[str, ...]]:
    """What each definition reads, and for a state that begins from what arrives, that it reads its beginning."""
    reads = {definition.name: tuple(definition.reads()) for definition in definitions}
    states = [name.removeprefix(INITIAL) for name in reads if name.startswith(INITIAL)]
    return reads | {state: (INITIAL + state,) for state in states}


def report_beginnings(
    scope: Scope, definitions: Sequence[Definition], places: Mapping[str, Span], resets: Mapping[str, str]
) -> None:
    """Beginnings that need one another, and those that read a state which begins at other times.

    A state that begins at the same samples is read as it begins; another would be what it is by then, and credit would have
    to reach it one step back. ``places`` has where beginnings are written.
    """
    reads = _with_beginnings(definitions)
    begun = {name for path in in_order(reads)[1] for name in path if name.startswith(INITIAL)}
    for path in in_order(reads)[1]:
        states = [*dict.fromkeys(name for name in path if INITIAL + name in reads)]
        scope.report(catalogue.beginning_circle(places[states[0]], states))
    for state, place in places.items():
        if INITIAL + state in begun:
            continue
        for name in sorted(reached([INITIAL + state], reads)):
            if name in resets and resets[name] != resets[state]:
                when, then = EACH[resets[state]], EACH[resets[name]]
                scope.report(catalogue.beginning_apart(place, state, when, name, then))
                break
