"""Demands: the params whose updates `local` lines want local, and which of these updates are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdsl.diagnostics import catalogue_local as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.locality import Way, told, ways
from hdsl.model.model import Model
from hdsl.model.scope import Scope
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Local, ModelText, Name
from hdsl.syntax.words import EVERY_PARAM

MOST_SHOWN = 3  # connections that are shown in the text of the file; the note has them all


def read_demands(written: ModelText, scope: Scope) -> dict[str, Span]:
    """The params that `local` lines name, each with its first place; what is none is reported.

    Args:
        written: the text with its instances written out.
    """
    params = [entry.name for entry in scope.entries.values() if entry.kind == "param"]
    found: dict[str, Span] = {}
    for statement in written.statements:
        if not isinstance(statement, Local):
            continue
        for name in statement.names:
            for param in _named(name, params, scope):
                found.setdefault(param, name.span)
    return found


def _named(name: Name, params: list[str], scope: Scope) -> list[str]:
    """The params that one name stands for: itself, or all of an instance, or all."""
    if name.name in params:
        return [name.name]
    inside = params if name.name == EVERY_PARAM else [param for param in params if param.startswith(f"{name.name}.")]
    if inside:
        return inside
    if name.name == EVERY_PARAM and scope.unread:
        return []
    if name.name == EVERY_PARAM:
        scope.report(catalogue.no_param(name.span))
        return []
    entry = scope.find(name.name, name.span, ("param",))
    if entry is not None and name.name not in scope.poisoned:
        scope.report(catalogue.not_a_param(name.span, name.name, entry.kind, scope.line(entry.span)))
    return []


def unmet(model: Model, demands: Mapping[str, Span]) -> Iterator[Diagnostic]:
    """The params that are to be local and to which credit passes connections within a step: a message for each demand."""
    found = ways(model) if demands else {}
    together: dict[Span, list[Way]] = {}
    for param, span in demands.items():
        longest = max(found.get(param, ()), key=lambda way: way.connections, default=None)
        if longest is not None and longest.connections:
            together.setdefault(span, []).append(longest)
    for span, same in together.items():
        worst = max(same, key=lambda way: way.connections)
        crossed = [(passage.spans[0], passage.through) for passage in worst.passages if passage.crosses and passage.spans]
        way = told(model, worst)
        yield catalogue.not_local(span, worst.target, len(same) - 1, worst.connections, way, crossed[-MOST_SHOWN:])
