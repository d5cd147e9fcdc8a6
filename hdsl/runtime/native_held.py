"""Moves held back in a run: whether they are, and what goes from one call of C to the next."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from hdsl.emit.holding import Holding, holding_of
from hdsl.runtime.choice import Choice
from hdsl.runtime.loop import apart

if TYPE_CHECKING:
    from hdsl.emit.native_module import NativeText

NUMBERS = 3
"""``STATE`` of `hdsl.emit.native_held_functions`."""
FIRST = (0, -1, 0)
"""No vectors, a costate that C looks at, nothing carried."""


@dataclass(frozen=True)
class Between:
    """What calls hand to one another: the room of their vectors, and how it is filled. ``told`` is a line for the user."""

    work: torch.Tensor
    state: Any
    told: str


def asked_of(net: Any) -> Holding:
    """What was asked for at `compile`."""
    return holding_of(net.choice.held_back)


def begun(net: Any, text: NativeText, weigh: Callable[[Any], None], steps: int) -> Between | None:
    """What a run of so many steps begins with; None where it holds nothing back.

    Args:
        weigh: puts down what stands for each costate, as ``weigh_held`` of the text does.
    """
    holding = asked_of(net)
    if not text.held or not net.training or not apart(net, net._cells()):
        return None
    left = (ctypes.c_int64 * len(text.held))()
    weigh(left)
    if max(left) < 0 or steps < holding.turns * (text.over + max(left)):
        return None
    state = (ctypes.c_int64 * (NUMBERS * len(left)))(*(FIRST * len(left)))
    told = f"moves of {', '.join(text.held)} held back over {text.over} steps"
    return Between(net.share.new_empty(text.held_work + 16), state, told)


def tell(net: Any, line: str) -> None:
    """Say it in the line that tells of the backend."""
    choice: Choice = net.choice
    if line not in choice.told:
        net.choice = replace(choice, told=f"{choice.told}; {line}" if choice.told else f"native: {line}")
