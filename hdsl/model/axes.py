"""Axes as they are written in calls: whole numbers, from the start or, if negative, from the end."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.sizes import show_sizes
from hdsl.syntax.tree import Expression, Negate, Number
from hdsl.terms.term import Size


def whole_number(written: Expression) -> int | None:
    """A written whole number, negative ones included."""
    sign, literal = (-1, written.operand) if isinstance(written, Negate) else (1, written)
    if not isinstance(literal, Number) or literal.value.denominator != 1:
        return None
    return sign * int(literal.value)


def axis_of(written: Expression, sizes: tuple[Size, ...], rank: int | None = None) -> int | Diagnostic:
    """A written axis, counted from the start. ``rank`` is the number of axes if it is not that of the sizes."""
    axis, rank = whole_number(written), len(sizes) if rank is None else rank
    if axis is None:
        return formulas.axis_literal(written.span)
    if not -rank <= axis < rank:
        return formulas.axis_range(written.span, axis, show_sizes(sizes), rank)
    return axis % rank
