"""Loops of a native program: elementwise lines that share a loop, and sums of products with the best axis innermost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sympy

from hdsl.emit.native_expression import NativePrinter
from hdsl.emit.native_few import SHORT_ROWS
from hdsl.emit.native_places import Place, Sizes
from hdsl.emit.native_products import width_of
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, slot_indices, slot_name, slots

STREAM = sympy.Symbol("b", integer=True)
"""The index of the streams, beside the indices of a definition."""

FEW_TURNS = 16
"""Turns of a loop up to which gcc would unroll it."""
SHORT = 2**13
"""Numbers of a matrix up to which a product of one stream stands in the text of a short program itself."""
MANY_STREAMS = 8
"""The same for products of many: streams from which on."""

Range = tuple[str, str]
"""Where a loop begins and ends, as text."""
ONCE = ("0", "1")
"""Of a loop that is none."""


class Room(Protocol):
    """What loops ask of the body in which they stand."""

    @property
    def batch(self) -> int: ...

    @property
    def sizes(self) -> Sizes: ...

    @property
    def brief(self) -> bool: ...

    @property
    def folded(self) -> Mapping[str, Definition]: ...

    @property
    def kernels(self) -> dict[str, str]: ...

    def place(self, name: str) -> Place: ...

    def shared(self, name: str) -> bool: ...

    def is_number(self, expression: Scalar) -> bool: ...

    def printer(self, spell: Mapping[Scalar, str]) -> NativePrinter: ...

    def store(self, line: Definition) -> Place | None: ...

    def extent(self, line: Definition) -> tuple[int, ...]: ...

    def length(self, size: Scalar) -> int: ...


def loop(index: str, ends: Range, vector: bool = False) -> str:
    few = ends[1].isdecimal() and 1 < int(ends[1]) <= FEW_TURNS
    return f"{('EVERY_FEW ' if few else 'EVERY ') * vector}for (int64_t {index} = {ends[0]}; {index} < {ends[1]}; {index}++) {{"


def entry(room: Room, occurrence: Scalar, at: Mapping[sympy.Symbol, str] | None = None) -> str:
    """A slot's entry, under its own indices or others."""
    names = [(at or {}).get(i, i.name) for i in slot_indices(occurrence)]
    return room.place(slot_name(occurrence)).at(names)


def elementwise(room: Room, lines: Sequence[Definition], block: Range | None) -> list[str]:
    """Lines of one shape in one loop; what one makes and the next reads stays in a register.

    What does not change along the innermost axis is read before it.
    """
    first = lines[0]
    axes = [(i.name, ("0", str(n))) for i, n in zip(first.indices, room.extent(first), strict=True)]
    if block is not None:
        axes[0] = (axes[0][0], block)
    if not first.shared and room.batch > 1:
        axes.insert(0, ("b", ("0", str(room.batch))))
    axes = [axis for axis in axes if axis[1] != ONCE]
    turning = frozenset(name for name, _ in axes)
    inner = axes[-1][0] if axes else ""
    head, known = _before_the_loop(room, lines, inner, turning)
    body, stores = [], []
    for number, line in enumerate(lines):
        assert isinstance(line.body, Elementwise)
        own = f"own_{number}"
        body.append(f"const T {own} = {room.printer(known)(line.body.expression)};")
        known[line.slot] = own
        place = room.store(line)
        if place is not None:
            stores.append(f"{place.at(_subscripts(line.indices, turning))} = {own};")
    body += stores  # at the end: a line may read what another overwrites
    made = [loop(name, ends) for name, ends in axes[:-1]] + head
    made += [loop(inner, axes[-1][1], True), *body, "}"] if axes else body
    made += ["}"] * (len(axes) - 1)
    return ["{", *made, "}"]


def _subscripts(indices: Sequence[sympy.Symbol], turning: frozenset[str]) -> list[str]:
    """The indices as text, 0 for one that no loop counts."""
    return [i.name if i.name in turning else "0" for i in indices]


def _before_the_loop(
    room: Room, lines: Sequence[Definition], inner: str, turning: frozenset[str]
) -> tuple[list[str], dict[Scalar, str]]:
    """What the innermost loop reads at every turn, bound to names before it; and the text of every slot."""
    made = {line.name for line in lines}
    head: list[str] = []
    known: dict[Scalar, str] = {}

    def bound(occurrence: Scalar, stream: str = "b") -> str:
        place = room.place(slot_name(occurrence))
        text = place.at(_subscripts(slot_indices(occurrence), turning), stream)
        moves = any(i.name == inner for i in slot_indices(occurrence)) or (inner == stream == "b" and place.batch)
        if moves or slot_name(occurrence) in made:
            return text
        head.append(f"const T same_{len(head)} = {text};")
        return f"same_{len(head) - 1}"

    for line in lines:
        assert isinstance(line.body, Elementwise)
        for occurrence in slots(line.body.expression):
            name = slot_name(occurrence)
            if occurrence in known or name in made or room.is_number(occurrence):
                continue
            if name in room.folded:
                known[occurrence] = _folded(room, room.folded[name], bound)
            else:
                known[occurrence] = bound(occurrence)
    return head, known


