from __future__ import annotations

import inspect

import pytest

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.syntax.source import Span

AT = Span(10, 12)
FACTS = {
    **{"tau": 0.1, "rate": -30.0, "eta": 2.0, "push": 3.0, "limit": 2.0, "leak": 0.0, "turn": 2.0, "growth": 1.02},
    **{"deviation": 20.0, "count": 400, "scale": 1e-7, "largest": 1.0, "line": 3, "lines": [3], "at": Span(20, 22)},
    **{"states": ["h"], "readers": ["b"], "flat": False},
}


def test_every_message_is_a_warning_of_the_register() -> None:
    makers = [
        f
        for name, f in inspect.getmembers(catalogue, inspect.isfunction)
        if f.__module__ == catalogue.__name__ and not name.startswith("_")
    ]
    assert len(makers) > 8
    for maker in makers:
        names = list(inspect.signature(maker).parameters)
        made = maker(AT, *(FACTS.get(name, "x") for name in names[1:]))
        assert CODES[made.code].severity == made.severity == "warning"
        assert made.span == AT
        assert not made.message.endswith(".")


@pytest.mark.parametrize(("tau", "turn"), [(0.1, 2.0), (0.5, 1.5)])
def test_the_leak_that_is_told_just_holds(tau: float, turn: float) -> None:
    (note,) = catalogue.turning(AT, ["a", "b"], tau, 0.0, turn, 1.02).notes
    leak = float(note.split()[3])
    grows = [(1 - tau * a) ** 2 + (tau * turn) ** 2 > 1 for a in (0.99 * leak, 1.01 * leak)]
    assert grows == [True, False]


def test_no_leak_holds_what_turns_too_far_in_a_step() -> None:
    (note,) = catalogue.turning(AT, ["a", "b"], 1.0, 0.0, 2.0, 2.2).notes
    assert note == "no leak holds it at this tau: a step below 0.5 is needed, and a leak"


def test_growth_is_told_over_as_many_steps_as_it_needs() -> None:
    assert catalogue.turning(AT, ["a"], 0.1, 0.0, 0.1, 1.001).label.endswith("1000 steps by 2.72")
    assert catalogue.turning(AT, ["a"], 0.1, 0.0, 9.0, 10.0).label.endswith("100 steps by 10^100")


def test_several_readers_are_named_with_their_lines() -> None:
    told = catalogue.dead_definition(AT, "a", ["b", "c"], [4, 4])
    assert told.label == "only `b` and `c` (line 4) read it, and nothing that counts reads them"
