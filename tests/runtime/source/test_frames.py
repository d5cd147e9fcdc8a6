"""Frames and samples from Python."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import torch

from hdsl.runtime.source.block import StreamError
from hdsl.runtime.source.frames import SLOW, SampleSource, frame_source

COLUMNS: dict[str, list[Any]] = {"a": [1.5, None, 3.0], "c": [0, 1, 2], "word": ["x", "y", "z"], "end": [False, True, False]}
FRAMES = {
    "pandas": pandas.DataFrame(COLUMNS),
    "pandas nullable": pandas.DataFrame(COLUMNS).convert_dtypes(),
    "polars": polars.DataFrame(COLUMNS),
    "arrow": pyarrow.table(COLUMNS),
    "arrays": {name: np.array(values, dtype=object) for name, values in COLUMNS.items()},
    "lists": COLUMNS,
}


@pytest.mark.parametrize("name", FRAMES)
def test_every_kind_of_frame(name: str) -> None:
    source = frame_source(FRAMES[name])
    assert source is not None and source.header == ("a", "c", "word", "end") and source.rows == 3
    (block,) = source.blocks(["a", "c", "end"], ["end"])
    assert str(block.numbers["a"].tolist()) == "[1.5, nan, 3.0]"
    assert block.numbers["c"].tolist() == [0, 1, 2]
    assert block.numbers["end"].tolist() == [0, 1, 0]
    assert block.faults == {}
    (block,) = source.blocks(["word"])
    assert "row 1: found `x` in the column `word`" in block.faults[0].message


def test_tensors_by_name_are_a_table() -> None:
    source = frame_source({"u": torch.ones(4, 2), "v": torch.arange(4)})
    assert source is not None and source.header == ("u[0]", "u[1]", "v")


def test_what_is_no_frame() -> None:
    assert frame_source([1, 2]) is None
    assert frame_source(iter(())) is None


class Set(torch.utils.data.IterableDataset[Any]):
    def __iter__(self) -> Iterator[dict[str, Any]]:
        for k in range(5):
            yield {"u": torch.tensor([k, 2.0 * k]), "c": torch.tensor(k), "v": None if k == 2 else k + 0.5}


def test_samples_of_a_dataset_are_read_as_often_as_they_are_asked_for() -> None:
    source = SampleSource(Set(), "set")
    assert source.header == ("u[0]", "u[1]", "c", "v") and not source.live
    for _ in range(2):
        blocks = list(source.blocks(["u[1]", "c", "v"], size=2))
        assert [len(block) for block in blocks] == [2, 2, 1]
        assert np.concatenate([block.numbers["u[1]"] for block in blocks]).tolist() == [0, 2, 4, 6, 8]
        assert str(np.concatenate([block.numbers["v"] for block in blocks]).tolist()) == "[0.5, 1.5, nan, 3.5, 4.5]"


def test_a_generator_is_gone_through_once() -> None:
    source = SampleSource(iter(Set()), "generator")
    assert source.live
    assert sum(len(block) for block in source.blocks(["c"])) == 5
    with pytest.raises(StreamError, match="generator can be gone through once, and has been"):
        source.blocks(["c"])


def test_a_slow_generator_is_not_waited_for() -> None:
    def slow() -> Iterator[dict[str, float]]:
        for k in range(4):
            time.sleep(2 * SLOW)
            yield {"u": k}

    assert [len(block) for block in SampleSource(slow()).blocks(["u"])] == [2, 1, 1]


def test_samples_that_differ_are_faults() -> None:
    samples = [{"u": [1.0, 2.0]}, {"u": [1.0]}, {}, {"u": ["x", 1]}]
    (block,) = SampleSource(samples, "list").blocks(["u[0]", "u[1]"])
    assert {row: fault.message for row, fault in block.faults.items()} == {
        1: "list, row 2: found `an array (1,)` in the column `u[1]`, expected a number, or nothing where it is missing",
        3: "list, row 4: found `x` in the column `u[0]`, expected a number, or nothing where it is missing",
    }
    assert np.isnan(block.numbers["u[0]"][2])


@pytest.mark.parametrize(
    ("samples", "message"),
    [([], "there is no sample; expected mappings"), ([3], "found int as the first sample, expected a mapping of numbers")],
)
def test_what_is_no_stream_of_samples(samples: list[Any], message: str) -> None:
    with pytest.raises(StreamError, match=message):
        SampleSource(samples)
