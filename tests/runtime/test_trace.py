"""What is kept of a run: all of a short one, and never more than so much."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from hdsl.runtime.trace import NUMBERS, RECENT, STEPS, Trace


def traced(total: int, size: int = 256, width: int = 1, everything: bool = False) -> Trace:
    trace = Trace(everything)
    for start in range(0, total, size):
        steps = np.arange(start, min(start + size, total))
        trace.add(start, {"y": np.repeat(steps[:, None], width, 1) * 1.0, "c": steps * 2.0})
    return trace


@pytest.mark.parametrize("total", [1, 700, STEPS])
def test_all_of_a_short_run(total: int) -> None:
    at, kept = traced(total).kept()
    assert at.tolist() == list(range(total))
    np.testing.assert_array_equal(kept["c"], 2.0 * at)


@pytest.mark.parametrize("size", [1, 256, 1000])
def test_fewer_of_a_long_one_and_its_last_ones(size: int) -> None:
    total = 3 * STEPS + 17
    trace = traced(total, size)
    at, kept = trace.kept()
    assert trace.every == 4
    assert len(at) <= STEPS + 2 * RECENT + size
    assert at[-RECENT:].tolist() == list(range(total - RECENT, total))
    assert at[:3].tolist() == [0, 4, 8] and (np.diff(at) > 0).all()
    np.testing.assert_array_equal(kept["y"][:, 0], at)


def test_wide_results_are_kept_more_rarely() -> None:
    at, kept = traced(4000, width=1000).kept()
    assert kept["y"].size <= NUMBERS + 1000 * (RECENT + 256)
    assert len(at) < 4000


def test_its_memory_stays_the_same_to_the_byte() -> None:
    """Whatever it holds between two thinnings; a piece's own arrays are not among it."""
    tracemalloc.start()
    try:
        trace, held = Trace(), []
        for start in range(0, 5 * STEPS, 256):
            steps = np.arange(start, start + 256)
            trace.add(start, {"y": steps[:, None] * 1.0, "c": steps * 2.0})
            del steps
            arrays = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)])
            held.append(sum(trace.size for trace in arrays.traces))
    finally:
        tracemalloc.stop()
    assert trace.every == 8
    full = held[STEPS // 256 :]
    assert min(full) == max(full) == (STEPS + RECENT) * 3 * 8


def test_everything_where_it_is_asked_for() -> None:
    assert len(traced(3 * STEPS, everything=True).kept()[0]) == 3 * STEPS


@pytest.mark.parametrize("before", [0, 300, 2 * STEPS])
def test_what_was_kept_is_put_back(before: int) -> None:
    first, again = traced(before), Trace()
    again.put_back(first.state())
    for trace in (first, again):
        for start in range(before, before + 2000, 100):
            trace.add(start, {"y": np.ones((100, 1)) * start, "c": np.arange(start, start + 100.0)})
    for one, other in zip(first.kept()[1].values(), again.kept()[1].values(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(first.kept()[0], again.kept()[0])
