"""CSV: what a file or a pipe holds, and the place of whatever is wrong in it."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsl.runtime.source.block import BROKEN, CELLS, CUT, SIZE, TYPE, Block, StreamError
from hdsl.runtime.source.csv_rows import MOST, CsvSource, _plain
from hdsl.runtime.source.lines import FileLines, PipeLines


def table(tmp_path: Path, content: str | bytes) -> CsvSource:
    path = tmp_path / "s.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return CsvSource(FileLines(path))


def only(source: CsvSource, *wanted: str, truths: tuple[str, ...] = ()) -> Block:
    (block,) = source.blocks(wanted, truths)
    return block


def piped(content: bytes) -> Iterator[CsvSource]:
    reader, writer = os.pipe()
    with open(writer, "wb") as file:
        file.write(content)
    yield CsvSource(PipeLines("<pipe>", reader))
    os.close(reader)


def test_only_wanted_columns_are_kept(tmp_path: Path) -> None:
    source = table(tmp_path, "a,b,c\n1,x,3\n\n4,y, 6e-1 \n")
    assert (source.header, source.label, source.live, source.rows) == (("a", "b", "c"), "s.csv", False, None)
    block = only(source, "c", "a")
    assert sorted(block.numbers) == ["a", "c"]
    assert block.places.tolist() == [2, 4]
    assert block.numbers["c"].tolist() == [3.0, 0.6]
    assert block.faults == {}
    assert only(source, "c").numbers["c"].tolist() == [3.0, 0.6]  # as often as it is asked for


def test_blank_and_nan_are_missing(tmp_path: Path) -> None:
    numbers = only(table(tmp_path, "a,b\n,1\nNaN,1\nNA,1\n-.5,1\n"), "a").numbers["a"]
    assert np.isnan(numbers).tolist() == [True, True, True, False]
    assert numbers[3] == -0.5


@pytest.mark.parametrize("bad", ["tall", "1_000", "0x10", "1,5", "inf", "--1", "1e999", "٣", "1 2", "1e", "e"])
def test_a_bad_number_is_pointed_at(tmp_path: Path, bad: str) -> None:
    source = table(tmp_path, f'first,"se,cond",third\n1,2,3\n"4,4",5,"{bad}"\n')
    (fault,) = only(source, "third").faults.values()
    expected = "a number that a float64 can hold" if bad == "1e999" else "a number, or nothing where it is missing"
    assert fault.message == f"{source.name}:3:9: found `{bad}` in the column `third`, expected {expected}"
    assert fault.kind == (SIZE if bad == "1e999" else TYPE)


def test_truths(tmp_path: Path) -> None:
    read = only(table(tmp_path, "e,a\n0,1\nTRUE,1\n,1\n1,1\nfalse,1\n"), "e", truths=("e",))
    assert read.numbers["e"].tolist() == [0, 1, 0, 1, 0]
    source = table(tmp_path, "e,a\nyes,1\n")
    (fault,) = only(source, "e", truths=("e",)).faults.values()
    assert fault.message == f"{source.name}:2:1: found `yes` in the column `e`, expected 0, 1, false or true"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "s.csv: the file is empty; expected the names of the columns in the first line"),
        ("\n\n", "s.csv: the file is empty"),
        ("1,2\n3,4\n", "s.csv:1:1: found numbers, expected the names of the columns in the first line"),
        ("\n1,2\n3,4\n", "s.csv:2:1: found numbers"),
        ("a,b,a\n1,2,3\n", "s.csv:1: the column `a` stands there twice"),
        (b"a,\xff\n1,2\n", "s.csv:1: this is no UTF-8 text (byte 0xff)"),
        ('a,"b\n1,2\n', "s.csv:1: this is no CSV (unexpected end of data)"),
    ],
)
def test_a_file_without_names_says_so(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(StreamError) as wrong:
        table(tmp_path, content)
    assert message in str(wrong.value)


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert [len(block) for block in table(tmp_path, "a,b\n").blocks(["a"])] == []


BAD = """a,b
1,2
3
4,5,6
"x"y,7
8,9
"""


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_what_is_no_row_is_a_fault_and_the_next_one_is_read(tmp_path: Path, size: int) -> None:
    source = table(tmp_path, BAD)
    found, good, kinds = [], [], []
    for block in source.blocks(["b"], size=size):
        found += [fault.message.removeprefix(source.name) for _, fault in sorted(block.faults.items())]
        kinds += [fault.kind for _, fault in sorted(block.faults.items())]
        good += [value for k, value in enumerate(block.numbers["b"].tolist()) if k not in block.faults]
    assert found == [
        ":3: found 1 cell, expected 2 as in the first line",
        ":4: found 3 cells, expected 2 as in the first line",
        """:5: this is no CSV (',' expected after '"')""",
    ]
    assert kinds == [CELLS, CELLS, BROKEN]
    assert good == [2, 9]


def test_a_quote_that_never_closes_costs_its_line_alone(tmp_path: Path) -> None:
    rows = "".join(f"{k},{k}\n" for k in range(3 * MOST))
    source = table(tmp_path, f'a,b\n0,"1\n{rows}')
    blocks = list(source.blocks(["b"], size=500))
    faults = [fault.message for block in blocks for fault in block.faults.values()]
    assert faults == [f"{source.name}:2: this is no CSV (unexpected end of data)"]
    assert sum(len(block) - len(block.faults) for block in blocks) == 3 * MOST


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    source = table(tmp_path, b"a,b\n1,2\n\xff,1\n3,\xc3\xa9\n")
    block = only(source, "a")
    assert {row: fault.message for row, fault in block.faults.items()} == {
        1: f"{source.name}:3: this is no UTF-8 text (byte 0xff)"
    }
    assert block.numbers["a"][[0, 2]].tolist() == [1, 3]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert table(tmp_path, "\ufeffa,b\n1,2\n").header == ("a", "b")
    for source in piped("\ufeffa,b\n1,2\n".encode()):
        assert source.header == ("a", "b")


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_cell_of_several_lines_keeps_its_place(tmp_path: Path, size: int) -> None:
    source = table(tmp_path, 'note,a\n"two\nlines",1\nx,bad\n')
    blocks = [block for block in source.blocks(["a"], size=size) if len(block)]
    assert [place for block in blocks for place in block.places.tolist()] == [2, 4]
    (fault,) = (fault for block in blocks for fault in block.faults.values())
    assert fault.message.startswith(f"{source.name}:4:3: found `bad`")


def test_about_how_many_rows_there_are(tmp_path: Path) -> None:
    expected = table(tmp_path, "a,b\n" + "1,2\n" * 100_000).expected()
    assert expected == pytest.approx(100_000, rel=0.01)


def test_a_pipe_is_read_once_and_may_be_cut_off() -> None:
    for source in piped(b"a,b\n1,2\n3,"):
        assert source.live and source.expected() is None
        blocks = list(source.blocks(["a"]))
        assert [value for block in blocks for value in block.numbers["a"].tolist()] == [1, 3]
        (fault,) = (fault for block in blocks for fault in block.faults.values())
        assert (fault.kind, fault.message) == (CUT, "<pipe>:3: the stream ends in the middle of this line")
        with pytest.raises(StreamError, match="cannot be read a second time"):
            source.blocks(["a"])


CELL = st.text(st.sampled_from('ab1,"\n \r'), max_size=4)


@given(rows=st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=8), size=st.integers(1, 9))
def test_any_rows_that_python_writes_are_read_however_they_are_cut(rows: list[list[str]], size: int) -> None:
    told = io.StringIO()
    csv.writer(told).writerows([["n", "x", "y"], *([str(k), *row] for k, row in enumerate(rows))])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.csv"
        path.write_bytes(told.getvalue().encode())
        blocks = list(CsvSource(FileLines(path)).blocks(["n"], size=size))
    assert [value for block in blocks for value in block.numbers["n"].tolist()] == list(range(len(rows)))
    assert not any(block.faults for block in blocks)


@pytest.mark.parametrize("lines", [["1,2\n", " 3,\n"], ["1,x\r\n", "é,-4e5\r\n"], ["7\n", "8\n"], ["1,2\r\n", "3,4\n"]])
def test_plain_lines_have_the_cells_that_csv_reads(lines: list[str]) -> None:
    rows = list(csv.reader(lines, strict=True))
    assert _plain("".join(lines), lines, len(rows[0])) == [cell for row in rows for cell in row]


@pytest.mark.parametrize("lines", [["1,2\n", "3\n"], ["1\n", "\n"], ["\n", "1\n"], ["1,2\n", "3,4"], ["1,2\r", "3,4\n"]])
def test_what_is_not_plain_is_left_to_csv(lines: list[str]) -> None:
    assert _plain("".join(lines), lines, lines[0].count(",") + 1) is None
    assert _plain("1,2\n", ["1,2\n"], 0) is None
