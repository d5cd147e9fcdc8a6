"""The inner loop over a chunk of a stream, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count, repeat
from typing import Any, TypeAlias

import torch

from hdsl.runtime.replaying import replays, rounds, token_of

Body: TypeAlias = Callable[[Any, tuple[torch.Tensor, ...], float], tuple[torch.Tensor, ...]]
Rows: TypeAlias = Sequence[tuple[torch.Tensor, ...]]

MANY = 2**20
"""A run lays out the cells where it copies at most so many numbers, whatever its length: no bit tells how it was cut."""


def loop(
    net: Any, chunk: dict[str, Any], sample: tuple[torch.Tensor, ...], watching: Callable[[Body], Body] | None = None
) -> list[torch.Tensor]:
    """The inner loop: what its steps return, (T, …) each, as ordinary tensors.

    Steps are made in inference mode, which is a tenth faster than no_grad, over tensors that are made outside of it.

    Args:
        watching: makes of a step one that is watched.
    """
    if not replays(net) and pays(net, net._cells()):
        return _laid_out(net, chunk, sample, watching)
    with torch.inference_mode():
        rows = _rows(net, chunk, sample)
        made = _replayed(net, chunk, rows, watching) if replays(net) else []
        if not replays(net):
            body = body_of(net)
            _stepped(net, chunk, net._cells(), rows, _collecting(body if watching is None else watching(body), made))
    return [torch.stack(column) for column in zip(*made, strict=True)]


def _laid_out(
    net: Any, chunk: dict[str, Any], sample: tuple[torch.Tensor, ...], watching: Callable[[Body], Body] | None
) -> list[torch.Tensor]:
    """The loop over cells that are laid out: all of the chunk in one call where nothing is due between its steps."""
    steps, columns = chunk["steps"], net._columns(chunk["steps"])
    with torch.inference_mode():
        read = [_read(net, name, sample, chunk) for name in net.advance_reads]
        laid = zip(*read, *(column.unbind(0) for column in dict.fromkeys(columns)), strict=True)
        samples = laid if read or columns else repeat((), steps)
        room, cells = net._lay_out(net._cells())
        try:
            if {"tau", "boundary"} & chunk.keys() or net.sequences or watching or hasattr(net, "_project"):
                rows = _rows(net, chunk, sample) if watching else [()] * steps
                body = body_of(net, lambda cells, row, tau: net._advance(room, cells, (next(samples),), tau))
                _stepped(net, chunk, cells, rows, body if watching is None else watching(body))
            else:
                net._advance(room, cells, samples, net.tau)
                net._finish(steps, None)
        finally:
            net._take_back(cells)
    return list(net._handed(columns, sample))


def _read(net: Any, name: str, sample: tuple[torch.Tensor, ...], chunk: dict[str, Any]) -> Iterable[torch.Tensor | None]:
    """An entry of the sample, a step at a time; None for marks of which all are there."""
    value = sample[net.sample.index(name)]
    whole = name in net.advance_marks and bool(value.all())
    return [None] * chunk["steps"] if whole else by_step(net, name, value, chunk)


def _rows(net: Any, chunk: dict[str, Any], sample: tuple[torch.Tensor, ...]) -> Rows:
    """The samples a step at a time."""
    entries = (by_step(net, name, value, chunk) for name, value in zip(net.sample, sample, strict=True))
    return list(zip(*entries, strict=True)) or [()] * chunk["steps"]


def _replayed(
    net: Any, chunk: dict[str, Any], rows: Rows, watching: Callable[[Body], Body] | None
) -> list[tuple[torch.Tensor, ...]]:
    """The tokens of a module that replays."""
    taus, cells = _taus(net, chunk), net._cells()
    plain, late = token_of(net, chunk["tau"].tolist() if "tau" in chunk else None, chunk.get("boundary"))
    body = plain if watching is None else watching(plain)
    made = []
    for row, tau in zip(rows, taus, strict=True):
        if net.sequences:
            net._begin(cells)
        made.append(body(cells, row, tau))
    if late:
        net._finish(chunk["steps"], None)
    return made


def pays(net: Any, cells: tuple[torch.Tensor, ...]) -> bool:
    """Whether a run lays out the cells first: copies of large parameters would take as much memory again, and those of
    parameters that a user has put into the same memory would part."""
    few = net.training and hasattr(net, "_lay_out") and sum(cells[k].numel() for k in net.beside) <= MANY
    return few and apart(net, cells)


def apart(net: Any, cells: tuple[torch.Tensor, ...]) -> bool:
    """Whether each cell has memory of its own: a copy of one that is another's too, or moves of it that are held back, would
    part from the other."""
    places = [c.untyped_storage().data_ptr() for name, c in zip(net.cells, cells, strict=True) if name[:7] != "turned:"]
    return len(set(places)) == len(places)


def _taus(net: Any, chunk: dict[str, Any]) -> list[float]:
    return chunk["tau"].tolist() if "tau" in chunk else [net.tau] * chunk["steps"]  # type: ignore[no-any-return]


def _stepped(net: Any, chunk: dict[str, Any], cells: tuple[torch.Tensor, ...], rows: Rows, body: Body) -> None:
    """The steps of a module that learns from each sample, one by one."""
    steps, boundary = chunk["steps"], chunk.get("boundary")
    if "tau" not in chunk and boundary is None and not net.sequences:
        tau = net.tau
        for row in rows:
            body(cells, row, tau)
        net._finish(steps, None)
        return
    for k, (row, tau) in enumerate(zip(rows, _taus(net, chunk), strict=True)):
        if net.sequences:
            net._begin(cells)
        body(cells, row, tau)
        timing = {"tau": tau} if hasattr(net, "offset") else {}
        net._finish(1, None if boundary is None else boundary[k], **timing)


def _collecting(body: Body, made: list[tuple[torch.Tensor, ...]]) -> Body:
    """A step that keeps what it returns."""

    def step(cells: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
        made.append(body(cells, row, tau))
        return made[-1]

    return step


def body_of(net: Any, advance: Body | None = None) -> Body:
    """What is run at each step from here on: learning, with what is due then put back, or observing.

    ``advance`` is the step of cells that are laid out.
    """
    if not net.training:
        return net._observe  # type: ignore[no-any-return]
    step: Body = net._learn if advance is None else advance
    if not hasattr(net, "_project"):
        return step
    ticks = count(net.ticks + 1)

    def learn(cells: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
        made: tuple[torch.Tensor, ...] = step(cells, row, tau)
        net._project(cells, next(ticks))
        return made

    return learn


def by_step(net: Any, name: str, value: torch.Tensor, chunk: dict[str, Any]) -> tuple[torch.Tensor, ...]:
    """One entry of the sample, a step at a time."""
    return entry(net, name, value, chunk).unbind(0)


def entry(net: Any, name: str, value: torch.Tensor, chunk: dict[str, Any]) -> torch.Tensor:
    """One entry of the sample (steps, …); the time of each step from the clock at the chunk's start."""
    steps = chunk["steps"]
    if name == "t":
        ticks = net.clock + torch.arange(steps, device=value.device)
        times = ticks.to(value.dtype) * net.tau + net.offset
        if "tau" in chunk:
            extra = chunk["tau"].to(value.dtype).to(value.device) - net.tau
            times = times + torch.cat([extra.new_zeros(1), extra.cumsum(0)[:-1]])
        return times
    if name == "learn:first":
        ticks = net.clock + torch.arange(steps, device=value.device)
        return (ticks == 0).to(value.dtype)
    if name == "learn:layer":
        ticks = net.clock + torch.arange(steps, device=value.device)
        return (ticks % net.cycle + 1).to(value.dtype)
    if replays(net) and name.startswith(("begins:", "token:")):
        tokens, begun = rounds(net, chunk)
        marks = tokens if name.startswith("token:") else begun
        return (marks.all(1) if name == "begins:all" else marks).to(value.dtype)
    if name.startswith("begins:"):
        return begins(net, chunk, name == "begins:all").to(value.dtype)
    return value


