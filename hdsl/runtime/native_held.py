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


def pays_from(net: Any, text: NativeText, weigh: Callable[[Any], None]) -> int:
    """The steps from which on a run holds moves back; 0 where none does.

    Args:
        weigh: puts down what stands for each costate, as ``weigh_held`` of the text does.
    """
    if not text.held or not net.training or not apart(net, net._cells()):
        return 0
    left = (ctypes.c_int64 * len(text.held))()
    weigh(left)
    return 0 if max(left) < 0 else max(1, asked_of(net).turns * (text.over + max(left)))


def begun(net: Any, text: NativeText, weigh: Callable[[Any], None], steps: int) -> Between | None:
    """What a run of so many steps begins with; None where it holds nothing back. ``weigh`` is that of `pays_from`."""
    least = pays_from(net, text, weigh)
    if not least or steps < least:
        return None
    state = (ctypes.c_int64 * (NUMBERS * len(text.held)))(*(FIRST * len(text.held)))
    told = f"moves of {', '.join(text.held)} held back over {text.over} steps"
    return Between(net.share.new_empty(text.held_work + 16), state, told)


def tell(net: Any, line: str) -> None:
    """Say it in the line that tells of the backend."""
    choice: Choice = net.choice
    if line not in choice.told:
        net.choice = replace(choice, told=f"{choice.told}; {line}" if choice.told else f"native: {line}")
