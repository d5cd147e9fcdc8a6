"""What is said of sizes that do not agree."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.scope import Scope
from hdsl.model.sizes import same, show_sizes
from hdsl.model.values import Value, is_one
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Expression, Name
from hdsl.terms.term import Size


def fits(left: tuple[Size, ...], right: tuple[Size, ...]) -> bool:
    """The same number of axes, each of the same size."""
    return len(left) == len(right) and all(map(same, left, right))


def differ_by_name(left: tuple[Size, ...], right: tuple[Size, ...]) -> bool:
    """True where the last axes that do not meet are both named: some reader could think them equal."""
    pairs = zip(reversed(left), reversed(right), strict=False)
    apart = next(((one, other) for one, other in pairs if not (same(one, other) or is_one(one) or is_one(other))), None)
    return apart is not None and all(size.free_symbols for size in apart)


def describe(scope: Scope, tree: Expression, sizes: tuple[Size, ...]) -> str:
    """``W is [n, m] (line 6)``, or ``tanh(x) is [n]`` for what has no line of its own."""
    declared = scope.entries.get(tree.name) if isinstance(tree, Name) else None
    line = scope.line(declared.span) if declared is not None else None
    return formulas.operand(scope.written(tree.span), show_sizes(sizes), line)


def disagree(
    scope: Scope, span: Span, doing: str, trees: Sequence[Expression], values: Sequence[Value], by_name: bool
) -> Diagnostic:
    """Operands whose sizes do not agree: ``doing`` says in words what the expression does with them."""
    operands = [describe(scope, tree, value.sizes) for tree, value in zip(trees, values, strict=True)]
    return formulas.shape(span, scope.written(span), doing, operands, by_name)
