"""Lead-up: the last thousand steps before a value stopped being finite, stepped through again to see how it came.

A healthy run pays for it with a copy of the module's state each piece; nothing is recorded until something went wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.runtime.loop import Body, loop, results_of
from hdsl.runtime.nonfinite import kept, put_back

Numbers = NDArray[np.float64]
Held = tuple[list[torch.Tensor], dict[str, torch.Tensor]]

STEPS = 1000


@dataclass(frozen=True)
class LeadUp:
    """``ticks`` (n,) are those of the module, the last one the first at which something was not finite. ``costs`` (n,) by
    name are means over the streams, NaN where no target is; ``norms`` (n,) are Euclidean, after each step, of each state,
    costate and parameter by name, under ``state``, ``costate`` and ``param``."""

    ticks: NDArray[np.int64]
    costs: Mapping[str, Numbers]
    norms: Mapping[str, Mapping[str, Numbers]]


class LastSteps:
    """What is needed to take the last steps of a module again."""

    def __init__(self, net: Any) -> None:
        self._net = net
        self._held: tuple[Held, ...] = ()

    def add(self, chunk: dict[str, torch.Tensor]) -> None:
        """Remember the state of the module and the samples that come next."""
        held = (*self._held, (kept(self._net), chunk))
        while sum(_steps(samples) for _, samples in held[1:-1]) >= STEPS:
            held = held[1:]
        self._held = held

    def mark(self) -> tuple[Held, ...]:
        """Where `back` returns to."""
        return self._held

    def back(self, mark: tuple[Held, ...]) -> None:
        """Forget what was added since: it was undone."""
        self._held = mark

    def retraced(self, last: int) -> LeadUp:
        """Take the steps again up to the tick ``last``. The module is left as it is."""
        here, traced = kept(self._net), _Traced(self._net)
        with torch.no_grad():
            for before, chunk in self._held:
                put_back(self._net, before)
                traced.run(chunk, last)
            put_back(self._net, here)
        return traced.made()


class _Traced:
    """Norms and costs, a step at a time."""

    def __init__(self, net: Any) -> None:
        self.net = net
        quantities = net.origin.compiler().model.quantities
        self.cells = [
            (place, *_named(name, quantities))
            for place, name in enumerate(net.cells)
            if not name.startswith((":", "initial:", "turned:"))
        ]
        self.ticks: list[int] = []
        self.norms: list[torch.Tensor] = []
        self.costs: dict[str, list[Numbers]] = {name: [] for name in net.costs}

    def run(self, chunk: dict[str, Any], last: int) -> None:
        net, start = self.net, int(self.net.clock)
        steps = min(_steps(chunk), last + 1 - start)
        if steps <= 0:
            return
        chunk = {name: value[:steps] for name, value in chunk.items()}
        sample = net._sample(**{net.arguments[n]: chunk.get(n) for n in (*net.inputs, *net.targets)}, lead=(steps,))
        results = results_of(net, loop(net, {**chunk, "steps": steps}, sample, self._watching), steps, sample)
        self.ticks += range(start, start + steps)
        for name, found in self.costs.items():
            value = results[name].double().reshape(steps, -1)
            found.append(value.nanmean(1).cpu().numpy())

    def _watching(self, body: Body) -> Body:
        def watched(cells: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
            made = body(cells, row, tau)
            self.norms.append(torch.stack([torch.linalg.vector_norm(cells[place].double()) for place, _, _ in self.cells]))
            return made

        return watched

    def made(self) -> LeadUp:
        start = max(0, len(self.ticks) - STEPS)
        norms = torch.stack(self.norms).cpu().numpy()[start:] if self.norms else np.zeros((0, len(self.cells)))
        by_group: dict[str, dict[str, Numbers]] = {"state": {}, "costate": {}, "param": {}}
        for column, (_, group, name) in enumerate(self.cells):
            by_group[group][name] = norms[:, column]
        costs = {name: np.concatenate(found)[start:] for name, found in self.costs.items() if found}
        return LeadUp(np.array(self.ticks[start:], dtype=np.int64), costs, by_group)


def _named(cell: str, quantities: Mapping[str, Any]) -> tuple[str, str]:
    """The group of a cell and its name as a user knows it: ``z:h`` is the costate ``z.h``."""
    kind, _, rest = cell.rpartition(":")
    if kind in ("z", "w"):
        return "costate", f"{'z' if kind == 'z' else 'costate'}.{rest}"
    return ("param" if rest in quantities and quantities[rest].role == "param" else "state"), rest


def _steps(chunk: Mapping[str, torch.Tensor]) -> int:
    return len(next(iter(chunk.values())))
