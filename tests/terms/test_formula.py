"""One right side: fractions, numbers, letters for indices; what the notation's own tests do not reach."""

from __future__ import annotations

import pytest
import sympy

from hdsl.show.mathml import mathml
from hdsl.terms.elementwise import CONDITIONALS, ROWS
from hdsl.terms.formula import Formula
from hdsl.terms.matrix import NoMatrixForm
from hdsl.terms.naming import Naming
from hdsl.terms.notation import Notation
from hdsl.terms.ordering import Ordering
from hdsl.terms.product import Unfolding
from hdsl.terms.spelling import LATEX, TEXT
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

ROW, COLUMN, THIRD = indices(3)
N, M = size("n"), size("m")
ONE = sympy.Integer(1)
TANH = ROWS["tanh"].function


def vector(name):
    return slot(name, (ROW,))


def matrix(name):
    return slot(name, (ROW, COLUMN))


def one(definition, style="text"):
    """A definition by itself, as the notation prints it."""
    return Notation(style, [definition]).equation(definition)


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
    assert formula(spelling=LATEX).value(pick, ()).text == "x[y]"


@pytest.mark.parametrize(
    ("factors", "bound", "sizes", "text"),
    [
        ((vector("x"),), (ROW,), (), "sum(x)"),
        ((vector("x"), vector("x")), (ROW,), (), "‖x‖²"),
        ((vector("x"), vector("y")), (ROW,), (), "⟨x, y⟩"),
        ((vector("x"), vector("y"), vector("w")), (ROW,), (), "⟨x, y ⊙ w⟩"),
        ((matrix("A"),), (ROW, COLUMN), (), "sum(A)"),
        ((matrix("A"), matrix("A")), (ROW, COLUMN), (), "‖A‖²"),
        ((matrix("A"), matrix("B")), (ROW, COLUMN), (), "⟨A, B⟩"),
        ((matrix("A"), slot("B", (COLUMN, ROW))), (ROW, COLUMN), (), "⟨A, Bᵀ⟩"),
        ((vector("x"), matrix("A"), slot("y", (COLUMN,))), (ROW, COLUMN), (), "xᵀA y"),
        ((matrix("A"), slot("x", (COLUMN,))), (COLUMN,), (N,), "A x"),
        ((slot("A", (COLUMN, ROW)), slot("x", (COLUMN,))), (COLUMN,), (N,), "Aᵀx"),
        ((matrix("A"),), (COLUMN,), (N,), "A 𝟏"),
        ((slot("A", (COLUMN, ROW)),), (COLUMN,), (N,), "Aᵀ𝟏"),
        ((matrix("A"), matrix("B")), (COLUMN,), (N,), "(A ⊙ B) 𝟏"),
        ((vector("x"), matrix("A"), slot("y", (COLUMN,))), (COLUMN,), (N,), "x ⊙ (A y)"),
        ((vector("x"), slot("y", (COLUMN,)), slot("w", (COLUMN,))), (COLUMN,), (N,), "⟨y, w⟩ x"),
        ((slot("A", (ROW, THIRD)), slot("B", (THIRD, COLUMN))), (THIRD,), (N, N), "A B"),
        ((slot("A", (THIRD, ROW)), slot("B", (COLUMN, THIRD))), (THIRD,), (N, N), "AᵀBᵀ"),
        ((slot("A", (ROW, THIRD)), slot("x", (THIRD,)), slot("B", (THIRD, COLUMN))), (THIRD,), (N, N), "A diag(x) B"),
        ((vector("x"), slot("y", (COLUMN,))), (), (N, N), "x yᵀ"),
        ((vector("x"), vector("w"), slot("y", (COLUMN,))), (), (N, N), "(x ⊙ w) yᵀ"),
        ((vector("x"), matrix("A")), (), (N, N), "diag(x) A"),
        ((matrix("A"), slot("x", (COLUMN,))), (), (N, N), "A diag(x)"),
        ((slot("y", (COLUMN,)),), (), (N, N), "𝟏 yᵀ"),
        ((slot("A", (COLUMN, ROW)),), (), (N, N), "Aᵀ"),
        ((slot("A", (ROW, THIRD)), slot("A", (COLUMN, THIRD))), (THIRD,), (N, N), "A Aᵀ"),
    ],
)
def test_contractions_in_matrix_form(factors, bound, sizes, text):
    definition = Definition("r", Contraction(factors, tuple((i, N) for i in bound)), sizes)
    assert one(definition) == f"r = {text}"


