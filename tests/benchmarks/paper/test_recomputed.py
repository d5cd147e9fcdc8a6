"""The measurement of recomputed states: what is counted is what a closed form says, and errors are those of a gradient."""

from __future__ import annotations

import pytest
import torch

from benchmarks.paper import recomputed
from benchmarks.paper.recomputed import (
    MAPS,
    TEXTS,
    WAYS,
    Found,
    by_hdsl,
    by_torch,
    difference,
    errors_of,
    memory_of,
    rows_of,
)

REAL = 8  # bytes


def test_every_net_is_there_twice() -> None:
    assert set(TEXTS) == set(MAPS)


@pytest.mark.parametrize("net", TEXTS)
def test_every_way_has_the_gradient_of_central_differences(net: str) -> None:
    """Of J = Σ ½ ‖C h − v‖² by the map written in torch, along one direction of all parameters."""
    found = [*errors_of(net, 3, 9)]
    assert [one.way for one in found] == ["autograd", "checkpoint", *WAYS]
    assert all(one.error is not None and one.error < 1e-13 and one.holds for one in found)
    start, gradient, _, _ = by_hdsl(net, "recomputed", 3, 9)
    source = torch.Generator().manual_seed(0)
    along = {name: torch.randn(value.shape, generator=source, dtype=torch.float64) for name, value in start.items()}

    def cost(step: float) -> float:
        p = {name: value + step * along[name] for name, value in start.items()}
        u, v = recomputed.stream_of(9)
        states, total = (torch.zeros(1, 3, dtype=torch.float64),) * 2, 0.0
        for k in range(9):
            states = MAPS[net](recomputed.prepared(p), u[k], states, k == 0)
            total += float(0.5 * (states[0] @ p["C"].T - v[k]).square().sum())
        return total

    slope = sum(float((gradient[name] * along[name]).sum()) for name in start)
    assert slope == pytest.approx((cost(1e-5) - cost(-1e-5)) / 2e-5, rel=1e-7)


def test_what_is_held_is_counted_to_the_byte() -> None:
    held = {(one.net, one.way): one.held for net in TEXTS for one in memory_of(net, 5, 1000)}
    assert held["rotations", "stored"] == 1000 * 2 * 5 * REAL
    assert held["rotations", "recomputed"] == 2 * 5 * REAL
    assert held["rotations", "recomputed(500)"] == 2 * 2 * 5 * REAL
    assert held["two-step", "stored"] == 1000 * (2 * 5 + 1) * REAL  # two-step keeps the τ before of each token
    assert held["two-step", "recomputed"] == (2 * 5 + 1000) * REAL
    assert held["rotations", "checkpoint"] < held["rotations", "stored"] / 10 < held["rotations", "autograd"] / 20


def test_a_checkpointed_graph_holds_the_beginnings_of_its_segments() -> None:
    start = by_hdsl("rotations", "stored", 5, 1)[0]
    assert by_torch("rotations", start, 12, 4, False)[1] == 3 * 2 * 5 * REAL


def test_an_error_above_round_off_does_not_hold_but_where_it_is_known_to_grow() -> None:
    assert not Found("rotations", "recomputed", 3000, 1e-9, 0).holds
    assert not Found("two-step", "recomputed(500)", 3000, 1e-9, 0).holds
    assert Found("two-step", "recomputed", 3000, 1e-9, 0).holds and not Found("two-step", "recomputed", 300, 1e-9, 0).holds
    assert difference({"w": torch.tensor([2.0, 4.1])}, {"w": torch.tensor([2.0, 4.0])}) == pytest.approx(0.025, rel=1e-5)


def test_a_row_has_a_cell_for_each_way() -> None:
    found = [Found("two-step", "stored", 10, 1e-16, 80), Found("two-step", "recomputed", 10, 2e-16, 8)]
    assert rows_of(found) == (["net", "T", "stored", "recomputed"], [["two-step", "10", "1e-16", "2e-16"]])
    held = [Found("two-step", "stored", 10, None, 20_480_000)]
    assert rows_of(held)[1] == [["two-step", "10", "20.5 MB"]]
