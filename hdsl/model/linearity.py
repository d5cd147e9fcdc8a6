"""Linearity: the first part of a written expression that is not linear in a name, by what sums and products are."""

from __future__ import annotations

from collections.abc import Mapping

from hdsl.model.walk import children, names_in
from hdsl.syntax.tree import (
    Binary,
    Call,
    Conditional,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Transpose,
)

LINEAR = frozenset(("sum", "mean", "diag", "concat", "stack", "reshape", "permute"))
"""Functions that are linear in all that they take."""


def bent(tree: Expression, defined: Mapping[str, Expression], name: str) -> Expression | None:
    """The first part, read through the definitions of names, that is not linear in ``name``; None where all of it is."""
    reading = _reading(defined, name)

    def reads(part: Expression) -> bool:
        return any(found.name in reading for found in names_in(part))

    waiting, opened = [tree], {name}
    while waiting:
        part = waiting.pop()
        if not reads(part):
            continue
        inner: tuple[Expression, ...]
        match part:
            case Name(name=read):
                inner = () if read in opened else (defined[read],)
                opened.add(read)
            case Negate() | Transpose() | ListLiteral() | IndexSum() | Binary(operator="+" | "-"):
                inner = children(part)
            case Binary(operator="*" | "@", left=left, right=right) if not (reads(left) and reads(right)):
                inner = (left, right)
            case Binary(operator="/", left=left, right=right) if not reads(right):
                inner = (left,)
            case Conditional(value=value, condition=condition, other=other) if not reads(condition):
                inner = (value, other)
            case Index(operand=operand):
                inner = (operand,)
            case Call(function=function, arguments=arguments) if function in LINEAR:
                inner = arguments
            case _:
                return part
        waiting += reversed(inner)
    return None


def _reading(defined: Mapping[str, Expression], name: str) -> set[str]:
    """The names that read ``name``, with itself."""
    found, more = {name}, True
    while more:
        readers = {one for one, value in defined.items() if one not in found and any(n.name in found for n in names_in(value))}
        found, more = found | readers, bool(readers)
    return found
