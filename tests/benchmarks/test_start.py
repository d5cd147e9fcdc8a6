from __future__ import annotations

import pytest

from benchmarks import fresh
from benchmarks.measure import Timing
from benchmarks.start import HEADS, OVER, PROCESSES, TRANSFORMER, succeeds, tables


def test_only_an_exit_of_nought_is_a_success() -> None:
    assert succeeds("-c", "pass")
    assert not succeeds("-c", "raise SystemExit(1)")


def test_a_fork_tells_what_its_work_came_to_and_what_went_wrong() -> None:
    seen = fresh.forked(lambda path: {path: float(fresh.os.environ["HDSL_CACHE"] == "off")}, "here", "off")
    assert seen == {"here": 1.0}

    def fail(path: str) -> dict[str, float]:
        raise ValueError(f"first\n{path} is wrong")

    assert fresh.forked(fail, "it", "off") == {"wrong": "it is wrong"}
    assert fresh.forked(lambda path: fresh.os._exit(3), "it", "off") == {"wrong": "the process ended"}


def test_the_slowest_models_are_told_and_the_median_is_of_those_that_ship() -> None:
    assert TRANSFORMER.exists() and set(fresh.IMPORTS) == set(fresh.WORK)
    parts = ("check", "derive", "emit", "all", "made", "kept")
    found = {name: dict.fromkeys(parts, seconds) for name, seconds in (("a", 0.02), ("b", 0.04), (TRANSFORMER.stem, 12.0))}
    found["c"] = {"wrong": "no such unit"}
    goals, started, models = tables({name: Timing((2.0,)) for name in PROCESSES}, found, most=2)
    assert [row[2:] for row in goals.rows] == [("1.00", "✓"), ("0.04", "✓"), ("12.0", "✗"), ("0.04", "✓")]
    assert [row[0] for row in models.rows] == [TRANSFORMER.stem, "b", "median of 2 that ship"]
    assert models.rows[-1][1:] == ("0.030",) * 6
    assert models.notes == ("Not measured, c: no such unit",)
    assert {each.mark for each in (goals, started, models)} == set(HEADS)
    assert set(OVER) | set(OVER.values()) == set(PROCESSES)


@pytest.mark.parametrize("kind", list(fresh.WORK))
def test_a_model_is_derived_and_loaded(kind: str) -> None:
    made = fresh.forked(fresh.WORK[kind], str(fresh.ROOT / "models" / "lqr.ham"), "off")
    assert made and all(seconds > 0 for seconds in made.values())
