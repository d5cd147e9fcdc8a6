"""A page narrowed to one equation keeps what that equation reads, and nothing else."""

from __future__ import annotations

import pytest

from hdsl.show.page import HEADINGS, Equation, Page, Row, Section, parted, worded
from tests.show.pages import page_of

PAGE = Page(
    "m",
    "m.ham",
    "facts",
    "doc",
    "text",
    (
        Section("where", "where", (
            Row((Equation("a", "W h", "a"),), reads=frozenset({"W", "h"})),
            Row((Equation("s", "tanh(a)", "s"),), reads=frozenset({"a"})),
            Row((Equation("y", "C h", "y"),), reads=frozenset({"C", "h"})),
        ), "words"),
        Section("state", "state", (
            Row((Equation("ḣ", "s", "dot:h"),), paths=("state.h",), reads=frozenset({"s"})),
            Row((Equation("k̇", "ḣ", "dot:k"),), paths=("state.k",), reads=frozenset({"dot:h"})),
        )),
        Section("step", "one step", (
            Row((Equation("s", "tanh(a)", "s"),), reads=frozenset({"a"})),
            Row((Equation("h⁺", "h + s", "h+"),), paths=("step.h",), reads=frozenset({"h", "s"})),
        )),
    ),
)  # fmt: skip


def shown(page):
    return [(s.key, [row.equations[0].left for row in s.rows]) for s in page.sections]


def test_what_an_equation_reads_comes_with_it():
    assert shown(PAGE.only("state.h")) == [("where", ["a", "s"]), ("state", ["ḣ"])]
    assert PAGE.only("state.h").doc == "" and PAGE.only("state.h").sections[0].words == ""


def test_an_equation_of_another_state_does_not_come_along():
    assert shown(PAGE.only("state.k")) == [("state", ["k̇"])]


def test_a_line_of_the_step_brings_lines_of_the_step():
    assert shown(PAGE.only("step.h")) == [("step", ["s", "h⁺"])]


def test_what_there_is_to_ask_for():
    assert PAGE.paths == ("state.h", "state.k", "step.h")
    with pytest.raises(ValueError, match=r"there is no equation 'h'; there are state\.h, state\.k, step\.h"):
        PAGE.only("h")


def test_every_section_of_a_derivation_has_a_heading(product, model):
    page = page_of(product(model))
    assert {section.key for section in page.sections} <= set(HEADINGS)


def test_formulas_within_words():
    assert worded("x", "text") == "x"
    assert worded("x_{1}", "latex") == r"\(x_{1}\)"
    assert list(parted(rf"adjoint of {worded('x', 'latex')}, then")) == [("adjoint of ", False), ("x", True), (", then", False)]
    assert list(parted("words")) == [("words", False)]
