from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.model.initial import ARGUMENTS, OF_MATRICES, OF_STATES
from hdsl.model.model import Initial
from hdsl.model.scope import INITIALS
from hdsl.terms.term import size, slot

n = size("n")
HEAD = "dim n = 2, m\nconst gain = 2\n"


def test_every_kind_is_known_to_the_tables() -> None:
    assert {*ARGUMENTS, *OF_MATRICES, *OF_STATES} <= set(INITIALS)


@pytest.mark.parametrize(
    ("declared", "initial"),
    [
        ("state x[n] = 0", Initial("number", (sympy.Integer(0),))),
        ("state x = -1/3", Initial("number", (sympy.Rational(-1, 3),))),
        ("state x[n] = ones", Initial("ones")),
        ("state x[n, n] = eye", Initial("eye")),
        ("state x[n] = [1, -gain]", Initial("list", (), (sympy.Integer(1), -slot("gain")))),
        ("param x[2, n] = [[1, 2], [3, 4]]", Initial("list", (), ((1, 2), (3, 4)))),
        ("param x[n, m] = normal(0, gain/sqrt(n))", Initial("normal", (sympy.Integer(0), slot("gain") / sympy.sqrt(n)))),
        ("param x[m] = uniform(-1, 1)", Initial("uniform", (sympy.Integer(-1), sympy.Integer(1)))),
        ("param x[n, n] = orthogonal", Initial("orthogonal", (sympy.Integer(1),))),
        ("param x[n, n] = orthogonal(0.9)", Initial("orthogonal", (sympy.Rational(9, 10),))),
        ("param x[m, n] = glorot", Initial("glorot")),
        ("param x[m, n] = he()", Initial("he")),
        ("const x[m] = zeros", Initial("zeros")),
        ("const x[n] = normal(0, 1)", Initial("normal", (sympy.Integer(0), sympy.Integer(1)))),
        ("const x = n/2", Initial("number", (n / 2,))),
    ],
)
def test_initial_values(declared: str, initial: Initial, checked: Any) -> None:
    assert checked(HEAD + f"{declared}\noutput y = sum(x)\n").quantities["x"].initial == initial


@pytest.mark.parametrize(
    ("declared", "code", "label"),
    [
        ("state x[n] = normal(0, 1)", "initial-random", "not `normal`, but a number, a list, `zeros`, `ones` or `eye`"),
        ("state x[n, n] = he", "initial-random", "not `he`, but a number, a list, `zeros`, `ones` or `eye`"),
        ("param x[n] = normal", "arity", "none given"),
        ("param x[n] = normal(1)", "arity", "1 given"),
        ("param x[n, n] = orthogonal(1, 2)", "arity", "2 given"),
        ("param x[n, n] = glorot(1)", "arity", "1 given"),
        ("param x[n] = normal(0, std=1)", "arity", "it takes none by name"),
        ("param x[n] = eye", "initial-rank", "x is [n]"),
        ("param x = glorot", "initial-rank", "x is a scalar"),
        ("param x[n, n, n] = orthogonal", "initial-rank", "x is [n, n, n]"),
        ("param x[n] = normal(0, -gain)", "setting-value", "it is -2"),
        ("param x[n] = uniform(gain, 1)", "setting-value", "1 is below 2"),
        ("param x[n] = [1, 2, 3]", "list-shape", "3 entries, n = 2 wanted"),
        ("param x[n, n] = [[1, 2]]", "list-shape", "1 row, n = 2 wanted"),
        ("param x[n, n] = [[1, 2], [3]]", "list-shape", "1 entry, n = 2 wanted"),
        ("param x[n] = [[1], [2]]", "list-shape", "x is [n]"),
        ("param x[n, n] = [1, 2]", "list-shape", "x is [n, n]"),
        ("param x = [1]", "list-shape", "x is a scalar"),
        ("param x[m] = [1, 2]", "list-shape", "a list meets a named size by value: give that size a default"),
        ("param x = 1/0", "division-by-zero", "the divisor is 0 whatever the data"),
        ("param x = log(gain - n)", "not-real", "it is not real, or beyond the range of doubles"),
        ("param x = x", "not-constant", "a param (line 3); numbers, sizes and scalar consts can"),
        ("param x[n]", "no-value", "as in `param W[n, n] = normal(0, 0.1)`"),
        ("state x", "no-value", "as in `state h[n] = 0`"),
        ("const x", "no-value", "as in `const alpha = 0.5`"),
    ],
)
def test_a_wrong_initial_value_is_one_finding(declared: str, code: str, label: str, said: Any) -> None:
    assert said(HEAD + f"{declared}\noutput y = sum(x)\n") == [(code, 3, label)]


def test_every_wrong_entry_of_a_list_is_told(said: Any) -> None:
    text = HEAD + "param x[n] = [nobody, tau]\noutput y = sum(x)\n"
    assert [code for code, _, _ in said(text)] == ["unknown-name", "not-constant"]


def test_a_list_meets_a_size_that_is_set_from_outside(checked: Any, said: Any) -> None:
    text = "dim m\nstate x[m] = [1, 2, 3]\n"
    assert checked(text, dims={"m": 3}).quantities["x"].initial.values == (1, 2, 3)
    assert said(text, dims={"m": 4}) == [("list-shape", 2, "3 entries, m = 4 wanted")]
