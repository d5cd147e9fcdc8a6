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


def test_lines_of_files_that_are_used_come_with_their_names() -> None:
    source = Source("a\nb\nc\nd\n1\n2", "m.ham", ((4, "x.ham"), (8, "y.ham")))
    spans = [Span(10, 11), Span(6, 7), Span(0, 1), Span(4, 5), Span(6, 7)]
    assert source.lines_of(spans) == (1,)
    assert source.used_lines_of(spans) == (("x.ham", (1, 2)), ("y.ham", (2,)))


def test_positions_are_those_that_counting_gives() -> None:
    source = Source("a\nbb\n\nc\n1\n\n2", "m.ham", ((7, "x.ham"), (9, "y.ham")))
    for first, end, _ in source.regions:
        for offset in range(first, end):
            lines = source.text[first : offset + 1].split("\n")
            here = lines if source.text[offset] != "\n" else [*lines[:-2], lines[-2] + "\n"]
            assert source.position(offset) == (len(here), len(here[-1]))
