"""The page of a solution: one file, the path drawn against time, tables of residuals."""

from __future__ import annotations

import numpy as np

import hdsl
from hdsl.show.report import Line, Results, Run
from hdsl.show.solution import drawn, solution_html

TEXT = "ham 1\nstate x = 1\nparam k = 1\nx' = -k*x\ncost c = x^2\nhorizon 1\nlearn\n    schedule = boundary\n"


def test_the_page_is_one_file_with_the_model_and_its_curves() -> None:
    compiler = hdsl.loads(TEXT).compiler
    t = np.linspace(0, 1, 5)
    figure = drawn("path-state", {"x": np.exp(-t)}, t, "state", "States along the path.")
    run = Run("m", "none", 3, 0.1, 0.0, {}, results=(Results("Residuals", ("",), (Line("equations", ("1e-7",)),)),))
    page = solution_html(run, (figure,), compiler.equations, compiler.step, "0")
    assert page.startswith("<!DOCTYPE html>") and "States along the path." in page and "<svg" in page
    assert "1e-7" in page and "Costates at the two ends" in page and "http://" not in page.replace("http://www.w3.org", "")
    assert ">t</text>" in page.replace("\n", "") or "<!-- t -->" in page
