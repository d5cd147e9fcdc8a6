"""Moves held back: the run is the plain one, whatever K, order and decay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import hdsl
from benchmarks.generated import text_of
from benchmarks.held_back import HeldBack, differences, remembered, row_of
from benchmarks.workload import ORDERS, WORKLOADS
from hdsl.runtime.native_build import find_compiler
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
STEPS = 150  # more than are ever kept, so that matrices are written, and some steps are held back at the end

N = 37  # whole tiles of vectors and rows, and some of both left over


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plain_builds():
        yield


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("K", "forgets"), [(1, False), (16, False), (1, True), (16, True)])
def test_a_run_is_the_plain_run_to_round_off(order: str, K: int, forgets: bool) -> None:
    assert max(differences(row_of(N), order, K, forgets, STEPS).values()) < 1e-13


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("forgets", [False, True])
def test_a_run_in_parts_with_all_written_in_between_goes_on_from_there(order: str, forgets: bool) -> None:
    row = row_of(N)
    whole, parts = (HeldBack(row, order, torch.float64, 8, forgets) for _ in range(2))
    stream = row.stream(STEPS, torch.float64)
    whole.run(stream)
    for lo, hi in ((0, 5), (5, 100), (100, STEPS)):
        parts.run({name: value[lo:hi] for name, value in stream.items()})
        parts.settle()
    found = parts.settle()
    for name, value in whole.settle().items():
        torch.testing.assert_close(found[name], value, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("order", ORDERS)
def test_a_costate_that_never_decays_is_held_back_too(order: str) -> None:
    row = row_of(N)
    model = hdsl.loads(text_of(row, order), settings={"eta": 0}, **row.sizes)
    net, held = model.compile(dtype=torch.float64)(batch=1), HeldBack(row, order, torch.float64, 8, eta=0)
    for name, value in row.draw(torch.float64).items():
        net.get_parameter(name).data.copy_(value)
    stream = row.stream(STEPS, torch.float64)
    net.run(stream)
    told = held.settle() if held.run(stream) else {}
    for name, value in net.state_dict().items():
        if name in told:
            torch.testing.assert_close(told[name].view_as(value), value, rtol=1e-11, atol=1e-13)


def test_what_is_remembered_is_what_decay_leaves_a_trace_of() -> None:
    assert remembered(0.5, torch.float32) == 24 and remembered(0.5, torch.float64) == 53
    assert 0.9 ** remembered(0.9, torch.float64) <= 2**-53 < 0.9 ** (remembered(0.9, torch.float64) - 1)


def test_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="batch 1"):
        HeldBack(WORKLOADS["rnn-16-batch-32"], "sequential", torch.float32, 8)
