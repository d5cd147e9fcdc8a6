from __future__ import annotations

from hdsl.syntax.lines import cut
from hdsl.syntax.source import Source, Span
from hdsl.syntax.unseen import hidden, invisible, turned

TURNED = "let a = 1 # \u202etxt\nlet b\u200b = 2\n"


def test_what_turns_a_text_is_told_in_comments_and_what_does_not_show_in_lines() -> None:
    source = Source(TURNED)
    lines, _ = cut(source)
    assert [found.span for found in turned(source, lines)] == [Span(12, 13)]
    places = invisible(TURNED)
    assert places == {12, TURNED.index("\u200b")}
    found = [hidden(line.span, TURNED, places) for line in lines]
    assert found[0] is None and found[1] is not None
    assert found[1].span.start == TURNED.index("\u200b")


def test_a_text_that_shows_as_it_is() -> None:
    assert invisible("let α = 1\t# ½\n") == set()
    assert hidden(Span(0, 9), "let a = 1", set()) is None
