"""The measurement of layerwise nets at its smallest, and that it fails where the schedule is another one."""

from __future__ import annotations

import pytest

from benchmarks.paper import layerwise


@pytest.mark.parametrize(("order", "tick"), [("simultaneous", 7), ("sequential", 3)])
def test_two_layers(order: str, tick: int) -> None:
    found = layerwise.measured(order, 2)
    assert (found.states, found.tick, found.holds) == (2, tick, True)
    (row,) = layerwise.rows([found])
    assert len(row) == len(layerwise.HEAD)
    assert row[4] == ("4 = L + 2" if order == "simultaneous" else "2 = L")


def test_a_schedule_that_is_not_layerwise_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """All layers at every tick: the states are exact as soon, ω is sooner."""
    text = layerwise.text_of
    monkeypatch.setattr(layerwise, "text_of", lambda *given: text(*given).replace("schedule = layerwise", "schedule = online"))
    found = layerwise.measured("simultaneous", 2)
    assert (found.states, found.tick, found.holds) == (2, 5, False)
