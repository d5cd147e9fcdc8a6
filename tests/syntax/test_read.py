"""Bytes become text, or one message says why not."""

from __future__ import annotations

import pytest

from hdsl.syntax.parse import parse
from hdsl.syntax.read import LARGEST_FILE, read
from hdsl.syntax.source import Source, Span


def test_plain() -> None:
    assert read("let α = 1\n".encode(), "a.ham") == (Source("let α = 1\n", "a.ham"), ())


def test_a_byte_order_mark_is_left_out() -> None:
    source, found = read(b"\xef\xbb\xbfham 1\n")
    assert source.text == "ham 1\n"
    assert found == ()


def test_windows_ends_of_lines_are_accepted() -> None:
    source, found = read(b"ham 1\r\nmodel m\r\n\r\nlet a = (1 +\r\n    2)\r\n")
    text, more = parse(source)
    assert (found, more) == ((), ())
    assert len(text.statements) == 3


@pytest.mark.parametrize("text", ["\ufeffham 1\nlet a = 1", "ham 1\nlet\ta\t=\t1", "ham 1\nlet\u00a0a = 1"])
def test_marks_tabs_and_hard_spaces_are_spaces(text: str) -> None:
    made, found = parse(Source(text))
    assert found == ()
    assert len(made.statements) == 2


def test_other_encodings() -> None:
    source, found = read("# aé\nlet b = ü\n".encode("latin-1"))
    assert [(d.code, d.span) for d in found] == [("not-utf8", Span(3, 4))]
    assert source.text == "# aé\nlet b = ü\n"  # as it was meant, where it was Latin-1
    assert [d.code for d in read("ham 1".encode("utf-16"))[1]] == ["not-utf8"]


def test_the_bad_byte_is_found_behind_wide_characters() -> None:
    _, found = read("# αβγ".encode() + b"\xff")
    assert found[0].span == Span(5, 6)


def test_size() -> None:
    assert read(b" " * LARGEST_FILE)[1] == ()
    assert [d.code for d in read(b" " * (LARGEST_FILE + 1))[1]] == ["file-too-large"]
    # A source made from text is measured in the same bytes.
    assert parse(Source("#" + "é" * (LARGEST_FILE // 2 - 1)))[1] == ()
    assert [d.code for d in parse(Source("#" + "é" * (LARGEST_FILE // 2)))[1]] == ["file-too-large"]
