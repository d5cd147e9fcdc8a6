"""What a run tells at its end."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hdsl.cli.summary import last_value_part, scaling_text, shown, spread, summary_json, summary_text
from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.columns import Column
from hdsl.runtime.hold import ONE_TICK
from hdsl.runtime.metrics import Metric


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "0.0000"), (0.25, "0.2500"), (-1.5, "-1.5000"), (2e-7, "2.000e-07"), (12345.0, "1.234e+04"), (math.nan, "–")],
)
def test_figures_have_four_places(value: float, told: str) -> None:
    assert shown(value) == told


def metric(value: float, predictor: str = "mine", part: str = "second half", kind: str = "error/var") -> Metric:
    return Metric("v", kind, part, predictor, value, 10, 600 if part == "second half" else 0)


def session(*metrics: Metric, scale: str = "running", ahead: int = 1, **changes: Any) -> Any:
    plan = SimpleNamespace(
        model=SimpleNamespace(name="mine"),
        stream=SimpleNamespace(
            name="s.csv", columns=SimpleNamespace(of={"v": (Column("x", ahead),)}), scale=scale, leaks=False, batch=1,
            bad=BadRows(),
        ),
        seed=3, dtype="float32", device="cpu", threads=1, hold=ONE_TICK, record_to=None,
    )  # fmt: skip
    net = SimpleNamespace(
        content="abc", numbers={"beta": "beta", "phi": "phi"}, beta=0.5, phi=None,
        choice=SimpleNamespace(told="", taken="torch"),
    )
    told = dict(plan=plan, net=net, first=0, steps=1200, total=1200, length=1200, seconds=0.5, rate=2400.0, interrupted=False)
    told |= {"passed_over": (), "skipped": (), "nonfinite": None, "recorded": {}, "energy": None}
    return SimpleNamespace(**{**told, "cost_means": {"fit": 2.0, "gone": math.nan}, "metrics": metrics, **changes})


def test_a_model_that_replays_tells_how_often_it_did_and_what_waits() -> None:
    told = session(*BOTH)
    told.plan.model.learning = SimpleNamespace(tokens=None)
    told.plan.stream.columns.boundary = Column("end", 0)
    told.net.replays, told.net._kept = 12, [None] * 3
    assert "the parameters moved in 12 replays; 3 tokens wait for the rest of their sequence\n" in summary_text(told)
    assert summary_json(told)["replays"] == 12
    told.net.replays, told.net._kept, told.plan.stream.columns.boundary = 1, [], None
    assert "in 1 replay; the stream tells of no boundary, so a pass is one sequence" in summary_text(told)
    assert "replay" not in summary_text(session(*BOTH)) and "replays" not in summary_json(session(*BOTH))


BOTH = (metric(0.12), metric(0.16, "last value"))


def test_the_part_of_the_last_value() -> None:
    assert last_value_part("v", session(*BOTH), []) == pytest.approx(0.75)
    runs = [session(metric(value)) for value in (0.08, 0.2, 0.1)]
    assert last_value_part("v", session(*BOTH), runs) == pytest.approx(0.1 / 0.16)
    assert last_value_part("v", session(metric(0.9, kind="accuracy")), []) is None
    assert last_value_part("v", session(metric(0.1), metric(0.0, "last value")), []) is None


def test_lowest_median_and_highest() -> None:
    runs = [session(metric(value), metric(9.0, part="all")) for value in (3.0, 1.0, 2.0, 8.0)]
    assert spread(metric(0.0), runs) == (1.0, 2.5, 8.0)


def test_the_text() -> None:
    shown = summary_text(session(*BOTH)).replace("\u202f", " ").splitlines()
    assert shown == [
        "mine: 1 200 steps in 0.50 s (2.4 k steps/s), seed 3, float32 on cpu, 1 thread",
        "stream s.csv, scaled by mean and deviation of the past; errors are in the units of the file",
        "cost fit: mean 2.0000",
        "cost gone: mean –",
        "",
        "v, predicted before it was learned from       second half",
        "  error/var",
        "    mine                                           0.1200",
        "    last value                                     0.1600",
        "  second half: 0.750 of the last value's error",
    ]


@pytest.mark.parametrize(("steps", "told"), [(1, "mine: 1 step in 0.50 s (2.4 k steps/s)"), (2, "mine: 2 steps in")])
def test_one_step_is_no_steps(steps: int, told: str) -> None:
    assert summary_text(session(steps=steps)).startswith(told)


def test_another_output_stands_beside_the_one_that_counts() -> None:
    two = (*BOTH, metric(0.2, "output fast"))
    runs = [session(metric(0.1), metric(0.3, "output fast")), session(metric(0.12), metric(0.4, "output fast"))]
    told = [" ".join(line.split()) for line in summary_text(session(*two), runs).splitlines()]
    assert "output fast 0.2000" in told
    assert "output fast, median of 2 seeds 0.3500" in told
    assert "lowest … highest of output fast 0.3000 … 0.4000" in told
    seeds = summary_json(session(*two), [session(*two)])["seeds"]
    assert [m["predictor"] for m in seeds[0]["metrics"]] == ["mine", "output fast"]  # a baseline knows no seed


def test_what_should_make_a_reader_careful_is_said() -> None:
    assert "the future leaks into the past" in scaling_text("whole")
    assert scaling_text("first:30").endswith("held after 30 rows")
    assert "before it would be known" in summary_text(session(*BOTH, ahead=3))
    assert "before it would be known" not in summary_text(session())
    stopped = summary_text(session(interrupted=True, steps=7, first=5)).replace("\u202f", " ")
    assert "7 of 1 200 steps" in stopped and "went on from the checkpoint of step 5" in stopped


def test_json_holds_numbers_or_null() -> None:
    told = summary_json(session(*BOTH, metric(math.nan, part="all")), [session(metric(0.2))])
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["costs"] == {"fit": 2.0, "gone": None}
    assert [m["value"] for m in again["metrics"]] == [0.12, 0.16, None]
    assert again["settings"] == {"beta": 0.5}
    assert again["seeds"][0]["metrics"] == [vars(replace(metric(0.2)))]
    assert (again["columns"], again["leaks"]) == ({"v": ["x@+1"]}, False)


def test_bad_rows_lanes_and_an_inexact_half_are_told() -> None:
    one = session(*BOTH)
    one.plan.stream.bad.counts.update({"no number": 2000, "missing input": 1})
    one.plan.stream.batch = 3
    shown = summary_text(one).replace("\u202f", " ")
    assert "\n2 001 bad rows left out: 2 000 no number, 1 missing input\n" in shown
    assert "\n3 streams beside one another, a sample of each in a step; figures are of all of them\n" in shown
    assert summary_json(one)["bad_rows"] == {"no number": 2000, "missing input": 1}
    assert summary_json(one)["batch"] == 3
    assert "note: the second half" not in shown
    longer = summary_text(session(*BOTH, steps=1300, length=1300)).replace("\u202f", " ")
    assert longer.endswith("note: the second half is the one from step 600 on: its length was not known beforehand")
