"""Random cells and random streams for a model, for the generated module and for the judge alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

import hdsl
from hdsl.verify.walk import Walk

F64 = torch.float64


@dataclass(frozen=True)
class Stream:
    """``parts`` are what `run` takes, (T, batch, …) by name, targets with gaps; τ of each step, and who ends at it."""

    parts: dict[str, Tensor]
    taus: tuple[float | None, ...]
    boundaries: tuple[Tensor | None, ...]

    def sample(self, k: int) -> dict[str, Tensor]:
        """What `step` takes at step k: a target that every stream lacks is left out at odd steps."""
        row = {name: value[k] for name, value in self.parts.items()}
        return {name: value for name, value in row.items() if k % 2 == 0 or not missing(value).all()}

    def of_each(self, k: int) -> list[dict[str, Any]]:
        """What the judge takes at step k, a stream at a time."""
        batch = next(iter(self.parts.values())).shape[1]
        return [{name: value[k, b] for name, value in self.parts.items()} for b in range(batch)]


def missing(value: Tensor) -> Tensor:
    """Whether each stream lacks a target, (batch,)."""
    if not value.is_floating_point():
        return value < 0
    return torch.isnan(value).flatten(1).any(1) if value.dim() > 1 else torch.isnan(value)


def shape_of(net: Any, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes of a model as the numbers that an instance has."""
    known = {name.removeprefix("size:"): getattr(net, attribute) for name, attribute in net.numbers.items()}
    return tuple(int(size.subs({s: known[str(s)] for s in size.free_symbols})) for size in sizes)


def draw_stream(model: hdsl.api.Model, net: Any, steps: int, source: torch.Generator, *, uneven: bool) -> Stream:
    """A stream with a quarter of all targets missing; where ``uneven`` with gaps of other lengths and boundaries."""
    parts = {}
    for quantity in (*model.product("model").of_role("input"), *model.product("model").of_role("target")):
        gaps = torch.rand(steps, net.batch, generator=source) < 0.25
        gaps[steps // 2] |= quantity.role == "target"
        if quantity.below is not None:
            (below,) = shape_of(net, (quantity.below,))
            value = torch.randint(0, below, (steps, net.batch), generator=source)
        else:
            value = torch.randn(steps, net.batch, *shape_of(net, quantity.sizes), generator=source, dtype=F64)
        if quantity.role == "target" and quantity.below is not None:
            value[gaps] = -1
        elif quantity.role == "target":  # one nan in any of its numbers makes a target missing
            value.view(steps, net.batch, -1)[..., -1][gaps] = torch.nan
        parts[quantity.name] = value
    taus: list[float | None] = [None] * steps
    boundaries: list[Tensor | None] = [None] * steps
    if uneven:
        taus = [None if k % 2 else 0.3 for k in range(steps)]
        boundaries = [torch.rand(net.batch, generator=source) < 0.5 for _ in range(steps - 1)]
        boundaries += [None]
        boundaries[steps // 2] = torch.ones(net.batch, dtype=torch.bool)
    return Stream(parts, tuple(taus), tuple(boundaries))


def named_cells(model: hdsl.api.Model, net: Any) -> dict[str, Tensor]:
    """The cells that a step moves, by the names of the step: h, z:h, w:W, W."""
    found = dict(zip(net.cells, net._cells(), strict=True))
    return {name: found[name] for name in model.product("step").cells}


def fill(model: hdsl.api.Model, net: Any, source: torch.Generator) -> None:
    """Random numbers in every cell: states, parameters, and both kinds of costates."""
    with torch.no_grad():
        for cell in named_cells(model, net).values():
            cell.copy_(0.5 * torch.randn(cell.shape, generator=source, dtype=F64))


def cells_of_judge(model: hdsl.api.Model, net: Any) -> dict[str, Any]:
    """The same cells as the judge holds them."""
    cells = {name: cell.detach().clone() for name, cell in named_cells(model, net).items()}
    states = list(model.product("model").dynamics)
    params = [name for name in cells if ":" not in name and f"w:{name}" in cells]
    followed = model.product("model").followed
    return {
        "state": {name: cells[name] for name in states},
        "costate": {name: cells.get(f"z:{name}", torch.zeros_like(cells[name])) for name in states},
        "parameter": {name: cells[name] for name in params},
        "parameter costate": {name: cells[f"w:{name}"] for name in params},
        "control": {name: cells[name] for name in followed},
        "clock": 0,
        "time": torch.zeros(net.batch, dtype=F64),
        "ended": torch.zeros(net.batch, dtype=torch.bool),
    }


def flat(cells: dict[str, Any]) -> dict[str, Tensor]:
    """The judge's cells by the names of the step."""
    return {
        **cells["state"],
        **{f"z:{name}": value for name, value in cells["costate"].items()},
        **{f"w:{name}": value for name, value in cells["parameter costate"].items()},
        **cells["parameter"],
        **cells["control"],
    }


def judge_of(model: hdsl.api.Model) -> Walk:
    """The judge of the same text."""
    return Walk(model.product("model").written)


def distance(found: Any, wanted: Any) -> float:
    """The largest difference, in units of the largest number of ``wanted`` where that is above 1; gaps must agree."""
    found, wanted = (
        torch.tensor(np.array(x)) if isinstance(x, np.ndarray | np.generic) else torch.as_tensor(x, dtype=F64).detach()
        for x in (found, wanted)
    )
    if found.shape != wanted.shape or not torch.equal(torch.isnan(found), torch.isnan(wanted)):
        return float("inf")
    if not found.numel():
        return 0.0
    found, wanted = found.nan_to_num(nan=0.0), wanted.nan_to_num(nan=0.0)
    return float((found - wanted).abs().max() / max(1.0, float(wanted.abs().max())))
