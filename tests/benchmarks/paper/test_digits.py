"""Digits by delayed nets: torch's net is the one without delays, and a late target is that of the sample which has arrived."""

from __future__ import annotations

import torch

import hdsl
from benchmarks.paper import digits


def test_pulses_are_torch_where_nothing_is_learned_and_late_ones_lag() -> None:
    """Without learning, what is told at the tick that counts is what the net says of the digit."""
    u, c = digits.digits()
    u, c = u[:8], torch.full((8, 1), -1)
    net = hdsl.load("deep_delayed").compile()(batch=1, seed=1)
    plain = digits._by_torch(net, u[:1], torch.zeros(1, 1, dtype=torch.int64))
    for _, _, way in digits.WAYS[1:3]:
        assert torch.equal(way(hdsl.load("deep_delayed").compile()(batch=1, seed=1), u, c)[:1], plain)
    late = digits.WAYS[3][2](hdsl.load("deep_delayed").compile()(batch=1, seed=1), u, c)
    assert int(late[0]) == int(plain[0])
    assert late[-digits.LAYERS :].flatten().tolist() == [-1] * digits.LAYERS
