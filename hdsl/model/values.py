"""Values: what expressions stand for before they have names, and arithmetic entry by entry on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import MOST_NODES, combine, measure
from hdsl.model.definitions import Definitions
from hdsl.model.sizes import same
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Body,
    Contraction,
    Elementwise,
    Scalar,
    Size,
    index,
    indices,
    slot,
    slot_indices,
    slot_name,
    slots,
)

ONE = sympy.Integer(1)


@dataclass(frozen=True)
class Value:
    """A body at canonical indices with its sizes; ``span`` is where it is written.

    A contraction, a structured operation and a function of a slot are held as they are: the statement's own definition may
    become one of them. Only when something is calculated with them do they get a definition of their own.
    ``numbers`` are those of a literal list, which takes the named sizes that it meets.
    """

    body: Body
    sizes: tuple[Size, ...]
    span: Span
    numbers: Any = None

    @property
    def rank(self) -> int:
        return len(self.sizes)

    @property
    def is_number(self) -> bool:
        """True for one number that nothing changes: it serves for every entry of what has sizes."""
        return not self.rank and isinstance(self.body, Elementwise) and not slots(self.body.expression)


def opened(made: Definitions, value: Value) -> Scalar:
    """A value as an expression to calculate with."""
    return made.opened(value.body, value.sizes, value.span)


def whole(made: Definitions, value: Value, stem: str = "e") -> str:
    """The name of a quantity that has this value."""
    return made.whole(stem, value.body, value.sizes, value.span)


def plain(expression: Scalar, sizes: tuple[Size, ...], span: Span) -> Value:
    return Value(Elementwise(expression), sizes, span)


def is_one(size: Size) -> bool:
    """A literal size of 1: the only one that broadcasts."""
    return bool(size == 1)


def broadcast(left: tuple[Size, ...], right: tuple[Size, ...]) -> tuple[Size, ...] | None:
    """The sizes of ``left + right``: trailing axes align, an axis of literal size 1 meets any; None where they do not."""
    rank = max(len(left), len(right))
    result: list[Size] = []
    for back in range(rank, 0, -1):
        one = left[-back] if back <= len(left) else ONE
        other = right[-back] if back <= len(right) else ONE
        if not (same(one, other) or is_one(one) or is_one(other)):
            return None
        result.append(other if is_one(one) else one)
    return tuple(result)


def aligned(made: Definitions, value: Value, sizes: tuple[Size, ...]) -> Scalar:
    """A value at the trailing indices of a broadcast result; axes of size 1 that meet others are summed away."""
    shift = len(sizes) - value.rank
    lost = {axis for axis, one in enumerate(value.sizes) if is_one(one) and not is_one(sizes[axis + shift])}
    labels = tuple(index(axis + shift) for axis in range(value.rank) if axis not in lost)
    return relabelled(opened(made, squeezed(made, value, lost)), labels)


def relabelled(expression: Scalar, labels: tuple[sympy.Symbol, ...]) -> Scalar:
    """An expression at canonical indices, at other ones."""
    here = indices(len(labels))
    return expression if here == labels else expression.xreplace(dict(zip(here, labels, strict=True)))


def squeezed(made: Definitions, value: Value, lost: set[int]) -> Value:
    """A value without some axes of size 1."""
    if not lost:
        return value
    kept = [axis for axis in range(value.rank) if axis not in lost]
    expression, here = opened(made, value), indices(value.rank)
    if not {here[axis] for axis in lost} & {i for occurrence in slots(expression) for i in slot_indices(occurrence)}:
        # An axis that was made (`x[:, None]`) has no index in the expression: nothing is left of it.
        moved = {here[axis]: index(position) for position, axis in enumerate(kept)}
        return plain(expression.xreplace(moved), tuple(value.sizes[axis] for axis in kept), value.span)
    labels: list[sympy.Symbol] = [ONE] * value.rank
    for position, axis in enumerate((*kept, *sorted(lost))):
        labels[axis] = index(position)
    factor = slot(whole(made, value, "x"), tuple(labels))
    bound = tuple((labels[axis], ONE) for axis in sorted(lost))
    return Value(Contraction((factor,), bound), tuple(value.sizes[axis] for axis in kept), value.span)


def is_coefficient(made: Definitions, value: Value) -> bool:
    """A scalar of numbers, sizes and shared quantities that stands open: it may be the coefficient of a contraction."""
    if value.rank or not isinstance(value.body, Elementwise):
        return False
    expression = value.body.expression
    if isinstance(expression, RowFunction):
        return False
    return all(made.is_shared(slot_name(occurrence)) for occurrence in slots(expression))


def calculate(made: Definitions, operator: str, left: Value, right: Value, span: Span) -> Value | Diagnostic:
    """``left operator right`` entry by entry for ``+ - * / ^``. The sizes of both are known to agree."""
    scaled = _scaled(made, operator, left, right, span)
    if scaled is not None:
        return scaled
    sizes = broadcast(left.sizes, right.sizes)
    assert sizes is not None
    result = combine(operator, aligned(made, left, sizes), aligned(made, right, sizes), span)
    if isinstance(result, Diagnostic):
        return result
    value = plain(result, sizes, span)
    return shortened(made, value)


def shortened(made: Definitions, value: Value) -> Value:
    """The value, named where its expression has become long, so that no expression grows without end."""
    if isinstance(value.body, Elementwise) and measure(value.body.expression)[0] > MOST_NODES:
        name = made.temporary("x", value.body, value.sizes, value.span)
        return plain(slot(name, indices(value.rank)), value.sizes, value.span)
    return value


def _scaled(made: Definitions, operator: str, left: Value, right: Value, span: Span) -> Value | Diagnostic | None:
    """A contraction times or by a scalar that all streams share stays a contraction."""
    for value, scalar in ((left, right), (right, left)):
        if not isinstance(value.body, Contraction) or not is_coefficient(made, scalar):
            continue
        if operator == "*" or (operator == "/" and value is left):
            assert isinstance(scalar.body, Elementwise)
            coefficient = combine(operator, value.body.coefficient, scalar.body.expression, span)
            if isinstance(coefficient, Diagnostic):
                return coefficient
            if coefficient == 0 or measure(coefficient)[0] > MOST_NODES:
                return None
            return Value(replace(value.body, coefficient=coefficient), value.sizes, span)
    return None


def negative(made: Definitions, value: Value, span: Span) -> Value:
    """``-value``."""
    if isinstance(value.body, Contraction):
        return Value(replace(value.body, coefficient=-value.body.coefficient), value.sizes, span)
    return plain(-opened(made, value), value.sizes, span)


def transposed(made: Definitions, value: Value, span: Span) -> Value:
    """The axes in reverse order."""
    return permuted(made, value, tuple(reversed(range(value.rank))), span)


def permuted(made: Definitions, value: Value, order: tuple[int, ...], span: Span) -> Value:
    """The axes in another order: axis k of the result is axis ``order[k]`` of the value."""
    if order == tuple(range(value.rank)):
        return replace(value, span=span)
    turned = tuple(index(order.index(axis)) for axis in range(value.rank))
    sizes = tuple(value.sizes[axis] for axis in order)
    if isinstance(value.body, Contraction):
        # The indices that are summed come after those of the axes and stay as they are.
        factors = tuple(relabelled(factor, turned) for factor in value.body.factors)
        return Value(replace(value.body, factors=factors), sizes, span)
    return plain(relabelled(opened(made, value), turned), sizes, span)