def _folded(room: Room, line: Definition, bound: object) -> str:
    """A product of vectors, or its mean over the streams, in place of the table that it makes."""
    assert isinstance(line.body, Contraction)
    per_stream = any(not room.shared(slot_name(factor)) for factor in line.body.factors)
    streams = range(room.batch) if line.shared and per_stream else (None,)
    terms = []
    for stream in streams:
        texts = [bound(factor, "b" if stream is None else str(stream)) for factor in line.body.factors]  # type: ignore[operator]
        terms.append(" * ".join(texts))
    text = terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"
    scale = line.body.coefficient / (len(terms) if len(terms) > 1 else 1)
    return f"({text})" if scale == 1 else f"({room.printer({})(scale)} * {text})"


def product(room: Room, line: Definition, block: Range | None) -> list[str]:
    """A sum of products: by the fixed functions where it is a matrix by a vector, by plain loops elsewhere."""
    return _outer(room, line, block) or _by_rows(room, line, block) or _plain(room, line, block)


def _of_many(
    room: Room, name: str, streams: int, block: Range, columns: int, ends: Sequence[tuple[str, int | None]], scale: str
) -> str:
    """The call of a product. Sizes that a compiler knows make one of many streams faster, and its text slower to compile: in a
    short program all products of the same sizes and strides are one function of that kind.

    ``ends`` are the three operands, each with its stride from stream to stream, None where it has none.
    """
    low, high = block
    handed = [str(part) for end in ends for part in end if part is not None]
    if streams < MANY_STREAMS or not room.brief:
        return f"row_{name}_{width_of(columns)}({streams}, {high} - {low}, {columns}, {', '.join(handed)}, {scale});"
    strides = "_".join(str(stride) for _, stride in ends if stride is not None)
    rows = f"{high} - {low}" if high.isdecimal() else "rows"
    own = f"{name}_of_{rows.partition(' ')[0]}_by_{columns}_{strides}"
    named = zip("Wxy", (stride for _, stride in ends), strict=True)
    given = [str(part) for each in named for part in each if part is not None]
    room.kernels[own] = "\n".join([
        f"APART void {own}(int64_t rows, const T *restrict W, const T *restrict x, T *restrict y, T scale) {{",
        f"    all_{name}_{width_of(columns)}({streams}, {rows}, {columns}, {', '.join(given)}, scale);",
        "}",
    ])  # fmt: skip
    return f"{own}({high} - {low}, {', '.join(pointer for pointer, _ in ends)}, {scale});"


def is_outer(room: Room, line: Definition) -> bool:
    """Whether a line is the mean over the streams of the outer products of two vectors."""
    body = line.body
    if not isinstance(body, Contraction) or body.bound or len(body.factors) != 2 or not line.shared or room.batch == 1:
        return False
    factors = zip(_turned(line), line.indices, strict=False)
    return len(line.indices) == 2 and all(slot_indices(f) == (i,) and not room.shared(slot_name(f)) for f, i in factors)


def _turned(line: Definition) -> tuple[Scalar, ...]:
    """The factors in the order of the indices."""
    assert isinstance(line.body, Contraction)
    factors = line.body.factors
    return factors if slot_indices(factors[0]) == line.indices[:1] else factors[::-1]


def _outer(room: Room, line: Definition, block: Range | None) -> list[str]:
    """``outers``; nothing where the line is another product."""
    if not is_outer(room, line):
        return []
    assert isinstance(line.body, Contraction)
    left, right = (room.place(slot_name(factor)) for factor in _turned(line))
    target = room.place(line.name)
    if not target.whole or left.strides != (1,) or right.strides != (1,):
        return []
    rows, columns = target.sizes
    low, high = block or ("0", str(rows))
    made = _from(target.pointer, "0" if low == "0" else f"{low} * {columns}")
    ends = (_from(left.pointer, low), left.batch), (right.pointer, right.batch), (made, None)
    scale = room.printer({})(line.body.coefficient / room.batch)
    return [_of_many(room, "outers", room.batch, (low, high), columns, ends, scale)]


@dataclass(frozen=True)
class ByVector:
    """A shared matrix by a vector: ``down`` where the sum is over the rows of the matrix."""

    matrix: Place
    vector: Place
    down: bool


def by_vector(room: Room, line: Definition) -> ByVector | None:
    """A contraction as the fixed functions take it; None where it is another."""
    body = line.body
    if not isinstance(body, Contraction) or len(body.factors) != 2 or len(body.bound) != 1 or len(line.indices) > 1:
        return None
    if line.shared and room.batch > 1 and crosses(room, line):
        return None
    if not line.indices:
        return _of_one_row(room, body) if room.batch == 1 else None
    bound, value = body.bound[0][0], line.indices[0]
    for matrix, vector in (body.factors, body.factors[::-1]):
        at = slot_indices(matrix)
        if slot_indices(vector) != (bound,) or at not in ((value, bound), (bound, value)):
            continue
        of, by = room.place(slot_name(matrix)), room.place(slot_name(vector))
        if of.whole and not of.batch and by.strides == (1,):
            return ByVector(of, by, at == (bound, value))
    return None


