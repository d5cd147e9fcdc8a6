"""Cutting a text into logical lines."""

from __future__ import annotations

import time

import pytest

from hdsl.syntax.lines import DEEPEST, MOST_LINES, cut
from hdsl.syntax.source import Source


def pieces(text: str) -> list[str]:
    lines, _ = cut(Source(text))
    return [text[line.span.start : line.span.end] for line in lines]


def codes(text: str) -> list[tuple[str, int]]:
    """The codes of the messages, each with the offset of its place."""
    lines, found = cut(Source(text))
    mistakes = [line.mistake for line in lines if line.mistake]
    return [(diagnostic.code, diagnostic.span.start) for diagnostic in (*mistakes, *found)]


def test_one_statement_a_line() -> None:
    assert pieces("ham 1\n\n  model m  # why\n# nothing\nlet a = 1") == ["ham 1", "model m", "let a = 1"]


def test_an_open_bracket_goes_on() -> None:
    text = "let a = f(\n  x,  # the first\n\n  [1,\n   2]\n)  # done\nlet b = 2"
    assert pieces(text) == ["let a = f(\n  x,  # the first\n\n  [1,\n   2]\n)", "let b = 2"]
    assert codes(text) == []


def braces(text: str) -> list[str]:
    return [line.brace for line in cut(Source(text))[0]]


@pytest.mark.parametrize("between", [" ", "", "\n\n", "  # why\n# more\n  ", "\r\n"])
def test_the_brace_of_a_component_ends_its_line(between: str) -> None:
    body = "{\n  param W[m] = 0  # a brace } in a comment\n  return W\n}"
    text = f"let a = 1\ncomponent dense(x[m]){between}{body}\nlet b = 2"
    assert pieces(text) == ["let a = 1", "component dense(x[m])", "param W[m] = 0", "return W", "}", "let b = 2"]
    assert braces(text) == ["", "{", "", "", "}", ""]
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("component f(x) { return x }", ["component f(x)", "return x", "}"]),
        ("component f(x) {return x} let b = 2", ["component f(x)", "return x", "}", "let b = 2"]),
        ("component f(x) { let a = x\n return a }", ["component f(x)", "let a = x", "return a", "}"]),
        ("component f(x) {}", ["component f(x)", "}"]),
        ("component f(\n  x,\n  n = 3\n)\n{ return x }", ["component f(\n  x,\n  n = 3\n)", "return x", "}"]),
        (
            "component f(x) {\n  component g(y) { return y }\n  return x\n}",
            ["component f(x)", "component g(y)", "return y", "}", "return x", "}"],
        ),
    ],
)
def test_bodies(text: str, lines: list[str]) -> None:
    assert pieces(text) == lines
    assert codes(text) == []


@pytest.mark.parametrize("line", ["components {", "component.x = 3 {", "component' = {", "let component = {"])
def test_only_the_keyword_opens_a_body(line: str) -> None:
    assert "{" not in braces(line)
    assert [code for code, _ in codes(line)] == ["unclosed"]


def test_a_brace_too_many_is_a_line_of_its_own() -> None:
    text = "component f(x) { return x }\n}\nlet b = 2"
    assert pieces(text) == ["component f(x)", "return x", "}", "}", "let b = 2"]
    assert braces(text) == ["{", "", "}", "", ""]
    assert codes(text) == [("bracket", 28)]


def test_brackets_open_at_a_brace_cost_one_line() -> None:
    text = "component f(x {\n  let a = (x\n  return [a }\nlet b = 2"
    assert pieces(text) == ["component f(x", "let a = (x", "return [a", "}", "let b = 2"]
    assert [code for code, _ in codes(text)] == ["unclosed"] * 3


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    assert pieces('use "a(#.ham"  # ((\nlet b = 2') == ['use "a(#.ham"', "let b = 2"]
    assert codes('use "a(#.ham"  # ((\nlet b = 2') == []