def begins(net: Any, chunk: dict[str, Any], of_all: bool) -> torch.Tensor:
    """(T, batch), or (T,) of all streams together: True at the first sample of a sequence."""
    marks = torch.zeros((chunk["steps"], net.batch), dtype=torch.bool, device=net.ended.device)
    marks[0] = net.ended | (net.clock == 0)
    _mark_boundaries(marks, chunk)
    return marks.all(1) if of_all else marks


def _mark_boundaries(marks: torch.Tensor, chunk: dict[str, Any]) -> None:
    """Of (T, batch): True behind each last sample of a sequence."""
    if "boundary" in chunk:
        boundary = torch.as_tensor(chunk["boundary"], device=marks.device).to(torch.bool)
        marks[1:] = boundary.reshape(len(marks), -1)[:-1]  # of one step nothing is left


def results_of(
    net: Any, columns: Sequence[torch.Tensor], steps: int, sample: tuple[torch.Tensor, ...], tokens: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """Outputs (T, batch, …) and costs (T, batch), of what the steps made, (T, …) each: the costs of all at once.

    ``tokens`` (T, batch) are false where a stream has none, and so no cost.
    """
    width = len(net.outputs)
    results = dict(zip(net.outputs, columns[:width], strict=True))
    flat = tuple(value.flatten(0, 1) if value.dim() > 1 else value for value in sample)
    told = net._costs(tuple(column.flatten(0, 1) if column.dim() > 1 else column for column in columns[width:]), flat)
    for (name, targets), value in zip(net.costs.items(), told, strict=True):
        shared = name in net.shared_costs
        results[name] = value if shared else value.unflatten(0, (steps, net.batch))
        for target in targets:
            has = sample[net.sample.index(f"present:{target}")]
            if not has.all():
                results[name] = torch.where(has > 0, results[name], torch.nan)
        if tokens is not None and not shared:
            results[name] = torch.where(tokens.to(value.device), results[name], torch.nan)
    return results


def anew(net: Any, chunk: dict[str, Any]) -> torch.Tensor | None:
    """(T, batch), True where a stream begins anew before the step; None where none does."""
    if "boundary" not in chunk and not net.sequences:
        return None
    marks = torch.zeros((chunk["steps"], net.batch), dtype=torch.bool, device=net.ended.device)
    if net.sequences:
        marks[0] = net.ended
    _mark_boundaries(marks, chunk)
    return marks
