from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from hdsl.lsp.analysis import Analysis
from hdsl.lsp.findings import FIX_ALL, actions, changes, finding, findings, replacing
from hdsl.syntax.source import Span
from tests.lsp.conftest import analysed

WRONG = "ham 1\ninput u[3]\nparam weight[3] = 0\noutput y = wieght*u − 1\ncost c = squared(y)\n"


def edited(text: str, edits: list[types.TextEdit]) -> str:
    """A text after edits that do not overlap, by another reading of positions than the server's."""
    lines = [*text.splitlines(keepends=True), ""]
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        first, last = edit.range.start, edit.range.end
        head, tail = lines[first.line][: first.character], lines[last.line][last.character :]
        lines[first.line : last.line + 1] = [head + edit.new_text + tail]
        lines = [*"".join(lines).splitlines(keepends=True), ""]
    return "".join(lines)


def test_a_message_with_what_stands_behind_the_caret_and_its_notes() -> None:
    found = analysed(WRONG.replace(" − 1", ""))
    (told,) = findings(found)[found.uri]
    assert told.message == "`wieght` is not declared in this model\ndid you mean `weight` (a param, line 3)?"
    assert told.range == types.Range(types.Position(3, 11), types.Position(3, 17))
    assert (told.severity, told.code, told.source) == (types.DiagnosticSeverity.Error, "unknown-name", "hdsl")
    assert told.related_information is None


def test_warnings_and_second_places() -> None:
    warned = analysed("input u\nparam q = 0\noutput y = u\n")
    assert {told.severity for told in findings(warned)[warned.uri]} == {types.DiagnosticSeverity.Warning}
    twice = analysed("input u\nlet u = 1\noutput y = u\n")
    (told,) = findings(twice)[twice.uri]
    assert told.related_information and told.related_information[0].location.range.start == types.Position(0, 6)
    assert told.related_information[0].message


def test_a_file_that_is_used_has_its_own(tmp_path: Path) -> None:
    part, main = tmp_path / "part.ham", tmp_path / "main.ham"
    part.write_text("\n\ndef f(x) = q*x\n", encoding="utf-8")
    found = findings(Analysis(main.as_uri(), 'use "part.ham"\ninput u\noutput y = f(u)\nlet e = w\n'))
    assert {uri: [(d.code, d.range.start) for d in told] for uri, told in found.items()} == {
        main.as_uri(): [("unknown-name", types.Position(3, 8))],
        part.as_uri(): [("unknown-name", types.Position(2, 11))],
    }


def test_fixes_at_a_place() -> None:
    found = analysed(WRONG)
    everywhere, word = Span(0, len(WRONG)), WRONG.index("wieght")
    (sign,) = [d for d in found.diagnostics if d.fix and d.fix.safe]
    (whole,) = actions(found, everywhere, [FIX_ALL])
    assert whole.edit and whole.edit.changes and whole.kind == FIX_ALL
    assert "− 1" not in edited(WRONG, list(whole.edit.changes[found.uri]))
    quick = actions(found, Span(sign.span.start, sign.span.start), ["quickfix"])
    assert [(action.kind, action.is_preferred, action.diagnostics) for action in quick] == [
        ("quickfix", True, [finding(found, sign)])
    ]
    assert quick[0].edit and quick[0].edit.changes
    after = edited(WRONG, list(quick[0].edit.changes[found.uri]))
    assert after == WRONG.replace("−", "-")
    (spelt,) = actions(analysed(after), Span(word, word + 1), ["quickfix"])
    assert spelt.title[0].isupper() and spelt.edit and spelt.edit.changes
    assert edited(after, list(spelt.edit.changes[found.uri])) == after.replace("wieght", "weight")
    assert actions(found, Span(0, 0), ["quickfix"]) == [] and actions(found, everywhere, ["refactor"]) == []
    assert [action.kind for action in actions(found, everywhere, ["source"])] == [FIX_ALL]
    assert actions(analysed("ham 1\ninput u\noutput y = 2*u\n"), Span(0, 0), None) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\nc\n", "a\nx\nc\n"),
        ("a\nb\n", "a\nb\nc\n"),
        ("a\nb\nc\n", "a\nc\n"),
        ("a\na\na\n", "a\na\n"),
        ("", "x\n"),
        ("a", ""),
        ("a\r\nb\r\n", "a\nb\n"),
        ("𝔴 = 1\nb\n", "𝔴 = 2\nb\n"),
    ],
)
def test_a_text_becomes_another_by_few_lines(old: str, new: str) -> None:
    edits = replacing(analysed(old), new)
    assert len(edits) == 1
    assert edited(old, edits) == new
    assert replacing(analysed(new), new) == []


def test_only_lines_that_change_are_replaced() -> None:
    (edit,) = replacing(analysed("a\nb\nc\nd\n"), "a\nB\nc\nd\n")
    assert edit == types.TextEdit(types.Range(types.Position(1, 0), types.Position(2, 0)), "B\n")


def test_what_a_file_that_is_used_declares_is_no_misspelling(tmp_path: Path) -> None:
    (tmp_path / "part.ham").write_text("component tanhs(x) { return tanh(x) }\n", encoding="utf-8")
    text = 'ham 1\nuse "part.ham"\ninput u\noutput y = tanhs(u)\n'
    assert actions(Analysis((tmp_path / "main.ham").as_uri(), text), Span(0, len(text)), None) == []


def test_edits_by_file() -> None:
    found = analysed(WRONG)
    assert changes(found, ()) == {}
