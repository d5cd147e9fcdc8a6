"""Samples: leads, lags and bad rows give the same samples however the stream is cut into blocks."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import hdsl
from hdsl.model.model import Model
from hdsl.runtime.bad_rows import BadRows, counted
from hdsl.runtime.columns import read_map
from hdsl.runtime.samples import Samples, joined
from hdsl.runtime.source.block import ABSENT, StreamError
from hdsl.runtime.stream import read_stream

TEXT = """ham 1
input u[2]
target v
param W[2] = 0
output y = dot(W, u)
cost fit = squared(y - v)
"""


@pytest.fixture(scope="module")
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def alike(one: Samples, other: Samples) -> None:
    for name, value in one.values.items():
        assert torch.equal(value.nan_to_num(9.25), other.values[name].nan_to_num(9.25)), name
    for name in ("boundary", "tau"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        if first is not None:
            assert torch.equal(first.double().nan_to_num(9.25), second.double().nan_to_num(9.25)), name
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.places, other.places)
    assert one.scales.keys() == other.scales.keys()
    for name in one.scales:
        np.testing.assert_array_equal(one.scales[name], other.scales[name])


ROW = st.tuples(*map(st.sampled_from, (["1", "2.5", "-3", "x", ""], ["", "4", "nan"], ["0", "0", "1"])))
AHEAD = st.integers(-3, 3)


@given(
    rows=st.lists(ROW, min_size=1, max_size=25), ahead=st.tuples(AHEAD, AHEAD, AHEAD), size=st.integers(1, 6),
    ends=st.booleans(), times=st.booleans(), scale=st.sampled_from(["none", "running", "first:3", "whole"]),
)  # fmt: skip
def test_the_cut_into_blocks_changes_nothing(
    model: Model, rows: list[tuple[str, ...]], ahead: tuple[int, ...], size: int, ends: bool, times: bool, scale: str
) -> None:
    told = [f"u=a@{ahead[0]:+d},a@{ahead[1]:+d}", f"v=b@{ahead[2]:+d}"]
    told += ["boundary=end"] if ends else []
    told += ["t=when"] if times else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.csv"
        path.write_text("a,b,end,when\n" + "".join(f"{','.join(row)},{k}\n" for k, row in enumerate(rows)))
        whole, parts = BadRows("skip"), BadRows("skip")
        stream = read_stream(path, model, read_map(told), scale=scale, bad=whole)
        try:
            expected = stream.whole()
        except StreamError as wrong:
            assert "no row is left" in str(wrong)
            return
        alike(expected, replace(stream, size=size, bad=parts).whole())
        assert counted(whole.counts) == counted(parts.counts)


def read(model: Model, folder: Path, rows: str, *told: str, bad: BadRows | None = None) -> Samples:
    path = folder / "s.csv"
    path.write_text("a,b,end,when\n" + rows)
    return read_stream(path, model, read_map(told), bad=bad).whole()


def test_a_row_that_is_left_out_was_never_there(model: Model, tmp_path: Path) -> None:
    rows = "1,10,0,0\n2,20,0,1\nx,30,0,2\n4,40,0,4\n5,50,0,5\n"
    told = ("u=a,a@-1", "v=b@+1", "t=when")
    alike_but_places = read(model, tmp_path, rows, *told, bad=BadRows("skip"))
    without = read(model, tmp_path, rows.replace("x,30,0,2\n", ""), *told)
    alike(replace(alike_but_places, places=without.places), without)
    assert alike_but_places.places[:, 0].tolist() == [3, 5, 6]
    assert alike_but_places.values["u"][:, 0].tolist() == [[2, 1], [4, 2], [5, 4]]
    assert alike_but_places.tau is not None and alike_but_places.tau[1:].tolist() == [3, 1]


@pytest.mark.parametrize("told", ["v=b", "v=b@+1"])
def test_a_bad_row_ends_the_sequence_of_the_one_before_it(model: Model, tmp_path: Path, told: str) -> None:
    rows = "1,10,0,0\n2,20,0,1\nx,30,1,2\n4,40,0,4\n"
    found = read(model, tmp_path, rows, "u=a,a", told, "boundary=end", bad=BadRows("skip"))
    assert found.boundary is not None and found.boundary[:, 0].tolist() == [False, True, False]


def test_a_cell_that_only_later_rows_read_costs_their_samples(model: Model, tmp_path: Path) -> None:
    rows = "1,10,0,0\n,20,0,1\n3,30,0,2\n4,40,0,4\n,50,0,5\n"
    told = ("u=b,a@-1", "v=a")
    bad = BadRows("skip")
    found = read(model, tmp_path, rows, *told, bad=bad)
    assert found.values["u"][:, 0].tolist() == [[20, 1], [40, 3], [50, 4]]  # the last row's own cell is a target that lacks
    assert counted(bad.counts) == {ABSENT: 1}
    with pytest.raises(StreamError, match=r"s\.csv:3: found nothing in the column `a`, expected a number: `u` is an input"):
        read(model, tmp_path, rows, *told)


def test_samples_are_cut_and_joined(model: Model, tmp_path: Path) -> None:
    whole = read(model, tmp_path, "1,10,0,0\n2,20,1,1\n3,30,0,2\n", "u=a,b", "v=b", "t=when", "boundary=end")
    alike(joined([whole.cut(0, 1), whole.cut(1, 1), whole.cut(1, 3)]), whole)
    assert whole.size() == 3 * (2 + 1 + 4)
