"""The page of a derivation whose model replays: a token, the turn, the way back, and what moves at its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.html import page_html
from hdsl.show.json import page_record
from hdsl.show.latex import page_latex
from hdsl.show.markdown import page_markdown
from hdsl.show.page import HEADINGS, Page
from hdsl.show.text import page_text
from hdsl.show.why import explain_equation
from hdsl.syntax.source import Source

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs/derivation.schema.json").read_text(encoding="utf-8"))
TEXT = """ham 1
model net
dim n = 2
input u[n]
target v
state h[n] = 0
param W[n, n] = 1
param C[n] = 1
next h = tanh(W @ h + u)
output y = C @ h
cost fit = 1/2*(y - v)^2
learn
    schedule = replay(20)
    phi = 1/tau
    eta.state = 0
    eta.param = 0.5/tau
"""


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return Compiler(Source(TEXT, "net.ham"))


@pytest.fixture(scope="module")
def page(compiler: Compiler) -> Page:
    return derivation_page(compiler.equations, compiler.step)


def test_the_sections_stand_in_the_order_in_which_they_run(page: Page) -> None:
    keys = [section.key for section in page.sections]
    assert keys[keys.index("step") :][:4] == ["step", "turn", "back", "move"]
    assert set(keys) <= HEADINGS.keys()
    assert "after 20 tokens at the latest" in next(s.words for s in page.sections if s.key == "turn")
    assert page.facts.startswith("replay(20), Euler, s = −1")


def test_every_line_stands_once(page: Page) -> None:
    shown = [e.name for s in page.sections if s.key in ("step", "back", "move") for row in s.rows for e in row.equations]
    assert len(shown) == len(set(shown))
    assert {"h+", "z:h+", "back:h+", "w:W+", "w:C+", "W+", "C+"} <= set(shown)


def test_the_equations_are_those_of_a_replay(page: Page) -> None:
    told = page_text(page)
    for equation in ("ω_W⁺ = ½ ω_W", "+ back − τ η_state z", "ω_W⁺", "W⁺ = W − τ β ω_W"):
        assert equation in told
    assert "costates go back from z = 0" in told and "forward costate" not in told


@pytest.mark.parametrize("path", ["step.h", "step.z.h", "step.back:h", "step.w.W", "step.W", "turn.W"])
def test_each_equation_can_be_asked_for(page: Page, path: str) -> None:
    found = page.only(path)
    assert [e.name for s in found.sections for row in s.rows for e in row.equations if path in row.paths]


def test_what_is_handed_back_is_there_for_the_dynamics(compiler: Compiler) -> None:
    told = str(explain_equation(compiler.equations, compiler.step, "step.z.h"))
    assert "+ back" in told and "dynamics of h, line 9" in told and "cost fit, line 11" in told


@pytest.fixture(scope="module")
def undone() -> Compiler:
    settings = {"step": "two-step", "states": "recomputed"}
    return Compiler(Source(TEXT.replace("next h = tanh", "h' = tanh"), "net.ham"), settings=settings)


def test_recomputed_states_are_shown_in_every_format(undone: Compiler) -> None:
    text, latex = (derivation_page(undone.equations, undone.step, style) for style in ("text", "latex"))
    for told in (page_latex(latex), page_markdown(latex), page_html(latex)):
        assert HEADINGS["undo"] in told
    keys = SCHEMA["properties"]["sections"]["items"]["properties"]["key"]["enum"]
    assert {section["key"] for section in page_record(text, latex)["sections"]} <= set(keys)


def test_an_equation_of_what_is_undone_stands_alone(undone: Compiler) -> None:
    page = derivation_page(undone.equations, undone.step)
    paths = [path for path in page.paths if path.startswith("undo.")]
    assert paths
    for path in paths:
        assert {section.key for section in page.only(path).sections} - {"where"} == {"undo"}
