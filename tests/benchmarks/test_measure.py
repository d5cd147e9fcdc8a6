from __future__ import annotations

import time
from math import inf

import pytest

from benchmarks.measure import CLOCKS, FEWEST, Enough, Timing, interleave, steps_for, table, uncertainty


def test_a_ratio_is_taken_within_each_round() -> None:
    # A machine that is ten times slower in the second round: the medians of each say nothing, the pairs do.
    slow, fast = Timing((2.0, 20.0, 2.0, 20.0)), Timing((1.0, 10.0, 1.0, 10.0))
    assert slow.over(fast) == 2.0
    assert slow.median == 11.0
    assert slow.above(fast) == 5.5


def test_variants_take_turns() -> None:
    called: list[str] = []
    variants = {name: (lambda steps, name=name: called.append(name)) for name in "AB"}
    timings = interleave(variants, rounds=3, seconds=0, most=1)
    assert called[-6:] == ["A", "B", "A", "B", "A", "B"]
    assert {name: len(timing.rounds) for name, timing in timings.items()} == {"A": 3, "B": 3}


def test_a_slow_first_call_does_not_make_the_turns_short(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    calls: list[int] = []

    def work(steps: int) -> None:
        clock[0] += 1.0 * steps + (0 if calls else 1000.0)
        calls.append(steps)

    monkeypatch.setitem(CLOCKS, "wall", lambda: clock[0])
    assert steps_for(work, seconds=40.0, most=10_000) == 40
    assert steps_for(work, seconds=40.0, most=10_000, least=100) == 100
    assert steps_for(work, seconds=1.0, most=10_000, least=100) == 25  # a turn is no longer for that
    assert steps_for(work, seconds=1.0, most=300, least=inf) == calls.pop() == 300


def test_a_clock_of_the_processor_does_not_run_while_a_process_waits() -> None:
    waited = interleave({"wait": lambda steps: time.sleep(0.02)}, rounds=2, seconds=0, most=1, clock="processor")
    assert waited["wait"].median < 0.02 <= interleave({"wait": lambda steps: time.sleep(0.02)}, 2, 0, 1)["wait"].median


def test_turns_end_once_ratios_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gc.collect", lambda: 0)
    quiet = {"A": [1.0, 1.1, 2.0, 1.0, 1.5], "B": [2.0, 2.2, 4.0, 2.0, 3.0]}  # of a noisy machine, and the ratio is 2
    assert uncertainty(quiet) == pytest.approx(0)
    assert uncertainty({**quiet, "B": [2.0, 2.0, 2.0, 2.0, 2.0]}) > 0.05
    called: list[int] = []
    interleave({"A": called.append}, rounds=8, seconds=0, most=1, enough=Enough(within=0.01))
    assert len(called) == 2 + FEWEST
    called.clear()
    interleave({"A": called.append, "B": lambda steps: None}, rounds=8, seconds=0, most=1, enough=Enough(-1, 0.0))
    assert len(called) == 2 + FEWEST
    called.clear()
    interleave({"A": called.append, "B": lambda steps: None}, rounds=8, seconds=0, most=1, enough=Enough(-1))
    assert len(called) == 2 + 8


@pytest.mark.parametrize("most", [1, 2, 50])
def test_never_more_steps_than_the_stream_has(most: int) -> None:
    asked: list[int] = []
    assert steps_for(asked.append, seconds=10.0, most=most) == most
    assert max(asked) == most


def test_the_first_column_stands_left_and_the_others_right() -> None:
    assert table(["row", "time"], [["a", "1"], ["long", "12345"]]).splitlines() == [
        "row    time",
        "----  -----",
        "a         1",
        "long  12345",
    ]
