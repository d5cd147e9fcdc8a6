"""Devices: whether one that a user names is there."""

from __future__ import annotations

import torch


def check_device(name: str) -> None:
    """Raises ValueError, saying what is wrong, for a device that torch does not know or that this machine lacks."""
    try:
        torch.zeros((), device=torch.device(name)).add_(1)
    except (RuntimeError, AssertionError, NotImplementedError) as wrong:
        raise ValueError(f"no such device here ({str(wrong).splitlines()[0][:120]})") from None
    if name == "meta":
        raise ValueError("tensors there hold no numbers")
