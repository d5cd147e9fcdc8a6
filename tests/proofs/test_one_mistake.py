"""A good model with one word or sign of it changed: one mistake, and so one message, whatever follows from it.

The changes were found by a search that put every word of the models that ship in another's place, took it out, doubled it
and put signs before it; those that gave two messages or more stand here by what they have in common.
"""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source

MODEL = """ham 1
dim d = 4, n = 3, k = 2, depth = 2
input u[d]
input mode : index(k)
target c : index(k)
const rate = 0.5
param V[n, d] = normal(0, rate)
state held[n] = 0
component dense(x[m], n, gain = 1) {
    param W[n, m] = normal(0, gain)
    const half = gain/2
    return W @ x + half
}
component block(x[n]) {
    return x + tanh(dense(x, n))
}
def swish(x, s = 1) = x * sigmoid(s*x)
let first = tanh(dense(u, n)) + delay(held, depth)
let body = repeat(depth, block, first)
held' = -held + V @ u + swish(body) + dense(u, n)
output y = dense(body, k) + [1, 2]
cost class = cross_entropy(y, c)
learn
    order = sequential
    tau = 0.5
    eta.held = 0.5
    beta = 0.05
"""


def codes(text: str) -> list[str]:
    return [found.code for found in Compiler(Source(text)).diagnostics if found.severity == "error"]


def test_the_model_is_good() -> None:
    assert codes(MODEL) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        # what a statement would have declared, where it cannot be read
        ("target c", "target target c", "syntax"),
        ("target c", "target ", "syntax"),
        ("param V", "param ", "syntax"),
        ("dim d = 4, n = 3", "dim d = 4, = 3", "syntax"),
        ("dim d = 4", "dim d 4", "syntax"),
        ("dim d = 4", "dim d : 4", "syntax"),
        ("n = 3, k", "n = 3. k", "number"),
        ("dim d", "d", "missing-keyword"),
        ("dim d", "<dim d", "unknown-statement"),
        ("dim d", ",dim d", "unknown-statement"),
        ("dim d", "tanh d", "unknown-statement"),
        ("let first", "==let first", "unknown-statement"),
        ("output y", "dense y", "unknown-statement"),
        ("output y", "learn y", "syntax"),
        ("let body", "class body", "python"),
        ("param V", "held' V", "syntax"),
        ("param V", "model V", "syntax"),
        ("def swish(", "def (", "syntax"),
        ("component dense(", "component (", "syntax"),
        # what has no meaning because its name has another
        ("target c", "target V", "duplicate-name"),
        ("target c", "target depth", "duplicate-name"),
        ("param V", "param learn", "reserved-name"),
        ("component dense(x[m], n,", "component dense(x[m], let,", "reserved-name"),
        ("component dense(x[m]", "component dense(x[W]", "duplicate-name"),
        ("state held", "state depth", "duplicate-name"),
        ("component dense", "component phi", "unknown-function"),
        # sizes and counts that are not known
        ("depth = 2", "depth = 0.5", "size-value"),
        ("depth = 2", "dim = 2", "reserved-name"),
        ("dense(body, k)", "dense(body, y)", "cycle"),
        ("delay(held, depth)", "delay(held, deptt)", "unknown-name"),
        # settings
        ("learn\n", "", "outside-learn"),
        ("learn\n", "lern\n", "unknown-statement"),
        ("learn\n", "/learn\n", "unknown-statement"),
        ("learn\n", "(learn\n", "unclosed"),
        ("    tau = 0.5", "    input = 0.5", "syntax"),
        ("    order =", "    model =", "syntax"),
        # braces
        ("component dense", "softmax dense", "unknown-statement"),
        ("component dense", "dense", "unknown-statement"),
        ("component dense", ",component dense", "unknown-statement"),
        ("gain = 1) {", "gain = 1)", "component"),
        ("gain = 1) {", "gain = 1) ]", "bracket"),
        ("gain = 1) {", "gain = 1) @", "syntax"),
        ("gain = 1) {", "gain = 1) [", "unclosed"),
        ("+ half\n}", "+ half\n", "unclosed"),
        ("+ half\n}", "+ half\n@", "unclosed"),
        ("W[n, m] =", "}W[n, m] =", "bracket"),
        ("W[n, m] =", "W[n} m] =", "bracket"),
        # values that must stand before the stream
        ("[1, 2]", "[u, u]", "not-constant"),
        ("[1, 2]", "[[u, V], [mode, c]]", "not-constant"),
        ("const rate = 0.5", "const rate = u + V", "not-constant"),
        ("const rate = 0.5", "input rate = 0.5", "value-here"),
        # calls
        ("cross_entropy(y, c)", "cros_entropy(y, c)", "unknown-function"),
    ],
)
def test_one_change_is_one_message(old: str, new: str, code: str) -> None:
    assert MODEL.count(old) == 1
    assert codes(MODEL.replace(old, new)) == [code]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ((("target c", "target "), ("tanh(dense(u", "tanh(2 dense(u")), ["syntax", "syntax"]),
        ((("target c", "target V"), ("+ swish(body)", "+ swish(bodi)")), ["duplicate-name", "unknown-name"]),
        ((("learn\n", ""), ("    eta.held", "    mu = 1\n    eta.held")), ["missing-keyword", "outside-learn"]),
        ((("gain = 1) {", "gain = 1) ]"), ("component block", "softmax block")), ["bracket", "unknown-statement"]),
        ((("const rate = 0.5", "const rate = u"), ("[1, 2]", "[u, 2]")), ["not-constant", "not-constant"]),
    ],
)
def test_two_changes_are_two_messages(changes: tuple[tuple[str, str], ...], wanted: list[str]) -> None:
    text = MODEL
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert sorted(codes(text)) == wanted