def _of_one_row(room: Room, body: Contraction) -> ByVector | None:
    """The product of two vectors, the first of them as a matrix of one row."""
    of, by = (room.place(slot_name(factor)) for factor in body.factors)
    if of.strides != (1,) or by.strides != (1,):
        return None
    return ByVector(replace(of, sizes=(1, *of.sizes), strides=(of.sizes[0], 1)), by, False)


def _by_rows(room: Room, line: Definition, block: Range | None) -> list[str]:
    """``one_dots`` and its like; nothing where the line is no such product."""
    found, body, target = by_vector(room, line), line.body, room.store(line)
    assert isinstance(body, Contraction) and target is not None
    if found is None or target.strides not in ((1,), ()):
        return []
    streams = 1 if line.shared else room.batch
    rows, columns = found.matrix.sizes
    low, high = block or ("0", str(rows))
    left = _from(found.matrix.pointer, "0" if low == "0" else f"{low} * {columns}")
    vector, made = found.vector.pointer, target.pointer
    if found.down:
        vector = _from(vector, low)
    else:
        made = _from(made, low)
    scale, name = room.printer({})(body.coefficient), "sums" if found.down else "dots"
    if streams == 1 and rows * columns <= SHORT and room.brief:
        if name == "dots" and columns in SHORT_ROWS:
            return [f"one_dots_of_{columns}({high} - {low}, {left}, {vector}, {made}, {scale});"]
        return [f"one_{name}_{width_of(columns)}({high} - {low}, {columns}, {left}, {vector}, {made}, {scale});"]
    ends = (left, None), (vector, found.vector.batch), (made, target.batch)
    return [_of_many(room, name, streams, (low, high), columns, ends, scale)]


def _from(pointer: str, low: str) -> str:
    return pointer if low == "0" else f"{pointer} + {low}"


def cleared(room: Room, line: Definition) -> list[str]:
    """Zeros where a sum over rows will be."""
    target = room.store(line)
    assert target is not None
    numbers = target.numbers * (1 if line.shared else room.batch)
    return [f"memset({target.pointer}, 0, {numbers} * sizeof(T));"]


def crosses(room: Room, line: Definition) -> bool:
    assert isinstance(line.body, Contraction)
    return any(not room.shared(slot_name(factor)) for factor in line.body.factors)


def _plain(room: Room, line: Definition, block: Range | None) -> list[str]:
    """Loops with the axis innermost along which most operands lie beside one another."""
    body = line.body
    assert isinstance(body, Contraction)
    target = room.store(line)
    assert target is not None
    value = [(i, n) for i, n in zip(line.indices, target.sizes, strict=True)]
    summed = [(i, room.length(n)) for i, n in body.bound]
    if room.batch > 1 and not line.shared:
        value.insert(0, (STREAM, room.batch))
    elif room.batch > 1 and crosses(room, line):
        summed.insert(0, (STREAM, room.batch))
    ends = {i: ("0", str(n)) for i, n in (*value, *summed)}
    if block is not None:
        ends[line.indices[0]] = block
    places = [(room.place(slot_name(f)), slot_indices(f)) for f in body.factors] + [(target, line.indices)]

    def badness(axis: tuple[sympy.Symbol, int]) -> tuple[int, bool, int]:
        index, number = axis
        strides = [p.batch if index == STREAM else dict(zip(at, p.strides, strict=True)).get(index, 0) for p, at in places]
        return sum(stride not in (0, 1) for stride in strides), axis in summed, -number

    axes = [axis for axis in (*value, *summed) if axis[1] > 1] or value[:1] or summed[:1]
    inner = min(axes, key=badness) if axes else None
    mean = room.batch if line.shared and crosses(room, line) else 1
    factors = " * ".join(entry(room, factor) for factor in body.factors)
    text = factors if body.coefficient / mean == 1 else f"{room.printer({})(body.coefficient / mean)} * {factors}"
    left = target.at([i.name for i in line.indices])
    outer_value = [axis for axis in value if axis != inner]
    outer_summed = [axis for axis in summed if axis != inner]

    def loops(axes: Sequence[tuple[sympy.Symbol, int]]) -> list[str]:
        return [loop(i.name, ends[i]) for i, _ in axes]

    made = loops(outer_value)
    if inner is None:
        return ["{", *made, f"{left} = {text};", "}" * len(outer_value) + "}"]
    name = inner[0].name
    if inner in value:
        if outer_summed:
            made += [loop(name, ends[inner[0]], True), f"{left} = 0;", "}"]
        made += [*loops(outer_summed), loop(name, ends[inner[0]], True), f"{left} {'+' * bool(outer_summed)}= {text};", "}"]
        return ["{", *made, "}" * (len(outer_value) + len(outer_summed)) + "}"]
    made += ["T sum = 0;", *loops(outer_summed), "#pragma omp simd reduction(+ : sum)"]
    made += [loop(name, ends[inner[0]]), f"sum += {text};", "}", "}" * len(outer_summed), f"{left} = sum;"]
    return ["{", *made, "}" * len(outer_value) + "}"]
