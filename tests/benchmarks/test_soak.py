"""The soak: its stream is endless and the same each time, its watch looks at equal distances, and what drifts is seen."""

from __future__ import annotations

import json
import resource
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import soak
from benchmarks.soak import BLOCK, TENTHS, WAYS, Watch, blocks, drift, flatness, rates, worker

PAGE = resource.getpagesize()


def test_blocks_follow_one_another_and_are_the_same_again() -> None:
    steps = 2 * BLOCK + 100
    found = list(blocks(steps))
    assert [len(block) - 1 for block in found] == [BLOCK, BLOCK, 100]
    for before, after in pairwise(found):
        assert before[-1] == after[0]
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate(list(blocks(steps))))
    whole = np.concatenate([block[1:] for block in blocks(50 * BLOCK)])
    assert 0.2 < whole.std() < 3 and np.abs(whole).max() < 10
    assert len(np.unique(whole)) == len(whole)


def test_the_watch_looks_at_equal_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "_looked", lambda step: {"step": step})  # each look collects what nobody holds
    steps = 100 * BLOCK
    watch = Watch(steps, lambda: {"cost": 1.0})
    for step in range(1024, steps + 1, 1024):
        watch.told(step)
    assert [step for step, _ in watch.times] == list(range(0, steps + 1, steps // TENTHS))
    assert [look["step"] for look in watch.memory] == list(range(0, steps, 3 * BLOCK))  # 2.5 apart, at the end of a block
    assert [kept["step"] for kept in watch.kept] == [1024, 10_240, 100_352]
    assert all(second > first for (_, first), (_, second) in pairwise(watch.times))


def test_what_is_kept_is_seen_as_handed_out() -> None:
    watch = Watch(4 * BLOCK)
    watch.told(BLOCK)
    kept = np.ones(2**20)
    watch.told(2 * BLOCK)
    objects = [object() for _ in range(10_000)]
    watch.told(3 * BLOCK)
    del kept
    watch.told(4 * BLOCK)
    given = [look["given"] for look in watch.memory[1:]]
    assert given[1] - given[0] == pytest.approx(2**23, rel=0.02) and given[2] - given[3] == pytest.approx(2**23, rel=0.02)
    assert watch.memory[3]["objects"] - watch.memory[2]["objects"] == pytest.approx(len(objects), rel=0.05)


def test_growth_is_that_of_the_second_half() -> None:
    memory = [{"step": step, "resident": pages * PAGE} for step, pages in ((0, 0), (50, 10), (75, 14), (100, 11))]
    assert flatness(memory, "resident") == (PAGE, 4 * PAGE)
    assert rates([(0, 0.0), (50, 2.0), (100, 3.0)]) == [25.0, 50.0]


def test_drift_is_relative() -> None:
    high = {"parameters": [3.0, 4.0], "states": [1.0], "costates": [2.0], "cost": 2.0}
    low = {"parameters": [3.0, 4.5], "states": [1.0], "costates": [1.0], "cost": 2.5}
    assert drift(low, high) == {"parameters": pytest.approx(0.1), "states": 0, "costates": 0.5, "mean cost so far": 0.25}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    return {way: worker(way, 10_000, 4) for way in WAYS}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_does_all_steps(way: str, found: dict[str, dict[str, Any]]) -> None:
    assert found[way]["times"][-1][0] == 10_000
    assert [look["step"] for look in found[way]["memory"]] == [0, BLOCK, 2 * BLOCK]
    assert [kept["step"] for kept in found[way]["kept"]] == ([] if way.startswith("session") else [1024, 10_000])


def test_what_ways_have_left_in_a_folder_is_told(
    found: dict[str, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin from the same numbers, so that after 1024 steps they are as far apart as float32 makes them."""
    for way, told in found.items():
        (tmp_path / f"{way}.json").write_text(json.dumps(told))
    given = ["soak", "--steps", "10000", "--folder", str(tmp_path)]
    monkeypatch.setattr("sys.argv", [*given, "--json"])
    assert soak.main() == 0
    apart = json.loads(capsys.readouterr().out)["drift"]
    assert list(apart) == ["run-float32", "run-nudged"]
    assert all(0 < of["1024"]["parameters"] < 1e-5 for of in apart.values())
    monkeypatch.setattr("sys.argv", given)
    assert soak.main() == 0
    shown = capsys.readouterr().out
    assert "of each tenth" in shown and "run-float32 from run-float64" in shown


def test_a_worker_leaves_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "worker", lambda *given: list(given))
    monkeypatch.setattr("sys.argv", ["soak", "--size", "2", "--folder", str(tmp_path), "--worker", "session"])
    assert soak.main() == 0
    assert json.loads((tmp_path / "session.json").read_text()) == ["session", 10_000_000, 2]
