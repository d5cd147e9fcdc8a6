"""What is said of `latex` lines: every function gives one finding with a code of this file and one line of text."""

from __future__ import annotations

import pytest

from hdsl.diagnostics import catalogue_latex as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.syntax.source import Span

HERE, THERE = Span(4, 9), Span(0, 2)
FINDINGS = {
    "latex-text": catalogue.latex_text(HERE, "there is nothing in it"),
    "latex-command": catalogue.latex_command(HERE, r"\input", ""),
    "latex-twice": catalogue.latex_twice(HERE, "W", THERE),
    "latex-look": catalogue.latex_look(HERE, "W", "x"),
}


@pytest.mark.parametrize("code", FINDINGS)
def test_a_finding(code):
    found = FINDINGS[code]
    assert (found.code, found.severity, found.span) == (code, CODES[code].severity, HERE)
    assert "\n" not in found.message + found.label


def test_a_character_that_cannot_be_seen_is_named():
    assert catalogue.latex_character(HERE, "\t").label == "`U+0009` may not stand in it"
    assert catalogue.latex_character(HERE, "%").label == "`%` may not stand in it"
