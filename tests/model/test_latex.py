"""What a `latex` line may say, and that it says nothing but how a name looks."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsl.compiler import Compiler
from hdsl.emit.content import content_hash
from hdsl.model.latex import DEEPEST, FONTS, LONGEST, SYMBOLS, TWO, clashes, mistake
from hdsl.show.derivation import derivation_page
from hdsl.show.mathml import mathml
from hdsl.syntax.source import Source, Span

HERE = Span(6, 20)
MODEL = """ham 1
dim n = 4
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = glorot
h' = -h + tanh(W @ h + u)
let a = 2 * h
output y = a
cost fit = 1/2 * squared(y - v)
"""


@pytest.mark.parametrize(
    "text",
    ["W", r"\theta", r"\theta^{(1)}", r"W_{\mathrm{rec}}", r"\bar{h}_1'", r"a'^{2}", r"\frac{a}{b}", r"x\,y", "a_b^c", "h_ 1",
     "h _1 ^2", "h^{.}", "h''"],
)
def test_what_is_taken(text):
    assert mistake(text, HERE) is None


@pytest.mark.parametrize(
    "text",
    [
        r"\input{x}", r"\write18{ls}", r"\def\a{b}", r"\csname x\endcsname", r"\catcode`\%", r"\expandafter", r"\href{x}{y}",
        r"\begin{matrix}a\end{matrix}", r"\let\a\b", r"\newcommand{\a}{b}", r"\includegraphics{x}", r"\openin", r"\read",
        r"\special{x}", r"\immediate", r"\loop", r"\left(", r"\\", "\\", "a%b", "a&b", "a#b", "a~b", "a$b", "a^^5cb", "<b>",
        "é", "a\tb", "", "  ", "{", "}", "a}{b", "_", "a_", "a^", "a^_b", "a_b_c", "a^b^c", "a^b'",
        "a^b '", "a_b _c", "a''^b", "a^.1'", "a_ .", "a^1.2", "a^'", "''^b", r"\bar", r"\bar a",
        r"\frac{a}", r"\mathrm\bar{a}", "{" * (DEEPEST + 2) + "a" + "}" * (DEEPEST + 2), "a" * (LONGEST + 1),
    ],
)  # fmt: skip
def test_what_is_refused(text):
    assert mistake(text, HERE) is not None


def test_a_command_is_pointed_at():
    found = mistake(r"a\input b", Span(10, 21))
    assert (found.code, found.span) == ("latex-command", Span(12, 18))


@pytest.mark.parametrize("command", sorted(FONTS | SYMBOLS | TWO))
def test_every_command_is_one_of_mathml_and_of_matplotlib_or_amsmath(command):
    """None is left standing as text in MathML."""
    text = command + "{a}" * (1 + (command in TWO)) if command in FONTS | TWO else command
    assert mistake(text, HERE) is None
    found = ElementTree.fromstring(mathml(f"x = {text}"))
    assert not any("\\" in (e.text or "") for e in found.iter())


@given(st.text(alphabet=r"\{}_^'ab 1%$&#~.", max_size=30) | st.text(max_size=30))
@settings(max_examples=500, deadline=None)
def test_whatever_is_taken_is_well_formed(text):
    if mistake(text, HERE) is None:
        depth = 0
        for token in re.findall(r"\\.|.", text, re.DOTALL):
            depth += (token == "{") - (token == "}")
            assert depth >= 0
        assert depth == 0
        assert not set(text) & set("%$&#~<>\n\"`")
        ElementTree.fromstring(mathml(f"{{{text}}}^{{+}}"))


def test_looks_that_are_one():
    assert clashes({"W": "x"}, ["W", "x"]) == [("W", "x")]
    assert clashes({"W": "x", "x": "y"}, ["W", "x"]) == []
    assert clashes({"W": r"\theta", "a": r"\theta"}, ["W", "a"]) == [("a", "W")]
    assert clashes({"W": r"W_{1}"}, ["W", "W1"]) == [("W", "W1")]


def test_it_changes_nothing_but_looks():
    plain = Compiler(Source(MODEL, "m.ham"))
    looks = 'latex W "\\theta^{(1)}"\nlatex h "\\bar{x}"\nlatex a "b_c"\nlatex n "N"\nlatex fit "\\ell"\n'
    told = Compiler(Source(MODEL + looks, "m.ham"))
    assert content_hash(told.model) == content_hash(plain.model)
    assert told.torch == plain.torch
    assert told.numpy == plain.numpy
    for form in ("matrix", "index"):
        pages = [derivation_page(c.equations, c.step, "text", form=form) for c in (plain, told)]
        assert replace(pages[0], texts=()) == replace(pages[1], texts=())  # the text of the file stands on its page


def test_it_is_used_wherever_the_name_appears():
    told = Compiler(Source(MODEL + 'latex W "\\theta^{(1)}"\nlatex h "x"\nlatex a "b_c"\n', "m.ham"))
    page = derivation_page(told.equations, told.step, "latex")
    spelt = "\n".join(str(e) for row in page.rows for e in row.equations)
    for part in (r"{\theta^{(1)}}^{+}", r"\omega_{{\theta^{(1)}}}", r"\dot{\theta^{(1)}}", r"\dot{x}", "x^{+}", "b_{c}"):
        assert part in spelt
    assert not re.search(r"\b[Wh]\b", spelt)


def test_a_dotted_name_may_be_given_a_look_where_its_first_part_is_known():
    found = Compiler(Source(MODEL + 'latex a.W "Q"\nlatex b.W "P"\n', "m.ham")).diagnostics
    assert [(d.code, d.message) for d in found] == [("unknown-name", "`b.W` is not declared in this model")]


def test_many_lines_take_no_time():
    lines = "".join(f'latex a{k} "x_{{{k}}}"\n' for k in range(1500))
    declared = "".join(f"const a{k} = 1\n" for k in range(1500))
    start = time.perf_counter()
    assert Compiler(Source(MODEL + declared + lines, "m.ham")).model.latex["a7"] == "x_{7}"
    assert time.perf_counter() - start < 20
