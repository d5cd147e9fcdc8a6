from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.compiler import Compiler
from hdsl.lint.linear import Linear, Matrix, entries_of, is_antisymmetric, linear_parts, numbers_of, setting_of
from hdsl.model.model import Model
from hdsl.syntax.source import Source
from hdsl.terms.term import slot

HEAD = """dim n = 2
input u[n]
const k = 3
const c[n] = [1, 2]
const A[n, n] = [[0, 1], [-1, 0]]
param W[n, n] = normal(0, 1)
state h[n] = 0
state g[n] = 0
state p = 1
"""


def model_of(text: str) -> Model:
    return Compiler(Source(text)).model


def part(formula: str, state: str = "h") -> Linear:
    model = model_of(f"{HEAD}{state}' = {formula}\noutput y = h\n")
    return linear_parts(model, ("h", "g", "p"))[model.dynamics[state].definition]


def terms(formula: str) -> dict[Any, str]:
    return {key: str(value) for key, value in part(formula).terms.items()}


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("-k*h", {("h", None): "-k"}),
        ("u - 2*(h - g)", {("h", None): "-2", ("g", None): "2"}),
        ("(-h + tanh(W @ h)) / k", {("h", None): "-1/k"}),
        ("u - k*(h - c*g)", {("h", None): "-k", ("g", None): "k*c[i]"}),
        ("-c*h + A @ g", {("h", None): "-c[i]", ("g", Matrix("A")): "1"}),
        ("A.T @ (2*h)", {("h", Matrix("A", transposed=True)): "2"}),
        ("h - h", {}),
        ("tanh(h)*sin(g) + u*u", {}),
    ],
)
def test_what_stands_to_the_first_power_is_found(formula: str, wanted: dict[Any, str]) -> None:
    found = part(formula)
    assert {key: str(value) for key, value in found.terms.items()} == wanted
    assert found.bounded


@pytest.mark.parametrize("formula", ["relu(h)", "h*h", "h*g - h", "exp(-h) - h", "p*u + h*p", "h^-1", "W @ relu(h)"])
def test_what_grows_with_a_state_is_no_bounded_rest(formula: str) -> None:
    assert not part(formula).bounded


BOUNDED = ["clip(h, -1, 1) - h", "softmax(h)*tanh(g)", "W @ tanh(h)", "concat(tanh(h)[:1], sin(g)[1:])"]


@pytest.mark.parametrize("formula", BOUNDED)
def test_what_is_bounded_is(formula: str) -> None:
    found = part(formula)
    assert found.bounded and not found.still


def test_a_rest_of_inputs_and_params_stands_still() -> None:
    assert part("W @ u - h").still
    assert not part("tanh(W @ h) - h").still


def test_numbers_are_those_that_the_file_tells() -> None:
    learn = "learn\n    tau = b/4\n    eta = b/tau\n"
    model = model_of(f"dim n = 3, m\nconst a = n/2\nconst b = 2*a\nparam W[n, m] = 1\ncost c = sum(W)\n{learn}")
    known = numbers_of(model)
    assert known[slot("b")] == 3.0 and known[slot("tau")] == 0.75
    assert not any(str(symbol) == "m" for symbol in known)
    assert setting_of(model, "eta", known) == 4.0


def test_a_coefficient_has_an_entry_for_each_of_a_list() -> None:
    model = model_of(f"{HEAD}h' = -k*c*h\noutput y = h\n")
    (coefficient,) = linear_parts(model, ("h",))["f:h"].terms.values()
    assert entries_of(model, coefficient, numbers_of(model)) == [-3.0, -6.0]
    assert entries_of(model, sympy.Integer(2), {}) == [2.0]
    assert entries_of(model, slot("p"), {}) is None


@pytest.mark.parametrize(
    ("formula", "skew"), [("W - W.T", True), ("(W - W.T)/2", True), ("W.T - A", False), ("W + W.T", False)]
)
def test_a_difference_with_the_transpose_is_antisymmetric(formula: str, skew: bool) -> None:
    model = model_of(f"{HEAD}let S = {formula}\nh' = S @ h\noutput y = h\n")
    made = {definition.name: definition for definition in model.definitions}
    assert is_antisymmetric(made["S"]) is skew


def test_what_would_grow_without_end_is_not_taken_apart() -> None:
    """2^30 products of sums, and a chain of definitions in which each reads two others."""
    product = "*".join(f"(h + {k})" for k in range(30))
    lets = "".join(f"let a{k} = a{k - 1} + a{k - 2}\n" for k in range(2, 300))
    text = f"param w = 1\nstate h = 0\nlet a0 = w^2\nlet a1 = squared(w)\n{lets}h' = {product}\ncost c = a299 + h\n"
    found = Compiler(Source(text)).diagnostics
    assert [one.code for one in found if one.code != "unstable-step"] == []
