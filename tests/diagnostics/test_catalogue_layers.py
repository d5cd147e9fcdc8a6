"""What is said of states that are no layers; the messages in full stand in tests/bad/layerwise*.txt."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_layers as catalogue
from hdsl.syntax.source import Span

HERE = Span(0, 1)


def test_a_cycle_is_told_as_a_way_back_to_its_beginning() -> None:
    assert "`a` needs `b` needs `a`" in catalogue.layer_cycle(HERE, ("a", "b", "a")).message


def test_each_is_a_mistake_of_one_code_that_says_what_is_expected() -> None:
    every = [
        catalogue.no_layers(HERE), catalogue.layer_cycle(HERE, ("a", "b", "a")), catalogue.layer_reset(HERE, "a"),
        catalogue.layer_beginning(HERE, "a"),
    ]  # fmt: skip
    assert {(finding.code, finding.severity) for finding in every} == {("layerwise", "error")}
    assert len({finding.label for finding in every}) == 4
