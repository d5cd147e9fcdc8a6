"""Recorder: states, costates, norms of parameters and H at each step, watched as a run goes and handed on a piece at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from hdsl.model.model import Model

PREFIX = "record/"
"""Before the names of what is recorded, among the results of a piece."""

Watched = Callable[[Any, tuple[torch.Tensor, ...], float], tuple[torch.Tensor, ...]]


@dataclass(frozen=True)
class Wanted:
    """``cell`` is the module's name of what is recorded, empty for H; a ``norm`` stands for all of its numbers."""

    name: str
    cell: str
    norm: bool


def wanted(names: Sequence[str], model: Model) -> tuple[Wanted, ...]:
    """What names ask for: ``h`` and ``z.h`` all numbers of a state and its costate, ``a`` those of a control that follows its
    gradient, ``W`` and ``costate.W`` the Euclidean
    norms of a parameter and its costate, told as ``norm2(W)``, ``H`` the robust Hamiltonian of the step.

    Raises ValueError, with the names that there are.
    """
    if not names:
        return ()
    states = [q.name for q in model.of_role("state") if q.name in model.dynamics]
    if model.hamiltonian is not None:
        return _of_mechanics(names, states, model.hamiltonian)
    params = [q.name for q in model.of_role("param")]
    known = {"H": Wanted("H", "", False)}
    for name in states:
        costate = Wanted(f"z.{name}", f"z:{name}", False)
        known |= {name: Wanted(name, name, False), f"z.{name}": costate, f"costate.{name}": costate}
    known |= {name: Wanted(name, name, False) for name in model.followed}
    for name in params:
        for told, cell in ((name, name), (f"costate.{name}", f"w:{name}")):
            known |= dict.fromkeys((told, f"norm2({told})"), Wanted(f"norm2({told})", cell, True))
    for name in names:
        if name not in known:
            there = [*states, *(f"z.{name}" for name in states), *model.followed, *params]
            there += [*(f"costate.{name}" for name in params), "H"]
            raise ValueError(f"`{name}` cannot be recorded; what can: {', '.join(dict.fromkeys(there))}")
    return tuple(dict.fromkeys(known[name] for name in names))


def _of_mechanics(names: Sequence[str], states: Sequence[str], hamiltonian: str) -> tuple[Wanted, ...]:
    """States and momenta, and the energy, which is an output of each step."""
    known = {**{name: Wanted(name, name, False) for name in states}, hamiltonian: Wanted(hamiltonian, "", False)}
    for name in names:
        if name not in known:
            raise ValueError(f"`{name}` cannot be recorded; what can: {', '.join(known)}")
    return tuple(dict.fromkeys(known[name] for name in names))


class Recorder:
    """Watches the steps of one module."""

    def __init__(self, net: Any, names: Sequence[str], model: Model) -> None:
        """Raises ValueError for a name that is not there, or cannot be read off a module's cells."""
        self.net, self.wanted, self._model = net, wanted(names, model), model
        self._places = {name: place for place, name in enumerate(net.cells)}
        for each in self.wanted:
            if each.cell and each.cell not in self._places:
                raise ValueError(f"`{each.name}` cannot be recorded: the module keeps none of it")
        self._pairs = [
            (self._places[q.name], self._places[f"z:{q.name}"], len(q.sizes))
            for q in model.of_role("state")
            if q.name in model.dynamics and model.resets.get(q.name) != "sample" and f"z:{q.name}" in self._places
        ]
        self._energy = model.hamiltonian if any(not each.cell for each in self.wanted) else None
        self._hamiltonian = self._energy is None and any(not each.cell for each in self.wanted)
        self._rows: list[list[torch.Tensor]] = []
        self._flows: list[torch.Tensor] = []
        self._phis: list[float] = []

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The sizes of what is recorded of one stream, by name."""
        cells, found = self.net._cells(), {}
        for each in self.wanted:
            own = () if each.norm or not each.cell else cells[self._places[each.cell]].shape
            found[each.name] = tuple(own if self._is_shared(each) else own[1:])
        return found

    def watching(self, body: Watched) -> Watched:
        """A step that is watched."""
        def watched(cells: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
            before = [(cells[h].clone(), cells[z].clone()) for h, z, _ in self._pairs] if self._hamiltonian else []
            made = body(cells, row, tau)
            self._rows.append([self._value(each, cells) for each in self.wanted if each.cell])
            if self._hamiltonian:
                self._flows.append(self._flow(cells, before, tau))
                self._phis.append(self._phi(row, tau))
            return made

        return watched

    def taken(self, results: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """What was recorded since the last call, (steps, streams, …) by name; norms are (steps,).

        Args:
            results: of the same steps, with their costs.
        """
        columns = iter(zip(*self._rows, strict=True))
        found = {each.name: torch.stack(list(next(columns))) for each in self.wanted if each.cell}
        if self._energy is not None:
            found[self._energy] = results[self._energy]
        if self._hamiltonian:
            flows = torch.stack(self._flows)
            cost = torch.zeros_like(flows)
            for name in self.net.costs:
                value = torch.nan_to_num(results[name].to(flows.dtype))
                cost = cost + (value[:, None] if value.dim() == 1 else value)
            found["H"] = torch.tensor(self._phis, dtype=flows.dtype, device=flows.device)[:, None] * cost + flows
        for each in self.wanted:
            if self._is_shared(each) or (each.name == self._energy and not each.cell):
                value = found[each.name].unsqueeze(1)
                found[each.name] = value.expand(len(value), self.net.batch, *value.shape[2:])
        self.forget()
        return {PREFIX + each.name: found[each.name] for each in self.wanted}

    def forget(self) -> None:
        """Drop what was recorded since the last call of `taken`: these steps were undone."""
        self._rows, self._flows, self._phis = [], [], []

    def _value(self, each: Wanted, cells: Any) -> torch.Tensor:
        cell = cells[self._places[each.cell]]
        return torch.linalg.vector_norm(cell) if each.norm else cell.clone()

    def _is_shared(self, each: Wanted) -> bool:
        """True where all streams share a state."""
        if each.norm or not each.cell:
            return False
        name = each.cell.removeprefix("z:")
        return self.net._cells()[self._places[each.cell]].dim() == len(self._model.quantities[name].sizes)

    def _flow(self, cells: Any, before: list[tuple[torch.Tensor, torch.Tensor]], tau: float) -> torch.Tensor:
        """⟨z, f⟩ of each stream, z as it was before the step and f the state's move over τ."""
        total = torch.zeros(self.net.batch, dtype=self.net.share.dtype, device=self.net.share.device)
        for (h, _, rank), (old, z) in zip(self._pairs, before, strict=True):
            product = z * (cells[h] - old) / tau
            total = total + (product.sum() if product.dim() == rank else product.reshape(self.net.batch, -1).sum(1))
        return total

    def _phi(self, row: tuple[torch.Tensor, ...], tau: float) -> float:
        """φ at this step."""
        from hdsl.model.evaluate import evaluate

        net, phi = self.net, self._model.learning.phi
        told = dict(zip(net.sample, row, strict=True))
        if "learn:first" in told and float(told["learn:first"]) > 0:
            return 1 / tau
        values = {name.removeprefix("learn:"): getattr(net, attribute) for name, attribute in net.numbers.items()}
        values |= {"tau": tau, "t": float(told["t"]) if "t" in told else math.nan}
        found = evaluate(phi, {symbol: values[symbol.name.removeprefix("learn:")] for symbol in phi.free_symbols})
        return math.nan if found is None else found
