"""Summand: the summands of an equation as a page has them, each with its lines and with what it is there for."""

from __future__ import annotations

from hdsl.derive.provenance import marks, place, roots_of
from hdsl.model.model import Model
from hdsl.show.page import Equation, ToldSummand
from hdsl.terms.notation import Notation
from hdsl.terms.term import Definition

MOST = 6
"""Roots of a summand that are told in words."""


def told_equation(model: Model, notation: Notation, definition: Definition, marked: bool = True) -> Equation:
    """An equation with its summands; ``marked`` where their lines are to stand beside it, one after another."""
    source, found = model.source, notation.summands(definition)
    told = []
    for text, summand in found:
        roots = roots_of(model, summand)
        spans = [span for root in roots for span in root.spans]
        why = "; ".join(f"{root}, {place(source, root)}" for root in roots[:MOST])
        why += f"; and {len(roots) - MOST} more" if len(roots) > MOST else ""
        told.append(ToldSummand(text, tuple(map(str, roots)), source.lines_of(spans), source.used_lines_of(spans), why))
    left, right = notation.sides(definition)
    beside = marks(model, definition, [summand for _, summand in found]) if marked else ""
    return Equation(left, right, definition.name, summands=tuple(told), marks=beside)
