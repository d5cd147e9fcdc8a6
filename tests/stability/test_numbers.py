"""What sizes, consts and settings come to."""

from __future__ import annotations

import pytest
import sympy

import hdsl
from hdsl.stability.numbers import Numbers
from hdsl.terms.term import slot

TEXT = """
dim n = 4, m
input u[m]
target v[n]
const mu = 0.9
const twice = 2 * mu
param W[n, m] = glorot
param b[n] = 0
output y = W @ u + b
cost fit = squared(y - v)
learn
    tau = 0.5
    eta = (1 - mu)/tau
    beta = 0.1
    beta.b = twice/n
    phi = 1/tau
"""


def numbers_of(text: str) -> Numbers:
    return Numbers(hdsl.loads(text).product("model"))


def test_settings_are_exact_where_they_were_written_so() -> None:
    numbers = numbers_of(TEXT)
    assert numbers.tau == sympy.Rational(1, 2)
    assert numbers.eta("W") == sympy.Rational(1, 5)
    assert numbers.phi == 2
    assert (numbers.beta("W"), numbers.beta("b")) == (sympy.Rational(1, 10), sympy.Rational(9, 20))


def test_what_has_no_number_stays_a_formula() -> None:
    numbers = numbers_of(TEXT.replace("twice/n", "twice/m"))
    assert not numbers.beta("b").is_number
    assert numbers.setting("beta.b").free_symbols == {sympy.Symbol("m", integer=True, positive=True)}
    assert numbers.value(numbers.setting("beta.b")) is None


def test_numbers_are_those_that_the_file_tells() -> None:
    learn = "learn\n    tau = b/4\n    eta = b/tau\n"
    numbers = numbers_of(f"dim n = 3, m\nconst a = n/2\nconst b = 2*a\nparam W[n, m] = 1\ncost c = sum(W)\n{learn}")
    assert numbers.known[slot("b")] == 3.0 and numbers.known[slot("tau")] == 0.75
    assert not any(str(symbol) == "m" for symbol in numbers.known)
    assert numbers.value(numbers.setting("eta")) == 4.0


@pytest.mark.parametrize(
    ("begins", "all_alike", "first"),
    [("3", 3.0, 3.0), ("ones", 1.0, 1.0), ("[[1, 2], [3, 4]]", None, 2.0), ("eye", None, 0.0), ("normal(0, 1)", None, None)],
)
def test_entries_begin_with_numbers(begins: str, all_alike: float | None, first: float | None) -> None:
    numbers = numbers_of(f"const A[2, 2] = {begins}\nparam w[2] = 1\noutput y = A @ w\n")
    quantity = numbers.model.quantities["A"]
    assert (numbers.begins(quantity), numbers.begins(quantity, (0, 1))) == (all_alike, first)


def test_a_param_reaches_as_far_as_it_begins() -> None:
    text = "param a = -3\nparam b = uniform(-2, 1)\nparam c = normal(-1, 0.5)\nparam d[2, 2] = glorot\n"
    numbers = numbers_of(f"{text}cost k = a + b + c + sum(d)\n")
    assert [numbers.reach(numbers.model.quantities[name]) for name in "abcd"] == [3.0, 2.0, 1.5, None]
