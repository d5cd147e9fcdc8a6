"""Offsets, lines and columns."""

from __future__ import annotations

import pytest

from hdsl.syntax.source import Source, Span

TEXT = "ham 1\r\nlet a = α\n\nend"


@pytest.mark.parametrize(
    ("offset", "position"),
    [(0, (1, 1)), (4, (1, 5)), (7, (2, 1)), (15, (2, 9)), (16, (2, 10)), (17, (3, 1)), (18, (4, 1)), (21, (4, 4))],
)
def test_position(offset: int, position: tuple[int, int]) -> None:
    assert Source(TEXT).position(offset) == position


def test_lines_come_without_their_ends() -> None:
    source = Source(TEXT)
    assert [source.line_text(line) for line in (1, 2, 3, 4)] == ["ham 1", "let a = α", "", "end"]


def test_a_span_is_on_the_line_of_its_start() -> None:
    assert Source(TEXT).line_of(Span(15, 20)) == 2
