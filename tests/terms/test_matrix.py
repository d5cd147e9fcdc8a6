"""Factors over indices as matrix products: judged by numpy, which runs what is printed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsl.terms.matrix import ATOM, CHAIN, CHOICE, HADAMARD, POWER, SUM, Layout, NoMatrixForm, Piece, matrix_form
from hdsl.terms.spelling import LATEX, TEXT
from hdsl.terms.term import indices

NODES = indices(4)
LETTERS = {node: "abcd"[k] for k, node in enumerate(NODES)}
SIZE = dict(zip(NODES, (2, 3, 4, 5), strict=True))


class Reader:
    """Reads printed matrix notation back and works it out with numpy.

    Vectors are columns; a column or a row stands for a whole matrix where 𝟏 repeats it.
    """

    def __init__(self, text, arrays):
        self.tokens = re.findall(r"sum|diag|𝟏|[VM]\d|[()⟨⟩‖,²ᵀ]|⊙", text)
        self.arrays = arrays
        self.value = self.product()
        assert not self.tokens, text

    def take(self):
        return self.tokens.pop(0)

    def product(self):
        """Chains with ⊙ between them."""
        value = self.chain()
        while self.tokens[:1] == ["⊙"]:
            self.take()
            value = value * self.chain()
        return value

    def chain(self):
        """What stands side by side, multiplied from the left."""
        parts = []
        while self.tokens and self.tokens[0] not in (")", "⟩", ",", "⊙") and not (parts and self.tokens[0] == "‖"):
            parts.append(self.atom())
        value = parts[0]
        for part in parts[1:]:
            value = self.times(value, part)
        return value

    @staticmethod
    def times(left, right):
        if isinstance(left, str):  # 𝟏 yᵀ repeats a row, 𝟏ᵀA sums the rows
            return right if left == "𝟏" else right.sum(axis=0, keepdims=True)
        if isinstance(right, str):  # A 𝟏 sums the columns, x 𝟏ᵀ repeats a column
            return left.sum(axis=1, keepdims=True) if right == "𝟏" else left
        return left * right if (1, 1) in (left.shape, right.shape) else left @ right

    def atom(self):
        head = self.take()
        if head in ("sum", "diag"):
            inner = self.atom()
            value = inner.sum().reshape(1, 1) if head == "sum" else np.diag(inner[:, 0])
        elif head == "(":
            value = self.product()
            self.take()
        elif head == "⟨":
            left, _, right, _ = self.product(), self.take(), self.product(), self.take()
            value = (left * right).sum().reshape(1, 1)
        elif head == "‖":
            value = self.product()
            assert [self.take(), self.take()] == ["‖", "²"]
            return (value**2).sum().reshape(1, 1)
        else:
            value = head if head == "𝟏" else self.arrays[head]
        while self.tokens[:1] in (["ᵀ"], ["²"]):
            mark = self.take()
            value = value + mark if isinstance(value, str) else value.T if mark == "ᵀ" else value**2
        return value


@st.composite
def products(draw):
    """Output indices, bound indices, and vectors and matrices over them."""
    out = NODES[: draw(st.integers(0, 2))]
    bound = NODES[len(out) : len(out) + draw(st.integers(0 if out else 1, 2))]
    nodes = out + bound
    choices = [(n,) for n in nodes] + [(a, b) for a in nodes for b in nodes if a != b]
    factors = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=5))
    return out, bound, factors


@given(products())
@settings(max_examples=300, deadline=None)
def test_what_is_printed_is_what_is_meant(drawn):
    out, bound, factors = drawn
    bound = tuple(node for node in bound if any(node in at for at in factors))
    random = np.random.default_rng(len(factors))
    values = {f"{'VM'[len(at) - 1]}{k}": random.normal(size=[SIZE[n] for n in at]) for k, at in enumerate(factors)}
    pieces = [(Piece(name, ATOM), at) for name, at in zip(values, factors, strict=True)]
    try:
        text = Layout(TEXT).chain(matrix_form(Layout(TEXT), pieces, out, bound)).text
    except NoMatrixForm:
        return
    spelt = ",".join("".join(LETTERS[n] for n in at) for at in factors)
    present = [n for n in out if any(n in at for at in factors)]
    meant = np.einsum(f"{spelt}->{''.join(LETTERS[n] for n in present)}", *values.values())
    meant = meant.reshape([SIZE[n] if n in present else 1 for n in out] + [1] * (2 - len(out)))
    columns = {name: value[:, None] if value.ndim == 1 else value for name, value in values.items()}
    assert np.allclose(Reader(text, columns).value, meant), text


def test_a_cycle_and_three_axes_have_no_matrix_form():
    a, b, c, _ = NODES
    cycle = [(Piece("M1", ATOM), (a, b)), (Piece("M2", ATOM), (b, c)), (Piece("M3", ATOM), (c, a))]
    with pytest.raises(NoMatrixForm):
        matrix_form(Layout(TEXT), cycle, (), (a, b, c))
    with pytest.raises(NoMatrixForm):
        matrix_form(Layout(TEXT), [(Piece("T", ATOM), (a, b, c))], (a,), (b, c))


def test_nothing_at_all_is_no_piece():
    assert matrix_form(Layout(TEXT), [], NODES[:3], ()) == []


@pytest.mark.parametrize(
    ("level", "bracketed"),
    [(SUM, {HADAMARD, CHAIN, POWER, ATOM}), (HADAMARD, {CHAIN, POWER, ATOM}), (CHAIN, {POWER, ATOM}), (POWER, {ATOM})],
)
def test_brackets_where_a_piece_holds_less(level, bracketed):
    piece = Piece("p", level)
    found = {wanted for wanted in range(CHOICE, ATOM + 1) if Layout(TEXT).within(piece, wanted) == "(p)"}
    assert found == bracketed


def test_a_transpose_joins_other_superscripts():
    raised = Piece("h^{+}", ATOM, lambda extra: f"h^{{+{extra}}}")
    assert Layout(LATEX).transpose(raised).text == r"h^{+\top}"
    assert Layout(LATEX).transpose(Piece("W h", CHAIN)).text == r"\left(W h\right)^{\top}"
    assert Layout(LATEX).power(raised, "2").text == r"\left(h^{+}\right)^{2}"


def test_a_word_stands_apart_from_other_factors():
    word, letter = Piece(r"\mathrm{gain}", ATOM), Piece("x", ATOM)
    assert Layout(LATEX).chain([word, letter]).text == r"\mathrm{gain} \, x"
    assert Layout(LATEX).chain([letter, letter]).text == "x x"
    assert Layout(TEXT).chain([Layout(TEXT).transpose(letter), letter]).text == "xᵀx"
