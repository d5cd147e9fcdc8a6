"""What is said of a model that is no boundary problem: the schedule is the second place of each that has one."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_boundary as catalogue
from hdsl.syntax.source import Span

HERE, THERE = Span(1, 2), Span(5, 9)


def test_each_names_what_has_no_place_and_where_the_schedule_stands() -> None:
    for made in (
        catalogue.moves_by_step(HERE, "h", THERE, False),
        catalogue.begins_anew(HERE, "h", THERE),
        catalogue.put_back(HERE, "h", THERE),
    ):
        assert made.code == "boundary" and made.span == HERE and "`h`" in made.message
        assert [label.span for label in made.others] == [THERE]
    assert catalogue.moves_by_step(HERE, "h.delay", THERE, True).message.startswith("a delay moves")


def test_what_has_nothing_to_minimise_is_told_at_the_schedule() -> None:
    made = catalogue.nothing_to_minimise(THERE)
    assert made.span == THERE and "nothing to minimise" in made.message
