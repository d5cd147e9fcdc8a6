"""Which lines of a group share a loop, and which new values can then be put into their cells where they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from hdsl.emit.native_groups import Group, Node, meet
from hdsl.optimise.program import Program
from hdsl.terms.term import Definition, Elementwise, slot_indices, slot_name, slots

Runs = Sequence[tuple[Group, list[list[Node]]]]
"""The groups of a program, each with its loops."""


class Planned(Protocol):
    """What is asked of the body whose lines these are."""

    program: Program
    batch: int
    bases: dict[str, str]
    beside_cells: set[str]

    @property
    def folded(self) -> Mapping[str, Definition]: ...

    def extent(self, line: Definition) -> tuple[int, ...]: ...

    def beside(self, line: Definition) -> bool: ...


def runs_of(body: Planned, group: Group) -> list[list[Node]]:
    """The lines of a group, elementwise ones of one shape together: as far up as what stands between allows, and then loop by
    loop down into others."""
    runs: list[list[Node]] = []
    for node in group.nodes:
        for run in reversed(runs):
            if _joins(body, [*run, node]):
                run.append(node)
                break
            if any(meet(other, node) for other in run):
                runs.append([node])
                break
        else:
            runs.append([node])
    place = 0
    while place < len(runs):
        into = _below(body, runs, place)
        if into is None:
            place += 1
        else:
            runs[into] = [*runs[place], *runs[into]]
            del runs[place]
    for run in runs[:]:
        _put_behind(body, runs, run)
    return runs


def _put_behind(body: Planned, runs: list[list[Node]], run: list[Node]) -> None:
    """A loop that makes new values beside their cells goes behind those that read the old ones, where nothing is in the way."""
    cells = {node.line.name[:-1] for node in run if node.line.name in body.beside_cells}
    place = next(k for k, other in enumerate(runs) if other is run)
    reading = [k for k in range(place + 1, len(runs)) if any(cells & below.reads for below in runs[k])]
    passed = [below for other in runs[place + 1 : reading[-1] + 1] for below in other] if reading else []
    if passed and not any(meet(node, below) for node in run for below in passed):
        runs.insert(reading[-1], runs.pop(place))


def _below(body: Planned, runs: list[list[Node]], place: int) -> int | None:
    """The loop below into which another can go."""
    for k in range(place + 1, len(runs)):
        if _joins(body, [*runs[place], *runs[k]]):
            return k
        if any(meet(node, below) for below in runs[k] for node in runs[place]):
            return None
    return None


def _joins(body: Planned, nodes: list[Node]) -> bool:
    """Whether lines can share a loop."""
    together = [node.line for node in nodes]
    first = together[0]
    for line in together:
        alike = (body.batch == 1 or line.shared == first.shared) and body.extent(line) == body.extent(first)
        if not alike or not isinstance(line.body, Elementwise):
            return False
    made = {line.name for line in together} | {
        line.name[:-1] for line in together if body.program.is_update(line) and line.name not in body.beside_cells
    }
    for line in together:
        assert isinstance(line.body, Elementwise)
        for occurrence in slots(line.body.expression):
            name = slot_name(occurrence)
            if name in made and slot_indices(occurrence) != line.indices:
                return False
            if body.bases.get(name) in made:
                return False
            if name in body.folded and made & set(body.folded[name].reads()):
                return False
    return True


def through(body: Planned, runs: Runs) -> Iterator[str]:
    """New values that were to be made beside their cells, since lines below read the old ones, and need not be.

    Those lines have come to stand above, or beside them in one loop.
    """
    nodes = [(node, (g, k), group) for g, (group, own) in enumerate(runs) for k, run in enumerate(own) for node in run]
    viewed = {*body.bases.values()}
    for node, place, group in nodes:
        line, cell = node.line, node.line.name[:-1]
        if line.name not in body.beside_cells or {cell, line.name} & viewed or cell in body.program.results:
            continue
        if not isinstance(line.body, Elementwise) or body.beside(line):
            continue
        readers = [(other, at) for other, at, _ in nodes if cell in other.reads and other is not node]
        if all(_is_through(body, other, at, place, cell, group) for other, at in readers):
            yield line.name


def _is_through(body: Planned, node: Node, at: tuple[int, int], place: tuple[int, int], cell: str, group: Group) -> bool:
    """Whether a line has read a cell, or the entry that is due, once a later place is reached."""
    if at[0] == place[0] and group.rows is not None and cell not in node.along:
        return False
    if at != place:
        return at < place
    assert isinstance(node.line.body, Elementwise)
    found = slots(node.line.body.expression)
    return all(slot_indices(s) == node.line.indices for s in found if slot_name(s) == cell) and not any(
        cell in body.folded[slot_name(s)].reads() for s in found if slot_name(s) in body.folded
    )
