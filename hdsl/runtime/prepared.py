"""A step of native code, prepared: what C is told of a module's tensors, as long as they lie where they lay."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from hdsl.emit.native_module import NativeText
    from hdsl.emit.native_step import Buffer

Told = tuple[torch.Tensor | None, dict[str, torch.Tensor]]
Groups = tuple[tuple[str, str, Callable[[Any], Sequence[torch.Tensor]]], ...]
"""What takes tensors out of the dictionaries of a module, or of one below it, that hold them."""


class Run(ctypes.Structure):
    """`struct run` of `hdsl.emit.native_functions`."""

    _fields_ = (
        ("steps", ctypes.c_int64), ("tick", ctypes.c_int64), ("projects", ctypes.c_int64),
        ("tau", ctypes.c_double), ("taus", ctypes.c_void_p),
        ("numbers", ctypes.c_void_p), ("cells", ctypes.c_void_p), ("initials", ctypes.c_void_p), ("begins", ctypes.c_void_p),
        ("sample", ctypes.c_void_p), ("results", ctypes.c_void_p), ("work", ctypes.c_void_p),
        ("threads", ctypes.c_int64),
    )  # fmt: skip


class Step(ctypes.Structure):
    """`struct step` of `hdsl.emit.native_step`."""

    _fields_ = (
        ("run", Run), ("given", ctypes.c_void_p), ("handed", ctypes.c_void_p), ("buffers", ctypes.c_void_p),
        ("tau", ctypes.c_double),
    )  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What C reads of one argument: of this type and shape, row by row; an index is less than ``below``, which is 0 of reals. A
    target may be missing throughout."""

    kind: torch.dtype
    shape: tuple[int, ...]
    target: bool
    below: int

    def read(self, value: Any) -> torch.Tensor | None:
        """As `torch` reads what is another thing than such a tensor; None where it cannot, and has to say so."""
        whole = self.kind == torch.int64
        if value is None:
            return None
        value = torch.as_tensor(value, dtype=None if whole else self.kind, device="cpu").resolve_neg()
        wrong = value.shape != self.shape or (whole and (value.is_floating_point() or value.is_complex()))
        return None if wrong else value.to(self.kind)


@dataclass(frozen=True)
class Prepared:
    """A step of a module as a call of C, which reads and moves the module's own tensors."""

    function: Callable[[Any], None]
    told: Step
    """What C is handed, filled in but for what changes from step to step; ``run`` is a part of it, ``handle`` its address."""
    run: Run
    handle: Any
    groups: Groups
    """Where the module's tensors are found, in the order of those below."""
    kept: tuple[torch.Tensor, ...]
    """Aliases of the tensors that C has the addresses of. They keep the memory: no other tensor can come to lie there."""
    kinds: list[torch.dtype]
    addresses: list[int]
    """Theirs: who shares memory with another process, or resizes it, moves it though the tensor stays set to it."""
    wanted: tuple[Wanted, ...]
    handed: tuple[torch.Tensor, ...]
    """A tensor like each of those that are handed out; ``handed_at`` is C's table of the addresses."""
    costs: tuple[str, ...]
    numbers: tuple[str, ...]
    """The module's attributes that C reads; ``numbers_at`` is C's table of their values."""
    given_at: Any
    handed_at: Any
    numbers_at: Any
    room: tuple[Any, ...]
    """What else has to live as long as C reads it."""

    def step(self, net: Any, given: Sequence[Any], tau: float | None, boundary: Any) -> Told | None:
        """What a step hands out; or None, and nothing is moved, where the module's tensors are not the same memory read in
        the same way (a parameter replaced or its ``data`` set), or where torch has something to say of an argument."""
        own = vars(net)
        cells, values = found(own, self.groups), self._read(net, given)
        if values is None or not all(map(_is_set_to, self.kept, cells)):
            return None
        if [*map(_kind_of, cells)] != self.kinds or [*map(_address_of, cells)] != self.addresses:
            return None
        self.given_at[:] = [None if value is None else value.data_ptr() for value in values]
        made = [torch.empty_like(like) for like in self.handed]
        self.handed_at[:] = [each.data_ptr() for each in made]
        self.numbers_at[:] = [own[name] for name in self.numbers]
        self.told.tau, self.run.tau = own["tau"], own["tau"] if tau is None else float(tau)
        self.run.tick, self.run.threads = own.get("ticks", 0), torch.get_num_threads()
        torch.autograd.graph.increment_version(cells)  # who kept one for a derivative is told that it moves
        if own["sequences"]:
            with torch.inference_mode():
                net._begin(net._cells())
        self.function(self.handle)
        if "ticks" in own:
            own["ticks"] += 1
        timing = {} if tau is None or "offset" not in own["_buffers"] else {"tau": tau}
        if timing or boundary is not None or own["sequences"]:
            with torch.inference_mode():
                net._finish(0, boundary, **timing)
        output = made.pop(0) if len(made) > len(self.costs) else None
        return output, dict(zip(self.costs, made, strict=True))

    def _read(self, net: Any, given: Sequence[Any]) -> list[torch.Tensor | None] | None:
        """The arguments as C reads them, which have to live until it has; None where there is one that it cannot read."""
        values: list[torch.Tensor | None] = []
        for value, wanted in zip(given, self.wanted, strict=True):
            if value is None and wanted.target:
                values.append(None)
                continue
            if (
                type(value) is not torch.Tensor or value.dtype is not wanted.kind or not value.is_cpu
                or value.shape != wanted.shape or value.is_neg()
            ):  # fmt: skip
                value = wanted.read(value)
                if value is None:
                    return None
            if wanted.below and net._beyond(value, wanted.below, wanted.target) is not None:
                return None  # C reads and writes where an index says
            values.append(value.contiguous())
        return values


