"""Runs of one model with the costates of its states at work and without them, everything else being the same.

========  ================================================================================================================
costate   as the model is written, in sequential order: z⁺ = (1 − τη) z + τ (φ ∂L/∂h⁺ + (∂f/∂h)ᵀ z), and ω takes (∂f/∂θ)ᵀ z⁺
one step  z is put to 0 after every step, so that z⁺ = τ φ ∂L/∂h⁺: what a sample costs reaches the move just made, none before
zero      z⁺ = 0 in the equation of ω as well: ω⁺ = (1 − τη) ω + τ φ ∂L/∂θ
========  ================================================================================================================

Where no parameter stands in both f and L, as in all models here, the parameters of f have ∂L/∂θ = 0: ``zero`` leaves them
where they begin. It is run so, with their β at 0, and refused where a parameter stands in both. (z is put to 0 there too: it
moves nothing, but might grow beyond all bounds.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

import hdsl
from hdsl.model.model import Model
from hdsl.model.reach import reached
from hdsl.runtime.loop import Body

CREDITS = ("costate", "one step", "zero")
FOLDER = Path(__file__).parent / "ham"


def upstream(model: Model) -> tuple[str, ...]:
    """The parameters that the dynamics read. Raises ValueError where a cost reads one of them without a state between."""
    reads = {one.name: tuple(one.reads()) for one in model.definitions}
    params = [each.name for each in model.of_role("param")]
    by_dynamics = reached([one.definition for one in model.dynamics.values()], reads)
    by_costs = reached(model.costs, reads)
    if both := [name for name in params if name in by_dynamics and name in by_costs]:
        raise ValueError(f"dynamics and costs both read {', '.join(both)}")
    return tuple(name for name in params if name in by_dynamics)


def learner(model: str, credit: str, settings: Mapping[str, float | str] | None = None, **dims: int) -> Any:
    """The module class of a model of benchmarks/paper/ham, or of one that ships, that learns by this credit, in float64."""
    own = FOLDER / f"{model}.ham"
    path, chosen = own if own.is_file() else model, dict(settings or {})
    if credit == "zero":
        still = upstream(hdsl.load(path, settings=chosen, **dims).product("model"))
        chosen |= {f"beta.{name}": 0.0 for name in still}
    return hdsl.load(path, settings=chosen, **dims).compile(dtype=torch.float64)


def learn(net: Any, stream: dict[str, torch.Tensor], credit: str) -> torch.Tensor:
    """The outputs of a module that `learner` made, (T, …) of its one stream, each before learning from its sample."""
    made = net.run(stream, watching=None if credit == "costate" else forgetful(net))
    found: torch.Tensor = made[net.outputs[0]].flatten(1)
    return found


def forgetful(net: Any) -> Callable[[Body], Body]:
    """Makes of a step one before which the costates of all states are 0."""
    places = [place for place, name in enumerate(net.cells) if name.startswith("z:")]

    def watching(body: Body) -> Body:
        def step(cells: Any, sample: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
            for place in places:
                cells[place].zero_()
            return body(cells, sample, tau)

        return step

    return watching
