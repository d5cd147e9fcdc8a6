"""The page of a boundary problem: what it tells is what was found, failures too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import hdsl
from hdsl.cli.solve_report import CAPTIONS, figures, record, solution_page

TEXT = """ham 1
dim n = 6
state x = 1
state h[n] = 0
param W[n, n] = eye
x' = -x
h' = W @ h + x
output y = x
cost c = x^2 + squared(h)
constraint cap = x <= 1/2 soft 2
horizon 1
learn
    schedule = boundary
    tau = 0.1
"""


def test_the_record_tells_what_was_found() -> None:
    solution = hdsl.loads(TEXT).solve()
    made = record(solution, "hdsl run x")
    assert made.headline[0][0] == "solved" and made.headline[1] == (f"{solution.J:.9g}", "J")
    rows = {line.label: line.cells[0] for table in made.results for line in table.lines}
    assert rows["conditions at 0"] == f"{solution.residuals.begin:.1e}"
    assert rows["constraint cap is violated by"] == "5.0e-01" and rows["J"] == f"{solution.J:.9g}"
    assert made.settings["begun from"] == solution.way and made.command == "hdsl run x"
    failed = record(replace(solution, status="stuck", J=np.nan), "")
    assert failed.headline[0][0] == "NOT solved" and failed.headline[1][0] == "nan"


def test_each_group_of_curves_is_drawn() -> None:
    solution = hdsl.loads(TEXT).solve()
    told = {figure.caption for figure in figures(solution)}
    assert told == {CAPTIONS[role] for role in set(solution.roles.values()) - {"time"}}
    assert any("‖h‖" in figure.svg for figure in figures(solution))  # six numbers are drawn as their norm


def test_the_page_is_whole() -> None:
    model = hdsl.loads(TEXT)
    page = solution_page(model.solve(), model, "hdsl run x")
    assert page.rstrip().endswith("</html>") and "solved from both ends, s = +1" in page and "hdsl run x" in page