@pytest.mark.parametrize(
    ("factors", "bound", "sizes", "text"),
    [
        (
            (slot("A", (ROW, COLUMN)), slot("B", (COLUMN, THIRD)), slot("C", (THIRD, ROW))),
            (ROW, COLUMN, THIRD),
            (),
            "r = Σᵢⱼₖ A[i,j] B[j,k] C[k,i]",
        ),
        (
            (slot("Q", (ROW, COLUMN, THIRD)), slot("x", (THIRD,))),
            (THIRD,),
            (N, N),
            "r[i,j] = Σₖ Q[i,j,k] x[k]",
        ),
    ],
)
def test_what_has_no_matrix_form_keeps_its_indices(factors, bound, sizes, text):
    assert one(Definition("r", Contraction(factors, tuple((i, N) for i in bound)), sizes)) == text


def test_tensors_of_three_axes_side_by_side_need_no_indices():
    x, y = (slot(name, (ROW, COLUMN, THIRD)) for name in "xy")
    assert one(Definition("r", Elementwise(2 * x * y + slot("alpha")), (N, N, M))) == "r = α + 2 x ⊙ y"


def test_coefficients_and_means():
    half = Definition("r", Contraction((vector("x"), vector("x")), ((ROW, N),), sympy.Rational(1, 2) / N))
    assert one(half) == "r = ½ ‖x‖² / n"
    assert one(Definition("r", Contraction((vector("x"),), ((ROW, N),), 1 / N))) == "r = mean(x)"
    assert one(Definition("r", Contraction((matrix("x"),), ((ROW, N), (COLUMN, M)), 3 / (N * M)))) == "r = 3 mean(x)"
    assert one(Definition("r", Contraction((vector("x"),), ((ROW, sympy.Integer(4)),), sympy.Rational(1, 4)))) == (
        "r = mean(x)"
    )
    assert one(Definition("r", Contraction((vector("x"),), ((ROW, ONE),)))) == "r = sum(x)"
    weighted = Definition("r", Contraction((vector("x"), vector("x")), ((ROW, N),), slot("alpha") / 2))
    assert one(weighted) == "r = ½ α ‖x‖²"


@pytest.mark.parametrize(
    ("expression", "text", "latex"),
    [
        (vector("x") / 2 - 3, "½ x − 3", r"\tfrac{1}{2} x - 3"),
        (sympy.Rational(1, 20) * vector("x"), "0.05 x", "0.05 x"),
        (vector("x") / 7, "x / 7", r"\frac{x}{7}"),
        (3 * vector("x") / 7, "3 x / 7", r"\frac{3 x}{7}"),
        (-vector("x"), "−x", "-x"),
        (-vector("x") * vector("y"), "−x ⊙ y", r"-x \odot y"),
        (vector("x") * vector("y") / vector("w"), "x ⊙ y / w", r"\frac{x \odot y}{w}"),
        (1 / vector("x"), "1 / x", r"\frac{1}{x}"),
        (vector("x") / (1 + vector("y")), "x / (1 + y)", r"\frac{x}{1 + y}"),
        (slot("alpha") * (vector("x") - vector("y")), "α (x − y)", r"\alpha \left(x - y\right)"),
        (slot("x2") * slot("alpha") * vector("y"), "α x₂ y", r"\alpha x_{2} y"),
        (vector("x") ** 3, "x³", "x^{3}"),
        (vector("x") ** -2, "1 / x²", r"\frac{1}{x^{2}}"),
        ((1 + vector("x")) ** 2, "(1 + x)²", r"\left(1 + x\right)^{2}"),
        (vector("h+") ** 2, "(h⁺)²", r"\left(h^{+}\right)^{2}"),
        (vector("x") ** sympy.Rational(1, 2), "√x", r"\sqrt{x}"),
        (vector("x") ** sympy.Rational(3, 2), "x^(1.5)", "x^{1.5}"),
        (sympy.pi * vector("x"), "π x", r"\pi x"),
        (vector("x") / sympy.sqrt(2), "½ √2 x", r"\tfrac{1}{2} \sqrt{2} x"),
        (vector("x") / sympy.sqrt(2 * sympy.pi), "½ √2 x / √π", r"\frac{\tfrac{1}{2} \sqrt{2} x}{\sqrt{\pi}}"),
        (sympy.Integer(0), "0", "0"),
        (slot("alpha"), "α", r"\alpha"),
        (vector("x") * N, "n x", "n x"),
        ((1 - slot("x")) * slot("learn:phi") + slot("learn:phi"), "φ (1 + 1 − x)", r"\varphi \left(1 + 1 - x\right)"),
        (slot("learn:phi") * vector("x") - 2 * slot("learn:phi") * vector("y"), "φ (x − 2 y)", r"\varphi \left(x - 2 y\right)"),
        (vector("x") / slot("tau") - vector("y") / slot("tau"), "(x − y) / τ", r"\frac{x - y}{\tau}"),
        (vector("x") / N, "x / n", r"\frac{x}{n}"),
        (vector("x") - 1, "x − 1", "x - 1"),
        (1 - vector("x"), "1 − x", "1 - x"),
        (1 + vector("x"), "1 + x", "1 + x"),
        (-1 - vector("x"), "−x − 1", "-x - 1"),
    ],
)
def test_elementwise_expressions(expression, text, latex):
    definition = Definition("r", Elementwise(expression), (N,))
    assert one(definition) == f"r = {text}"
    assert one(definition, style="latex") == f"r = {latex}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tanh", "tanh(x)"),
        ("abs", "|x|"),
        ("sqrt", "√x"),
        ("exp", "exp(x)"),
        ("min", "min(x, y)"),
        ("clip", "clip(x, y, w)"),
        ("power", "x^y"),
        ("power_slope", "y x^(y − 1)"),
        ("power_log", "x^y log(x)"),
        ("positive", "[x > 0]"),
        ("less", "[x < y]"),
        ("inside", "[y ≤ x ≤ w]"),
        ("clipped_low", "[x < y < w]"),
        ("clipped_high", "[x > w or y > w]"),
    ],
)
def test_functions(name, text):
    row = ROWS[name]
    expression = row.function(*(vector(operand) for operand in "xyw"[: row.arity]))
    assert one(Definition("r", Elementwise(expression), (N,))) == f"r = {text}"


