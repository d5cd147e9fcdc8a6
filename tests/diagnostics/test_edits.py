"""Fixes made in a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdsl.compiler import Compiler
from hdsl.diagnostics.catalogue import written
from hdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix
from hdsl.diagnostics.edits import edited, mended
from hdsl.syntax.source import Source, Span

BAD = sorted((Path(__file__).parents[1] / "bad").glob("*.ham"))


def finding(at: int, fix: Fix | None) -> Diagnostic:
    return Diagnostic("a-code", "error", "wrong", Span(at, at + 1), fix=fix)


def test_edits_are_made_at_once() -> None:
    edits = [Edit(Span(0, 1), "one"), Edit(Span(4, 5), ""), Edit(Span(2, 2), "+")]
    assert edited("a b c", edits) == "one +b "
    assert edited("a", []) == "a"


def test_safe_fixes_are_made_and_named() -> None:
    sure, unsure = finding(0, written("x", Span(0, 1), Span(4, 5))), finding(2, written("y", Span(2, 3), safe=False))
    assert mended("a b a", [unsure, sure, finding(1, None)]) == ("x b x", (sure,))


def test_of_fixes_that_overlap_the_first_is_made() -> None:
    first, second, third = (finding(k, written("x", Span(k, k + 2))) for k in (0, 1, 2))
    assert mended("abcd", [third, second, first]) == ("xx", (first, third))
    inserted = [finding(0, written("x", Span(1, 1))), finding(1, written("y", Span(1, 1)))]
    assert mended("ab", inserted) == ("axb", (inserted[0],))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_fix_puts_its_mistake_right(path: Path) -> None:
    source = Source(path.read_text(encoding="utf-8"))
    before = Compiler(source).diagnostics
    for diagnostic in before:
        if diagnostic.fix:
            after = Compiler(Source(edited(source.text, diagnostic.fix.edits))).diagnostics
            told = [(found.code, found.message) for found in after]
            same = (diagnostic.code, diagnostic.message)
            assert told.count(same) < [(d.code, d.message) for d in before].count(same), (same, diagnostic.fix)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_message_that_names_what_to_write_has_a_fix(path: Path) -> None:
    for diagnostic in Compiler(Source(path.read_text(encoding="utf-8"))).diagnostics:
        if diagnostic.label.startswith(("did you mean", "write `")) and "…" not in diagnostic.label:
            assert diagnostic.fix is not None, diagnostic
            assert any(edit.text.strip() in diagnostic.label for edit in diagnostic.fix.edits)
