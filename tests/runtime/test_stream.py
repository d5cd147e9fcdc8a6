"""Streams: samples in the units of the file, with leads, boundaries, gaps of time and missing targets."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import hdsl
from hdsl.model.model import Model
from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.columns import read_map
from hdsl.runtime.feed import Digest
from hdsl.runtime.samples import Samples
from hdsl.runtime.source.block import StreamError
from hdsl.runtime.stream import Stream, read_stream

TEXT = """ham 1
dim k = 3
input u[2]
target v[1]
target c : index(k)
param W[1, 2] = 0
param E[k, 2] = 0
output y = W @ u
output p = E @ u
cost fit = squared(y - v)
cost class = cross_entropy(p, c)
"""
HEAD = "a,b,j,v,c,t,boundary\n"


@pytest.fixture(scope="module")
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def opened(model: Model, tmp_path: Path, rows: str, *told: str) -> Stream:
    path = tmp_path / "s.csv"
    path.write_text(HEAD + rows)
    return read_stream(path, model, read_map(told or ("u=a,b",)))


def read(model: Model, tmp_path: Path, rows: str, *told: str) -> Samples:
    return opened(model, tmp_path, rows, *told).whole()


ROWS = """1,10,0,5,2,0,
2,20,1,,,1,
3,30,2,7,0,1.5,1
4,40,0,8,-1,9,
5,50,1,nan,1,9.25,
"""


def test_values_keep_the_units_of_the_file(model: Model, tmp_path: Path) -> None:
    stream = read(model, tmp_path, ROWS)
    assert len(stream) == 5
    assert stream.values["u"].shape == (5, 1, 2)
    assert stream.values["u"].dtype == torch.float64
    assert stream.values["u"][:, 0].tolist() == [[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]]
    assert torch.isnan(stream.values["v"][:, 0, 0]).tolist() == [False, True, False, False, True]
    assert stream.values["c"].tolist() == [[2], [-1], [0], [-1], [1]]
    assert stream.values["c"].dtype == torch.int64


def test_boundaries_and_gaps(model: Model, tmp_path: Path) -> None:
    stream = read(model, tmp_path, ROWS)
    assert stream.boundary is not None and stream.tau is not None
    assert stream.boundary[:, 0].tolist() == [False, False, True, False, False]
    first, *rest = stream.tau.tolist()
    assert math.isnan(first) and math.isnan(rest[2])
    assert [rest[0], rest[1], rest[3]] == [1.0, 0.5, 0.25]


def test_a_lead_stays_within_its_sequence(model: Model, tmp_path: Path) -> None:
    stream = read(model, tmp_path, ROWS, "u=a,b", "v=a@+1", "c=")
    assert str(stream.values["v"][:, 0, 0].tolist()) == "[2.0, 3.0, nan, 5.0, nan]"
    assert "c" not in stream.values


def test_a_row_without_its_past_is_left_out_and_boundaries_stay(model: Model, tmp_path: Path) -> None:
    stream = read(model, tmp_path, ROWS, "u=a,a@-1", "v=b")
    assert stream.values["u"][:, 0].tolist() == [[2, 1], [3, 2], [5, 4]]
    assert stream.values["v"][:, 0, 0].tolist() == [20, 30, 50]
    assert stream.rows[:, 0].tolist() == [1, 2, 4]
    assert stream.places[:, 0].tolist() == [3, 4, 6]
    assert stream.boundary is not None and stream.boundary[:, 0].tolist() == [False, True, False]


def test_an_input_that_reads_ahead_moves_the_boundary(model: Model, tmp_path: Path) -> None:
    stream = read(model, tmp_path, ROWS, "u=a,a@+1", "v=b")
    assert stream.rows[:, 0].tolist() == [0, 1, 3]
    assert stream.boundary is not None and stream.boundary[:, 0].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,,0,1,0,0,0\n", ":2:3: found nothing in the column `b`, expected a number: `u` is an input"),
        ("1,2,0,1,3,0,0\n", ":2:9: found `3` in the column `c`, expected a whole number from 0 to 2"),
        ("1,2,0,1,-2,0,0\n", ":2:9: found `-2`"),
        ("1,2,0,1,0.5,0,0\n", "found `0.5` in the column `c`, expected a whole number"),
        ("1,2,0,1,0,5,0\n1,2,0,1,0,4,0\n", ":3:11: found `4` in the column `t`, expected a time after 5"),
        ("1,2,0,1,0,5,0\n1,2,0,1,0,5,0\n", "time moves forward"),
        ("1,2,0,1,0,,0\n", ":2:11: found nothing in the column `t`, expected a time"),
        ("1,2,0,1,0,0,maybe\n", ":2:13: found `maybe` in the column `boundary`"),
    ],
)
def test_a_bad_cell_is_pointed_at(model: Model, tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(StreamError) as wrong:
        read(model, tmp_path, rows)
    assert message in str(wrong.value)
    assert str(tmp_path / "s.csv") in str(wrong.value)


def test_time_may_start_again_with_a_sequence(model: Model, tmp_path: Path) -> None:
    stream = read(model, tmp_path, "1,2,0,1,0,5,1\n1,2,0,1,0,0,0\n1,2,0,1,0,1,0\n")
    assert stream.tau is not None
    assert torch.isnan(stream.tau).tolist() == [True, True, False]


def test_no_row_left_says_so(model: Model, tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="no row is left"):
        read(model, tmp_path, "1,2,0,1,0,5,1\n", "u=a,a@-1")


def test_the_digest_tells_of_a_change_within_the_steps_done_only(model: Model, tmp_path: Path) -> None:
    before = read(model, tmp_path, ROWS)
    after = read(model, tmp_path, ROWS.replace("4,40", "4,41"))
    assert digest(before.cut(0, 3)) == digest(after.cut(0, 3)) == digest(before.cut(0, 1), before.cut(1, 3))
    assert digest(before.cut(0, 4)) != digest(after.cut(0, 4))


def digest(*parts: Samples) -> str:
    told = Digest()
    for part in parts:
        told.add(part)
    return told.digits()


@pytest.mark.parametrize("told", [("u=a,b",), ("u=a,b@-2",), ("u=a@+1,b@-2", "v=v@+3"), ("u=a@+2,b@+1",), ("u=a@-9,b",)])
def test_how_many_samples_are_known_before_they_are_read(model: Model, told: tuple[str, ...]) -> None:
    held = {name: np.arange(7.0) for name in "abv"}
    stream = read_stream({**held, "c": np.zeros(7)}, model, read_map(told))
    made = sum(len(part) for part in stream.samples() if part is not None)
    assert stream.known() == made
    assert replace(stream, bad=BadRows("skip")).known() is None
    assert read_stream({**held, "boundary": np.zeros(7)}, model, read_map(("u=a,b",))).known() is None


def test_the_number_of_rows_of_text_is_not_known(model: Model, tmp_path: Path) -> None:
    assert opened(model, tmp_path, ROWS).known() is None
    assert opened(model, tmp_path, ROWS).expected() == 5
