"""What each statement of optimal control and mechanics becomes in the tree, and what is wrong with one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hdsl.syntax.control_tree import Bounds, Constraint, Control, Costate, Final, Horizon
from hdsl.syntax.mistakes import Failure, explain, read_words
from hdsl.syntax.source import Span
from hdsl.syntax.statements import StatementMaker
from hdsl.syntax.tree import (
    Compare,
    Define,
    Name,
    Negate,
    Number,
    Statement,
)


def read(text: str) -> Statement:
    tree = read_words(text, 0, "statement", "a statement")
    assert not isinstance(tree, Failure)
    (made,) = StatementMaker(0).make(tree)
    return made  # type: ignore[no-any-return]


def number(value: int, start: int) -> Number:
    return Number(Fraction(value), Span(start, start + len(str(value))))


def test_a_control_is_chosen_by_stationarity() -> None:
    assert read("control a") == Control("a", (), None, "stationarity", None, Span(8, 9), Span(0, 9))
    bounds = Bounds(Negate(number(1, 18), Span(17, 19)), number(1, 21), Span(13, 23))
    shape = (Name("k", Span(10, 11)),)
    made = Control("a", shape, bounds, "stationarity", None, Span(8, 9), Span(0, 23))
    assert read("control a[k] in [-1, 1]") == made


def test_a_control_follows_a_rule() -> None:
    given = read("control a given -b")
    assert given == Control("a", (), None, "given", Negate(Name("b", Span(17, 18)), Span(16, 18)), Span(8, 9), Span(0, 18))
    assert read("control a gradient") == Control("a", (), None, "gradient", None, Span(8, 9), Span(0, 18))


def test_a_control_may_have_any_name() -> None:
    bounds = Bounds(number(0, 15), number(1, 18), Span(11, 20))
    assert read("control in in [0, 1]") == Control("in", (), bounds, "stationarity", None, Span(8, 10), Span(0, 20))


def test_a_costate_has_a_name() -> None:
    state = Name("a.h", Span(13, 16))
    assert read("costate p of a.h") == Costate("p", state, None, Span(8, 9), Span(0, 16))
    assert read("costate p of a.h = 0") == Costate("p", state, number(0, 19), Span(8, 9), Span(0, 20))


@pytest.mark.parametrize("role", ["terminal", "hamiltonian"])
def test_a_terminal_cost_and_a_hamiltonian_are_definitions(role: str) -> None:
    at = len(role) + 1
    assert read(f"{role} H = 1") == Define(role, "H", number(1, at + 4), Span(at, at + 1), Span(0, at + 5))  # type: ignore[arg-type]


def test_a_horizon_is_fixed_or_free() -> None:
    assert read("horizon 5") == Horizon(number(5, 8), None, None, Span(0, 9))
    free = Name("free", Span(8, 12))
    assert read("horizon free") == Horizon(free, None, None, Span(0, 12))
    bounds = Bounds(number(1, 21), number(9, 24), Span(17, 26))
    assert read("horizon free = 2 in [1, 9]") == Horizon(free, number(2, 15), bounds, Span(0, 26))


def test_an_end_condition_is_a_comparison() -> None:
    whole = Compare("==", Name("x", Span(6, 7)), number(1, 11), Span(6, 12))
    assert read("final x == 1") == Final(whole, Span(0, 12))


def test_a_constraint_is_soft_or_a_penalty() -> None:
    bound = Compare("<=", Name("x", Span(15, 16)), number(1, 20), Span(15, 21))
    assert read("constraint c = x <= 1 soft 9") == Constraint("c", bound, number(9, 27), Span(11, 12), Span(0, 28))
    assert read("constraint c = x <= 1 penalty") == Constraint("c", bound, None, Span(11, 12), Span(0, 29))


@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("control a of", 10, {"IN", "GIVEN", "GRADIENT", "LSQB", "$END"}),
        ("control = 3", 8, {"NAME"}),
        ("control a in [1]", 15, {"COMMA"}),
        ("control a = 1", 10, {"IN", "GIVEN", "GRADIENT", "LSQB", "$END"}),
        ("costate p q", 10, {"OF"}),
        ("horizon", 7, {"NUMBER"}),
        ("final x = 1", 8, {"COMPARE", "$END"}),
        ("constraint c = x <= 1", 21, {"SOFT", "PENALTY"}),
        ("constraint c = x <= 1 soft", 26, {"NUMBER"}),
    ],
)
def test_what_cannot_follow_is_told_at_its_place(text: str, at: int, wanted: set[str]) -> None:
    failure = read_words(text, 0, "statement", "a statement")
    assert isinstance(failure, Failure)
    assert failure.at == at and wanted <= failure.accepts
    assert explain(failure).span.start == at
