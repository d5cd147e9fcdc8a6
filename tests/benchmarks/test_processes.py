from __future__ import annotations

from math import isnan, nan

import pytest

from benchmarks.processes import Timings, figure, repeated


def test_the_median_of_the_processes_and_half_their_range() -> None:
    found = Timings([{"a": [k, k, k], "b": [1.0, 2.0, 2.0], "c": [1.0] * 3} for k in (1.0, 2.0, 4.0)])
    assert found.seconds("a") == 2 and found.spread("a") == 0.75
    assert found.ratio("a", "b") == 1 and found.above("a", "b") == 0
    assert isnan(found.ratio("a", "missing")) and isnan(found.above("a", "missing")) and found.told("missing") == "–"
    assert found.told("a", "best") == "best 2000000 (75 %)"


def test_what_only_some_processes_have_is_missing() -> None:
    found = Timings([{"a": [1.0]}, {"a": [1.0], "b": [1.0]}])
    assert found.has("a") and not found.has("b") and isnan(found.seconds("b"))


def test_three_figures() -> None:
    assert [figure(value) for value in (0.1234, 1.234, 12.34, 123.4, nan)] == ["0.12", "1.23", "12.3", "123", "–"]


def test_each_process_is_asked_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert repeated(["json.tool", "--compact", "/dev/null"], 0) == []
    with pytest.raises(SystemExit, match="process 1 ended with"):
        repeated(["json.tool", "there is no such file"], 2)
