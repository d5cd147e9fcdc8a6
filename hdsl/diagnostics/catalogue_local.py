"""What can be said about `local` lines: what they name, and which update is not local."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import a
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

LOCAL = register("local", "a `local` line names what has no update that could be local")
NOT_LOCAL = register("not-local", "the update of a param is not local, as a `local` line demands")


def not_a_param(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    hint = "only params learn"
    if kind in ("let", "output", "cost"):
        hint = f"no param is `{name}.…`"
    return LOCAL.at(span, f"`{name}` is {a(kind)} (line {line}), not a param", hint)


def no_param(span: Span) -> Diagnostic:
    return LOCAL.at(span, "`all` stands for every param, and there is none")


def not_local(
    span: Span, param: str, others: int, connections: int, way: str, crossed: Sequence[tuple[Span, tuple[str, ...]]]
) -> Diagnostic:
    """``others`` is how many more are wrong at this place. ``crossed`` are the places of the connections and what credit
    passes through there, the one nearest the param last."""
    many = f"{connections} connection{'s' * (connections != 1)}"
    more = f" (and of {others} more)" if others else ""
    message = f"the update of `{param}`{more} is not local: within a step credit passes {many}"
    labels = tuple(Label(place, _passed(through)) for place, through in crossed)
    notes = (f"credit comes by {way}", "a state on the way would cut it: `delay(…)` around what lies between")
    return NOT_LOCAL.at(span, message, "", labels, notes=notes)


def _passed(through: tuple[str, ...]) -> str:
    named = " and ".join(f"`{name}`" for name in through)
    return f"credit comes from other units through {named}, transposed" if named else "credit comes from other units here"
