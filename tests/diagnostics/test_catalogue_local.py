"""What is said about `local` lines; the messages in full stand in tests/bad/local*.txt and not_local.txt."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_local as catalogue
from hdsl.syntax.source import Span

HERE, THERE = Span(0, 1), Span(4, 9)


def test_a_definition_without_params_says_so() -> None:
    assert catalogue.not_a_param(HERE, "a", "let", 3).label == "no param is `a.…`"
    assert catalogue.not_a_param(HERE, "h", "state", 3).label == "only params learn"
    assert "every param" in catalogue.no_param(HERE).message


def test_each_connection_has_its_place() -> None:
    found = catalogue.not_local(HERE, "W", 0, 2, "cost fit → W", [(THERE, ("C", "D")), (THERE, ())])
    assert "2 connections" in found.message
    assert "more" not in found.message
    assert [label.span for label in found.others] == [THERE, THERE]
    assert "`C` and `D`, transposed" in found.others[0].text
    assert "transposed" not in found.others[1].text
    assert "cost fit → W" in found.notes[0]


def test_one_connection_and_others_at_the_same_place() -> None:
    message = catalogue.not_local(HERE, "W", 3, 1, "", []).message
    assert "1 connection" in message and "1 connections" not in message
    assert "(and of 3 more)" in message
