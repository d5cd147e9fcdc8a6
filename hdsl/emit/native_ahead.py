"""Products of a parameter and a sample, made for the next step while the rows of the parameter are in the cache.

In an order that moves parameters last such a product needs a pass over the matrix of its own at the beginning of a step. The
sample of the next step is known in a run: its product is made where the rows have just moved. The first step of a call makes
it by the same blocks of rows, so that no bit tells where a run was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from hdsl.emit.native_groups import Group
from hdsl.emit.native_loops import Room, by_vector
from hdsl.optimise.program import Program
from hdsl.terms.term import Contraction, Definition, slot_indices, slot_name, slots


@dataclass(frozen=True)
class Ahead:
    """A product ``line`` of the cell ``matrix`` and the entry ``sample`` of a sample."""

    line: Definition
    matrix: str
    sample: str


class Ordered(Room, Protocol):
    """What is asked of the body whose lines these are."""

    program: Program
    lines: dict[str, Definition]
    beside_cells: set[str]
    readers: dict[str, list[str]]

    @property
    def put_back(self) -> Collection[str]: ...

    def beside(self, line: Definition) -> bool: ...


def made_ahead(body: Ordered, groups: Sequence[Group], is_sample: Callable[[str], bool]) -> list[Ahead]:
    """The products that a group behind all of their readers can make for the next step."""
    places = {node.line.name: place for place, group in enumerate(groups) for node in group.nodes}
    along = {node.line.name: node.along for group in groups for node in group.nodes}
    found = []
    for line in body.program.lines:
        each = _product(body, line, is_sample)
        moving = places.get(f"{each.matrix}+", -1) if each is not None else -1
        if each is None or moving <= places.get(line.name, moving) or groups[moving].rows != body.extent(line)[0]:
            continue
        before = [name for name in body.readers.get(line.name, ()) if places.get(name, moving) != moving]
        beside = [name for name in body.readers.get(line.name, ()) if name not in before]
        if all(places[name] < moving for name in before) and all(line.name in along.get(name, ()) for name in beside):
            found.append(each)
    return found


def _product(body: Ordered, line: Definition, is_sample: Callable[[str], bool]) -> Ahead | None:
    if not isinstance(line.body, Contraction) or len(line.indices) != 1 or slots(line.body.coefficient):
        return None
    found = by_vector(body, line)
    if found is None or found.down or line.name in body.program.results or body.program.is_update(line):
        return None
    matrix, sample = sorted(line.body.factors, key=lambda factor: -len(slot_indices(factor)))
    name = slot_name(matrix)
    new = body.lines.get(f"{name}+")
    if new is None or new.name in body.beside_cells or body.beside(new) or name in body.put_back:
        return None
    return Ahead(line, name, slot_name(sample)) if is_sample(slot_name(sample)) else None
