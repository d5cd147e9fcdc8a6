"""Tables: what a CSV file holds, and the place of whatever is wrong in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdsl.runtime.table import StreamError, read_header, read_table


def table(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "s.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_only_wanted_columns_are_kept(tmp_path: Path) -> None:
    read = read_table(table(tmp_path, "a,b,c\n1,x,3\n\n4,y, 6e-1 \n"), ["c", "a"])
    assert read.header == ("a", "b", "c")
    assert sorted(read.cells) == ["a", "c"]
    assert read.lines == [2, 4]
    assert read.numbers("c").tolist() == [3.0, 0.6]


def test_blank_and_nan_are_missing(tmp_path: Path) -> None:
    numbers = read_table(table(tmp_path, "a,b\n,1\nNaN,1\nNA,1\n-.5,1\n"), ["a"]).numbers("a")
    assert np.isnan(numbers).tolist() == [True, True, True, False]
    assert numbers[3] == -0.5


@pytest.mark.parametrize("bad", ["tall", "1_000", "0x10", "1,5", "inf", "--1", "1e999", "٣"])
def test_a_bad_number_is_pointed_at(tmp_path: Path, bad: str) -> None:
    path = table(tmp_path, f'first,"se,cond",third\n1,2,3\n"4,4",5,"{bad}"\n')
    with pytest.raises(StreamError) as wrong:
        read_table(path, ["third"]).numbers("third")
    assert str(wrong.value).startswith(f"{path}:3:9: found `{bad}` in the column `third`, expected a number")


def test_truths(tmp_path: Path) -> None:
    path = table(tmp_path, "e,a\n0,1\nTRUE,1\n,1\n1,1\nfalse,1\n")
    assert read_table(path, ["e"]).truths("e").tolist() == [False, True, False, True, False]
    path.write_text("e,a\nyes,1\n")
    with pytest.raises(StreamError, match=r":2:1: found `yes` in the column `e`, expected 0, 1, false or true"):
        read_table(path, ["e"]).truths("e")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n", "there is no row below the names"),
        ("1,2\n3,4\n", ":1:1: found numbers, expected the names of the columns"),
        ("a,b,a\n1,2,3\n", "the column `a` stands there twice"),
        ("a,b\n1,2\n3\n", ":3: found 1 cell, expected 2"),
        ("a,b\n1,2,3\n", ":2: found 3 cells, expected 2"),
        ('a,b\n1,"2\n', "this is no CSV"),
        (b"a,b\n\xff,1\n", "this is no UTF-8 text"),
    ],
)
def test_what_is_no_table_says_so(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = table(tmp_path, content)
    with pytest.raises(StreamError) as wrong:
        read_table(path, ["a"])
    assert str(path) in str(wrong.value)
    assert message in str(wrong.value)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert read_header(table(tmp_path, "\ufeffa,b\n1,2\n")) == ("a", "b")


def test_a_cell_of_several_lines_keeps_its_place(tmp_path: Path) -> None:
    path = table(tmp_path, 'note,a\n"two\nlines",1\nx,bad\n')
    read = read_table(path, ["a"])
    assert read.lines == [2, 4]
    with pytest.raises(StreamError, match=r":4:3: found `bad`"):
        read.numbers("a")
