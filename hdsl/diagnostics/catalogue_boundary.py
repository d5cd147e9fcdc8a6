"""What can be said of a model that is no boundary problem though its schedule is."""

from __future__ import annotations

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

BOUNDARY = register("boundary", "a part of the model has no place in a boundary problem")


def moves_by_step(span: Span, name: str, schedule: Span, hidden: bool) -> Diagnostic:
    what = "a delay moves" if hidden else f"`{name}` moves"
    return BOUNDARY.at(
        span,
        f"{what} from step to step, and a boundary problem has none",
        "time is continuous there: a state has a slope, `h' = …`",
        (Label(schedule, "solved as a whole"),),
    )


def begins_anew(span: Span, name: str, schedule: Span) -> Diagnostic:
    label = "the path of a boundary problem is one piece, from its beginning to its end"
    return BOUNDARY.at(span, f"`{name}` cannot begin anew on the way", label, (Label(schedule, "solved as a whole"),))


def put_back(span: Span, name: str, schedule: Span) -> Diagnostic:
    label = "there are no steps after which to do it"
    message = f"`{name}` cannot be put back in a boundary problem"
    return BOUNDARY.at(span, message, label, (Label(schedule, "solved as a whole"),))


def nothing_to_minimise(schedule: Span) -> Diagnostic:
    return BOUNDARY.at(schedule, "this problem has nothing to minimise", "it has no `cost`, no `terminal` and no parameter")
