"""Which lines are taken into others: products into the sum that reads them, rows into the cell that they are added to.

Taking a line in means that it is computed later, where its reader stands, so its operands must last until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sympy

from hdsl.emit.align import Layout
from hdsl.emit.contraction import as_product, axes_of
from hdsl.optimise.program import Program, read_through
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    occurrences,
    slot_indices,
    slot_name,
)

Shared = Callable[[str], bool]
IsNumber = Callable[[Scalar], bool]


@dataclass
class TakenIn:
    """``folded`` are matrix products, ``scattered`` rows that an index places.

    ``last_read`` tells where a name is read last, itself or through a view.
    """

    folded: set[str] = field(default_factory=set)
    scattered: set[str] = field(default_factory=set)
    last_read: dict[str, int] = field(default_factory=dict)


def taken_in(program: Program, shared: Shared, is_number: IsNumber) -> TakenIn:
    """Plan one program. ``shared`` tells a quantity's layout, ``is_number`` what is a Python number in a step."""
    through = read_through(program.lines)
    places = {line.name: place for place, line in enumerate(program.lines)}
    cells = frozenset(program.cells)
    found = TakenIn()
    for position, line in enumerate(program.lines):
        found.last_read |= dict.fromkeys(through[line.name], position)
    found.last_read |= dict.fromkeys(program.results, len(program.lines))
    for source, reader, position in _candidates(program, is_number):
        # A cell, be it read as a view, may get its new value before the line's reader stands there, but for one that is held.
        new = (f"{name}+" for name in through[source.name] if name in cells)
        below = (places.get(name, -1) for name in new if name not in program.held)
        if any(places[source.name] <= place < position for place in below):
            continue
        if _is_product(source, reader, shared):
            found.folded.add(source.name)
        elif program.is_update(reader) and _is_scattered(source, reader, shared):
            found.scattered.add(source.name)
        else:
            continue
        for name in through[source.name]:
            found.last_read[name] = max(found.last_read[name], position)
    return found


def _candidates(program: Program, is_number: IsNumber) -> Iterator[tuple[Definition, Definition, int]]:
    """Lines that are read once, as they lie, by a summand of an elementwise line: the line, its reader, and where."""
    reads = Counter(name for line in program.lines for name in line.reads())
    reads.update(program.results)
    lines = {line.name: line for line in program.lines}
    for position, line in enumerate(program.lines):
        if not isinstance(line.body, Elementwise) or not line.indices:
            continue
        stand = Counter(occurrences(line.body.expression))
        for term in sympy.Add.make_args(line.body.expression):
            _, occurrence = scaled_slot(term, is_number)
            source = lines.get(slot_name(occurrence)) if occurrence is not None else None
            if source is None or reads[source.name] != 1 or slot_indices(occurrence) != line.indices:
                continue
            if program.is_update(source):  # a cell takes the value
                continue
            if stand[occurrence] == 1:
                yield source, line, position


def _is_product(source: Definition, reader: Definition, shared: Shared) -> bool:
    """A matrix product that the sum's own call can take."""
    if not isinstance(source.body, Contraction) or source.body.coefficient != 1:
        return False
    fits = axes_of(source, shared).value == Layout.of(reader.indices, reader.shared)
    return fits and as_product(source, shared, slot_name) is not None


def _is_scattered(source: Definition, reader: Definition, shared: Shared) -> bool:
    """The mean over the streams of rows that an index places: they go to their places, and no table of zeros is made."""
    if not isinstance(source.body, Structured) or source.body.row != "scatter":
        return False
    return source.shared and reader.shared and not all(map(shared, source.body.operands))


def scaled_slot(term: Scalar, is_number: IsNumber) -> tuple[Scalar, Scalar | None]:
    """A term that is a number of this step times one slot: the number and the slot, else the term and None."""
    if is_slot(term) and not is_number(term):
        return sympy.Integer(1), term
    if isinstance(term, sympy.Mul):
        tensors = [f for f in term.args if not is_number(f)]
        if len(tensors) == 1 and is_slot(tensors[0]):
            return sympy.Mul(*(f for f in term.args if f is not tensors[0])), tensors[0]
    return term, None
