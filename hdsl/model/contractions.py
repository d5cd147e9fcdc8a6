"""Contractions: ``@``, ``sum``, ``mean``, ``dot`` and ``squared`` as sums of products of slots."""

from __future__ import annotations

import sympy

from hdsl.model.definitions import Definitions
from hdsl.model.sizes import same
from hdsl.model.values import Value, broadcast, calculate, is_one, opened, plain, squeezed, whole
from hdsl.syntax.source import Span
from hdsl.terms.term import Contraction, Scalar, Size, index, indices, is_slot, slot, slot_indices, slot_name, slots

Factors = tuple[Scalar, tuple[Scalar, ...]]  # a coefficient, and slots at canonical indices


def as_factors(made: Definitions, value: Value, most: int) -> Factors:
    """A value as coefficient times at most ``most`` slots, which together have all its indices; named where it is not so."""
    split = _monomial(made, opened(made, value), most)
    if split is not None and {i for factor in split[1] for i in slot_indices(factor)} == set(indices(value.rank)):
        return split
    return sympy.Integer(1), (slot(whole(made, value), indices(value.rank)),)


def _monomial(made: Definitions, expression: Scalar, most: int) -> Factors | None:
    """Coefficient and slots of a product; None where there are others than indexed slots and shared scalars."""
    coefficient: Scalar = sympy.Integer(1)
    factors: list[Scalar] = []
    for part in sympy.Mul.make_args(expression):
        base, exponent = part.as_base_exp()
        if is_slot(base) and slot_indices(base):
            if not (exponent.is_Integer and 1 <= exponent <= most):
                return None
            factors.extend([base] * int(exponent))
        elif all(made.is_shared(slot_name(s)) and not slot_indices(s) for s in slots(part)):
            coefficient *= part
        else:
            return None
    return (coefficient, tuple(factors)) if 1 <= len(factors) <= most else None


# Sums ---------------------------------------------------------------------------------------------------------------


def summed(made: Definitions, value: Value, axes: tuple[int, ...], span: Span, most: int = 2) -> Value:
    """The sum over some axes, counted from the start, of a product of at most so many factors."""
    if not axes:
        return Value(value.body, value.sizes, span)
    kept = [axis for axis in range(value.rank) if axis not in axes]
    sizes = tuple(value.sizes[axis] for axis in kept)
    expression = opened(made, value)
    if not slots(expression):
        return plain(expression * sympy.Mul(*(value.sizes[axis] for axis in axes)), sizes, span)
    coefficient, factors = as_factors(made, value, most)
    place = {indices(value.rank)[axis]: index(position) for position, axis in enumerate((*kept, *axes))}
    bound = tuple((place[indices(value.rank)[axis]], value.sizes[axis]) for axis in axes)
    return Value(Contraction(tuple(factor.xreplace(place) for factor in factors), bound, coefficient), sizes, span)


def mean(made: Definitions, value: Value, axes: tuple[int, ...], span: Span) -> Value:
    """The mean over some axes: the sum with 1 / size for a coefficient."""
    total = summed(made, value, axes, span)
    count = sympy.Mul(*(value.sizes[axis] for axis in axes))
    if isinstance(total.body, Contraction) and axes:
        body = Contraction(total.body.factors, total.body.bound, total.body.coefficient / count)
        return Value(body, total.sizes, span)
    return plain(opened(made, total) / count, total.sizes, span)


def product_sum(made: Definitions, left: Value, right: Value, span: Span) -> Value:
    """``dot``: the sum of the products of all entries, of equal sizes; the product itself of scalars."""
    if left.rank == 0:
        product = calculate(made, "*", left, right, span)
        assert isinstance(product, Value)
        return product
    first, second = as_factors(made, left, 1), as_factors(made, right, 1)
    return Value(Contraction((*first[1], *second[1]), _all(left.sizes), first[0] * second[0]), (), span)


def squared(made: Definitions, value: Value, span: Span) -> Value:
    """The sum of the squares of all entries; the square itself of a scalar."""
    if value.rank == 0:
        return plain(opened(made, value) ** 2, (), span)
    coefficient, (factor,) = as_factors(made, value, 1)
    return Value(Contraction((factor, factor), _all(value.sizes), coefficient**2), (), span)


def squared_along(made: Definitions, value: Value, axis: int, span: Span) -> Value:
    """The sum of the squares along one axis, counted from the start."""
    coefficient, (factor,) = as_factors(made, value, 1)
    return summed(made, plain((coefficient * factor) ** 2, value.sizes, value.span), (axis,), span)


def _all(sizes: tuple[Size, ...]) -> tuple[tuple[sympy.Symbol, Size], ...]:
    return tuple(zip(indices(len(sizes)), sizes, strict=True))


# Matrix products ----------------------------------------------------------------------------------------------------


def contracted_sizes(left: Value, right: Value) -> tuple[Size, Size]:
    """The sizes that ``left @ right`` sums over: the last of the left, the last but one of the right (or its only one)."""
    return left.sizes[-1], right.sizes[-2] if right.rank > 1 else right.sizes[0]


def batch_sizes(left: Value, right: Value) -> tuple[Size, ...] | None:
    """The leading axes of ``left @ right``, as numpy has them; None where they do not agree."""
    return broadcast(left.sizes[:-2], right.sizes[:-2])


def matrix_product(made: Definitions, left: Value, right: Value, span: Span) -> Value:
    """``left @ right`` as numpy has it, for values with axes whose sizes are known to agree."""
    batch = batch_sizes(left, right)
    common = contracted_sizes(left, right)
    assert batch is not None and same(*common)
    rows, columns = left.sizes[-2:-1], right.sizes[-1:] if right.rank > 1 else ()
    sizes = (*batch, *rows, *columns)
    bound = index(len(sizes))
    row = tuple(index(len(batch) + k) for k in range(len(rows)))
    column = tuple(index(len(batch) + len(rows) + k) for k in range(len(columns)))
    first = _factor(made, left, batch, (*row, bound))
    second = _factor(made, right, batch, (bound, *column))
    body = Contraction((first[1], second[1]), ((bound, common[0]),), first[0] * second[0])
    return Value(body, sizes, span)


def _factor(
    made: Definitions, value: Value, batch: tuple[Size, ...], last: tuple[sympy.Symbol, ...]
) -> tuple[Scalar, Scalar]:
    """One operand of a matrix product at the indices of the product; batch axes of size 1 that meet others are lost."""
    own = value.rank - len(last)
    shift = len(batch) - own
    lost = {axis for axis in range(own) if is_one(value.sizes[axis]) and not is_one(batch[axis + shift])}
    labels = (*(index(axis + shift) for axis in range(own) if axis not in lost), *last)
    coefficient, (factor,) = as_factors(made, squeezed(made, value, lost), 1)
    return coefficient, factor.xreplace(dict(zip(indices(len(labels)), labels, strict=True)))
