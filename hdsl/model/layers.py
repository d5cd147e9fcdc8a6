"""Layers: in which tick of a cycle each state and each parameter moves under ``schedule = layerwise``.

The schedule is that of the paper's eq. 10: the input is held for the L ticks of a cycle, and tick k moves layer k. The layers
are those of the graph of states: a state is one layer above the highest of the states that its dynamics reads (itself left
out, for the leak of ``h' = c*(-h + F)``), so that a cycle carries a held input through all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdsl.diagnostics import catalogue_layers as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.model.order import in_order
from hdsl.model.reach import reached

LAYERWISE = "layerwise"


def layers_of(model: Model) -> dict[str, int]:
    """The layer of each state and each parameter, from 1; empty for a model of any other schedule.

    A parameter moves with the highest layer whose dynamics reads it; with the last one where no dynamics does, since it is
    then of the output or of a cost. States that need one another have no layers: `unlayered` tells of them.
    """
    if model.learning.schedule != LAYERWISE:
        return {}
    behind = _behind(model)
    found: dict[str, int] = {}
    for state in in_order(_needs(model, behind))[0]:
        found[state] = 1 + max((found.get(other, 0) for other in behind[state] if other in model.dynamics), default=0)
    last = max(found.values(), default=1)
    for param in model.of_role("param"):
        found[param.name] = max((found[state] for state in behind if param.name in behind[state]), default=last)
    return found


def unlayered(model: Model) -> Iterator[Diagnostic]:
    """Why a model has no layers to move one after another; nothing where it has, or has another schedule."""
    if model.learning.schedule != LAYERWISE:
        return
    span = model.learning.spans["schedule"]
    if not model.dynamics:
        yield catalogue.no_layers(span)
        return
    behind = _behind(model)
    cycles = in_order(_needs(model, behind))[1]
    if cycles:
        yield catalogue.layer_cycle(model.dynamics[cycles[0][0]].span, cycles[0])
        return
    for state in model.dynamics:
        if model.resets[state] == "sample":
            yield catalogue.layer_reset(model.reset_spans[state], state)
        elif state in model.begun:
            yield catalogue.layer_beginning(model.quantities[state].span, state)


def _behind(model: Model) -> dict[str, set[str]]:
    """For each state all that its dynamics reads, be it through definitions."""
    reads = {definition.name: tuple(definition.reads()) for definition in model.definitions}
    return {state: reached((dynamics.definition,), reads) for state, dynamics in model.dynamics.items()}


def _needs(model: Model, behind: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """For each state the other states that its dynamics reads, in the order of the text."""
    return {state: tuple(s for s in model.dynamics if s in behind[state] and s != state) for state in model.dynamics}
