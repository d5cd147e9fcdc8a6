"""Numbers that are written, or made of sizes: what the judge must know exactly, since torch wants them as Python numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from operator import add, mul, sub, truediv

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
    found = _exact(expression, lookup)
    if found.denominator != 1:
        raise ValueError("a whole number of sizes is expected here")
    return int(found)


def _exact(expression: Expression, lookup: Callable[[str], Tensor]) -> Fraction:
    match expression:
        case Number(value=value):
            return Fraction(value)
        case Name(name=name):
            return Fraction(int(lookup(name)))
        case Negate(operand=operand):
            return -_exact(operand, lookup)
        case Binary(operator=operator, left=left, right=right) if operator in _ARITHMETIC:
            return _ARITHMETIC[operator](_exact(left, lookup), _exact(right, lookup))
    raise ValueError("a whole number of sizes is expected here")


_ARITHMETIC: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": truediv,
}
