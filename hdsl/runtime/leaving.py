"""Leaving a stream: what a module that replays has kept of its last sequence."""

from __future__ import annotations

from typing import Any

import torch

from hdsl.runtime.nonfinite import replay_checked


def leave(net: Any, ends: bool, rescue: bool = False) -> None:
    """Leave a stream: replay what is kept where it ``ends`` and the module learns, else make what is kept the module's own.

    Until then it is a part of the stream's own tensors, and was made in inference mode. ``rescue`` is as `Runner.run` has it.
    """
    if ends and net.training and net._kept:
        with torch.no_grad():
            replay_checked(net, rescue)
    net._kept = [(tuple(value.clone() for value in row), tau) for row, tau in net._kept]
    net._path = [tuple(value.clone() for value in states) for states in net._path]
