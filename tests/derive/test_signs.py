"""What is said of signs is so, for numbers drawn at random."""

from __future__ import annotations

import pytest
import sympy

from hdsl.compiler import Compiler
from hdsl.derive.signs import Signs
from hdsl.syntax.source import Source
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, Definition, indices, size, slot

TEXT = """ham 1
dim n = 3
const up = 2
const down = -0.5
const all_up[n] = [1, 2, 3]
const mixed[n] = [1, 0, 3]
const drawn[n] = normal(0, 1)
param w = 1
state x[n] = 0
x' = -x*w*up*down*sum(all_up + mixed + drawn)
"""
(i,) = indices(1)
X, W = slot("x", (i,)), slot("w")


def signs() -> Signs:
    total = Contraction((X, X), ((i, size("n")),), slot("up"))
    return Signs(Compiler(Source(TEXT, "m.ham")).model, {"c": Definition("c", total)})


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (slot("up"), "above"),
        (slot("down"), "below"),
        (slot("up") * slot("down"), "below"),
        (slot("down") + slot("up"), "above"),
        (slot("all_up", (i,)), "above"),
        (slot("mixed", (i,)), "at least"),
        (slot("drawn", (i,)), "unknown"),
        (W, "unknown"),
        (W**2, "at least"),
        (1 + W**2, "above"),
        (1 - W**2, "unknown"),
        (-1 - W**2, "below"),
        (-(W**2), "at most"),
        (W**2 * slot("all_up", (i,)), "at least"),
        (1 / (1 + W**2), "above"),
        (W**3, "unknown"),
        (slot("c"), "at least"),
        (slot("c") + slot("learn:phi"), "above"),
        (slot("tau") * size("n"), "above"),
        (sympy.Integer(0), "zero"),
        (sympy.pi, "above"),
        (ROWS["exp"].function(W), "above"),
        (ROWS["relu"].function(W), "at least"),
        (ROWS["abs"].function(slot("up")), "above"),
        (ROWS["tanh"].function(W), "unknown"),
        (ROWS["max"].function(W, slot("up")), "above"),
        (ROWS["clip"].function(W, slot("up"), 3), "above"),
    ],
)
def test_sign(expression: sympy.Expr, sign: str) -> None:
    assert signs().of(expression) == sign
