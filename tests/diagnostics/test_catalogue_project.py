"""What is said about `project` lines; the messages in full stand in tests/bad/project*.txt."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_project as catalogue
from hdsl.syntax.source import Span

HERE = Span(0, 1)


def test_a_state_has_its_dynamics() -> None:
    assert "dynamics" in catalogue.not_a_param(HERE, "h", "state", 3).label
    assert "dynamics" not in catalogue.not_a_param(HERE, "a", "let", 3).label


def test_what_a_let_depends_on_is_named_with_its_kind() -> None:
    assert "`u`, an input" in catalogue.reads_through(HERE, "W", "a", 3, "u", "input").message
    assert "depends on the `t` of a step" in catalogue.reads_through(HERE, "W", "a", 3, "t", "").message


def test_sizes_that_differ_by_name_only() -> None:
    assert catalogue.shape(HERE, "W", "[n]", "[m]", 2, True).notes
    assert not catalogue.shape(HERE, "W", "[n]", "a scalar", 2, False).notes
