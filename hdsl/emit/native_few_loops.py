"""Elementwise lines over matrices of short rows, as whole vectors of several rows; what is left goes row by row."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from hdsl.emit.native_few import parts_of
from hdsl.emit.native_loops import Range, Room, elementwise
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, slot_indices, slot_name, slots

WIDTHS = (64, 32)
"""Bytes of the vectors for which it is printed."""


def several_rows(room: Room, lines: Sequence[Definition], block: Range | None, item: int) -> list[str]:
    """The loops; nothing where the lines are others: sums and products at batch 1 of tables, rows, columns and numbers."""
    first = lines[0]
    if room.batch > 1 or len(first.indices) != 2 or not all(_plain(room, line) for line in lines):
        return []
    rows, n = room.extent(first)
    low, high = block or ("0", str(rows))
    made = []
    for width in WIDTHS:
        lanes = width // item
        if n in parts_of(lanes) and rows >= 2 * lanes:
            made += [f"#if VECTOR == {width}", *_vectors(room, lines, lanes, n, high), "#endif"]
    if not made:
        return []
    return ["{", f"int64_t row = {low};", *made, *elementwise(room, lines, ("row", high)), "}"]


def _plain(room: Room, line: Definition) -> bool:
    """Whether vectors may stand in the place of a line's numbers, and where they are taken from is as wanted."""
    assert isinstance(line.body, Elementwise)
    expression = line.body.expression
    if expression.has(RowFunction, sympy.Pow):
        return False
    reads = []
    for occurrence in slots(expression):
        folded = room.folded.get(slot_name(occurrence))
        reads += [occurrence] if folded is None else list(_factors(folded))
    known = [read for read in reads if not room.is_number(read)]
    places = [(room.place(slot_name(read)), slot_indices(read)) for read in known]
    own = [(), line.indices[:1], line.indices[1:], line.indices]
    return any(at for _, at in places) and all(at in own and place.whole for place, at in places)


def _factors(line: Definition) -> tuple[Scalar, ...]:
    assert isinstance(line.body, Contraction)
    return line.body.factors


def _vectors(room: Room, lines: Sequence[Definition], lanes: int, n: int, high: str) -> list[str]:
    """The loop over whole vectors of rows, from ``row`` on."""
    kind = f"const V{lanes}"
    before: dict[str, str] = {}  # texts and the names that they have, before the loop
    within: dict[str, str] = {}  # and in it
    known: dict[Scalar, str] = {}

    def bound(occurrence: Scalar, line: Definition) -> str:
        pointer, at = room.place(slot_name(occurrence)).pointer, slot_indices(occurrence)
        if at == line.indices:
            return f"load_{lanes}({pointer} + row * {n})"
        if at == line.indices[:1]:
            return within.setdefault(f"spread_{lanes}_{n}({pointer} + row)", f"spread_{len(within)}")
        text = f"tiled_{lanes}_{n}({pointer})" if at else f"(V{lanes}){{0}} + {pointer}[0]"
        return before.setdefault(text, f"tiled_{len(before)}")

    body, stores = [], []
    for number, line in enumerate(lines):
        assert isinstance(line.body, Elementwise)
        for occurrence in slots(line.body.expression):
            folded = room.folded.get(slot_name(occurrence))
            if occurrence in known or room.is_number(occurrence):
                continue
            if folded is None:
                known[occurrence] = bound(occurrence, line)
                continue
            assert isinstance(folded.body, Contraction)
            texts = [bound(factor, line) for factor in folded.body.factors]
            texts += [] if folded.body.coefficient == 1 else [room.printer({})(folded.body.coefficient)]
            known[occurrence] = f"({' * '.join(texts)})"
        body.append(f"{kind} own_{number} = {room.printer(known)(line.body.expression)};")
        known[line.slot] = f"own_{number}"
        place = room.store(line)
        if place is not None:
            stores.append(f"store_{lanes}({place.pointer} + row * {n}, own_{number});")
    rows = lanes // n
    head = [f"for (; row + {rows} <= {high}; row += {rows}) {{", *(f"{kind} {name} = {text};" for text, name in within.items())]
    return [*(f"{kind} {name} = {text};" for text, name in before.items()), *head, *body, *stores, "}"]