@pytest.mark.parametrize(
    "start",
    [
        "let b = 2",
        "parm b = 2",
        "b = 2",
        "  eta.h = 2",
        "ham 1",
        "for b in c:",
        "  param W[n] = 0",
        "h' = -h",
        "h′ = -h",
        "learn",
        "learn  # fast",
        "component c(x)",
        "reset h never",
    ],
)
def test_an_unclosed_bracket_costs_one_line(start: str) -> None:
    for broken in ("let a = (1 + [2,", "let a = (2 + (2"):
        text = f"{broken}\n{start}"
        assert pieces(text)[0] == broken
        assert pieces(text)[1].startswith(start.strip().split("#")[0].strip())
        assert codes(text) == [("unclosed", 13)]


def test_what_an_expression_can_hold_does_not_end_it() -> None:
    for text in (
        "let a = f(x,\n  axis = 1,\n  let,\n  state + 1)",
        "let a = f(  # an argument\n  axis = 1\n)",
        "let a = (x\n  if y else z)",
        "let a = (x if y\n  else z)",
        "let a = [x\n  == y, x ==\n  y]",
    ):
        assert pieces(text) == [text]
        assert codes(text) == []


def test_an_unclosed_brace_ends_where_the_margin_does() -> None:
    text = "component c(x) {\n  param W[n] = 0\n  return (x\n\nlet b = 2\n  let c = 3"
    assert pieces(text) == ["component c(x)", "param W[n] = 0", "return (x", "", "let b = 2", "let c = 3"]
    assert braces(text) == ["{", "", "", "}", "", ""]
    assert sorted(at for _, at in codes(text)) == [15, 43]
    assert {code for code, _ in codes(text)} == {"unclosed"}


def test_unclosed_braces_in_one_another_are_as_many_messages() -> None:
    text = "component c(x) {\n  component d(y) {\n  return x\nlet b = 2"
    assert braces(text) == ["{", "{", "", "}", "}", ""]
    assert sorted(codes(text)) == [("unclosed", 15), ("unclosed", 34)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let a = 1)\nlet b = ]", [("bracket", 9), ("bracket", 19)]),
        ("let a = (1]\nlet b = 2", [("bracket", 10)]),
        ("let a = f([1)\nlet b = 2", [("bracket", 12)]),  # `)` closes the call, the list was forgotten
        ("let a = (1]) + (2]\nlet b = 2", [("bracket", 10)]),  # one message a line
    ],
)
def test_brackets_that_do_not_fit(text: str, expected: list[tuple[str, int]]) -> None:
    assert codes(text) == expected
    lines, _ = cut(Source(text))
    assert len(lines) == 2
    assert lines[0].mistake is not None


def test_doc_comments() -> None:
    text = "## of the file\n\n## one\n# no doc\n## two\nlet a = 1  ## three\n#### no doc\nlet b = 2\n## nobody's"
    first, second = cut(Source(text))[0]
    assert (first.apart, first.doc) == ("of the file", "one\ntwo\nthree")
    assert (second.apart, second.doc) == ("", "")


def test_depth() -> None:
    assert codes("let a = " + "(" * DEEPEST + ")" * DEEPEST) == []
    text = "let a = " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1) + "\nlet b = 2"
    assert codes(text) == [("nested-too-deep", 8 + DEEPEST)]
    assert len(pieces(text)) == 2


def test_number_of_statements() -> None:
    assert codes("a\n" * MOST_LINES) == []
    assert codes("a\n" * (MOST_LINES + 1)) == [("too-many-statements", 2 * MOST_LINES)]
    assert codes("a\n" * MOST_LINES + "a") == [("too-many-statements", 2 * MOST_LINES)]
    assert len(pieces("a\n" * (MOST_LINES + 7))) == MOST_LINES


@pytest.mark.parametrize(
    "text",
    [
        "f({}" + "{}" * 100_000,
        "{}" * 100_000 + "\n",
        "component c(x) {\n" + "a" * 100_000 + "}b" * 50_000,
        "component c(x) {\n" + "x}y" * 60_000,
        "component c(x)\n" + " \n" * 100_000,
        ("component c(x)\n" + " a\n" * 300) * 300,
    ],
)
def test_braces_take_a_time_that_is_linear_in_the_text(text: str) -> None:
    start = time.process_time()
    cut(Source(text))
    assert time.process_time() - start < 5
