"""Bad rows: the first one ends a run, or they are left out and counted."""

from __future__ import annotations

import pytest

from hdsl.runtime.bad_rows import POLICIES, BadRows, counted
from hdsl.runtime.source.block import BROKEN, KINDS, TYPE, Fault, StreamError

FAULT = Fault(TYPE, "s.csv:3:1: found `x`")


def test_the_first_one_stops() -> None:
    bad = BadRows()
    assert bad.stops
    with pytest.raises(StreamError, match=r"s\.csv:3:1: found `x`"):
        bad.take(FAULT)


@pytest.mark.parametrize("policy", ["skip", "log"])
def test_others_are_counted_and_told_of_where_that_is_wanted(policy: str) -> None:
    told: list[str] = []
    bad = BadRows(policy, told.append)
    assert not bad.stops
    for kind in (TYPE, BROKEN, TYPE):
        bad.take(Fault(kind, kind))
    assert told == ([TYPE, BROKEN, TYPE] if policy == "log" else [])
    assert counted(bad.counts) == {TYPE: 2, BROKEN: 1}
    assert list(counted(bad.counts)) == [TYPE, BROKEN]


def test_a_pass_for_something_else_tells_nothing() -> None:
    told: list[str] = []
    bad = BadRows("log", told.append)
    bad.silent().take(FAULT)
    assert (told, counted(bad.counts)) == ([], {})
    assert BadRows("stop").silent().stops


def test_kinds_are_all_different() -> None:
    assert len(set(KINDS)) == len(KINDS)
    assert POLICIES == ("stop", "skip", "log")
