"""Messages as text and as data."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsl.diagnostics.catalogue import written
from hdsl.diagnostics.diagnostic import Diagnostic, Label, ModelError
from hdsl.diagnostics.render import WIDEST, columns, in_order, render, render_all, to_json, visible
from hdsl.syntax.source import Source, Span


def finding(text: str, part: str, label: str = "why", **more: object) -> Diagnostic:
    at = text.index(part)
    return Diagnostic("a-code", "error", "wrong", Span(at, at + len(part)), label, **more)  # type: ignore[arg-type]


def shown(text: str, part: str) -> tuple[str, str]:
    """The text line and the caret line of a message about a part of a text, without gutter and label."""
    lines = render(Source(text), finding(text, part, "")).split("\n")
    return lines[3].split(" |", 1)[1], lines[4].split(" |", 1)[1]


def test_the_shape_of_the_language_page() -> None:
    text = "\n" * 8 + "let a = tanh(wieght @ x + b)\n"
    at = text.index("wieght")
    message = Diagnostic(
        "unknown-name",
        "error",
        "`wieght` is not declared in this model",
        Span(at, at + 6),
        "did you mean `weight` (a param, line 6)?",
    )
    assert render(Source(text, "tracker.ham"), message) == (
        "error[unknown-name]: `wieght` is not declared in this model\n"
        "  --> tracker.ham:9:14\n"
        "   |\n"
        " 9 |   let a = tanh(wieght @ x + b)\n"
        "   |                ^^^^^^ did you mean `weight` (a param, line 6)?"
    )


def test_other_places_and_notes() -> None:
    text = "state s[m] = 0\nparam W[n, n] = 0\nx' = W @ s\n"
    others = (Label(Span(0, 14), "s is [m]"), Label(Span(15, 32), "W is [n, n]"))
    message = finding(text, "W @ s", "here", others=others, notes=("sizes match by name",))
    assert render(Source(text, "m.ham"), message) == (
        "error[a-code]: wrong\n"
        "  --> m.ham:3:6\n"
        "   |\n"
        " 3 |   x' = W @ s\n"
        "   |        ^^^^^ here\n"
        "   |\n"
        " 1 |   state s[m] = 0\n"
        "   |   -------------- s is [m]\n"
        "   |\n"
        " 2 |   param W[n, n] = 0\n"
        "   |   ----------------- W is [n, n]\n"
        "   = sizes match by name"
    )


def test_the_gutter_fits_the_longest_number() -> None:
    text = "a\n" * 1000
    message = Diagnostic("c", "warning", "m", Span(1998, 1999), "", (Label(Span(0, 1), "first"),), ("n",))
    assert render(Source(text, "m.ham"), message).split("\n") == [
        "warning[c]: m",
        "    --> m.ham:1000:1",
        "     |",
        "1000 |   a",
        "     |   ^",
        "     |",
        "   1 |   a",
        "     |   - first",
        "     = n",
    ]


@pytest.mark.parametrize(
    ("text", "part", "line", "caret"),
    [
        ("let a = b", "b", "   let a = b", "           ^"),
        ("\tlet\ta = b", "b", "       let a = b", "               ^"),
        ("let 漢字 = b", "b", "   let 漢字 = b", "              ^"),
        ("let 漢字 = b", "漢字", "   let 漢字 = b", "       ^^^^"),
        ("let e\u0301 = b", "b", "   let e\u0301 = b", "           ^"),
        ("let a = b\r\n", "b", "   let a = b", "           ^"),
        ("a \x1b[31m b", "b", "   a \\x1b[31m b", "              ^"),
        ("a \x1b[31m b", "\x1b", "   a \\x1b[31m b", "     ^^^^"),
        ("a\u202eb c", "c", "   a\\u202eb c", "            ^"),
        ("a\u00a0b", "b", "   a b", "     ^"),
        ("f(a,\n  b)", "(a,\n  b)", "   f(a,", "    ^^^"),  # a place of several lines is marked in its first
    ],
)
def test_the_caret_stands_below(text: str, part: str, line: str, caret: str) -> None:
    assert shown(text, part) == (line, caret)


@pytest.mark.parametrize(("text", "at", "line"), [("let a =", 7, 1), ("let a =\n", 8, 2), ("", 0, 1), ("a\r\nb", 1, 1)])
def test_a_place_without_width_has_one_caret(text: str, at: int, line: int) -> None:
    source = Source(text, "m.ham")
    lines = render(source, Diagnostic("c", "error", "m", Span(at, at))).split("\n")
    position = source.position(at)
    assert lines[1] == f"  --> m.ham:{position[0]}:{position[1]}"
    assert position[0] == line
    assert lines[4] == "   |   " + " " * (position[1] - 1) + "^"


@pytest.mark.parametrize("before", [0, 30, 60, 500, 5000])
@pytest.mark.parametrize("after", [0, 60, 5000])
@pytest.mark.parametrize("width", [1, 20, 300])
def test_long_lines_are_cut_around_the_caret(before: int, after: int, width: int) -> None:
    text = "a" * before + "X" * width + "b" * after
    line, caret = shown(text, "X" * width)
    assert columns(line) <= WIDEST + 4
    first, last = caret.index("^"), caret.rindex("^")
    assert set(line[first : last + 1]) == {"X"}
    assert ("…" in line) == (len(text) > WIDEST)
    whole = width <= WIDEST - 50
    assert (last + 1 - first == width) == whole or width == 300


def test_line_names_and_messages_are_made_visible() -> None:
    message = Diagnostic("c", "error", "bad \x1b[2J", Span(0, 1), "\x07", (), ("\u2066",))
    text = render(Source("a", "evil\n.ham"), message)
    assert text.count("\n") == 5
    assert "\x1b" not in text and "\x07" not in text and "\u2066" not in text
    assert "evil\\n.ham" in text


@given(st.text(st.characters(codec=None), max_size=30))
def test_visible_is_one_printable_line(text: str) -> None:
    made = visible(text)
    assert made.isprintable()
    rest = iter(made)
    assert all(character in rest for character in text if character.isprintable())  # kept, in their order


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_columns_add_up(text: str) -> None:
    assert columns(text) == sum(columns(character) for character in text)
    wide = [c for c in text if unicodedata.east_asian_width(c) in "WF" and not unicodedata.combining(c)]
    assert columns(text) <= len(text) + len(wide)


def test_order_and_repeats() -> None:
    first, second = Diagnostic("b", "error", "m", Span(0, 1)), Diagnostic("a", "error", "m", Span(2, 3))
    assert in_order([second, first, second]) == (first, second)
    text = render_all(Source("abcd"), [second, first, second])
    assert text == f"{render(Source('abcd'), first)}\n\n{render(Source('abcd'), second)}"
    assert render_all(Source("abcd"), []) == ""


def test_a_second_place_in_another_file_names_it() -> None:
    text = "a = b\n"
    source = Source(text + "x\n  b = 2\n", "top.ham", used=((len(text), "parts.ham"),))
    here, there = Span(4, 5), Span(len(text) + 4, len(text) + 5)
    found = render(source, Diagnostic("c", "error", "m", here, "l", (Label(there, "declared here"), Label(here, "again"))))
    assert found.splitlines() == [
        "error[c]: m",
        "  --> top.ham:1:5",
        "   |",
        " 1 |   a = b",
        "   |       ^ l",
        "  ::: parts.ham:2:3",
        " 2 |     b = 2",
        "   |     - declared here",
        "  ::: top.ham:1:5",
        " 1 |   a = b",
        "   |       - again",
    ]


def test_data() -> None:
    text = "ham 1\nlet a = (1 +\n  b)\n"
    fix = written("x", Span(4, 5), safe=False)
    message = finding(text, "(1 +\n  b)", "here", others=(Label(Span(0, 3), "there"),), notes=("note",), fix=fix)
    data = to_json(Source(text, "m.ham"), [message, message])
    assert data == [
        {
            "code": "a-code",
            "severity": "error",
            "message": "wrong",
            "file": "m.ham",
            "line": 2,
            "column": 9,
            "end_line": 3,
            "end_column": 5,
            "label": "here",
            "others": [{"file": "m.ham", "line": 1, "column": 1, "end_line": 1, "end_column": 4, "text": "there"}],
            "notes": ["note"],
            "fixes": [
                {
                    "title": "write `x`",
                    "safe": False,
                    "edits": [{"file": "m.ham", "line": 1, "column": 5, "end_line": 1, "end_column": 6, "text": "x"}],
                }
            ],
        }
    ]
    assert json.loads(json.dumps(data)) == data


def test_the_error_shows_itself() -> None:
    source = Source("let a = b", "m.ham")
    message = finding(source.text, "b")
    error = ModelError(source, (message,))
    assert str(error) == render_all(source, (message,))
    assert error.diagnostics == (message,)
