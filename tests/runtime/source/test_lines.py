"""Lines: of files, of pipes as they arrive, and of files that grow."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hdsl.runtime.source.block import StreamError
from hdsl.runtime.source.lines import WAIT, FileLines, FollowLines, PipeLines, undecoded


def test_a_file_is_read_as_often_as_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes("\ufeffa\r\nb\nc".encode())
    lines = FileLines(path)
    for _ in range(2):
        assert list(lines.batches(2)) == [["a\r\n", "b\n"], ["c"]]
    assert (lines.live, lines.cut) == (False, False)
    path.write_bytes(b"")
    assert list(lines.batches(2)) == []
    assert lines.expected() == 0


def test_bytes_that_are_no_text_are_seen() -> None:
    assert undecoded("é") is None
    assert undecoded(b"a\xfe".decode(errors="surrogateescape")) == "byte 0xfe"


def test_a_pipe_gives_what_has_come_and_does_not_wait_for_more() -> None:
    reader, writer = os.pipe()
    batches = PipeLines("<pipe>", reader).batches(10)
    os.write(writer, "é\nb\nc".encode())
    assert next(batches) == ["é\n", "b\n"]
    started = time.perf_counter()
    assert next(batches) == []
    assert time.perf_counter() - started < 20 * WAIT
    os.write(writer, b"d\n")
    assert next(batches) == ["cd\n"]
    os.write(writer, "é".encode()[:1])
    os.write(writer, "é\n".encode()[1:])
    while not (batch := next(batches)):
        pass
    assert batch == ["é\n"]
    os.close(writer)
    assert [line for batch in batches for line in batch] == []
    os.close(reader)


def test_the_last_line_of_a_pipe_is_cut_off_without_its_end() -> None:
    reader, writer = os.pipe()
    lines = PipeLines("<pipe>", reader)
    os.write(writer, b"a\nb")
    os.close(writer)
    assert [line for batch in lines.batches(1) for line in batch] == ["a\n", "b"]
    assert lines.cut
    with pytest.raises(StreamError, match="<pipe> is a pipe, and what came down it cannot be read a second time"):
        lines.batches(1)
    os.close(reader)


def test_a_file_is_followed_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("a\nb")
    batches = FollowLines(path).batches(10)
    assert next(batches) == ["a\n"]
    assert next(batches) == []
    with path.open("a") as file:
        file.write("c\nd\n")
    while not (batch := next(batches)):
        pass
    assert batch == ["bc\n", "d\n"]
    path.write_text("a\n")
    with pytest.raises(StreamError, match="has become shorter while it was followed"):
        next(batches)
