"""Arrow files of every kind give the same columns, a batch at a time."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from hdsl.runtime.source.arrays import ArraySource
from hdsl.runtime.source.arrow import arrow_source, parquet_source
from hdsl.runtime.source.block import StreamError

DAY = datetime.datetime(2020, 1, 1)


def table() -> pa.Table:
    vectors = pa.array([[k, k + 0.5] for k in range(10)], pa.list_(pa.float32(), 2))
    return pa.table({
        "a": pa.array([None if k == 3 else k for k in range(10)], pa.int64()),
        "u": vectors,
        "when": [DAY + datetime.timedelta(seconds=k) for k in range(10)],
        "word": ["x"] * 10,
        "end": [k == 9 for k in range(10)],
    })  # fmt: skip


def parquet(path: Path) -> ArraySource:
    pyarrow.parquet.write_table(table(), path, row_group_size=4)
    return parquet_source(path)


def file(path: Path) -> ArraySource:
    with pa.ipc.new_file(path, table().schema) as writer:
        writer.write_table(table(), max_chunksize=4)
    return arrow_source(path)


def stream(path: Path) -> ArraySource:
    with pa.ipc.new_stream(path, table().schema) as writer:
        writer.write_table(table(), max_chunksize=4)
    return arrow_source(path)


def feather(path: Path) -> ArraySource:
    pyarrow.feather.write_feather(table(), path)
    return arrow_source(path)


@pytest.mark.parametrize("size", [3, 100])
@pytest.mark.parametrize("kind", [parquet, file, stream, feather])
def test_all_kinds_of_file(tmp_path: Path, kind: object, size: int) -> None:
    source: ArraySource = kind(tmp_path / "s")  # type: ignore[operator]
    assert source.header == ("a", "u[0]", "u[1]", "when", "word", "end")
    assert source.rows in (10, None)
    for _ in range(2):
        blocks = list(source.blocks(["u[1]", "a", "when", "end"], ["end"], size))
        assert all(len(block) <= size for block in blocks)
        found = {name: np.concatenate([block.numbers[name] for block in blocks]) for name in blocks[0].numbers}
        assert str(found["a"].tolist()) == "[0.0, 1.0, 2.0, nan, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]"
        assert found["u[1]"].tolist() == [k + 0.5 for k in range(10)]
        assert np.diff(found["when"]).tolist() == [1.0] * 9
        assert found["end"].tolist() == [0.0] * 9 + [1.0]
    (fault, *_) = next(iter(source.blocks(["word"]))).faults.values()
    assert fault.message.endswith("s, row 1: found `x` in the column `word`, expected a number, or nothing where it is missing")


def test_a_list_that_lacks_is_missing(tmp_path: Path) -> None:
    vectors = pa.array([[1, 2], None, [3, None]], pa.list_(pa.float64(), 2))
    pyarrow.parquet.write_table(pa.table({"u": vectors}), tmp_path / "s.parquet")
    (block,) = parquet_source(tmp_path / "s.parquet").blocks(["u[0]", "u[1]"])
    assert str([block.numbers[name].tolist() for name in ("u[0]", "u[1]")]) == "[[1.0, nan, 3.0], [2.0, nan, nan]]"


@pytest.mark.parametrize("opened", [parquet_source, arrow_source])
def test_what_is_no_such_file(tmp_path: Path, opened: object) -> None:
    path = tmp_path / "s.parquet"
    path.write_text("u,v\n1,2\n" * 10)
    with pytest.raises(StreamError, match=r"s\.parquet: this is no file of its kind"):
        opened(path)  # type: ignore[operator]
    with pytest.raises(OSError, match=r"none\.parquet"):
        opened(tmp_path / "none.parquet")  # type: ignore[operator]


def test_without_pyarrow_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(StreamError, match=r"reading it takes pyarrow, which is not installed: pip install 'hdsl\[arrow\]'"):
        parquet_source(tmp_path / "s.parquet")
