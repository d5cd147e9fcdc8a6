"""What reaches what: targets of costs, and what nothing reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.model.scope import Entry, Kind
from hdsl.model.sharing import depending_on
from hdsl.model.walk import names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Define, Dynamics, Expression, ModelText
from hdsl.terms.term import Definition

Reads = Mapping[str, Sequence[str]]  # for each name what its statement reads; for a state, what its dynamics reads


def reached(starts: Iterable[str], reads: Reads) -> set[str]:
    """Every name that some of the starts depend on, themselves included."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for name in reads.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def targets_of(
    costs: Sequence[str], definitions: Sequence[Definition], targets: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """For each cost the targets that it depends on, in the order of the text."""
    found: dict[str, set[str]] = {target: {target} for target in targets}
    for definition in definitions:
        found[definition.name] = set().union(*(found.get(name, set()) for name in definition.reads()))
    return {cost: tuple(target for target in targets if target in found[cost]) for cost in costs}


def target_reads(
    order: Sequence[str],
    entries: Mapping[str, Entry],
    statements: Mapping[str, Sequence[tuple[str, Span]]],
    kind: Kind = "target",
    readers: Collection[str] = ("output",),
) -> dict[str, tuple[Span, str, tuple[str, ...]]]:
    """Dynamics and ``readers`` that depend on what is of a ``kind``: the place that reads, the name, and those between.

    ``statements`` has for each definition in ``order``, and then for the dynamics of states (as ``h'``), the names that it
    reads with their places. What depends on one only by way of such a reader is not named again.
    """
    by_way: dict[str, tuple[str, tuple[str, ...]]] = {
        name: (name, ()) for name, entry in entries.items() if entry.kind == kind
    }
    found: dict[str, tuple[Span, str, tuple[str, ...]]] = {}
    for reader in (*order, *(name for name in statements if name.endswith("'"))):
        for name, span in statements[reader]:
            if name not in by_way:
                continue
            target, way = by_way[name]
            between = way if name == target else (name, *way)
            if reader.endswith("'") or entries[reader].kind in readers:
                found[reader] = (span, target, between)
            elif entries[reader].kind == "let":
                by_way[reader] = (target, between)
            break
    return found


def warnings(
    entries: Mapping[str, Entry], reads: Reads, used_sizes: set[str], costs: Sequence[str]
) -> Iterator[Diagnostic]:
    """What is declared and surely of no use."""
    read_by: dict[str, set[str]] = {}
    for reader, names in reads.items():
        for name in names:
            read_by.setdefault(name, set()).add(reader)
    of_costs = reached(costs, reads)
    idle: set[str] = set()
    for name, entry in entries.items():
        used = read_by.get(name, set())
        match entry.kind:
            case "dim":
                unused = name not in used_sizes and not used
            case "target":
                unused = name not in of_costs
            case "input" | "let" | "const" | "control" | "costate":
                unused = not used
            case _:
                unused = False
        if unused and not (entry.kind == "target" and used & idle):
            idle.add(name)
            yield catalogue.unused(entry.span, name, entry.kind)
    yield from _unlearned(entries, read_by, of_costs, costs, idle)


def _unlearned(
    entries: Mapping[str, Entry],
    read_by: Mapping[str, set[str]],
    of_costs: set[str],
    costs: Sequence[str],
    idle: set[str],
) -> Iterator[Diagnostic]:
    """Params that no cost depends on; not where a definition that nothing reads has been named for it."""
    params = [entry for entry in entries.values() if entry.kind == "param" and entry.name not in of_costs]
    if params and not costs:
        yield catalogue.no_cost_at_all(params[0].span, len(params))
        return
    for entry in params:
        readers = read_by.get(entry.name, set())
        if not readers or not readers <= idle:
            yield catalogue.no_cost(entry.span, entry.name)


def without_costate(
    hidden: Iterable[str], dynamics: Mapping[str, str], reads: Reads, params: Collection[str]
) -> frozenset[str]:
    """The delays behind which there is no param and no state but such delays: a costate of theirs would teach nothing.

    ``hidden`` are the states that delays have made, ``dynamics`` has the definition of each state's dynamics.
    """
    delays = frozenset(hidden)
    lasting = [*params, *(state for state in dynamics if state not in delays)]
    moved = {state: (*reads.get(state, ()), definition) for state, definition in dynamics.items()}
    return delays - depending_on(lasting, {**reads, **moved})


def reads_of(model: Model, names: Callable[[Definition], tuple[str, ...]] = Definition.reads) -> dict[str, tuple[str, ...]]:
    """What each definition, and each state by its dynamics and its beginning, reads by ``names``."""
    begun = {state: (f"initial:{state}",) for state in model.begun}
    found = {definition.name: names(definition) for definition in model.definitions}
    return found | {state: (moved.definition, *begun.get(state, ())) for state, moved in model.dynamics.items()}


# Statements ----------------------------------------------------------------------------------------------------------


def in_text_order(
    text: ModelText,
    first: Mapping[str, Define],
    moving: Mapping[str, Dynamics],
    beginnings: Mapping[str, Expression],
) -> dict[str, tuple[str, ...]]:
    """What every definition needs, the dynamics of every state (as ``h'``), and what states begin from (``initial:h``).

    ``a.W`` needs what its instance stands in.
    """

    def names(tree: Expression) -> tuple[str, ...]:
        return tuple(dict.fromkeys(where for name in names_in(tree) for where in _places(name.name, first, moving)))

    needs: dict[str, tuple[str, ...]] = {}
    for statement in text.statements:
        if isinstance(statement, Define) and first.get(statement.name) is statement:
            own = {index.name for index in statement.indices}
            needs[statement.name] = tuple(name for name in names(statement.value) if name not in own)
        elif isinstance(statement, Dynamics) and moving.get(statement.name) is statement:
            needs[f"{statement.name}'"] = names(statement.value)
    return needs | {f"initial:{state}": names(tree) for state, tree in beginnings.items()}


def _places(name: str, first: Mapping[str, Define], moving: Mapping[str, Dynamics]) -> tuple[str, ...]:
    """The names of the definition or the dynamics that a name may come from."""
    head, _, rest = name.partition(".")
    if not rest:
        return (name,)
    return tuple(place for place, known in ((head, head in first), (f"{head}'", head in moving)) if known) or (name,)
