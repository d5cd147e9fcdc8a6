"""How the page shows a step of several stages: the tableau once, and no equation once a stage."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.derive.integrators import TABLEAUS
from hdsl.show.derivation import derivation_page
from hdsl.show.stages import method, stage_of, stages

TEXT = """ham 1
input u
target v
state h = 0
state X = 0
param w = 1
h' = -h + tanh(w*h + X)
next X = u
output y = h
cost fit = 1/2*(y - v)^2
learn
    step = {step}
    eta = 0.1
    dissipation = {dissipation}
"""


def page_of(step, dissipation="euler", style="text"):
    model = hdsl.loads(TEXT.format(step=step, dissipation=dissipation))
    return derivation_page(model.product("equations"), model.product("step"), style)


def step_of(page):
    (found,) = [section for section in page.sections if section.key == "step"]
    return found


@pytest.mark.parametrize("step", TABLEAUS)
def test_stages_are_shown_once_for_all_cells(step):
    rows = [str(equation) for row in step_of(page_of(step)).rows for equation in row.equations]
    count = len(TABLEAUS[step].rows)
    later = [row for row in rows if "⁽" in row.partition("=")[0]]
    assert len(later) == count - 1 and all(row.count("Ẋ") == 1 for row in later)
    assert next(row for row in rows if row.startswith("h⁺")).count("f") == sum(weight != 0 for weight in TABLEAUS[step].weights)


def test_the_cell_that_stands_for_all_looks_like_no_quantity_of_the_model():
    rows = [str(equation) for row in step_of(page_of("midpoint")).rows for equation in row.equations]
    assert "X⁺ = u" in rows  # the state's own
    assert any(row.startswith("X_all⁽²⁾ = X_all + ½ τ ") for row in rows)


def test_words_tell_what_takes_no_part_in_the_stages():
    words = step_of(page_of("rk4", "exact")).words
    assert words.startswith("four stages") and "X⁺ at once" in words and "integrating factor" in words
    assert "integrating factor" not in step_of(page_of("midpoint")).words
    notes = [row.note for row in step_of(page_of("rk4")).rows if row.note]
    assert notes == ["at t + ½ τ", "at t + ½ τ", "at t + τ", "each cell that flows"]


def test_facts_and_departures_tell_the_order():
    page = page_of("rk4")
    assert page.facts.startswith("rk4 of order 4, s = −1")
    (departs,) = [section.words for section in page.sections if section.key == "departures"]
    assert "rk4 of order 4" in departs and "frozen" not in departs and "Euler" not in departs


def test_a_method_and_the_stage_of_a_line():
    learning = hdsl.loads(TEXT.format(step="midpoint", dissipation="euler")).product("model").learning
    assert method(learning) == "midpoint of order 2"
    assert method(hdsl.loads("state h = 1\nh' = -h\n").product("model").learning) == "sequential Euler"
    assert [stage_of(name) for name in ("h", "h+", "z:h@2", "adj:a~2@4")] == [1, 1, 2, 4]
    assert [definition.name for definition in stages("midpoint")] == ["all:X@2", "all:X+"]
