"""The words of a statement and the spaces between them."""

from __future__ import annotations

import pytest

from hdsl.format.words import Row, rows, words


def laid(text: str) -> str:
    (row,) = rows(text, 0)
    return row.head if row.tail is None else f"{row.head} = {row.tail}"


@pytest.mark.parametrize(
    ("written", "laid_out"),
    [
        ("let   a=b+c", "let a = b + c"),
        ("let a = b-c@d", "let a = b - c @ d"),
        ("let a = b*c", "let a = b*c"),
        ("let a = b *c", "let a = b * c"),
        ("let a = 1/2 * c", "let a = 1/2 * c"),
        ("let a = b ** c ^ -d", "let a = b^c^-d"),
        ("let a = - b* - c", "let a = -b * -c"),
        ("let a = b*-c", "let a = b*-c"),
        ("let a = -(- b)", "let a = -(-b)"),
        ("let a = b - -c", "let a = b - -c"),
        ("let a = x [ 0 ]", "let a = x[0]"),
        ("let a = x[ :,None ]", "let a = x[:, None]"),
        ("let a = x[1 : n-1] + x[n -1]", "let a = x[1:n-1] + x[n - 1]"),
        ("let a = x[-1] + x[:: 2]", "let a = x[-1] + x[::2]"),
        ("let a = [ [1,- 2],[3 ,4] ]", "let a = [[1, -2], [3, 4]]"),
        ("let a = f (x ,axis = - 1)", "let a = f(x, axis=-1)"),
        ("let a = f(g(x),)", "let a = f(g(x),)"),
        ("let a = (A@B) .T .T", "let a = (A @ B).T.T"),
        ("let a = x<=y", "let a = x <= y"),
        ("let a = x if(y)else(z)", "let a = x if (y) else (z)"),
        ("let a = x if -y else -z", "let a = x if -y else -z"),
        ("let a = sum [i,j] (W[i,j]*x[j])", "let a = sum[i, j](W[i, j]*x[j])"),
        ("let y[ i,k ]=1", "let y[i, k] = 1"),
        ("param W[n,n+m]=normal(0,1/sqrt(n))", "param W[n, n+m] = normal(0, 1/sqrt(n))"),
        ("param W[n, n +m]", "param W[n, n + m]"),
        ("target c:index( k )", "target c : index(k)"),
        ("dim n=64,m , q=(h-1)/2+1", "dim n = 64, m, q = (h - 1)/2 + 1"),
        ("h′=-h", "h' = -h"),
        ("h₁’ = -h₁", "h₁' = -h₁"),
        ("reset   h each   sample", "reset h each sample"),
        ("component f(x[m],n,gain=1)", "component f(x[m], n, gain = 1)"),
        ("def f(x,k=-2)=k*x+g(x,axis = 1)", "def f(x, k = -2) = k*x + g(x, axis=1)"),
        ("return(x)", "return (x)"),
        ("return -x", "return -x"),
        ("use   \"a  b.ham\"", 'use "a  b.ham"'),
        ('latex  tau_h "a#b"', 'latex tau_h "a#b"'),
        ("project a.W=W every(2)", "project a.W = W every (2)"),
        ("project W = W every -2", "project W = W every -2"),
        ("project W = every(2)- every -2", "project W = every(2) - every - 2"),
        ("control a [k] in[-1,  -b]", "control a[k] in [-1, -b]"),
        ("control a in [0,m]given -p[ 1 ]", "control a in [0, m] given -p[1]"),
        ("control a in[0,1] gradient", "control a in [0, 1] gradient"),
        ("costate p   of q=- 1", "costate p of q = -1"),
        ("horizon -a*b", "horizon -a*b"),
        ("horizon free=2 in[ 0.5,10 ]", "horizon free = 2 in [0.5, 10]"),
        ("final - x [0]==1", "final -x[0] == 1"),
        ("constraint cap=x<=1/9 soft(100)", "constraint cap = x <= 1/9 soft (100)"),
        ("constraint cap=x<=1 penalty", "constraint cap = x <= 1 penalty"),
        ("eta.h=0.5", "eta.h = 0.5"),
        ("let a = 1e-3-x", "let a = 1e-3 - x"),
    ],
)
def test_one_form(written: str, laid_out: str) -> None:
    assert laid(written) == laid_out
    assert laid(laid_out) == laid_out


def test_broken_statements_are_as_far_in_as_their_brackets() -> None:
    text = "let a = f(  # the first\n x,\n # why\n\n  [1,\n2\n ],\n)"
    assert rows(text, 4) == [
        Row(4, "let a", "f(", "# the first"),
        Row(8, "x,"),
        Row(8, "", None, "# why"),
        Row(8, "[1,"),
        Row(12, "2"),
        Row(8, "],"),
        Row(4, ")"),
    ]


def test_a_sign_next_to_a_new_line_has_its_spaces() -> None:
    assert [row.tail or row.head for row in rows("let a = (b\n*c*\nd)", 0)] == ["(b", "* c *", "d)"]


def test_words() -> None:
    assert [word.text for word in words("h' = W.T@x[0]**2.5e-1 <= y # no")] == [
        *("h'", "=", "W.T", "@", "x", "[", "0", "]", "**", "2.5e-1", "<=", "y", "# no"),
    ]
    assert [(word.apart, word.below) for word in words("a b\n c")] == [(False, False), (True, False), (True, True)]
