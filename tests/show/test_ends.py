"""What a derivation says of the two ends: each condition once, with its line; nothing of models that run forward."""

from __future__ import annotations

import hdsl
from hdsl.show.derivation import derivation_page
from hdsl.show.page import Section

TEXT = """ham 1
state x = 1
state y = free
param k = free
param j = 2
x' = -k*x
y' = j*x
cost run = x^2
terminal goal = T*x^2
final y == 3
horizon free = 1 in [0.5, 2]
learn
    schedule = boundary
    eta = 1/2
"""


def page(text: str, style: str = "text") -> dict[str, Section]:
    compiler = hdsl.loads(text).compiler
    made = derivation_page(compiler.equations, compiler.step, style)
    return {section.key: section for section in made.sections} | {"": made}


def test_every_condition_stands_once_with_its_line() -> None:
    found = {str(row.equations[0]): (row.lines, row.note) for row in page(TEXT)["ends"].rows}
    assert found["z_y(0) = 0"] == ((3,), "y begins where J is least")
    ends = ("z_x(T) = 2 x T exp(−η T)", "z_y(T) = exp(−η T) μ₀", "ω_k(T), ω_j(T) = 0", "H(T) + x² exp(−η T) = 0")
    assert set(found) == {"z_y(0) = 0", "ω_k(0) = 0", *ends}
    assert any(note == "T is free" and lines == (11,) for lines, note in found.values())


def test_the_page_says_that_it_is_solved_from_both_ends() -> None:
    found = page(TEXT)
    assert found[""].facts.startswith("solved from both ends, s = +1, 2 parameters")
    assert "step" not in found and "departures" not in found
    assert "+ Φ" in str(found["convention"].rows[0].equations[0])
    costate = {row.paths[0]: str(row.equations[0]) for row in found["costate"].rows}
    assert costate["costate.x"].startswith("ż") and "− 2" in costate["costate.x"]  # −∂H′/∂x: s = +1


def test_what_a_state_begins_by_reaches_what_is_free() -> None:
    found = page(TEXT.replace("state x = 1", "state x = k"))
    assert any(str(row.equations[0]) == "ω_k(0) = −(∂h₀/∂θ)ᵀ z(0)" for row in found["ends"].rows)


def test_it_is_spelt_in_latex_too() -> None:
    told = "\n".join(str(row.equations[0]) for row in page(TEXT, "latex")["ends"].rows)
    assert r"\omega_{k}(0) = 0" in told and r"\exp\left(-\eta T\right)" in told


def test_a_model_that_runs_forward_has_no_ends() -> None:
    text = TEXT.replace("schedule = boundary", "schedule = online").replace("= free\n", "= 0\n")
    found = page(text)
    assert "ends" not in found and "step" in found and "s = −1" in found[""].facts
