"""A chunk of a stream through a module that replays: tokens are kept, and gone back through where a sequence ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

Body = Callable[[Any, tuple[torch.Tensor, ...], float], tuple[torch.Tensor, ...]]


def replays(net: Any) -> bool:
    """Whether a module goes back over what came."""
    return hasattr(net, "replays")


def token_of(net: Any, taus: list[float] | None, boundary: torch.Tensor | None) -> tuple[Body, bool]:
    """What is run at each sample of a chunk: a token forward, and where it ends a sequence, the way back.

    With it whether the clock is still to be moved, over the whole chunk.

    Args:
        taus: one a sample, None where all have the model's.
        boundary: as ``Net.run`` takes it.
    """
    ends: Iterator[Any] | None = None if boundary is None else iter(boundary)
    timed = taus is not None and hasattr(net, "offset")
    each = ends is not None or timed or net.sequences  # else the clock moves once, at the end
    most = net.tokens

    def token(cells: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
        if net.training:
            net._keep(cells, row, tau)
        else:
            net._close(cells)
        made: tuple[torch.Tensor, ...] = net._observe(cells, row, tau)
        over = each and net._finish(1, None if ends is None else next(ends), **({"tau": tau} if timed else {}))
        if net.training and (over or len(net._kept) == most):
            net._replay()
        return made

    return token, not each


def rounds(net: Any, chunk: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each sample of a chunk, (T, batch): whether its stream has a token there, and whether it begins a sequence.

    A stream whose sequence has ended has none until those of all others have, and all begin the next one together.
    """
    steps, waits, begin = chunk["steps"], net.waits.clone(), net.ended | (net.clock == 0)
    tokens = torch.ones((steps, net.batch), dtype=torch.bool, device=waits.device)
    begins = torch.zeros_like(tokens)
    if "boundary" not in chunk:
        tokens[:], begins[0] = ~waits, begin
        return tokens, begins
    boundary = torch.as_tensor(chunk["boundary"], device=waits.device).to(torch.bool).reshape(steps, -1)
    for k in range(steps):
        tokens[k], begins[k] = ~waits, begin
        waits = waits | boundary[k]
        begin = waits.all().expand(net.batch)
        waits = waits & ~begin
    return tokens, begins


def check_padding(net: Any, sample: tuple[torch.Tensor, ...], tokens: torch.Tensor) -> None:
    """Raises ValueError where a stream that waits for the others has a target: what looks like a token would be left out."""
    for name, value in zip(net.sample, sample, strict=True):
        if name.startswith("present:") and bool((lost := (value > 0) & ~tokens).any()):
            step, stream = lost.nonzero()[0].tolist()
            raise ValueError(
                f"sample {step}: the sequence of stream {stream} has ended, and those of others have not. Until they have, it "
                f"waits: `{name.removeprefix('present:')}` has to be missing there, for what stands there is left out"
            )
