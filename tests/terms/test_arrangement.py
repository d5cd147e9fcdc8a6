from __future__ import annotations

import pytest
import sympy

from hdsl.show.mathml import mathml
from hdsl.terms.arrangement import READABLE
from hdsl.terms.notation import Notation
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

N, M = size("n"), size("m")
ROW, COLUMN = indices(2)
ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def cut(*places, of):
    return (("places", places), ("of", of))


SHOWN = [
    (Structured("slice", ("x",), cut((ONE, N, 1), of=(N,))), (N - 1,), "x[1:]", r"x[1:]"),
    (Structured("slice", ("x",), cut((N - 1,), of=(N,))), (), "x[n − 1]", r"x[n - 1]"),
    (Structured("slice", ("x",), cut((ZERO, N, 2), of=(N,))), (M,), "x[::2]", r"x[::2]"),
    (Structured("slice", ("W",), cut((ZERO, N, 1), (ZERO,), of=(N, M))), (N,), "W[:,0]", r"W[:,0]"),
    (Structured("slice", ("W",), cut((ONE,), (ZERO, M, 1), of=(N, M))), (M,), "W[1]", r"W[1]"),
    (Structured("place", ("x",), cut((ONE, N, 1), of=(N,))), (N,), "place(x, [1:])",
     r"\operatorname{place}\left(x, \left[1:\right]\right)"),
    (Structured("flip", ("x",), (("axis", -1),)), (N,), "x[::−1]", r"x[::-1]"),
    (Structured("flip", ("W",), (("axis", -1),)), (N, M), "W[:,::−1]", r"W[:,::-1]"),
    (Structured("concat", ("a", "b"), (("axis", -1),)), (N,), "[a; b]", r"\left[a;\, b\right]"),
    (Structured("concat", ("A", "B"), (("axis", -1),)), (N, M), "[A, B]", r"\left[A,\, B\right]"),
    (Structured("concat", ("A", "B"), (("axis", -2),)), (N, M), "[A; B]", r"\left[A;\, B\right]"),
    (Structured("stack", ("a", "b"), (("axis", -1),)), (N, M), "[a, b]", r"\left[a,\, b\right]"),
    (Structured("stack", ("a", "b"), (("axis", -2),)), (N, M), "[aᵀ; bᵀ]", r"\left[a^{\top};\, b^{\top}\right]"),
    (Structured("stack", ("a", "b"), (("axis", -1),)), (N,), "[a; b]", r"\left[a;\, b\right]"),
    (Structured("reshape", ("x",), (("sizes", (N, M)),)), (N, M), "reshape(x, [n, m])",
     r"\operatorname{reshape}\left(x, \left[n, m\right]\right)"),
    (Structured("diag", ("x",)), (N, N), "diag(x)", r"\operatorname{diag}\left(x\right)"),
    (Structured("diagonal", ("W",)), (N,), "diag(W)", r"\operatorname{diag}\left(W\right)"),
    (Structured("eye", (), (("sizes", (N, N)),)), (N, N), "eye(n)", r"\operatorname{eye}\left(n\right)"),
    (Structured("eye", (), (("sizes", (N, M)),)), (N, M), "eye(n, m)", r"\operatorname{eye}\left(n, m\right)"),
    (Structured("embed", ("E", "k")), (M,), "E[k]", r"E[k]"),
    (Structured("pick", ("x", "k")), (), "x[k]", r"x[k]"),
    (Structured("one_hot", ("k",), (("below", N),)), (N,), "one_hot(k)", r"\operatorname{one\_hot}\left(k\right)"),
    (Structured("scatter", ("e", "k"), (("below", N),)), (N, M), "one_hot(k) eᵀ",
     r"\operatorname{one\_hot}\left(k\right) e^{\top}"),
    (Structured("inv", ("A",)), (N, N), "A⁻¹", r"A^{-1}"),
    (Structured("solve", ("A", "b"), (("turned", 0),)), (N,), "A⁻¹ b", r"A^{-1} b"),
    (Structured("solve", ("A", "b"), (("turned", 1),)), (N,), "(Aᵀ)⁻¹ b", r"\left(A^{\top}\right)^{-1} b"),
    (Structured("expm", ("A",)), (N, N), "e^A", r"\mathrm{e}^{A}"),
    (Structured("phi1m", ("A",)), (N, N), "φ₁(A)", r"\varphi_1\left(A\right)"),
    (Structured("conv2d", ("x", "K"), (("stride", 1), ("pad", 0))), (N, M, M), "conv2d(x, K)",
     r"\operatorname{conv2d}\left(x, K\right)"),
    (Structured("conv2d", ("x", "K"), (("stride", 2), ("pad", 1))), (N, M, M), "conv2d(x, K, stride = 2, pad = 1)",
     r"\operatorname{conv2d}\left(x, K, \mathrm{stride} = 2, \mathrm{pad} = 1\right)"),
    (Structured("conv2d_image", ("y", "K"), (("stride", 2), ("pad", 0), ("rest", (1, 0)))), (N, M, M),
     "conv2d_image(y, K, stride = 2)", r"\operatorname{conv2d\_image}\left(y, K, \mathrm{stride} = 2\right)"),
    (Structured("conv2d_kernel", ("x", "y"), (("stride", 1), ("pad", 1), ("rest", (0, 0)))), (N, M, M, M),
     "conv2d_kernel(x, y, pad = 1)", r"\operatorname{conv2d\_kernel}\left(x, y, \mathrm{pad} = 1\right)"),
    (Structured("avgpool2d", ("x",), (("size", 2), ("stride", 2), ("pad", 0))), (N, M, M), "avgpool2d(x, 2)",
     r"\operatorname{avgpool2d}\left(x, 2\right)"),
    (Structured("avgpool2d_image", ("y",), (("size", 2), ("stride", 2), ("pad", 0), ("rest", (0, 0)))), (N, M, M),
     "avgpool2d_image(y, 2)", r"\operatorname{avgpool2d\_image}\left(y, 2\right)"),
    (Structured("maxpool2d", ("x",), (("size", 3), ("stride", 1), ("pad", 1))), (N, M, M),
     "maxpool2d(x, 3, stride = 1, pad = 1)",
     r"\operatorname{maxpool2d}\left(x, 3, \mathrm{stride} = 1, \mathrm{pad} = 1\right)"),
    (Structured("maxpool2d_image", ("y", "x"), (("size", 2), ("stride", 2), ("pad", 0), ("rest", (0, 0)))), (N, M, M),
     "maxpool2d_image(y, x, 2)", r"\operatorname{maxpool2d\_image}\left(y, x, 2\right)"),
    (Structured("maxpool2d_taken", ("y", "x"), (("size", 2), ("stride", 2), ("pad", 0))), (N, M, M),
     "maxpool2d_taken(y, x, 2)", r"\operatorname{maxpool2d\_taken}\left(y, x, 2\right)"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "sizes", "text", "latex"), SHOWN, ids=[row[2] for row in SHOWN])
