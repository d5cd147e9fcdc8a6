"""Which models are boundary problems: those whose every part has a place in continuous time."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.diagnostics.diagnostic import ModelError

PLAIN = "state x = 1\nparam k = 1\nx' = -k*x\ncost run = x^2\nhorizon 1\n"
LEARN = "learn\n    schedule = {}\n"


def told(text: str, schedule: str = "boundary") -> list[str]:
    try:
        hdsl.loads(text + LEARN.format(schedule))
    except ModelError as wrong:
        return [found.message for found in wrong.diagnostics if found.code == "boundary"]
    return []


def test_a_flow_is_a_boundary_problem() -> None:
    assert told(PLAIN) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("state y = 0\nnext y = x\ncost c = y\n", "`y` moves from step to step, and a boundary problem has none"),
        ("cost c = delay(x)\n", "a delay moves from step to step, and a boundary problem has none"),
        ("reset x each sample\n", "`x` cannot begin anew on the way"),
        ("project k = k/2 every 3\n", "`k` cannot be put back in a boundary problem"),
    ],
)
def test_what_needs_steps_is_refused_and_runs_online(more: str, message: str) -> None:
    assert told(PLAIN + more) == [message]
    assert told(PLAIN + more, "online") == []


def test_without_a_cost_there_is_nothing_to_minimise() -> None:
    assert told("state x = 1\nx' = -x\noutput y = x\nhorizon 1\n") == ["this problem has nothing to minimise"]
    assert told("state x = 1\nx' = -x\nterminal goal = x\nhorizon 1\n") == []
