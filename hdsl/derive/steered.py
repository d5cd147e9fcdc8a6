"""Steered: the controls within a step, worked out at its beginning from (u, h, z, θ) and held through it.

What stationarity or a rule chooses is a line, under the control's own name; what follows its gradient is a cell,
a⁺ = a − τ β ∂H′/∂a within its bounds, and every quantity that a step reads is as the step finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hdsl.derive.accumulate import Part
from hdsl.derive.renamed import rename, valued
from hdsl.derive.seeds import PHI
from hdsl.derive.stationarity import Chooser
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.model.order import in_order
from hdsl.terms.term import Definition, Scalar, keep_needed


@dataclass(frozen=True)
class Steered:
    """``chosen`` make the controls that are lines; ``sloped`` make the slopes of those that are cells, ``slopes`` by name."""

    chosen: tuple[Definition, ...]
    sloped: tuple[Definition, ...]
    slopes: Mapping[str, str]


def steer(
    model: Model,
    old: Sequence[Definition],
    start: Mapping[str, str],
    seeds: Mapping[str, Sequence[Part]],
    phi: Scalar,
) -> Steered:
    """The lines of the controls of a model whose definitions, at the state that a step finds, are ``old``.

    ``start`` has the name by which each state is read there; ``seeds`` the adjoints of cost terms and dynamics in H′,
    with a symbol for φ, which is above 0 by its meaning; ``phi`` is what a step puts in its place.
    """
    scratch = Workspace(model)
    for state, name in start.items():
        scratch.declare(name, scratch.sizes_of(state), model.quantities[state].shared)
    found = Chooser(scratch, old, seeds).chosen()
    made = scratch.added
    own = {line.name for line in made}
    followed = {name: line.name for name, line in found.slopes.items() if model.controls[name].rule == "gradient"}
    whole = (*old, *made)
    ruled = plainly_ruled(model)
    wanted = [line for name, line in found.choices.items() if name not in ruled]
    chosen = [line for line in keep_needed(whole, wanted) if line.name in own]
    known = {line.name for line in chosen}
    sloped = [line for line in keep_needed(whole, followed.values()) if line.name in own - known]
    swap = {line: name for name, line in found.choices.items()}
    weighed = [tuple(valued(rename(line, swap), PHI, phi) for line in lines) for lines in (chosen, sloped)]
    return Steered(weighed[0], weighed[1], followed)


def plainly_ruled(model: Model) -> tuple[str, ...]:
    """The controls that are the value of their rule, which no bound holds: the rule's line is theirs."""
    free = [name for name, control in model.controls.items() if control.lower is None and control.upper is None]
    return tuple(name for name in free if model.controls[name].rule == "given")


def in_turn(lines: Sequence[Definition]) -> tuple[Definition, ...]:
    """Lines in an order in which each reads earlier ones only."""
    by_name = {line.name: line for line in lines}
    order, _ = in_order({line.name: line.reads() for line in lines})
    return tuple(by_name[name] for name in order)
