"""Calls that put entries in other places (concat, stack, reshape, permute, outer, diag, eye), those that take an index,
and those of matrices as a whole (inv, solve, expm).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import sympy

from hdsl.diagnostics import catalogue_arranging as catalogue
from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model import indexing, lists
from hdsl.model.axes import axis_of, whole_number
from hdsl.model.contractions import as_factors
from hdsl.model.indexing import at_index
from hdsl.model.lists import met
from hdsl.model.shapes import differ_by_name, disagree, fits
from hdsl.model.sizes import same, show_sizes
from hdsl.model.values import Value, permuted, whole
from hdsl.syntax.tree import Call, Expression, ListLiteral, Name
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Contraction, Size, Structured, index


class Reading(indexing.Reading, lists.Reading, Protocol):
    """What a call that arranges needs of the reader of expressions."""


Read = Callable[[Reading, Call], Value | None]


def arranged(reader: Reading, tree: Call) -> Value | None:
    """The value of a call of one of `ARRANGING`, or None after its mistakes have been reported."""
    found, (fewest, most, keyword) = len(tree.arguments), TAKES[tree.function]
    if found < fewest or (most is not None and found > most):
        wanted = _wanted(fewest, most)
        return reader.keep(formulas.arity(tree.span, tree.function, wanted, found), tree.span)
    for name, value in tree.keywords:
        if name != keyword:
            return reader.keep(formulas.unknown_keyword(value.span, tree.function, name, keyword), tree.span)
    return ARRANGING[tree.function](reader, tree)


def _wanted(fewest: int, most: int | None) -> str:
    if most is None:
        return f"{formulas.values_wanted(fewest)} or more"
    if most > fewest:
        return f"{formulas.values_wanted(fewest)} or two"
    return formulas.values_wanted(fewest)


def _parts(reader: Reading, trees: tuple[Expression, ...]) -> list[Value] | None:
    """The values of operands, or None after the mistakes of all of them have been reported."""
    values = [reader.part(tree) for tree in trees]
    present = [value for value in values if value is not None]
    return present if len(present) == len(values) else None


def _axis(tree: Call, sizes: tuple[Size, ...], rank: int) -> int | Diagnostic:
    written = dict(tree.keywords).get("axis")
    return 0 if written is None else axis_of(written, sizes, rank)


def _joined(reader: Reading, tree: Call, operands: list[Value], row: str, axis: int) -> Value:
    """``axis`` counts from the start of the result."""
    shapes = [operand.sizes for operand in operands]
    rank = len(shapes[0]) + (row == "stack")
    attributes = (("axis", axis - rank),)
    body = Structured(row, tuple(whole(reader.made, operand) for operand in operands), attributes)
    return Value(body, STRUCTURED[row].sizes(shapes, dict(attributes)), tree.span)


def _concat(reader: Reading, tree: Call) -> Value | None:
    operands = _parts(reader, tree.arguments)
    if operands is None:
        return None
    for operand, written in zip(operands, tree.arguments, strict=True):
        if not operand.rank:
            return reader.keep(catalogue.scalar_piece(written.span), tree.span)
    axis = _axis(tree, operands[0].sizes, operands[0].rank)
    if isinstance(axis, Diagnostic):
        return reader.keep(axis, tree.span)
    for position, operand in enumerate(operands):
        first = operands[0]
        rest = [(*v.sizes[:axis], *v.sizes[axis + 1 :]) for v in (first, operand)]
        if operand.rank != first.rank or not fits(*rest):
            by_name = operand.rank == first.rank and differ_by_name(*rest)
            pair = (tree.arguments[0], tree.arguments[position]), (first, operand)
            doing = "puts one behind the other what differs in another axis"
            return reader.keep(disagree(reader.scope, tree.span, doing, *pair, by_name), tree.span)
    return operands[0] if len(operands) == 1 else _joined(reader, tree, operands, "concat", axis)


def _stack(reader: Reading, tree: Call) -> Value | None:
    operands = _parts(reader, tree.arguments)
    if operands is None:
        return None
    first = operands[0]
    axis = _axis(tree, first.sizes, first.rank + 1)
    if isinstance(axis, Diagnostic):
        return reader.keep(axis, tree.span)
    for position, operand in enumerate(operands):
        if not fits(operand.sizes, first.sizes):
            by_name = operand.rank == first.rank and differ_by_name(first.sizes, operand.sizes)
            pair = (tree.arguments[0], tree.arguments[position]), (first, operand)
            return reader.keep(disagree(reader.scope, tree.span, "stacks what differs", *pair, by_name), tree.span)
    return _joined(reader, tree, operands, "stack", axis)


def _listed(trees: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Sizes or axes, written one by one or as a list."""
    return trees[0].items if len(trees) == 1 and isinstance(trees[0], ListLiteral) else trees


