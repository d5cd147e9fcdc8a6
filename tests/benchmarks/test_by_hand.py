"""The hand-written steps are the measure of the generated ones, so they are compared with autograd of H′ at small sizes."""

from __future__ import annotations

import pytest
import torch

from benchmarks.by_hand import by_hand, layouts
from benchmarks.by_hand.__main__ import check, difference, output_bound
from benchmarks.by_hand.hand import whole_lines
from benchmarks.workload import ORDERS, Workload

SMALL = {
    "rnn": {"n": 5, "m": 3, "d": 2},
    "mlp": {"m": 6, "n": 5, "k": 4},
    "oscillators": {"n": 5, "m": 3, "d": 2},
}
CASES = [
    (kind, layout, order) for kind in SMALL for layout in layouts(Workload(kind, kind, SMALL[kind])) for order in ORDERS
]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("kind", "layout", "order"), CASES)
def test_agrees_with_autograd_of_the_robust_hamiltonian(kind: str, layout: str, order: str, batch: int) -> None:
    workload = Workload(kind, kind, SMALL[kind], batch)
    results, moved = check(workload, order, layout, torch.float64, steps=12)
    assert results <= 1e-12
    assert moved <= 1e-12


def test_every_kind_has_a_plain_and_a_packed_layout() -> None:
    assert {kind: set(layouts(Workload(kind, kind, SMALL[kind]))) for kind in SMALL} == {
        "rnn": {"separate", "packed", "stacked"},
        "mlp": {"separate", "packed"},
        "oscillators": {"separate", "packed"},
    }


@pytest.mark.parametrize("kind", ["rnn", "oscillators"])
def test_the_comparison_tells_the_orders_apart(kind: str) -> None:
    workload = Workload(kind, kind, SMALL[kind])
    drawn, stream = workload.draw(torch.float64), workload.stream(12, torch.float64)
    found = [by_hand(workload, order, "separate", torch.float64, drawn) for order in ORDERS]
    for hand in found:
        hand.run(stream)
    assert difference(found[0].parameters(), found[1].parameters()) > 1e-6


@pytest.mark.parametrize(("kind", "layout", "order"), CASES)
def test_inner_moves_everything_as_run_does(kind: str, layout: str, order: str) -> None:
    workload = Workload(kind, kind, SMALL[kind], batch=2)
    stream = workload.stream(5, torch.float64)
    handed_out, inner = (by_hand(workload, order, layout, torch.float64) for _ in range(2))
    handed_out.run(stream)
    inner.advance(stream)
    for told, other in ((handed_out.parameters(), inner.parameters()), (handed_out.costates(), inner.costates())):
        assert all(torch.equal(told[name], other[name]) for name in told)


def test_results_are_ordinary_tensors() -> None:
    results = by_hand(Workload("rnn", "rnn", SMALL["rnn"]), "sequential").run(Workload("rnn", "rnn", SMALL["rnn"]).stream(2))
    assert {name: tuple(value.shape) for name, value in results.items()} == {"y": (2, 1, 2), "fit": (2, 1)}
    assert not any(value.is_inference() for value in results.values())


def test_the_bound_on_outputs_grows_with_their_sum_in_single_precision_only() -> None:
    wide = Workload("wide", "oscillators", {"n": 500, "m": 8, "d": 1})
    assert output_bound(wide, torch.float64) == 1e-12
    assert 1e-6 < output_bound(wide, torch.float32) < 5e-6


def test_a_missing_tensor_is_the_largest_difference() -> None:
    assert difference({"W": torch.zeros(1)}, {"W": torch.zeros(1), "b": torch.zeros(1)}) == float("inf")


def test_rows_are_padded_to_sixteen() -> None:
    assert [whole_lines(length) for length in (1, 16, 17, 785)] == [16, 16, 32, 800]
