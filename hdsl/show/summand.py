"""Summand: the summands of an equation as a page has them, each with its lines and with what it is there for."""

from __future__ import annotations

from hdsl.derive.provenance import Root, marks, roots_of
from hdsl.model.model import Model
from hdsl.show.page import Equation, ToldSummand
from hdsl.syntax.source import Source, ranges
from hdsl.terms.notation import Notation
from hdsl.terms.term import Definition


def told_equation(model: Model, notation: Notation, definition: Definition, marked: bool = True) -> Equation:
    """An equation with its summands; ``marked`` where their lines are to stand beside it, one after another."""
    source, found = model.source, notation.summands(definition)
    told = []
    for text, summand in found:
        roots = roots_of(model, summand)
        spans = [span for root in roots for span in root.spans]
        why = "; ".join(f"{root}, {place(source, root)}" for root in roots)
        told.append(ToldSummand(text, tuple(map(str, roots)), source.lines_of(spans), source.used_lines_of(spans), why))
    left, right = notation.sides(definition)
    beside = marks(model, definition, [summand for _, summand in found]) if marked else ""
    return Equation(left, right, definition.name, summands=tuple(told), marks=beside)


def place(source: Source, root: Root) -> str:
    """Where a root stands, in words: ``line 20``, ``line 12 of layers.ham``, ``by default``."""
    lines = source.lines_of(root.spans)
    told = [f"line{'s' * (len(lines) > 1)} {ranges(lines)}"] if lines else []
    told += [f"line{'s' * (len(used) > 1)} {ranges(used)} of {name}" for name, used in source.used_lines_of(root.spans)]
    return ", ".join(told) or root.unsaid