_kind_of, _is_set_to, _address_of = attrgetter("dtype"), torch.Tensor.is_set_to, torch.Tensor.data_ptr


def found(own: Mapping[str, Any], groups: Groups) -> list[torch.Tensor]:
    """A module's tensors, of its attributes: without the way of `nn.Module.__getattr__`, which takes ten times as long."""
    modules, cells = own["_modules"], []
    for module, kept, of in groups:
        cells += of((vars(modules[module]) if module else own)[kept])
    return cells


def _taker(keys: Sequence[str]) -> Callable[[Any], Sequence[torch.Tensor]]:
    taken = itemgetter(*keys)
    return taken if len(keys) > 1 else lambda held: (taken(held),)


def prepare(net: Any, text: NativeText, function: Callable[[Any], None]) -> Prepared | None:
    """A module's step, by a function of its library; None where its tensors are not as C wants them."""
    step, share = text.step, net.share
    kinds = {"real": share.dtype, "whole": torch.int64, "truth": torch.bool}
    groups = tuple((*of, _taker([each.key for each in all_of])) for of, all_of in groupby(step.buffers, _group_of))
    cells = found(vars(net), groups)
    for cell, buffer in zip(cells, step.buffers, strict=True):
        alike = cell.dtype == kinds[buffer.kind] and tuple(cell.shape) == buffer.sizes
        if not (alike and cell.device == share.device and cell.is_contiguous()):
            return None
    addresses = [cell.data_ptr() for cell in cells]
    sizes = [*(() if step.output is None else (step.output,)), *(() for _ in step.costs)]
    work, numbers = share.new_empty(text.work + 16), (ctypes.c_double * len(text.numbers))()
    buffers = _table(addresses)
    many = len(step.arguments), len(sizes), len(text.sample), len(text.results["learn"])
    given, handed, sample, results = (_table([None] * each) for each in many)
    own = _table(addresses[: len(text.cells)])
    at = {"numbers": numbers, "cells": own, "sample": sample, "results": results}
    work_at = (work.data_ptr() + 63) // 64 * 64
    run = Run(steps=1, projects=1, work=work_at, **{name: ctypes.addressof(table) for name, table in at.items()})
    told = Step(run, *map(ctypes.addressof, (given, handed, buffers)))
    return Prepared(
        function, told, told.run, ctypes.byref(told), groups, tuple(cell.detach() for cell in cells),
        [cell.dtype for cell in cells], addresses,
        tuple(Wanted(kinds["whole" if each.below else "real"], each.sizes, each.target, each.below) for each in step.arguments),
        tuple(share.new_empty(size) for size in sizes), step.costs,
        tuple(net.numbers[name] for name in text.numbers), given, handed, numbers, (own, sample, results, buffers, work),
    )  # fmt: skip


def _group_of(buffer: Buffer) -> tuple[str, str]:
    return buffer.module, buffer.kept


def _table(addresses: Sequence[int | None]) -> Any:
    return (ctypes.c_void_p * len(addresses))(*addresses)


class Steps(dict[str, Prepared]):
    """The prepared bodies of a module, by name. A copy or a pickle of it is empty, for it belongs to other tensors."""

    def __reduce_ex__(self, protocol: Any) -> tuple[type[Steps], tuple[()]]:
        return Steps, ()
