"""The equations of a certificate as people read them."""

from __future__ import annotations

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.spelt import COUNTERS, spelt

TEXT = """
input u[2]
target v[2]
state h[2] = 0
param W[2, 2] = 0
latex W "\\mathcal{W}"
h' = -h + W @ u
output y = h + u
cost fit = 1/2 * squared(y - v)
project W = W / 2 every 3
"""


def test_every_equation_has_its_text():
    told = spelt(Compiler(Source(TEXT)), "text", pullback=True)
    assert told["equations"]["dot:h"] == "ḣ = W u − h"
    assert list(told["equations"]) == ["dot:h", "dot:z:h", "dot:w:W", "dot:W", "y", "fit"]
    assert told["step"]["W+"] == "W⁺ = W − τ β ω_W⁺, then W ← ½ W every 3 steps"
    assert list(told["step"]) == ["h+", "z:h+", "w:W+", "W+", "output y", "cost fit", *COUNTERS["text"]]
    assert list(told["pullback"].values()) and all(" = " in text for text in told["pullback"].values())


def test_latex_stands_in_words():
    told = spelt(Compiler(Source(TEXT)), "latex", pullback=False)
    assert not told["pullback"]
    assert told["step"]["W+"].count(r"\(") == 2 and told["step"]["W+"].endswith(" every 3 steps")
    assert r"\mathcal{W}" in told["equations"]["dot:W"]
    plain = {name for group in told.values() for name, text in group.items() if not text.startswith(r"\(")}
    assert plain == {"reset", "sample"}
