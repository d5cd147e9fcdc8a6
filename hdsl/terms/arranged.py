"""Rows that move entries and calculate nothing: slices, what puts pieces together, diagonals, reshaping.

Each pulls back to another of them. A subscript of ``places`` is one position ``(at,)``, which takes the axis away, or a
range ``(start, stop, step)``; positions are sizes counted from the start of the axis, the step is a whole number above 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import sympy

from hdsl.terms.row import Attributes, Maker, Sizes, StructuredRow, Written
from hdsl.terms.term import Definition, Scalar, Size, Structured, indices, slot

Place: TypeAlias = tuple[Any, ...]
Pulled: TypeAlias = tuple[Scalar | None, ...]


def whole_axis(size: Size) -> Place:
    """The range that takes all of an axis."""
    return (sympy.Integer(0), size, 1)


def length(place: Place) -> Size:
    """How many entries a range takes. Its step divides what is not a number of ``stop − start``."""
    start, stop, step = place
    number, rest = sympy.expand(stop - start).as_coeff_Add()
    return sympy.expand(rest / step) + sympy.ceiling(sympy.Rational(number, step))


def kept(places: Sequence[Place]) -> Sizes:
    """The sizes of a slice."""
    return tuple(length(place) for place in places if len(place) == 3)


def body_of(definition: Definition) -> Structured:
    assert isinstance(definition.body, Structured)
    return definition.body


def _attributes(definition: Definition) -> dict[str, Any]:
    return dict(body_of(definition).attributes)


def _at(maker: Maker, stem: str, body: Structured, operand: str) -> Scalar:
    """A new definition of the sizes of an operand, as a slot at that operand's indices."""
    sizes = maker.sizes_of(operand)
    return slot(maker.add(stem, body, sizes), indices(len(sizes)))


def along(axis: int, sizes: Sizes, place: Place) -> tuple[Place, ...]:
    """A subscript on one axis (from the end), all of the others."""
    position = len(sizes) + axis
    return tuple(place if k == position else whole_axis(size) for k, size in enumerate(sizes))


# Spellings ----------------------------------------------------------------------------------------------------------


def listed(parts: Sequence[str]) -> str:
    """A tuple as text."""
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _subscript(place: Place, size: Size, written: Written) -> str:
    if len(place) == 1:
        return written.size(place[0])
    start, stop, step = place
    first = "" if start == 0 else written.size(start)
    last = "" if stop == size else written.size(stop)
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def _subscripts(written: Written) -> str:
    places, of = written.attributes["places"], written.attributes["of"]
    return ", ".join(["...", *(_subscript(p, n, written) for p, n in zip(places, of, strict=True))])


def _slice(written: Written) -> str:
    return f"{written.operands[0]}[{_subscripts(written)}]"


def _numpy_place(written: Written) -> str:
    lead = ["batch"] if written.own[0] else []
    shape = listed([*lead, *map(written.size, written.sizes)])
    return f"placed({written.operands[0]}, {shape}, np.s_[{_subscripts(written)}])"


def _torch_place(written: Written) -> str:
    """The transposes of torch's own views, axis by axis from the first, so that each finds its place."""
    places, sizes = written.attributes["places"], written.sizes
    lead = [f"{written.operands[0]}.shape[0]"] if written.own[0] else []
    text = written.operands[0]
    for axis, (place, size) in enumerate(zip(places, sizes, strict=True)):
        if place == whole_axis(size):
            continue
        shape = [*lead, *map(written.size, (*sizes[: axis + 1], *kept(places[axis + 1 :])))]
        where, of = len(lead) + axis, f"[{', '.join(shape)}]"
        if len(place) == 1:
            text = f"torch.ops.aten.select_backward({text}, {of}, {where}, {written.size(place[0])})"
        else:
            start, stop, step = written.size(place[0]), written.size(place[1]), place[2]
            text = f"torch.ops.aten.slice_backward({text}, {of}, {where}, {start}, {stop}, {step})"
    return text


def _joined(call: str) -> Callable[[Written], str]:
    def spell(written: Written) -> str:
        return f"{call}({listed(written.operands)}, {written.attributes['axis']})"

    return spell


def _numpy_reshape(written: Written) -> str:
    lead = ["batch"] if written.own[0] else []
    return f"np.reshape({written.operands[0]}, {listed([*lead, *map(written.size, written.sizes)])})"


def _torch_reshape(written: Written) -> str:
    lead = [f"{written.operands[0]}.shape[0]"] if written.own[0] else []
    return f"{written.operands[0]}.reshape({listed([*lead, *map(written.size, written.sizes)])})"


