"""What can be said about `schedule = layerwise`: models whose states are not layers that a cycle can go through."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

LAYERWISE = register("layerwise", "`schedule = layerwise` is set for states that are not layers")


def no_layers(span: Span) -> Diagnostic:
    told = "it moves one layer of states a tick, and this model has no state that moves"
    return LAYERWISE.at(span, "`schedule = layerwise` wants layers", told)


def layer_cycle(span: Span, path: Sequence[str]) -> Diagnostic:
    way = " needs ".join(f"`{name}`" for name in path)
    told = "under `schedule = layerwise` a state is above those that it reads, so none may depend on itself by way of others"
    return LAYERWISE.at(span, f"the states form no layers: {way}", told)


def layer_reset(span: Span, name: str) -> Diagnostic:
    told = "a sample is held through the ticks of a cycle, and each tick would begin the state anew; leave the reset out"
    return LAYERWISE.at(span, f"`schedule = layerwise` does not go with a reset of `{name}` at each sample", told)


def layer_beginning(span: Span, name: str) -> Diagnostic:
    told = "what it begins from would be read at the tick of its layer alone; a number is expected"
    return LAYERWISE.at(span, f"`schedule = layerwise` does not go with the beginning of `{name}`", told)
