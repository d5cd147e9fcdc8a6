from __future__ import annotations

import json
import re

import pytest

import hdsl
from hdsl.show.differences import NOTHING, SCHEMA, Comparison, Line

OLD = """ham 1
dim n = 3
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 0.5)
h' = -h + tanh(W @ h + u)
output y = h
cost fit = 1/2*squared(y - v)
learn
    eta = 1
"""
NEW = OLD.replace("-h + tanh", "-h - tanh").replace("eta = 1", "eta = 2").replace("learn", "cost decay = 1/2*squared(W)\nlearn")
WANTED = """a.ham → b.ham

  settings     eta     1 → 2                            line 11 of a.ham, line 12 of b.ham
  costs        decay   gained   ½ ‖W‖²                  line 10 of b.ham
  adjoints     ā       lost   (1 − s²) ⊙ z              line 7 of a.ham (state h)
               ā       gained   −(1 − s²) ⊙ z           line 7 of b.ham (state h)
  state        ḣ       lost   s                         line 7 of a.ham
               ḣ       gained   −s                      line 7 of b.ham
  costate      ż       changed through   ā
  parameters   ω̇_W     gained   φ W                     line 10 of b.ham (cost decay)
               ω̇_W     changed through   ā
  costs                unchanged   fit
  outputs              unchanged   y
"""


@pytest.fixture
def edited() -> Comparison:
    return Comparison(hdsl.loads(OLD).equations, hdsl.loads(NEW).equations, ("a.ham", "b.ham"))


def squeezed(text: str) -> list[str]:
    return [re.sub(r" {2,}", "  ", line) for line in text.splitlines()]


def test_text(edited: Comparison) -> None:
    assert squeezed(edited.text()) == squeezed(WANTED)


def test_columns_stand_under_one_another(edited: Comparison) -> None:
    lines = edited.text().splitlines()[2:]
    assert len({line.find("line 7") for line in lines if "line 7" in line and "ḣ" not in line}) == 1


def test_nothing_is_told_in_one_line() -> None:
    equations = hdsl.loads(OLD).equations
    same = Comparison(equations, hdsl.loads(OLD + "\n# more\n").equations, ("a.ham", "b.ham"))
    assert same.text() == f"a.ham → b.ham\n\n  {NOTHING}\n"
    assert same.lines("latex") == [Line("", "", NOTHING)]
    assert json.loads(same.json())["same"] is True and json.loads(same.json())["lines"] == []


def test_what_comes_from_outside_stands_in_the_heading() -> None:
    two = hdsl.loads(OLD), hdsl.loads(OLD, settings={"eta": 3})
    told = Comparison(two[0].equations, two[1].equations, ("a", "a"), "eta=3").text()
    assert told.startswith("a → a with eta=3\n") and "1 → 3" in told


def test_markdown_has_formulas_in_dollars(edited: Comparison) -> None:
    text = edited.markdown()
    assert text.startswith("# a.ham → b.ham\n\n- **settings** eta 1 → 2 ")
    assert r"- **parameters** $\dot{\omega}_{W}$ gained $\varphi W$ line 10 of b.ham (cost decay)" in text.splitlines()
    assert text.count("$") % 2 == 0


def test_html_is_one_file_with_mathml(edited: Comparison) -> None:
    page = edited.html()
    assert page.startswith("<!DOCTYPE html>") and "<math" in page and "(cost decay)" in page
    assert "http:" not in page.replace("http://www.w3.org", "") and "<script" not in page


def test_json_says_all_of_it_in_both_spellings(edited: Comparison) -> None:
    told = json.loads(edited.json())
    assert (told["schema"], told["old"], told["new"], told["same"]) == (SCHEMA, "a.ham", "b.ham", False)
    gained = [line for line in told["lines"] if line["in"] == "parameters" and line["what"] == "gained"]
    assert gained == [
        {
            "in": "parameters",
            "name": "ω̇_W",
            "what": "gained",
            "formula": {"text": "φ W", "latex": r"\varphi W"},
            "where": "line 10 of b.ham (cost decay)",
        }
    ]


def test_lines_of_a_file_that_is_used_bear_its_name() -> None:
    old, new = hdsl.load("gru"), hdsl.load("lstm_online")
    told = Comparison(old.equations, new.equations, ("gru", "lstm_online")).text()
    assert "of cells.ham (state cell.h" in told and "line 14 of lstm_online" not in told
