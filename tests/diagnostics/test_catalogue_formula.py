from __future__ import annotations

import inspect

import pytest

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

AT = Span(10, 12)


def test_every_message_has_a_code_of_the_register() -> None:
    makers = [f for _, f in inspect.getmembers(formulas, inspect.isfunction) if f.__annotations__["return"] == "Diagnostic"]
    assert len(makers) > 20
    facts = {"count": 3, "most": 2, "line": 4, "axis": 1, "rank": 1, "found": 2, "by_name": True, "divides": False}
    for maker in makers:
        names = list(inspect.signature(maker).parameters)
        assert names[0] == "span", maker.__name__
        made = maker(AT, *(facts.get(name, "x") for name in names[1:]))
        assert isinstance(made, Diagnostic)
        assert CODES[made.code].severity == "error"
        assert made.span == AT
        assert not made.message.endswith(".")


@pytest.mark.parametrize(
    ("count", "shown"),
    [(7, "7"), (1000, "1 000"), (10**9, "1 000 000 000"), (10**15 - 1, "999 999 999 999 999"), (10**18, "at least 10^18")],
)
def test_large_counts_can_be_read(count: int, shown: str) -> None:
    assert formulas.spaced(count) == shown


def test_that_sizes_match_by_name_is_said_where_it_helps() -> None:
    operands = ("W is [n, n] (line 6)", "s is [m] (line 4)")
    message = formulas.shape(AT, "W @ s", formulas.contracts("n", "m"), operands, True)
    assert message.message == "`W @ s` contracts n with m"
    assert message.label == "W is [n, n] (line 6), s is [m] (line 4); sizes match by name, not by value"
    assert formulas.shape(AT, "W @ s", formulas.contracts("n", "2"), operands, False).label == ", ".join(operands)


def test_what_an_expression_does_with_its_operands() -> None:
    assert formulas.entry_by_entry("*", "[n]", "[m]") == "multiplies [n] and [m]"
    assert formulas.entry_by_entry("max", "[n]", "[m]") == "takes [n] and [m] entry by entry"
    assert formulas.operand("x", "[n]", 3) == "x is [n] (line 3)"
    assert formulas.operand("tanh(x)", "[n]", None) == "tanh(x) is [n]"


def test_axes_count_from_both_ends() -> None:
    assert formulas.axis_range(AT, 3, "[n, m]", 2).label == "the operand is [n, m]: its axes are 0 to 1, or -2 to -1"
    assert formulas.axis_range(AT, 0, "a scalar", 0).message == "a scalar has no axes"
    assert formulas.axis_range(AT, 1, "[n]", 1).label == "the operand is [n]: its axis is 0, or -1"


def test_arguments_are_counted_in_words() -> None:
    assert formulas.values_wanted(0) == "no argument"
    assert formulas.values_wanted(1, axis=True) == "one value and perhaps an axis"
    assert formulas.arity(AT, "min", formulas.values_wanted(2), 0).label == "none given"
