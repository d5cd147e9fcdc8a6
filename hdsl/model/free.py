"""Free beginnings: `state x = free` and `param k = free` begin where the solver of a boundary problem chooses."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hdsl.diagnostics import catalogue_control as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Component, Declare, ModelText, Name, Number, Statement

WORD = "free"
ROLES = ("state", "param")


def taken_free(text: ModelText) -> tuple[ModelText, dict[str, Span], list[Diagnostic]]:
    """The text with 0 for the beginnings that are free, the names that have them, each with the place of the word, and
    what is wrong with them."""
    found: dict[str, Span] = {}
    wrong: list[Diagnostic] = []

    def taken(statement: Statement, inside: bool) -> Statement:
        if isinstance(statement, Component):
            return replace(statement, body=tuple(taken(s, inside=True) for s in statement.body))
        value = statement.value if isinstance(statement, Declare) else None
        if not isinstance(statement, Declare) or not isinstance(value, Name) or value.name != WORD:
            return statement
        if inside:
            wrong.append(catalogue.free_in_component(value.span))
        elif statement.role not in ROLES:
            wrong.append(catalogue.free_role(value.span, statement.role, statement.name))
        else:
            found.setdefault(statement.name, value.span)
        return replace(statement, value=Number(Fraction(0), value.span))

    return replace(text, statements=tuple(taken(s, inside=False) for s in text.statements)), found, wrong
