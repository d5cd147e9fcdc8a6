"""What is said about optimal control; the messages in full stand in tests/bad."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_control as catalogue
from hdsl.syntax.source import Span

HERE, THERE = Span(0, 1), Span(4, 9)


def test_bounds_that_are_one_number() -> None:
    assert "`const`" in catalogue.bounds_meet(HERE, "a", 1.0, 1.0).label
    assert catalogue.bounds_meet(HERE, "a", 1.0, 0.5).label == "0.5 is below 1"


def test_what_is_read_by_way_of_others() -> None:
    assert catalogue.reads(HERE, "x", "u", "input", 3, (), "states").label == "an input (line 3)"
    found = catalogue.reads(HERE, "x", "u", "input", 3, ("e", "f"), "states")
    assert found.label == "an input (line 3), by way of `e` and `f`" and found.notes == ("it reads states",)


def test_a_guess_is_below_or_above() -> None:
    assert catalogue.horizon_outside(HERE, 0.5, 1.0, 2.0).label == "0.5 is below 1"
    assert catalogue.horizon_outside(HERE, 5.0, None, 2.0).label == "5 is above 2"


def test_the_other_place_is_shown() -> None:
    for found in (catalogue.costate_twice(HERE, "x", THERE), catalogue.horizon_twice(HERE, THERE)):
        assert [label.span for label in found.others] == [THERE]


def test_a_bound_that_is_infinite_says_how_to_write_it() -> None:
    assert "`inf`" in catalogue.bound_infinite(HERE, "upper").label
    assert "`-inf`" in catalogue.bound_infinite(HERE, "lower").label