def test_an_arrangement_reads_as_it_is_written(body, sizes, text, latex):
    definition = Definition("y", body, sizes)
    assert Notation("text", [definition]).equation(definition) == f"y = {text}"
    assert Notation("latex", [definition]).equation(definition) == f"y = {latex}"
    assert mathml(f"y = {latex}").startswith("<math")


def test_every_readable_row_is_shown_here():
    named = {"pick", "one_hot", "conv2d_image", "avgpool2d_image", "maxpool2d_image", "maxpool2d_taken"}
    assert READABLE | named == {body.row for body, *_ in SHOWN}
    assert STRUCTURED.keys() >= READABLE


def test_a_temporary_is_read_inside_its_readers_and_inside_another_arrangement():
    part = Definition("x2", Structured("slice", ("u",), cut((ONE, N, 1), of=(N,))), (N - 1,))
    both = Definition("a3", Structured("concat", ("x2", "h"), (("axis", -1),)), (2 * N - 1,))
    product = Definition("y", Contraction((slot("W", (ROW, COLUMN)), slot("a3", (COLUMN,))), ((COLUMN, 2 * N - 1),)), (M,))
    assert Notation("text", [part, both, product]).equation(product) == "y = W [u[1:]; h]"
    twice = Definition("q", Elementwise(slot("x2", (ROW,)) ** 2), (N - 1,))
    assert Notation("text", [part, both, twice]).equation(twice) == "q = u[1:]²"


def test_an_index_form_has_the_indices_behind_it():
    definition = Definition("y", Structured("slice", ("x",), cut((ONE, N, 1), of=(N,))), (N - 1,))
    assert Notation("text", [definition], form="index").equation(definition) == "y[i] = x[1:][i]"


def test_a_mean_over_the_streams_stands_in_brackets():
    rows = Definition("g", Structured("scatter", ("z:e", "k"), (("below", N),)), (N, M), shared=True)
    text = Notation("text", [rows], shared=(), states=["e", "f"]).equation(rows)
    assert text == "g = ⟨one_hot(k) z_eᵀ⟩"
