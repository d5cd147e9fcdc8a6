"""A step of native code, prepared: what C is told of a module's tensors, as long as they lie where they lay."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Columns = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Prepared:
    """One body of a module as a call of C, which reads and moves the module's own tensors."""

    function: Callable[[Any], None]
    told: Any
    """The structure of one step that C is handed, filled in but for what changes from step to step."""
    cells: tuple[torch.Tensor, ...]
    """Aliases of the tensors that C has the addresses of. They keep the memory: no other tensor can come to lie there."""
    places: tuple[int, ...]
    """Where these stand among the module's cells."""
    sample: tuple[int, ...]
    """Where what C reads of a sample stands in it; ``sample_at`` is C's table of the addresses."""
    results: Columns
    """A tensor like each of those that C makes; ``results_at`` is C's table of the addresses."""
    numbers: tuple[str, ...]
    """The module's attributes that C reads; ``numbers_at`` is C's table of their values."""
    sample_at: Any
    results_at: Any
    numbers_at: Any
    kept: tuple[Any, ...]
    """What else has to live as long as C reads it."""

    def step(self, net: Any, cells: Sequence[torch.Tensor], sample: Sequence[torch.Tensor], tau: float) -> Columns | None:
        """The results of a step that has moved the cells; or None, and nothing is moved, where the cells are not the same
        memory read in the same way: a parameter replaced or its ``data`` set, a module of another type."""
        own = [cells[place] for place in self.places]
        if not all(map(torch.Tensor.is_set_to, self.cells, own)) or {cell.dtype for cell in own} != {self.cells[0].dtype}:
            return None
        values = []  # which live until C has read them
        for k, place in enumerate(self.sample):
            value = sample[place].contiguous()
            self.sample_at[k] = value.data_ptr()
            values.append(value)
        made = []
        for k, like in enumerate(self.results):
            room = torch.empty_like(like)
            self.results_at[k] = room.data_ptr()
            made.append(room)
        self.numbers_at[:] = [float(getattr(net, name)) for name in self.numbers]
        self.told.tick, self.told.tau = vars(net).get("ticks", 0), float(tau)
        self.told.threads = torch.get_num_threads()
        self.function(ctypes.byref(self.told))
        torch.autograd.graph.increment_version(own)  # who kept one for a derivative is told that it has moved
        return tuple(made)


class Steps(dict[str, Prepared]):
    """The prepared bodies of a module, by name. A copy or a pickle of it is empty, for it belongs to other tensors."""

    def __reduce_ex__(self, protocol: Any) -> tuple[type[Steps], tuple[()]]:
        return Steps, ()
