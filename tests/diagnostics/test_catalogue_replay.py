"""What is said about `schedule = replay`; the messages in full stand in tests/bad/replay*.txt."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_replay as catalogue
from hdsl.syntax.source import Span

HERE = Span(0, 1)


def test_a_replay_of_no_whole_number_of_tokens_is_a_mistake() -> None:
    found = catalogue.tokens(HERE, "schedule", "replay")
    assert found.severity == "error" and "whole number from 1" in found.label


def test_what_does_not_go_with_a_replay_is_warned_of() -> None:
    assert {catalogue.unused_order(HERE).severity, catalogue.lasting_gradients(HERE).severity} == {"warning"}
    assert "eta.param = 1/tau" in catalogue.lasting_gradients(HERE).label
