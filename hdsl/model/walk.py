"""Walks over written expressions. None of them recurses, so that no depth of nesting can exhaust the stack."""

from __future__ import annotations

from collections.abc import Iterator

from hdsl.syntax.tree import Binary, Call, Expression, ListLiteral, Name, Negate, Transpose

DEEPEST = 100  # levels of nesting that the recursive parts of this room are asked to bear


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts of an expression, from left to right."""
    match expression:
        case Negate(operand=operand) | Transpose(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Call(arguments=arguments, keywords=keywords):
            return (*arguments, *(value for _, value in keywords))
        case ListLiteral(items=items):
            return items
    return ()


def names_in(expression: Expression) -> Iterator[Name]:
    """Every name that an expression reads, from left to right; functions that it calls are not among them."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Name):
            yield node
        waiting.extend(reversed(children(node)))


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
