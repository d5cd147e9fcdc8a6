"""Whether a model is a boundary problem: what moves by steps, or begins anew on the way, has no place in one."""

from __future__ import annotations

from collections.abc import Iterator

from hdsl.diagnostics import catalogue_boundary as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model


def unsuited(model: Model) -> Iterator[Diagnostic]:
    """What keeps a model whose schedule is boundary from being one, each at its place; nothing of other models."""
    if model.learning.schedule != "boundary":
        return
    schedule = model.learning.spans["schedule"]
    for name, dynamics in model.dynamics.items():
        if dynamics.kind == "next":
            hidden = name in model.hidden
            span = model.quantities[name].span if hidden else dynamics.span
            yield catalogue.moves_by_step(span, name, schedule, hidden)
    for name, span in model.reset_spans.items():
        if model.resets.get(name) == "sample":
            yield catalogue.begins_anew(span, name, schedule)
    for projection in model.projections:
        yield catalogue.put_back(projection.span, projection.param, schedule)
    if not (model.costs or model.terminals or model.of_role("param")):
        yield catalogue.nothing_to_minimise(schedule)
