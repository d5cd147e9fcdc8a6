"""Walks over written expressions, in loops: no depth of nesting can exhaust the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeVar

from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Transpose,
)

DEEPEST = 100  # levels of nesting that the recursive parts of this room are asked to bear


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts of an expression, from left to right."""
    match expression:
        case Negate(operand=operand) | Transpose(operand=operand):
            return (operand,)
        case Binary(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Conditional(value=value, condition=condition, other=other):
            return (value, condition, other)
        case Index(operand=operand, subscripts=subscripts):
            read = [s for s in subscripts if not (isinstance(s, At) and s.is_new_axis)]
            parts = [(s.value,) if isinstance(s, At) else (s.start, s.stop, s.step) for s in read]
            return (operand, *(part for group in parts for part in group if part is not None))
        case IndexSum(value=value):
            return (value,)
        case Call(arguments=arguments, keywords=keywords):
            return (*arguments, *(value for _, value in keywords))
        case ListLiteral(items=items):
            return items
    return ()


def names_in(expression: Expression) -> Iterator[Name]:
    """Every name that an expression reads, from left to right; neither functions that it calls nor indices of its sums."""
    waiting: list[tuple[Expression, frozenset[str]]] = [(expression, frozenset())]
    while waiting:
        node, bound = waiting.pop()
        if isinstance(node, Name) and node.name not in bound:
            yield node
        if isinstance(node, IndexSum):
            bound |= {index.name for index in node.indices}
        waiting.extend((child, bound) for child in reversed(children(node)))


def calls_in(expression: Expression) -> Iterator[Call]:
    """Every call in an expression."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node
        waiting.extend(reversed(children(node)))


def deepest(expression: Expression) -> int:
    """Levels of nesting. A chain ``a + b + c`` is one level however long, for it is read in a loop."""
    most = 0
    waiting = [(expression, 1)]
    while waiting:
        node, level = waiting.pop()
        most = max(most, level)
        for position, child in enumerate(children(node)):
            chained = isinstance(node, Binary) and position == 0 and isinstance(child, Binary)
            waiting.append((child, level if chained else level + 1))
    return most


def chain(expression: Binary) -> tuple[Expression, list[Binary]]:
    """The leftmost operand of ``a + b + c`` and the operations on it, in the order in which they are done."""
    operations: list[Binary] = []
    node: Expression = expression
    while isinstance(node, Binary):
        operations.append(node)
        node = node.left
    return node, operations[::-1]


Part = TypeVar("Part")


def folded(
    expression: Binary,
    part: Callable[[Expression], Part | None],
    combine: Callable[[Binary, Part, Part], Part | None],
) -> Part | None:
    """The value of a chain, from left to right in a loop. Every operand is read, also behind one that has none."""
    first, operations = chain(expression)
    left = part(first)
    for operation in operations:
        right = part(operation.right)
        left = None if left is None or right is None else combine(operation, left, right)
    return left


def is_polynomial(tree: Expression) -> bool:
    """Whole numbers and names, added and multiplied."""
    match tree:
        case Number(value=value):
            return value.denominator == 1
        case Negate(operand=operand):
            return is_polynomial(operand)
        case Binary(operator="+" | "-" | "*", left=left, right=right):
            return is_polynomial(left) and is_polynomial(right)
    return isinstance(tree, Name)


def choice(tree: Compare | Conditional) -> tuple[Compare, tuple[Expression, Expression]]:
    """A conditional as a comparison and two branches, ``!= 0`` where it is none; a comparison chooses between 1 and 0."""
    if isinstance(tree, Compare):
        return tree, (Number(Fraction(1), tree.span), Number(Fraction(0), tree.span))
    condition = tree.condition
    if not isinstance(condition, Compare):
        condition = Compare("!=", condition, Number(Fraction(0), condition.span), condition.span)
    return condition, (tree.value, tree.other)