def _reshape(reader: Reading, tree: Call) -> Value | None:
    operand = reader.part(tree.arguments[0])
    wanted = _listed(tree.arguments[1:])
    sizes = reader.measured.shape(wanted, tree.span)
    if operand is None or sizes is None:
        return None
    if not same(sympy.expand(sympy.Mul(*operand.sizes)), sympy.expand(sympy.Mul(*sizes))):
        finding = catalogue.too_many_entries(tree.span, show_sizes(operand.sizes), show_sizes(sizes))
        return reader.keep(finding, tree.span)
    if fits(sizes, operand.sizes):
        return operand
    return Value(Structured("reshape", (whole(reader.made, operand),), (("sizes", sizes),)), sizes, tree.span)


def _permute(reader: Reading, tree: Call) -> Value | None:
    operand = reader.part(tree.arguments[0])
    if operand is None:
        return None
    axes = [whole_number(written) for written in _listed(tree.arguments[1:])]
    order = tuple(axis + operand.rank * (axis < 0) for axis in axes if axis is not None)
    if len(order) < len(axes) or sorted(order) != list(range(operand.rank)):
        return reader.keep(catalogue.axes_of(tree.span, operand.rank), tree.span)
    return permuted(reader.made, operand, order, tree.span)


def _outer(reader: Reading, tree: Call) -> Value | None:
    """``outer(a, b)[i, j] = a[i] b[j]``: a contraction that sums over nothing."""
    operands = _parts(reader, tree.arguments)
    if operands is None:
        return None
    for operand, written in zip(operands, tree.arguments, strict=True):
        if operand.rank != 1:
            return reader.keep(catalogue.takes_vectors(written.span, "outer", show_sizes(operand.sizes)), tree.span)
    (first, (left,)), (second, (right,)) = (as_factors(reader.made, operand, 1) for operand in operands)
    right = right.xreplace({index(0): index(1)})
    sizes = (*operands[0].sizes, *operands[1].sizes)
    return Value(Contraction((left, right), (), first * second), sizes, tree.span)


def _diag(reader: Reading, tree: Call) -> Value | None:
    """A matrix with a vector on its diagonal; of a matrix the diagonal."""
    operand = reader.part(tree.arguments[0])
    if operand is None:
        return None
    square = operand.rank == 2 and same(*operand.sizes)
    if operand.rank != 1 and not square:
        return reader.keep(catalogue.takes_diagonal(tree.arguments[0].span, show_sizes(operand.sizes)), tree.span)
    row = "diagonal" if square else "diag"
    sizes = STRUCTURED[row].sizes([operand.sizes], {})
    return Value(Structured(row, (whole(reader.made, operand),)), sizes, tree.span)


def _eye(reader: Reading, tree: Call) -> Value | None:
    sizes = reader.measured.shape(tree.arguments, tree.span)
    if sizes is None:
        return None
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    return Value(Structured("eye", (), (("sizes", sizes),)), sizes, tree.span)


# Matrices as a whole --------------------------------------------------------------------------------------------------


