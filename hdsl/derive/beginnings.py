"""Beginnings in a step: where a sequence begins, a state is what it begins with, and its costate reaches what that reads.

At the first sample of a sequence the state h is g(u, θ), so the new state is h⁺ = g + τ f(u, g): a propagation whose
derivative by θ holds (∂g/∂θ)ᵀ (z⁺ + τ (∂f/∂h)ᵀ z⁺) besides (∂f/∂θ)ᵀ z⁺. This is what backpropagation through the sequence gives
to θ by way of h(0), taken with the costate that the order has at that sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, total
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.elementwise import where_equal
from hdsl.terms.term import Definition, Elementwise, Scalar, indices, merge_spans, setting_name, slot

ZERO = sympy.Integer(0)


def mark_of(model: Model, state: str) -> Scalar:
    """1 where a sample is the first that the state meets since its reset, and 0 elsewhere."""
    when = {"sample": sympy.Integer(1), "never": slot(setting_name("first"))}.get(model.resets[state])
    return when if when is not None else slot(f"begins:{'all' if model.quantities[state].shared else 'stream'}")


def begun(model: Model, state: str, initial: Definition) -> Definition:
    """The state as a step finds it: its beginning where a sequence begins, else what the last step left."""
    at = initial.indices
    value = where_equal(mark_of(model, state), ZERO, slot(state, at), initial.slot)
    shared = model.quantities[state].shared
    return Definition(f"begun:{state}", Elementwise(value), initial.sizes, shared, initial.spans)


def pull_through(
    workspace: Workspace, definitions: Sequence[Definition], pulls: Mapping[str, Sequence[Part]], params: Sequence[str]
) -> dict[str, tuple[Part, ...]]:
    """What reaches each parameter by way of the beginnings. ``pulls`` has for each state its own derivatives there.

    ``definitions`` hold those that `begun` has made: what they read lies behind a branch, and is derived so that nothing of a
    sample at which no sequence begins, be it nan, gets through.
    """
    model = workspace.model
    seeds: dict[str, list[Part]] = {}
    for state, parts in pulls.items():
        mark = mark_of(model, state)
        whole = total(parts)
        if whole == 0:
            continue
        kept = whole if mark == 1 else where_equal(mark, ZERO, ZERO, whole)
        seeds[f"initial:{state}"] = [Part(kept, merge_spans(*(part.spans for part in parts)), merge_roots(parts))]
    return accumulate(workspace, definitions, seeds, params)


def kept_by_flow(workspace: Workspace, state: str, costate: str) -> Part:
    """The part of h⁺ = h + τ f that is h itself."""
    at = indices(len(workspace.sizes_of(state)))
    return Part(slot(costate, at), (workspace.model.dynamics[state].span,), (state,))
