from __future__ import annotations

import json

import pytest

from benchmarks.autograd import OPTIMISERS, Autograd
from benchmarks.speed import GOAL_COLUMNS, RATIO_COLUMNS, Row, fewest, longest, tables
from benchmarks.workload import WORKLOADS


def results(**generated: float) -> list[dict[str, object]]:
    """Two processes of rnn-64 under sequential, the second twice as slow; autograd takes 80, by hand 8, in microseconds."""
    row = {f"autograd {name}": 90e-6 for name in OPTIMISERS} | {"autograd fused": 80e-6}
    row |= {f"sequential | {layout} run": 10e-6 for layout in ("separate", "packed")}
    row |= {f"sequential | {layout} inner": 9e-6 for layout in ("separate", "packed")}
    row |= {"sequential | stacked run": 8e-6, "sequential | stacked inner": 7e-6}
    row |= {f"sequential | generated {way}": seconds for way, seconds in generated.items()}
    missing = {} if generated else {"sequential": "hdsl.loads", "jax": "jax is not installed"}
    return [
        {"rows": {"rnn-64": {name: [slow * each] * 3 for name, each in row.items()}}, "missing": {"rnn-64": missing}}
        for slow in (1, 2)
    ]


def test_the_fastest_variants_are_compared() -> None:
    row = Row(results(run=16e-6, step=19e-6), "rnn-64", "sequential")
    assert (row.autograd, row.by_hand, row.inner) == ("autograd fused", "stacked run", "stacked inner")
    assert row.seconds("stacked run") == pytest.approx(12e-6)
    assert row.spread("stacked run") == pytest.approx(1 / 3)
    assert row.goals()["autograd / generated"] == pytest.approx(5)
    assert row.goals()["generated / by hand"] == pytest.approx(2)
    assert row.goals()["step above inner"] == pytest.approx(1.5 * 12)


def test_what_is_missing_is_said_and_is_not_a_number_in_json() -> None:
    row = Row(results(), "rnn-64", "sequential")
    text = "\n".join(made.text() for made in tables([row]))
    assert "Not there: hdsl.loads." in text and "Not there: jax is not installed." in text
    assert "nan" not in text
    record = json.loads(json.dumps(row.record(), allow_nan=False))
    assert record["goals"]["autograd / generated"] is None
    assert record["ratios"]["autograd / by hand"] == 10


def test_every_ratio_has_its_column_and_its_goal_beside_it() -> None:
    row = Row(results(run=16e-6, step=19e-6), "rnn-64", "sequential")
    goals, times, ratios = tables([row])
    assert set(row.goals()) == set(GOAL_COLUMNS) and set(row.ratios()) == set(RATIO_COLUMNS)
    assert goals.rows[0][:5] == ("rnn-64", "sequential", "5.00 of 14 ✗", "2.00 of 1.1 ✗", "18.0 of 8 ✗")
    assert times.rows[0][3] == "fused 120 (33 %)"
    assert all(len(each) == len(made.head) for made in (goals, times, ratios) for each in made.rows)


def test_a_turn_is_no_longer_than_its_stream() -> None:
    for workload in WORKLOADS.values():
        assert 32 <= fewest(workload) <= longest(workload)
    assert {longest(WORKLOADS[name]) for name in ("rnn-16", "rnn-64")} == {8192}


@pytest.mark.parametrize("name", ["rnn-16", "rnn-16-batch-32", "oscillators"])
@pytest.mark.parametrize("optimiser", list(OPTIMISERS))
def test_autograd_learns_with_every_variant_of_the_optimiser(name: str, optimiser: str) -> None:
    workload = WORKLOADS[name]
    learner = Autograd(workload, optimiser)
    found = learner.run(workload.stream(2))
    assert found["y"].shape == (2, workload.batch, workload.sizes["d"])
    drawn = workload.draw()
    assert all((learner.parameters()[name] != drawn[name]).any() for name in drawn)
