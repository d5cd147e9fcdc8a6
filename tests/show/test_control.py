"""What a derivation shows of controls and of the end."""

from __future__ import annotations

import json

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.json import page_json
from hdsl.show.latex import page_latex
from hdsl.show.page import Section
from hdsl.show.text import page_text
from hdsl.syntax.source import Source

TEXT = """ham 1
dim n = 2
const B[n] = [0, 1]
state x[n] = free
state y = 0
param w = free
costate p of x
control a in [-1, 1]
control b[n] given -p
control c gradient
x' = -x + B*a + b
y' = -w*y + c
cost effort = a^2 + c^4
terminal goal = squared(x) + y*T
final x[0] == 1
constraint cap = y <= 1/9 soft 100
constraint top = y >= 0 penalty
horizon free = 2 in [0.5, 10]
learn
    schedule = boundary
    beta.c = 0.1
"""


def section(key: str, style: str = "text") -> Section:
    compiler = Compiler(Source(TEXT, "m.ham"))
    page = derivation_page(compiler.equations, compiler.step, style)  # type: ignore[arg-type]
    (found,) = (section for section in page.sections if section.key == key)
    return found


def test_controls() -> None:
    rows = [(str(row.equations[0]), row.note, row.lines) for row in section("control").rows]
    assert rows == [
        ("∂H′/∂a = 2 φ a + ⟨B, z_x⟩ = 0", "stationary in a", (11, 13)),
        ("a = clip(−½ ⟨B, z_x⟩ / φ, −1, 1)", "", (8,)),
        ("b = −z_x", "by its rule", (9,)),
        ("∂H′/∂c = 4 φ c³ + z_y", "follows the gradient of H′", (12, 13)),
        ("ċ = −β_c ∂H′/∂c", "", (10,)),
    ]


def test_the_end() -> None:
    end = section("end")
    rows = [(str(row.equations[0]), row.note, row.lines) for row in end.rows]
    assert rows[0] == ("Φ = ‖x‖² + y T", "terminal cost", (14,))
    assert rows[1:] == [
        ("x[0] − 1 = 0", "at T", (15,)),
        ("y − 1 / 9 ≤ 0", "constraint cap, soft, weight 100", (16,)),
        ("−y ≤ 0", "constraint top, penalty", (17,)),
    ]
    assert end.words == "T is free, from 2, ½ or more, 10 or less; free at 0: x, w"


@pytest.mark.parametrize("path", ["control.a", "Phi", "final.1", "constraint.cap"])
def test_one_alone(path: str) -> None:
    compiler = Compiler(Source(TEXT, "m.ham"))
    page = derivation_page(compiler.equations, compiler.step, "text", only=path)
    assert (path in page.paths and "stationary in a" in page_text(page)) or path != "control.a"


def test_in_every_format() -> None:
    compiler = Compiler(Source(TEXT, "m.ham"))
    text, latex = (derivation_page(compiler.equations, compiler.step, style) for style in ("text", "latex"))
    assert r"\frac{\partial H'}{\partial a}" in page_latex(latex) and r"\leq" in page_latex(latex)
    keys = [section["key"] for section in json.loads(page_json(text, latex))["sections"]]
    assert "control" in keys and "end" in keys