def _square(reader: Reading, tree: Call) -> Value | None:
    """The first operand, a square matrix."""
    operand = reader.part(tree.arguments[0])
    if operand is None:
        return None
    if operand.rank != 2 or not same(*operand.sizes):
        by_name = operand.rank == 2 and differ_by_name(operand.sizes[:1], operand.sizes[1:])
        finding = catalogue.takes_square(tree.arguments[0].span, tree.function, show_sizes(operand.sizes), by_name)
        return reader.keep(finding, tree.span)
    return operand


def _of_square(reader: Reading, tree: Call) -> Value | None:
    operand = _square(reader, tree)
    if operand is None:
        return None
    return Value(Structured(tree.function, (whole(reader.made, operand),)), operand.sizes, tree.span)


def _solve(reader: Reading, tree: Call) -> Value | None:
    """``solve(A, b)`` is the y with ``A @ y = b``, a vector or a matrix as b is."""
    matrix, right = _square(reader, tree), reader.part(tree.arguments[1])
    if matrix is None or right is None:
        return None
    met_right = reader.keep(met(reader, right, [matrix.sizes[0], None][: max(1, right.rank)]), right.span)
    if met_right is None:
        return None
    if met_right.rank not in (1, 2) or not same(matrix.sizes[0], met_right.sizes[0]):
        by_name = met_right.rank in (1, 2) and differ_by_name(matrix.sizes[:1], met_right.sizes[:1])
        pair = tree.arguments, (matrix, met_right)
        doing = "solves A y = b for b a vector or a matrix with as many rows as A"
        return reader.keep(disagree(reader.scope, tree.span, doing, *pair, by_name), tree.span)
    operands = (whole(reader.made, matrix), whole(reader.made, met_right))
    return Value(Structured("solve", operands, (("turned", 0),)), met_right.sizes, tree.span)


# With an index of the stream ----------------------------------------------------------------------------------------


def _index_of(reader: Reading, tree: Call, written: Expression) -> Name | None:
    """The index that an argument names; anything else is reported."""
    if isinstance(written, Name) and written.name in reader.below:
        return None if written.name in reader.scope.poisoned else written
    if isinstance(written, Name):
        unknown = reader.scope.find(written.name, written.span) is None
        if unknown or written.name in reader.scope.poisoned:
            return None
    reader.scope.report(catalogue.takes_index(written.span, tree.function))
    return None


def _embed(reader: Reading, tree: Call) -> Value | None:
    table = reader.part(tree.arguments[0])
    chosen = _index_of(reader, tree, tree.arguments[1])
    if table is None or chosen is None:
        return None
    if table.rank != 2:
        return reader.keep(catalogue.takes_table(tree.arguments[0].span, show_sizes(table.sizes)), tree.span)
    found = at_index(reader, table, chosen, tree.span)
    return None if found is None else reader.keep(found, tree.span)


def _one_hot(reader: Reading, tree: Call) -> Value | None:
    chosen = _index_of(reader, tree, tree.arguments[0])
    if chosen is None:
        return None
    limit = reader.below[chosen.name]
    return Value(Structured("one_hot", (chosen.name,), (("below", limit),)), (limit,), tree.span)


ARRANGING: Mapping[str, Read] = {
    "concat": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "permute": _permute,
    "outer": _outer,
    "diag": _diag,
    "eye": _eye,
    "embed": _embed,
    "one_hot": _one_hot,
    "inv": _of_square,
    "solve": _solve,
    "expm": _of_square,
}

# The fewest and the most operands (None: any number), and the keyword that a call may have.
TAKES: Mapping[str, tuple[int, int | None, str]] = {
    "concat": (1, None, "axis"),
    "stack": (1, None, "axis"),
    "reshape": (2, None, ""),
    "permute": (2, None, ""),
    "outer": (2, 2, ""),
    "diag": (1, 1, ""),
    "eye": (1, 2, ""),
    "embed": (2, 2, ""),
    "one_hot": (1, 1, ""),
    "inv": (1, 1, ""),
    "solve": (2, 2, ""),
    "expm": (1, 1, ""),
}
