from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import size, slot

HEAD = "dim n = 3\nconst alpha = 0.5\nconst A[n] = 1\nconst R = normal(0, 1)\nstate h = 0\n"


def scalar(checked: Any, written: str) -> Any:
    """What a setting of phi comes to."""
    return checked(HEAD + f"learn\n    phi = {written}\n").learning.phi


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.1 + 1/5", sympy.Rational(3, 10)),
        ("7 - 2^2", sympy.Integer(3)),
        ("alpha/sqrt(n)", slot("alpha") / sympy.sqrt(size("n"))),
        ("1/tau", 1 / slot("tau")),
        ("1 - 1/2 - t", sympy.Rational(1, 2) - slot("t")),
        ("exp(-alpha*t)", ROWS["exp"].function(-slot("alpha") * slot("t"))),
        ("tanh(sin(t)) * pi", sympy.pi * ROWS["tanh"].function(ROWS["sin"].function(slot("t")))),
        ("max(t, 1)^alpha", ROWS["power"].function(ROWS["max"].function(slot("t"), sympy.Integer(1)), slot("alpha"))),
    ],
)
def test_scalars_are_nested_as_they_are_written(written: str, value: Any, checked: Any) -> None:
    assert scalar(checked, written) == value


@pytest.mark.parametrize(
    ("written", "code", "label"),
    [
        ("h", "not-constant", "a state (line 5); numbers, sizes, scalar consts, `t` and `tau` can"),
        ("A", "not-constant", "a const with sizes, or a random one (line 3); numbers, sizes, scalar consts, `t` and `tau` can"),
        ("R", "not-constant", "a const with sizes, or a random one (line 4); numbers, sizes, scalar consts, `t` and `tau` can"),
        ("T", "not-constant", "it belongs to the stream; numbers, sizes, scalar consts, `t` and `tau` can"),
        ("sum(t)", "not-constant", "numbers, sizes, scalar consts, `t` and `tau` can, and elementwise functions of them"),
        ("alpha @ n", "not-constant", "this must be one number"),
        ("(alpha + 1).T", "not-constant", "this must be one number"),
        ("alhpa", "unknown-name", "did you mean `alpha` (a const, line 2)?"),
        ("foo(t)", "unknown-function", ""),
        ("alpha(t)", "not-a-function", "declared on line 2"),
        ("sin", "function-value", "call it: `sin(…)`"),
        ("he", "function-value", "only behind the `=` of a state, a param or a const"),
        ("sin(t, t)", "arity", "2 given"),
        ("sin(t, axis=0)", "arity", "it takes none by name"),
        ("[1]", "list-here", "this must be one number"),
        ("inf", "infinite", "only as a bound of `clip`"),
        ("t/0", "division-by-zero", "the divisor is 0 whatever the data"),
        ("1 + " + " + ".join(f"sin({k}*t)" for k in range(60)), "too-long", "at most 150 parts can stand here"),
    ],
)
def test_what_cannot_stand_before_the_stream_is_one_finding(written: str, code: str, label: str, said: Any) -> None:
    assert said(HEAD + f"learn\n    phi = {written}\n") == [(code, 7, label)]


def test_an_initial_value_reads_neither_t_nor_tau(said: Any) -> None:
    label = "it belongs to the stream; numbers, sizes and scalar consts can"
    assert said(HEAD + "state g = tau\nstate f = t\n") == [("not-constant", 6, label), ("not-constant", 7, label)]
