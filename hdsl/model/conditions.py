"""Comparisons and conditionals: one row of the table of elementwise functions each, never a product with the condition.

As in numpy, a comparison is 1 where it holds and 0 elsewhere, and a condition may be any value: it holds where that is not 0.
Operands broadcast as in arithmetic, and no derivative goes through a condition.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import choose
from hdsl.model.calls import Reading, argument
from hdsl.model.shapes import differ_by_name, disagree
from hdsl.model.sizes import show_sizes
from hdsl.model.values import Value, broadcast, plain
from hdsl.model.walk import choice
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Compare, Conditional, Expression
from hdsl.terms.term import Size

ZERO = sympy.Integer(0)

Operand = tuple[Expression, Value]


def chosen(reader: Reading, tree: Compare | Conditional) -> Value | None:
    """``value if condition else other``, entry by entry; of a comparison 1 where it holds and 0 elsewhere."""
    condition, trees = choice(tree)
    sides, branches = _operands(reader, (condition.left, condition.right)), _operands(reader, trees)
    sizes = None if sides is None else _meet(reader, condition.operator, sides, (), condition.span)
    if sides is None or branches is None or sizes is None:
        return None
    sizes = _meet(reader, "if", branches, (condition, plain(ZERO, sizes, condition.span)), tree.span)
    if sizes is None:
        return None
    left, right, value, other = (argument(reader.made, operand, sizes) for _, operand in (*sides, *branches))
    found = choose(condition.operator, (left, right), (value, other), tree.span)
    return reader.keep(found if isinstance(found, Diagnostic) else plain(found, sizes, tree.span), tree.span)


def _operands(reader: Reading, trees: Sequence[Expression]) -> tuple[Operand, ...] | None:
    """The values of some expressions, or None after the mistakes of all of them have been reported."""
    values = [(tree, reader.part(tree)) for tree in trees]
    found = tuple((tree, value) for tree, value in values if value is not None)
    return found if len(found) == len(values) else None


def _meet(
    reader: Reading, operator: str, operands: Sequence[Operand], before: Operand | tuple[()], span: Span
) -> tuple[Size, ...] | None:
    """The sizes of what is made entry by entry of all operands; reported where they do not agree."""
    met: list[Operand] = [before] if before else []
    sizes: tuple[Size, ...] = met[0][1].sizes if met else ()
    for tree, value in operands:
        wider = broadcast(sizes, value.sizes)
        if wider is None:
            other = next(one for one in reversed(met) if broadcast(one[1].sizes, value.sizes) is None)
            reader.scope.report(_misfit(reader, operator, (other, (tree, value)), span))
            return None
        sizes = wider
        met.append((tree, value))
    return sizes


def _misfit(reader: Reading, operator: str, pair: tuple[Operand, Operand], span: Span) -> Diagnostic:
    (one, left), (other, right) = pair
    doing = formulas.entry_by_entry(operator, show_sizes(left.sizes), show_sizes(right.sizes))
    by_name = differ_by_name(left.sizes, right.sizes)
    return disagree(reader.scope, span, doing, (one, other), (left, right), by_name)
