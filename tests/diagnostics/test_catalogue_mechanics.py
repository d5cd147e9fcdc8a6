"""What is said about mechanical systems; the whole messages stand in tests/bad."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_mechanics as catalogue
from hdsl.syntax.source import Span

HERE = Span(0, 1)


def test_a_hidden_state_cannot_be_given_a_momentum() -> None:
    assert "`costate p of x = 0`" in catalogue.no_momentum(HERE, "x", False).label
    assert "components or delays" in catalogue.no_momentum(HERE, "a.delay", True).label


def test_a_step_from_outside_has_no_fix_in_the_file() -> None:
    assert catalogue.not_separable(HERE, "leapfrog", "p", "q", Span(0, 0), None).fix is None


def test_the_steps_of_others_are_listed() -> None:
    assert catalogue.mechanical_step(HERE, "leapfrog", ["euler", "midpoint", "rk4"]).label.endswith("euler, midpoint or rk4")