def test_every_function_is_spelt_in_both_tables():
    for row in ROWS.values():
        expression = row.function(*(vector(operand) for operand in "xywv"[: row.arity]))
        for style in ("text", "latex"):
            written = one(Definition("r", Elementwise(expression), (N,)), style=style)
            assert all(operand in written for operand in "xywv"[: row.arity]), written


@pytest.mark.parametrize("name", ["r", "o"])
def test_a_name_in_a_condition_is_no_word_of_it(name):
    less = Definition("s", Elementwise(ROWS["less"].function(vector("x"), vector(name))), (N,))
    assert one(less, style="latex") == rf"s = \left[x < {name}\right]"


def test_a_transposed_matrix_inside_a_function():
    both = Elementwise(TANH(matrix("A") + slot("A", (COLUMN, ROW)) + slot("b", (COLUMN,))))
    assert one(Definition("r", both, (N, N))) == "r = tanh(A + Aᵀ + 𝟏 bᵀ)"


X, Y = vector("x"), vector("y")
LESS, MOST, SAME = (ROWS[name].function for name in CONDITIONALS)


@pytest.mark.parametrize(
    "value, text, latex",
    [
        (LESS(X, Y, X, 0), "x if x < y else 0", r"\begin{cases} x & \text{if } x < y \\ 0 & \text{otherwise} \end{cases}"),
        (LESS(0, X, X, Y), "x if x > 0 else y", r"\begin{cases} x & \text{if } x > 0 \\ y & \text{otherwise} \end{cases}"),
        (SAME(X, 0, Y, X), "y if x = 0 else x", r"\begin{cases} y & \text{if } x = 0 \\ x & \text{otherwise} \end{cases}"),
        (LESS(X, Y, 1, 0), "[x < y]", r"\left[x < y\right]"),
        (MOST(1, X, 1, 0), "[x ≥ 1]", r"\left[x \ge 1\right]"),
        (MOST(X, Y, 0, 1), "[x > y]", r"\left[x > y\right]"),
        (SAME(X, Y, 0, 1), "[x ≠ y]", r"\left[x \ne y\right]"),
        (Y - LESS(X, 0, X, Y), "y − (x if x < 0 else y)", None),
        (Y * LESS(X, 0, X, Y), "(x if x < 0 else y) ⊙ y", None),
        (Y + LESS(X, 0, X, Y), "(x if x < 0 else y) + y", None),
    ],
)
def test_a_choice_and_a_comparison_are_written_as_one_reads_them(value, text, latex):
    definition = Definition("r", Elementwise(value), (N,))
    assert one(definition) == f"r = {text}"
    if latex is not None:
        assert one(definition, style="latex") == f"r = {latex}"
        assert "<math" in mathml(one(definition, style="latex"))
