"""The sizes of what a module reads, as numbers: those of its model, at the sizes that it was made with."""

from __future__ import annotations

from typing import Any


def sizes_of(net: Any, name: str) -> tuple[int, ...]:
    """The sizes of one stream of an input or a target, () for a scalar or an index."""
    return tuple(_number(net, size) for size in net.origin.compiler().model.quantities[name].sizes)


def below_of(net: Any, name: str) -> int | None:
    """The number of values that an index takes; None for a real."""
    below = net.origin.compiler().model.quantities[name].below
    return None if below is None else _number(net, below)


def _number(net: Any, size: Any) -> int:
    return int(size.subs({s: getattr(net, net.numbers[f"size:{s}"]) for s in size.free_symbols}))
