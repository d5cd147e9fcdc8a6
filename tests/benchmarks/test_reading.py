"""The benchmark of reading: all ways run, take turns, and learn the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import reading
from benchmarks.reading import BARE, HELD, KINDS, Turns, peaks, rates, series, stream, workers, write


def test_every_kind_of_file_holds_the_series(tmp_path: Path) -> None:
    import hdsl

    model, values = hdsl.load("sunspots", n=2), series(20)
    for kind in KINDS:
        samples = stream(write(tmp_path / f"wave{kind}", values), model).whole()
        np.testing.assert_array_equal(samples.values["u"][:, 0, 0].numpy(), values)


def test_workers_take_turns() -> None:
    seen: list[tuple[str, int]] = []

    def worker(name: str, steps: int) -> Callable[[Callable[[int], None]], object]:
        def work(told: Callable[[int], None]) -> None:
            for step in range(1, steps + 1):
                seen.append((name, step))
                told(step)

        return work

    found = Turns({"a": worker("a", 4), "b": worker("b", 6)}, 2).run()
    assert [len(found[name]) for name in "ab"] == [2, 3]
    order = [name for name, _ in seen]
    assert order == ["a", "a", "b", "b", "a", "a", "b", "b", "b", "b"]


def test_all_ways_are_timed() -> None:
    seconds, rounds = rates(2000, 512, 4, 3)
    assert list(seconds) == [BARE, HELD, *KINDS]
    assert rounds >= 1 and all(len(taken) == rounds for taken in seconds.values())


def test_every_way_does_all_steps(tmp_path: Path) -> None:
    for name, work in workers(tmp_path, 600, 4).items():
        steps: list[int] = []
        work(steps.append)
        assert steps[-1] == (600 if name == BARE else 601), name  # the last row has no target yet


def test_a_ratio_is_the_median_over_the_turns() -> None:
    assert reading.ratio([(2.0, 1.0), (9.0, 1.0), (4.0, 1.0)], [(1.0, 4.0), (1.0, 2.0), (1.0, 1.0)], 0) == 4
    assert reading.ratio([(2.0, 1.0), (9.0, 1.0), (4.0, 1.0)], [(1.0, 4.0), (1.0, 2.0), (1.0, 1.0)], 1) == 0.5


def test_reading_alone_is_timed_for_every_kind() -> None:
    found = reading.reading_alone(500)
    assert list(found) == list(KINDS) and all(0 < taken < 1e5 for taken in found.values())


def test_memory_is_measured_in_a_process_a_length() -> None:
    (held,) = peaks([300]).values()
    assert 50 < held < 5000


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["reading", "--rows", "3000", "--stretch", "1000", "--size", "4", "--lengths", ""]
    monkeypatch.setattr("sys.argv", given)
    assert reading.main() == 0
    shown = capsys.readouterr().out
    assert "rate / bare loop" in shown and shown.count(" µs") == len(KINDS)
