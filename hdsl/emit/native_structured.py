"""Structured operations of a native program: a table from row to loops. What is not in it is left to torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hdsl.emit.native_loops import Room, loop
from hdsl.emit.native_places import Place, viewed
from hdsl.terms.term import Definition, Structured

Loops = Callable[[Room, Definition, Place, list[Place], Mapping[str, Any]], list[str]]

LETTERS = "ijklmpq"


def structured(room: Room, line: Definition) -> list[str]:
    """The loops of one operation, for every stream where its value is per stream."""
    body = line.body
    assert isinstance(body, Structured)
    target = room.store(line)
    assert target is not None
    operands = [room.place(name) for name in body.operands]
    made = LOOPS[body.row](room, line, target, operands, dict(body.attributes))
    if line.shared or room.batch == 1:
        return ["{", *made, "}"]
    return [loop("b", ("0", str(room.batch))), *made, "}"]


def around(sizes: Sequence[int], inner: Callable[[list[str]], list[str]]) -> list[str]:
    """A loop for each axis around what stands within."""
    names = list(LETTERS[: len(sizes)])
    loops = [loop(name, ("0", str(size))) for name, size in zip(names, sizes, strict=True)]
    return [*loops, *inner(names), "}" * len(sizes)]


def _moved(room: Room, target: Place, source: Place, where: Sequence[tuple[int, int]]) -> list[str]:
    """Copies, entry k of an axis going to ``start + step * k``."""

    def inner(names: list[str]) -> list[str]:
        there = _subscripts(names, where)
        return [f"{target.at(there)} = {source.at(names)};"]

    return around(source.sizes, inner)


def _subscripts(names: Sequence[str], where: Sequence[tuple[int, int]]) -> list[str]:
    told = []
    for name, (start, step) in zip(names, where, strict=True):
        text = name if step == 1 else f"{step} * {name}"
        told.append(f"({text} + {start})" if start else f"({text})" if step != 1 else text)
    return told


def _along(rank: int, axis: int, start: int, step: int = 1) -> list[tuple[int, int]]:
    return [(start, step) if k == rank + axis else (0, 1) for k in range(rank)]


def _softmax(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    return _over_axis(source, given["axis"], target, False)


def _logsumexp(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    return _over_axis(source, given["axis"], target, True)


def _over_axis(source: Place, axis: int, target: Place, reduces: bool) -> list[str]:
    """exp(x − top) and its sum along an axis: divided by it, or its logarithm."""
    position = len(source.sizes) + axis
    others = [size for k, size in enumerate(source.sizes) if k != position]

    def inner(names: list[str]) -> list[str]:
        each = [*names[:position], "s", *names[position:]]
        x = source.at(each)
        ends = ("0", str(source.sizes[position]))
        made = [f"T top = {source.at([*names[:position], '0', *names[position:]])}, sum = 0;"]
        made += [loop("s", ends), f"top = r_max(top, {x});", "}"]
        if reduces:
            made.append("top = r_abs(top) == INFINITY ? 0 : top;")
            made += [loop("s", ends), f"sum += r_exp({x} - top);", "}"]
            return [*made, f"{target.at(names)} = r_log(sum) + top;"]
        y = target.at(each)
        made += [loop("s", ends), f"sum += {y} = r_exp({x} - top);", "}"]
        return [*made, loop("s", ends), f"{y} = {y} / sum;", "}"]

    return around(others, inner)


def _place(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    zero = around(target.sizes, lambda names: [f"{target.at(names)} = 0;"])

    def inner(names: list[str]) -> list[str]:
        left, there = list(names), []
        for place in given["places"]:
            start = room.length(place[0])
            if len(place) == 1:
                there.append(str(start))
            else:
                there += _subscripts([left.pop(0)], [(start, int(place[2]))])
        return [f"{target.at(there)} = {source.at(names)};"]

    return [*zero, *around(source.sizes, inner)]


def _flip(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    last = source.sizes[given["axis"]] - 1
    return _moved(room, target, source, _along(len(source.sizes), given["axis"], last, -1))


def _concat(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    made, start = [], 0
    for source in operands:
        made += _moved(room, target, source, _along(len(source.sizes), given["axis"], start))
        start += source.sizes[given["axis"]]
    return made


def _stack(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    position = len(target.sizes) + given["axis"]
    made = []
    for k, source in enumerate(operands):

        def inner(names: list[str], k: int = k, source: Place = source) -> list[str]:
            return [f"{target.at([*names[:position], str(k), *names[position:]])} = {source.at(names)};"]

        made += around(source.sizes, inner)
    return made


def _reshape(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    start = target.offset(["0"] * len(target.sizes))
    count = [f"T *next = {target.pointer} + {start};"]
    return [*count, *around(source.sizes, lambda names: [f"*next++ = {source.at(names)};"])]


def _diag(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    return around(target.sizes, lambda names: [f"{target.at(names)} = i == j ? {source.at(names[:1])} : 0;"])


def _copy(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    source = viewed(line, operands[0], room.sizes)
    assert source is not None
    return around(target.sizes, lambda names: [f"{target.at(names)} = {source.at(names)};"])


def _eye(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    return around(target.sizes, lambda names: [f"{target.at(names)} = i == j;"])


def _pick(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    source, chosen = operands
    return [f"{target.at([])} = {source.at([chosen.at([])])};"]


def _embed(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    table, chosen = operands
    return around(target.sizes, lambda names: [f"{target.at(names)} = {table.at([chosen.at([]), *names])};"])


def _scatter(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    rows, chosen = operands
    made = around(target.sizes, lambda names: [f"{target.at(names)} = 0;"])
    crosses = line.shared and (rows.batch or chosen.batch)
    share = f" / {room.batch}" if crosses else ""

    def inner(names: list[str]) -> list[str]:
        return [f"{target.at([chosen.at([]), *names])} += {rows.at(names)}{share};"]

    added = around(rows.sizes, inner)
    return [*made, loop("b", ("0", str(room.batch))), *added, "}"] if crosses else [*made, *added]


def _one_hot(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (chosen,) = operands
    return around(target.sizes, lambda names: [f"{target.at(names)} = {chosen.at([])} == i;"])


def _inverse(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    (source,) = operands
    n = source.sizes[0]
    made = [f"T *a = malloc(2 * {n} * {n} * sizeof(T)), *x = a + {n} * {n};"]
    made += around((n, n), lambda names: [f"a[i * {n} + j] = {source.at(names)}; x[i * {n} + j] = i == j;"])
    handed = around((n, n), lambda names: [f"{target.at(names)} = x[i * {n} + j];"])
    return [*made, f"solve({n}, {n}, a, x);", *handed, "free(a);"]


def _solve(room: Room, line: Definition, target: Place, operands: list[Place], given: Mapping[str, Any]) -> list[str]:
    matrix, right = operands
    n, columns = matrix.sizes[0], right.numbers // matrix.sizes[0]

    def turned(names: list[str]) -> list[str]:
        return names[::-1] if given["turned"] else names

    made = [f"T *a = malloc({n} * ({n} + {columns}) * sizeof(T)), *x = a + {n} * {n};"]
    made += around((n, n), lambda names: [f"a[i * {n} + j] = {matrix.at(turned(names))};"])
    inside = "i" if len(right.sizes) == 1 else f"i * {columns} + j"
    made += around(right.sizes, lambda names: [f"x[{inside}] = {right.at(names)};"])
    handed = around(right.sizes, lambda names: [f"{target.at(names)} = x[{inside}];"])
    return [*made, f"solve({n}, {columns}, a, x);", *handed, "free(a);"]


LOOPS: dict[str, Loops] = {
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "slice": _copy,
    "place": _place,
    "flip": _flip,
    "concat": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "diag": _diag,
    "diagonal": _copy,
    "eye": _eye,
    "pick": _pick,
    "embed": _embed,
    "scatter": _scatter,
    "one_hot": _one_hot,
    "inv": _inverse,
    "solve": _solve,
}
LEFT_OUT = frozenset(
    {"conv2d", "conv2d_kernel", "conv2d_image", "avgpool2d", "avgpool2d_image", "maxpool2d", "maxpool2d_image"}
    | {"maxpool2d_taken", "expm", "phi1m"}
)
"""Rows that torch makes by libraries of its own, at their speed."""
