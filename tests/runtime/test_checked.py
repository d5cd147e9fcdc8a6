"""Checked rows: bad ones go no further, and the sequences that they end are ended."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdsl
from hdsl.model.model import Model
from hdsl.runtime.bad_rows import BadRows, counted
from hdsl.runtime.checked import Checker, Rows
from hdsl.runtime.columns import find_columns, read_map
from hdsl.runtime.source.block import ABSENT, RANGE, TIME, TYPE, StreamError
from hdsl.runtime.source.opening import open_source

TEXT = """ham 1
dim k = 3
input u
target c : index(k)
param W = 0
param E[k] = 0
output p = E * u + W
cost class = cross_entropy(p, c)
"""
ROWS = """u,c,t,end
1,0,0,0
,1,1,0
3,3,2,1
4,2,7,0
5,x,8,0
6,0.5,8.5,
7,-1,7,
8,,9,1
9,1,5,0
"""


@pytest.fixture(scope="module")
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def checked(model: Model, folder: Path, bad: BadRows, size: int = 100, rows: str = ROWS) -> list[Rows]:
    path = folder / "s.csv"
    path.write_text(rows)
    source = open_source(path)
    columns = find_columns(source.header, model, read_map(["boundary=end"]))
    checker = Checker(model, columns, bad, source.name)
    found = [checker.check(block) for block in source.blocks(columns.names(), ["end"], size)]
    checker.finish()
    return found


@pytest.mark.parametrize("size", [1, 2, 100])
def test_bad_rows_are_left_out_counted_and_end_their_sequence(model: Model, tmp_path: Path, size: int) -> None:
    told: list[str] = []
    bad = BadRows("log", told.append)
    parts = checked(model, tmp_path, bad, size)
    assert [value for rows in parts for value in rows.numbers["u"].tolist()] == [1, 4, 8, 9]
    assert [value for rows in parts for value in rows.sequence.tolist()] == [0, 1, 1, 2]
    assert [value for rows in parts for value in rows.places.tolist()] == [2, 5, 9, 10]
    assert counted(bad.counts) == {TYPE: 1, ABSENT: 1, RANGE: 2, TIME: 1}
    assert [message.removeprefix(f"{tmp_path / 's.csv'}:") for message in told] == [
        "3:1: found nothing in the column `u`, expected a number: `u` is an input, and only targets may be missing",
        "4:3: found `3` in the column `c`, expected a whole number from 0 to 2: `c` is an index below k",
        "6:3: found `x` in the column `c`, expected a number, or nothing where it is missing",
        "7:3: found `0.5` in the column `c`, expected a whole number from 0 to 2: `c` is an index below k",
        "8:6: found `7` in the column `t`, expected a time after 7, that of the row before: time moves forward",
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_the_first_bad_row_stops_after_the_good_ones_before_it(model: Model, tmp_path: Path, size: int) -> None:
    with pytest.raises(StreamError, match=r":3:1: found nothing in the column `u`"):
        checked(model, tmp_path, BadRows(), size)


def test_whether_the_last_sequence_is_closed(model: Model, tmp_path: Path) -> None:
    bad = BadRows("skip")
    assert [rows.closed for rows in checked(model, tmp_path, bad, 3)] == [False, False, True, False]
    assert checked(model, tmp_path, bad, 100, "u,c,t,end\n1,0,0,0\n2,9,1,1\n")[0].closed


def test_a_blank_time_is_wrong(model: Model, tmp_path: Path) -> None:
    with pytest.raises(StreamError, match=r":2:5: found nothing in the column `t`, expected a time$"):
        checked(model, tmp_path, BadRows(), rows="u,c,t,end\n1,0,,0\n")
