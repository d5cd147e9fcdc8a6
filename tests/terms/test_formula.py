"""One right side: fractions, numbers, letters for indices; what the notation's own tests do not reach."""

from __future__ import annotations

import pytest
import sympy

from hdsl.terms.formula import Formula
from hdsl.terms.matrix import NoMatrixForm
from hdsl.terms.naming import Naming
from hdsl.terms.ordering import Ordering
from hdsl.terms.product import Unfolding
from hdsl.terms.spelling import LATEX, TEXT
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

ROW, COLUMN, THIRD = indices(3)
N = size("n")


def formula(form="matrix", spelling=TEXT, letters="ijk", definitions=(), inlined=()):
    by_name = {d.name: d for d in definitions}
    unfolding = Unfolding(by_name, inlined, lambda definition: False)
    naming = Naming(["x", "y", "n", *by_name], ())
    return Formula(spelling, form, naming, unfolding, Ordering(by_name, {}, ()), lambda d: False, tuple(letters))


def test_letters_are_given_out_as_indices_turn_up():
    written = formula("index", letters="pq")
    assert written.spell_indices([COLUMN, ROW, COLUMN]) == ["p", "q", "p"]


def test_left_sides():
    definition = Definition("x", Elementwise(slot("y", (ROW,))), (N,))
    assert formula("matrix").left(definition) == "x"
    assert formula("index").left(definition) == "x[i]"
    assert formula("index").left(Definition("x", Elementwise(slot("y")))) == "x"


def test_one_over_a_tensor_within_a_contraction_is_a_factor():
    inverse = Definition("y", Elementwise(1 / slot("x", (ROW,))), (N,))
    product = Contraction((slot("W", (ROW, COLUMN)), slot("y", (COLUMN,))), ((COLUMN, N),))
    written = formula(definitions=[inverse], inlined=["y"])
    assert written.value(Definition("a", product, (N,)), (ROW,)).text == "W (1 / x)"
    definition = Definition("a", product, (N,))
    written = formula("index", definitions=[inverse], inlined=["y"])
    assert f"{written.left(definition)} = {written.value(definition, (ROW,)).text}" == "a[i] = Σⱼ W[i,j] (1 / x[j])"


def test_matrix_form_refuses_what_only_indices_can_say():
    batched = Contraction((slot("A", (ROW, COLUMN, THIRD)), slot("x", (THIRD,))), ((THIRD, N),))
    with pytest.raises(NoMatrixForm):
        formula().value(Definition("r", batched, (N, N)), (ROW, COLUMN))


def test_fractions_in_latex_need_no_brackets():
    expression = (slot("x") + 1) / (slot("y") + 1)
    assert formula(spelling=LATEX).sum(expression, ()).text == r"\frac{1 + x}{1 + y}"
    assert formula().sum(expression, ()).text == "(1 + x) / (1 + y)"


def test_irrational_numbers():
    written = formula()
    assert written.sum(sympy.sqrt(2) * sympy.pi * slot("x"), ()).text == "π √2 x"
    assert written.sum(slot("x") * (1 + sympy.sqrt(2)), ()).text == "(1 + √2) x"
    assert written.sum(slot("x") / sympy.pi, ()).text == "x / π"
    assert written.sum(sympy.oo, ()).text == "∞"
    assert written.sum(slot("x") - sympy.sqrt(3), ()).text == "x − √3"


def test_functions_of_sympys_own_are_called_by_name():
    assert formula().sum(sympy.exp(slot("x") * slot("y")), ()).text == "exp(x y)"


def test_structured_operations():
    pick = Definition("p", Structured("pick", ("x", "y")))
    assert formula().value(pick, ()).text == "x[y]"
    assert formula(spelling=LATEX).value(pick, ()).text == r"x\left[y\right]"
