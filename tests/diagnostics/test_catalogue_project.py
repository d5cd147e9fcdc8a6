"""What is said about `project` lines; the messages in full stand in tests/bad/project*.txt."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_project as catalogue
from hdsl.syntax.source import Span

HERE = Span(0, 1)


def test_a_state_has_its_dynamics() -> None:
    assert "dynamics" in catalogue.not_a_param(HERE, "h", "state", 3).label
    assert "dynamics" not in catalogue.not_a_param(HERE, "a", "let", 3).label


def test_a_formula_takes_the_place_of_a_let() -> None:
    assert catalogue.reads(HERE, "W", "a", "let", 3).label == "write its formula here"
    assert catalogue.reads(HERE, "W", "u", "input", 3).label == ""


def test_sizes_that_differ_by_name_only() -> None:
    assert catalogue.shape(HERE, "W", "[n]", "[m]", 2, True).notes
    assert not catalogue.shape(HERE, "W", "[n]", "a scalar", 2, False).notes
