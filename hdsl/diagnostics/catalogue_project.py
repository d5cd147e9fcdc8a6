"""What can be said about `project` lines: what they put back, what they may read, and how often."""

from __future__ import annotations

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import a
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

PROJECT = register("project", "a `project` line does not fit what it puts back")
READS = register("project-reads", "a `project` line reads what is not there between two steps")
BETWEEN = (
    "a projection is made between two steps, once for all streams: it reads params, consts, sizes and a `let` of these",
)
EVERY = register("project-every", "the steps between two projections are no whole number known in the file")


def not_a_param(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    hint = "only a param is put back; a state has its dynamics" if kind == "state" else "only a param is put back"
    return PROJECT.at(span, f"`{name}` is {a(kind)} (line {line}), not a param", hint)


def twice(span: Span, name: str, first: Span) -> Diagnostic:
    return PROJECT.at(span, f"`{name}` is projected twice", others=(Label(first, "it is projected here"),))


def shape(span: Span, name: str, wanted: str, found: str, line: int, by_name: bool) -> Diagnostic:
    notes = ("sizes match by name, whatever their numbers",) if by_name else ()
    hint = f"`{name}` is declared in line {line}"
    return PROJECT.at(span, f"`{name}` is {wanted}, but its projection is {found}", hint, notes=notes)


def holds(span: Span, name: str) -> Diagnostic:
    return PROJECT.at(span, f"`{name}` cannot stand in a projection", "it would hold what belongs to a step")


def reads(span: Span, param: str, name: str, kind: str, line: int) -> Diagnostic:
    return READS.at(span, f"the projection of `{param}` reads `{name}`, {a(kind)} (line {line})", notes=BETWEEN)


def reads_through(span: Span, param: str, name: str, line: int, read: str, kind: str) -> Diagnostic:
    """A `let` that depends on ``read``, an input, a target or a state; the time has no kind."""
    what = f"`{read}`, {a(kind)}" if kind else f"the `{read}` of a step"
    return READS.at(
        span, f"the projection of `{param}` reads `{name}` (line {line}), which depends on {what}", notes=BETWEEN
    )


def reads_time(span: Span, param: str, name: str) -> Diagnostic:
    return READS.at(span, f"the projection of `{param}` reads `{name}`, which belongs to a step", notes=BETWEEN)


def every(span: Span, written: str) -> Diagnostic:
    return EVERY.at(span, f"`{written}` is no number of steps", "a whole number from 1, or a const that is one")


def every_size(span: Span, written: str) -> Diagnostic:
    return EVERY.at(span, f"`{written}` depends on a size", "a whole number from 1, or a const that is one")
