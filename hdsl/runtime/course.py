"""Course: what a run went through: every state, parameter and costate before each of its steps and after the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.model.model import Model
from hdsl.runtime.loop import Body
from hdsl.runtime.nonfinite import NonFinite

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """``times`` (points,) and, by cell, ``values`` (points, …): ``h``, ``W`` and their costates ``z:h``, ``w:W``.

    ``diverged`` is the time at which a value became nan or infinite, None where none did; the course ends before it.
    """

    times: Numbers
    values: Mapping[str, Numbers]
    diverged: float | None = None


def course_of(net: Any, model: Model, stream: Mapping[str, Any], learning: bool = True) -> Course:
    """The course of a module of one stream from where it stands, in float64.

    Args:
        model: what the module was made of.
        stream: tensors (steps, 1, …) by name as `Net.run` takes them, with ``tau`` (steps,).
        learning: False where only states move; costates then stay as they are.
    """
    kept: list[list[torch.Tensor]] = []

    def watching(body: Body) -> Body:
        def watched(cells: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
            kept.append([cell.detach().clone() for cell in cells])
            return body(cells, row, tau)

        return watched

    taus = torch.as_tensor(stream["tau"], dtype=torch.float64)
    net.train(learning)
    diverged = None
    try:
        net.run(stream, watching=watching, keep=False)
        kept.append([cell.detach().clone() for cell in net._cells()])
    except NonFinite as wrong:
        diverged = float(taus[: wrong.step].sum())
        kept = kept[: wrong.step + 1]
    times = np.concatenate([[0.0], np.cumsum(taus.numpy())])[: len(kept)]
    places = {name: place for place, name in enumerate(net.cells) if moved(name)}
    values = {name: torch.stack([row[place] for row in kept]) for name, place in places.items()}
    return Course(times, {name: _of_one(model, name, value) for name, value in values.items()}, diverged)


def moved(cell: str) -> bool:
    """Whether a cell of a module is a state, a parameter or a costate; the others are laid out for speed."""
    return cell.rpartition(":")[0] in ("", "z", "w") and not cell.startswith(":")


def _of_one(model: Model, name: str, value: torch.Tensor) -> Numbers:
    """Numbers of the one stream: what each stream has of its own has an axis of streams, of length 1 here."""
    shared = model.quantities[name.rpartition(":")[2]].shared
    return (value if shared else value[:, 0]).double().numpy()
