"""Numbers that are written, or made of sizes: what the judge must know exactly, since torch wants them as Python numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from torch import Tensor

from hdsl.syntax.tree import Binary, Expression, Name, Negate, Number


def literal(expression: Expression) -> Fraction | None:
    """The exact number that an expression of digits alone stands for, else None."""
    match expression:
        case Number(value=value):
            return value
        case Negate(operand=operand):
            inner = literal(operand)
            return None if inner is None else -inner
        case Binary(operator="/", left=left, right=right):
            above, below = literal(left), literal(right)
            return None if above is None or not below else above / below
        case _:
            return None


def whole(expression: Expression, lookup: Callable[[str], Tensor]) -> int:
    """The whole number that a position, an axis or a size comes to; names in it are sizes, or an index of the stream."""
    match expression:
        case Number(value=value) if value.denominator == 1:
            return int(value)
        case Name(name=name):
            return int(lookup(name))
        case Negate(operand=operand):
            return -whole(operand, lookup)
        case Binary(operator="+", left=left, right=right):
            return whole(left, lookup) + whole(right, lookup)
        case Binary(operator="-", left=left, right=right):
            return whole(left, lookup) - whole(right, lookup)
        case Binary(operator="*", left=left, right=right):
            return whole(left, lookup) * whole(right, lookup)
    raise ValueError("a whole number of sizes is expected here")
