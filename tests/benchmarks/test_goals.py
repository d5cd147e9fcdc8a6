from __future__ import annotations

from math import nan

from benchmarks.goals import GOALS, HEAD, Goal
from benchmarks.workload import WORKLOADS


def test_goals_by_row_are_of_rows_that_there_are() -> None:
    for goal in GOALS.values():
        assert not isinstance(goal.wanted, dict) or set(goal.wanted) <= set(WORKLOADS)


def test_more_or_less_is_better() -> None:
    ratio, cost = Goal("times faster", {"mlp": 3.4}, least=True), Goal("seconds", 1.0)
    assert ratio.told(3.5, "mlp") == "3.50 of 3.4 ✓" and ratio.told(3.3, "mlp") == "3.30 of 3.4 ✗"
    assert ratio.told(3.5, "rnn-16") == "3.50"
    assert cost.told(0.5) == "0.50 of 1 ✓" and cost.told(nan) == "–"
    assert cost.line(2.0, way="native, ") == ("native, seconds", "at most 1", "2.00", "✗")
    assert len(cost.line(nan)) == len(HEAD) and cost.line(nan)[3] == "–"
