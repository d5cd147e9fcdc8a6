from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.terms.term import size

n, m = size("n"), size("m")


def test_sizes_of_every_role(checked: Any) -> None:
    text = "dim n = 2, m = 3\ninput u[n+m]\ntarget v[3]\nstate h[n] = 0\nparam W[n, m*n] = 0\nconst c = 1\nh' = -h\n"
    model = checked(text)
    sizes = {name: quantity.sizes for name, quantity in model.quantities.items()}
    assert sizes == {"u": (m + n,), "v": (3,), "h": (n,), "W": (n, m * n), "c": ()}
    assert [quantity.name for quantity in model.of_role("param")] == ["W"]


def test_defaults_of_sizes_in_any_order(checked: Any) -> None:
    model = checked("dim q = (n-1)/2 + 1, n = 2*m + 1, m = 4, free\nstate h[q] = [1, 2, 3, 4, 5]\n")
    assert model.dims == {"q": (n - 1) / 2 + 1, "n": 2 * m + 1, "m": 4, "free": None}
    assert list(model.dims) == ["q", "n", "m", "free"]


def test_numbers_from_outside_go_before_defaults(checked: Any, said: Any) -> None:
    text = "dim n = 4, q = n/2\nstate h[q] = 0\n"
    assert checked(text, dims={"n": 6}).dims == {"n": 6, "q": n / 2}
    assert said(text, dims={"n": 5}) == [("size-value", 1, "it is 5/2 for n = 5")]
    assert checked(text, dims={"n": 5, "q": 2}).dims == {"n": 5, "q": 2}
    assert checked("dim a = b, b = a\nstate h[a] = 0\n", dims={"b": 2}).dims == {"a": size("b"), "b": 2}


def test_an_index_has_a_bound_and_no_sizes(checked: Any) -> None:
    model = checked("dim n = 2\ninput k : index(n+1)\ntarget c : index(3)\noutput y = 1\n")
    assert model.quantities["k"].below == n + 1
    assert model.quantities["c"].below == 3
    assert model.quantities["c"].sizes == ()


def test_consts_may_read_consts_that_stand_below(checked: Any) -> None:
    model = checked("const a = 2*b\nconst b = 3\nparam W = normal(0, a)\noutput y = W\n")
    assert model.quantities["a"].initial.arguments == (2 * sympy.Symbol("b"),)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dim a = b, b = a\nstate h[a] = 0\nh' = -h\n", [("cycle", 1, "a → b → a")]),
        ("dim a = a + 1\nstate h[a] = 0\n", [("cycle", 1, "a → a")]),
        ("const a = b\nconst b = a\nstate h = a\n", [("cycle", 1, "a → b → a")]),
        ("dim n = 0\nstate h[n] = 0\n", [("size-value", 1, "it is 0")]),
        ("dim n = 5/2\nstate h[n] = [1]\n", [("size-value", 1, "it is 5/2")]),
        ("dim n = m - 3, m = 2\nstate h[n] = 0\n", [("size-value", 1, "it is -1 for m = 2")]),
        ("dim n = h\nstate h[n] = 0\n", [("size-expression", 1, "a state (line 2); declare a size with `dim`")]),
        ("dim n = 1/0\nstate h[n] = 0\n", [("division-by-zero", 1, "the divisor is 0 whatever the data")]),
        ("dim n = 3\nstate h[n - 3] = 0\nh' = h @ h\n", [("size-value", 2, "it is 0 for n = 3")]),
        ("dim n = 100000, m = 100000\nparam W[n, m] = 0\noutput y = sum(W)\n",
         [("too-large", 2, "[n, m] is 10 000 000 000 entries; hdsl takes on at most 1 000 000 000")]),
        ("state h : index(3) = 0\n", [("index-here", 1, "only an input or a target is one, and without sizes")]),
        ("input k[2] : index(3)\noutput y = 1\n", [("index-here", 1, "only an input or a target is one, and without sizes")]),
        ("input k : index(0)\noutput y = 1\n", [("size-value", 1, "it is 0")]),
        ("input u = 3\noutput y = u\n", [("value-here", 1, "an input arrives with each sample; a fixed value is a `const`")]),
        ("target v[2] = 3\noutput y = 1\n",
         [("value-here", 1, "a target arrives with each sample; a fixed value is a `const`")]),
    ],
)  # fmt: skip
def test_one_mistake_is_one_finding(text: str, wanted: Any, said: Any) -> None:
    assert said(text) == wanted


def test_what_is_declared_twice_keeps_its_first_meaning_and_is_silent_below(said: Any) -> None:
    text = "dim n = 2\nstate h[n] = 0\ninput h[3]\nh' = -h\nh' = 2*h\nreset h never\noutput y = h @ h + h\n"
    assert said(text) == [("duplicate-name", 3, "here as an input")]
