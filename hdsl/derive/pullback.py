"""Pullback: the transpose of one step from its output to its inputs, as definitions in index notation.

What comes back from the output y, its adjoint ȳ, is pulled back through y, through h⁺ where the order reads y there, and
through the dynamics at (u, h), down to the inputs: ū = (∂y/∂u)ᵀ ȳ of each stream. It is the derivative at this step with
the states h and the parameters held: what earlier inputs did to h is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, total
from hdsl.derive.step import Step
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.term import (
    Definition,
    Elementwise,
    indices,
    is_slot,
    keep_needed,
    slot,
    slot_indices,
    slot_name,
)


@dataclass(frozen=True)
class Pullback:
    """``lines`` in an order of evaluation, the forward ones first; ``adjoint`` names what they are handed, the adjoint of
    the first output, ``output``. ``gradients`` gives for each real input that the output depends on the line that holds its
    gradient. A model without an output has no lines."""

    model: Model
    output: str | None
    adjoint: str
    lines: tuple[Definition, ...]
    gradients: Mapping[str, str]


def derive_pullback(step: Step) -> Pullback:
    """The pass ``pullback``."""
    model = step.model
    if not model.outputs:
        return Pullback(model, None, "", (), {})
    output = model.outputs[0]
    forward = keep_needed(step.lines, [step.outputs[output]])
    workspace = Workspace(model)
    for name in model.dynamics:
        workspace.declare(f"initial:{name}", workspace.sizes_of(name), model.quantities[name].shared)
    for line in forward:
        workspace.append(line)
    made = next(line for line in forward if line.name == step.outputs[output])
    adjoint = f"adj:{output}"
    workspace.declare(adjoint, made.sizes, False)
    seed = Part(slot(adjoint, made.indices), made.spans, (output,))
    inputs = [q.name for q in model.of_role("input") if q.below is None]
    parts = accumulate(workspace, forward, {made.name: [seed]}, inputs)
    gradients = {name: _gradient(workspace, name, parts[name]) for name in inputs if parts[name]}
    return Pullback(model, output, adjoint, tuple(workspace.added), gradients)


def _gradient(workspace: Workspace, name: str, parts: tuple[Part, ...]) -> str:
    """A line of its own for the gradient of an input, which is handed out; what a pullback made for it alone is that line."""
    quantity, own = workspace.model.quantities[name], workspace.fresh(f"adj:{name}")
    spans, roots, expression = places_of(parts), merge_roots(parts), total(parts)
    as_it_lies = is_slot(expression) and slot_indices(expression) == indices(len(quantity.sizes))
    made = slot_name(expression) if as_it_lies else ""
    if made and ":" not in made and workspace.rename(made, own, spans, roots):
        return own
    workspace.append(Definition(own, Elementwise(expression), quantity.sizes, False, spans, roots))
    return own