def _eye(end: str) -> Callable[[Written], str]:
    def spell(written: Written) -> str:
        return f"{end.partition('(')[0]}({', '.join(map(written.size, written.sizes))}, {end.partition('(')[2]}"

    return spell


# Sizes --------------------------------------------------------------------------------------------------------------


def _concat_sizes(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    axis = len(operands[0]) + attributes["axis"]
    total = sympy.expand(sympy.Add(*(sizes[axis] for sizes in operands)))
    return (*operands[0][:axis], total, *operands[0][axis + 1 :])


def _stack_sizes(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    axis = len(operands[0]) + 1 + attributes["axis"]
    return (*operands[0][:axis], sympy.Integer(len(operands)), *operands[0][axis:])


def same_sizes(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    return operands[0]


# Pullbacks ----------------------------------------------------------------------------------------------------------


def _transposed(row: str, *names: str) -> Callable[[Definition, str, Maker], Pulled]:
    """A pullback that is another row with the same attributes, those of the names alone where there are any."""

    def pull(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
        (operand, *_) = body_of(definition).operands
        chosen = tuple(item for item in body_of(definition).attributes if not names or item[0] in names)
        return (_at(maker, "x", Structured(row, (adjoint,), chosen), operand),)

    return pull


def _reshape_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    (operand,) = body_of(definition).operands
    attributes = (("sizes", maker.sizes_of(operand)),)
    return (_at(maker, "x", Structured("reshape", (adjoint,), attributes), operand),)


def _diag_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    return (_at(maker, "x", Structured("diagonal", (adjoint,)), body_of(definition).operands[0]),)


def _diagonal_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    return (_at(maker, "x", Structured("diag", (adjoint,)), body_of(definition).operands[0]),)


def _concat_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    """Each piece gets its own part of the adjoint."""
    axis, start = _attributes(definition)["axis"], sympy.Integer(0)
    pulled: list[Scalar | None] = []
    for operand in body_of(definition).operands:
        stop = sympy.expand(start + maker.sizes_of(operand)[axis])
        places = along(axis, definition.sizes, (start, stop, 1))
        pulled.append(_piece(definition, adjoint, maker, operand, places))
        start = stop
    return tuple(pulled)


def _stack_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    axis = _attributes(definition)["axis"]
    return tuple(
        _piece(definition, adjoint, maker, operand, along(axis, definition.sizes, (sympy.Integer(k),)))
        for k, operand in enumerate(body_of(definition).operands)
    )


def _piece(
    definition: Definition, adjoint: str, maker: Maker, operand: str, places: tuple[Place, ...]
) -> Scalar | None:
    if not maker.wants(operand):
        return None
    if all(place == whole_axis(size) for place, size in zip(places, definition.sizes, strict=True)):
        return slot(adjoint, definition.indices)
    attributes = (("places", places), ("of", definition.sizes))
    return _at(maker, "x", Structured("slice", (adjoint,), attributes), operand)


def _eye_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    return ()


ARRANGED: tuple[StructuredRow, ...] = (
    StructuredRow(
        "slice", 1, lambda operands, given: kept(given["places"]), _slice, _slice, _transposed("place"), view=True
    ),
    StructuredRow("place", 1, lambda operands, given: given["of"], _numpy_place, _torch_place, _transposed("slice")),
    StructuredRow("flip", 1, same_sizes, "np.flip({0}, {axis})", "{0}.flip({axis})", _transposed("flip")),
    StructuredRow(
        "concat", None, _concat_sizes, _joined("np.concatenate"), _joined("torch.cat"), _concat_pullback, together=True
    ),
    StructuredRow(
        "stack", None, _stack_sizes, _joined("np.stack"), _joined("torch.stack"), _stack_pullback, together=True
    ),
    StructuredRow(
        "reshape", 1, lambda operands, given: given["sizes"], _numpy_reshape, _torch_reshape, _reshape_pullback, view=True
    ),
    StructuredRow(
        "diag",
        1,
        lambda operands, given: (*operands[0], operands[0][0]),
        "diagonal_matrix({0})",
        "torch.diag_embed({0})",
        _diag_pullback,
    ),
    StructuredRow(
        "diagonal",
        1,
        lambda operands, given: operands[0][:1],
        "np.diagonal({0}, 0, -2, -1)",
        "torch.diagonal({0}, 0, -2, -1)",
        _diagonal_pullback,
        view=True,
    ),
    StructuredRow(
        "eye",
        0,
        lambda operands, given: given["sizes"],
        _eye("np.eye(dtype=dtype)"),
        _eye("torch.eye(dtype=dtype, device=device)"),
        _eye_pullback,
    ),
)
