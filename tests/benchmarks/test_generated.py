"""What is timed must do the same work: the generated modules of the workloads against the hand-written steps."""

from __future__ import annotations

import pytest
import torch

from benchmarks.by_hand import by_hand
from benchmarks.by_hand.__main__ import difference
from benchmarks.generated import Generated
from benchmarks.workload import ORDERS, Workload

SMALL = {
    "rnn": {"n": 5, "m": 3, "d": 2},
    "mlp": {"m": 6, "n": 5, "k": 4},
    "oscillators": {"n": 5, "m": 3, "d": 2},
}


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", list(SMALL))
def test_generated_and_by_hand_give_the_same(kind: str, order: str, batch: int) -> None:
    workload = Workload(kind, kind, SMALL[kind], batch)
    stream = workload.stream(8, torch.float64)
    hand = by_hand(workload, order, "separate", torch.float64)
    running, stepping = (Generated(workload, order, torch.float64) for _ in range(2))
    expected, found = hand.run(stream), running.run(stream)
    stepping.step(stream)
    assert difference({name: found[name] for name in expected}, expected) <= 1e-12
    assert difference(running.parameters(), hand.parameters()) <= 1e-12
    assert difference(stepping.parameters(), hand.parameters()) <= 1e-12
