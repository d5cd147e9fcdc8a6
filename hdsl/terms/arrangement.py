"""Arrangement: how operations that move entries look in a formula: ``x[1:n]``, ``[a; b]``, ``E[k]``, ``diag(x)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import sympy

from hdsl.terms.arranged import Place, whole_axis
from hdsl.terms.matrix import ATOM, Layout, Piece
from hdsl.terms.spelling import Spelling
from hdsl.terms.term import Definition, Structured

READABLE = frozenset(
    {"slice", "flip", "concat", "stack", "reshape", "diag", "diagonal", "eye", "embed", "place", "scatter"}
    | {"inv", "solve", "expm", "phi1m"}
    | {"conv2d", "conv2d_kernel", "avgpool2d", "maxpool2d"}
)
"""The rows whose formula may stand inside another."""


class Writing(Protocol):
    """What an arrangement asks of the writer of formulas."""

    spelling: Spelling
    layout: Layout

    def operand(self, name: str) -> Piece: ...

    def sum(self, expression: Any, at: Any) -> Piece: ...


Show: TypeAlias = Callable[[Writing, Definition, list[Piece], Mapping[str, Any]], Piece]


def phi1(spelling: Spelling, argument: Piece) -> Piece:
    """φ₁(x), the integral of the exponential."""
    return Piece(("φ₁" if spelling.style == "text" else r"\varphi_1") + spelling.brackets(argument.text), ATOM)


def write_arrangement(formula: Writing, definition: Definition) -> Piece | None:
    """The formula of an operation that moves entries, without indices; None for any other."""
    body = definition.body
    if not isinstance(body, Structured) or body.row not in _SHOWN:
        return None
    operands = [formula.operand(name) for name in body.operands]
    return _SHOWN[body.row](formula, definition, operands, dict(body.attributes))


def _size(formula: Writing, size: Any) -> str:
    return formula.sum(sympy.sympify(size, strict=True), ()).text


def _subscript(formula: Writing, place: Place, size: Any) -> str:
    if len(place) == 1:
        return _size(formula, place[0])
    start, stop, step = place
    first = "" if start == 0 else _size(formula, start)
    last = "" if stop == size else _size(formula, stop)
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def _subscripts(formula: Writing, attributes: Mapping[str, Any]) -> list[str]:
    """Subscripts as they are written, without whole axes at the end."""
    pairs = list(zip(attributes["places"], attributes["of"], strict=True))
    while pairs and pairs[-1][0] == whole_axis(pairs[-1][1]):
        pairs.pop()
    return [_subscript(formula, place, size) for place, size in pairs]


def _slice(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    whole = formula.layout.within(operands[0], ATOM)
    return Piece(formula.spelling.at(whole, _subscripts(formula, attributes)), ATOM)


def _place(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    """Zeros, with the operand where the subscripts say."""
    where = formula.spelling.condition(", ".join(_subscripts(formula, attributes)))
    return formula.layout.call("place", operands[0], Piece(where, ATOM))


def _flip(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    axis = len(definition.sizes) + attributes["axis"]
    turned = f"::{formula.spelling.negative.strip()}1"
    return Piece(formula.spelling.at(formula.layout.within(operands[0], ATOM), [":"] * axis + [turned]), ATOM)


def _listed(formula: Writing, pieces: Sequence[Piece], mark: str) -> Piece:
    gap = " " if formula.spelling.style == "text" else r"\, "
    return Piece(formula.spelling.condition(f"{mark}{gap}".join(piece.text for piece in pieces)), ATOM)


def _concat(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    rank, axis = len(definition.sizes), attributes["axis"]
    if rank == -axis:
        return _listed(formula, operands, ";")
    return _listed(formula, operands, ",") if rank == 2 else _with_axis(formula, "concat", operands, axis)


def _stack(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    """Scalars and columns beside one another as lists; vectors below one another are rows."""
    rank, axis = len(definition.sizes), attributes["axis"]
    if rank == 1:
        return _listed(formula, operands, ";")
    if rank == 2:
        rows = operands if axis == -1 else [formula.layout.transpose(piece) for piece in operands]
        return _listed(formula, rows, "," if axis == -1 else ";")
    return _with_axis(formula, "stack", operands, axis)


def _with_axis(formula: Writing, name: str, operands: list[Piece], axis: int) -> Piece:
    return formula.layout.call(name, *operands, Piece(f"axis {formula.spelling.negative.strip()}{-axis}", ATOM))


def _reshape(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    sizes = formula.spelling.condition(", ".join(_size(formula, n) for n in definition.sizes))
    return formula.layout.call("reshape", *operands, Piece(sizes, ATOM))


def _eye(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    sizes = dict.fromkeys(_size(formula, n) for n in definition.sizes)
    return formula.layout.call("eye", *(Piece(size, ATOM) for size in sizes))


def _diag(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    return formula.layout.call("diag", *operands)


def _chosen(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    table, index = operands
    return Piece(formula.spelling.at(formula.layout.within(table, ATOM), [index.text]), ATOM)


def _one_hot(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    return formula.layout.call("one_hot", *operands)


def _scatter(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    """The row at an index: an outer product with the one in its place."""
    vector, index = operands
    return formula.layout.chain([formula.layout.call("one_hot", index), formula.layout.transpose(vector)])


def _inv(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    return formula.layout.power(operands[0], f"{formula.spelling.negative.strip()}1")


def _solve(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    """The solution is written with an inverse, which nothing makes."""
    matrix, right = operands
    if attributes["turned"]:
        matrix = formula.layout.transpose(matrix)
    inverse = _inv(formula, definition, [matrix], {})
    return formula.layout.chain([inverse, right])


def _expm(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    base = "e" if formula.spelling.style == "text" else r"\mathrm{e}"
    return formula.layout.power(Piece(base, ATOM), operands[0].text)


def _phi1m(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    return phi1(formula.spelling, operands[0])


def _windows(formula: Writing, definition: Definition, operands: list[Piece], attributes: Mapping[str, Any]) -> Piece:
    """A call as it is written: the size of the window, and what differs from the usual stride and padding."""
    assert isinstance(definition.body, Structured)
    size = attributes.get("size", 1)
    further = [Piece(str(size), ATOM)] if "size" in attributes else []
    if attributes["stride"] != size:
        further.append(Piece(_named(formula, "stride", attributes["stride"]), ATOM))
    if attributes["pad"]:
        further.append(Piece(_named(formula, "pad", attributes["pad"]), ATOM))
    return formula.layout.call(definition.body.row, *operands, *further)


def _named(formula: Writing, name: str, number: int) -> str:
    return f"{name} = {number}" if formula.spelling.style == "text" else rf"\mathrm{{{name}}} = {number}"


_SHOWN: Mapping[str, Show] = {
    "slice": _slice,
    "place": _place,
    "flip": _flip,
    "concat": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "diag": _diag,
    "diagonal": _diag,
    "eye": _eye,
    "pick": _chosen,
    "embed": _chosen,
    "one_hot": _one_hot,
    "scatter": _scatter,
    "inv": _inv,
    "solve": _solve,
    "expm": _expm,
    "phi1m": _phi1m,
    **dict.fromkeys(
        (
            *("conv2d", "conv2d_image", "conv2d_kernel", "avgpool2d", "avgpool2d_image"),
            *("maxpool2d", "maxpool2d_image", "maxpool2d_taken"),
        ),
        _windows,
    ),
}
