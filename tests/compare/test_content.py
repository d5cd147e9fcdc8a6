from __future__ import annotations

import pytest
import sympy

from hdsl.compare.content import Contents, Table
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.term import Contraction, Definition, Elementwise, slot

HEAD = "dim n = 3, m = 2\ninput u[n]\nparam W[n, n] = 0\nparam V[m, n] = 0\nparam s = 1\nconst k = 2\n"


def content(formula: str, table: Table, renamed: dict[str, str] | None = None) -> sympy.Basic:
    model = Compiler(Source(f"{HEAD}{formula}\n")).model
    shared = {q.name: q.shared for q in model.quantities.values()}
    contents = Contents(model.definitions, table, shared, renamed or {})
    return contents.of(model.definitions[-1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("output y = W @ u + u", "let a = W @ u\noutput y = u + a"),
        ("output y = W @ (2*u)", "output y = 2*(W @ u)"),
        ("output y = W @ (s*u)", "let a = u*s\noutput y = W @ a"),
        ("output y = dot(u, W @ u)", "let a = W @ u\noutput y = sum(a*u)"),
        ("output y = squared(u - s)", "let a = s - u\noutput y = dot(a, a)"),
        ("output y = (V @ W) @ u", "let a[p, q] = sum[r](V[p, r]*W[r, q])\noutput y = a @ u"),
        ("output y = k*(u + s)", "output y = k*u + s*k"),
        ("output y = softmax(W @ u)", "let a = W @ u\nlet b = a\noutput y = softmax(b)"),
        ("output y = softmax(u)", "let b = u\noutput y = softmax(b)"),
        ("output y = squared(W)", "output y = sum(W*W)"),
    ],
)
def test_the_same_in_other_words_has_one_content(one: str, other: str) -> None:
    table = Table()
    assert content(one, table) == content(other, table)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("output y = W @ u", "output y = W.T @ u"),
        ("output y = W @ u", "output y = W @ W @ u"),
        ("output y = tanh(u)", "output y = sigmoid(u)"),
        ("output y = softmax(u)", "output y = softmax(2*u)"),
        ("output y = dot(u, u)", "output y = sum(u)"),
        ("output y = u[0]", "output y = u[1]"),
        ("output y = sum[i, j](W[i, j]*u[j]*u[i])", "output y = sum[i, j](W[i, j]*u[j]*u[j])"),
        ("output y = squared(u - s)", "output y = squared(u + s)"),
        ("output y = mean(u)", "output y = sum(u)"),
    ],
)
def test_what_is_not_the_same_has_not(one: str, other: str) -> None:
    table = Table()
    assert content(one, table) != content(other, table)


def test_a_renamed_quantity_is_compared_under_its_new_name() -> None:
    table = Table()
    old = content("output y = W @ u", table, {"W": "V"})
    assert old != content("output y = W @ u", table)
    i, j = sympy.symbols("i j", integer=True)
    n = sympy.Symbol("n", integer=True, positive=True)
    made = Definition("y", Contraction((slot("V", (i, j)), slot("u", (j,))), ((j, n),)), (n,))
    assert old == Contents((), table, {}, {}).of(made)


def test_a_mean_over_the_streams_is_not_what_it_is_of() -> None:
    table = Table()
    contents = Contents((), table, {"u": False, "s": True}, {})
    plain, mean = (Definition("a", Elementwise(slot("u")), (), shared) for shared in (False, True))
    assert contents.of(plain) != contents.of(mean)
    scaled = Definition("a", Elementwise(3 * slot("s") * slot("u")), (), True)
    assert contents.of(scaled) == 3 * slot("s") * contents.of(mean)


def test_a_content_has_one_number() -> None:
    table = Table()
    assert [table.number(one) for one in ("a", "b", "a")] == ["#0", "#1", "#0"]
