"""The page of a mechanical system."""

from __future__ import annotations

import json

import hdsl
from hdsl.derive.mechanical_step import SWEEPS
from hdsl.show.derivation import derivation_page
from hdsl.show.page import Page

TEXT = """
state q = 1
costate p of q = 0
const g = 2
let s = sin(q)
hamiltonian H = p^2/2 + g*s
learn
    step = leapfrog
    tau = 0.1
"""


def page(text: str = TEXT, **options: str) -> Page:
    compiler = hdsl.loads(text).compiler
    return derivation_page(compiler.equations, compiler.step, **options)  # type: ignore[arg-type]


def test_the_energy_stands_by_itself_and_every_slope_has_its_name() -> None:
    sections = {section.key: section for section in page().sections}
    assert list(sections) == ["where", "energy", "state", "settings", "step", "departures"]
    assert [str(row.equations[0]) for row in sections["energy"].rows] == ["H = s g + ½ p²"]
    assert [row.note for row in sections["state"].rows] == ["∂H/∂p", "−∂H/∂q"]
    assert sections["settings"].words == "τ = 0.1"
    assert page().facts == "leapfrog of order 2, symplectic and time-reversible; q with p"


def test_it_may_be_asked_for_by_equation() -> None:
    assert {"H", "state.q", "state.p", "step.q", "step.p"} <= set(page().paths)
    assert [str(row.equations[0]) for row in page(only="state.q").rows] == ["q̇ = p"]


def test_slopes_are_formulas_in_latex() -> None:
    (state,) = (section for section in page(style="latex").sections if section.key == "state")
    assert [row.note for row in state.rows] == [r"\(\partial H/\partial p\)", r"\(-\partial H/\partial q\)"]


def test_of_the_sweeps_the_first_and_the_last_are_shown() -> None:
    text = TEXT.replace("leapfrog", "implicit-midpoint")
    (step,) = (section for section in page(text).sections if section.key == "step")
    shown = [str(row.equations[0]) for row in step.rows]
    assert f"{SWEEPS} sweeps" in step.words and 8 < len(shown) < 16
    assert "q⁺ = q + τ p⁽²¹⁾" in shown or "q⁺ = τ p⁽²¹⁾ + q" in shown
    assert not any("nan" in line for line in shown)


def test_a_program_gets_the_same() -> None:
    from hdsl.show.json import page_json

    told = json.loads(page_json(page(), page(style="latex")))
    assert [section["key"] for section in told["sections"]][:2] == ["where", "energy"]


def test_the_reason_of_a_slope_is_the_energy() -> None:
    (summand,) = hdsl.loads(TEXT).why("state.p").summands
    assert summand[1]
