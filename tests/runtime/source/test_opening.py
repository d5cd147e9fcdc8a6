"""Opening: the source of whatever a user names."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from hdsl.runtime.source.arrays import ArraySource
from hdsl.runtime.source.block import Source, StreamError
from hdsl.runtime.source.csv_rows import CsvSource
from hdsl.runtime.source.frames import SampleSource
from hdsl.runtime.source.json_lines import JsonSource
from hdsl.runtime.source.opening import BINARIES, TEXTS, open_source

CSV, JSON = "a,b\n1,2\n3,4\n", '{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n'
HELD = {"a": np.array([1.0, 3.0]), "b": np.array([2.0, 4.0])}


def made(folder: Path, suffix: str) -> Path:
    path = folder / f"s{suffix}"
    if suffix in TEXTS:
        path.write_text(CSV if suffix == ".csv" else JSON)
    elif suffix == ".npy":
        np.save(path, np.array([(1, 2), (3, 4)], dtype=[("a", "f8"), ("b", "i4")]))
    elif suffix == ".npz":
        np.savez(path, **HELD)  # type: ignore[arg-type]
    elif suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table(HELD), path)
    else:
        pyarrow.feather.write_feather(pyarrow.table(HELD), path)
    return path


@pytest.mark.parametrize("suffix", [*TEXTS, *BINARIES])
def test_the_suffix_tells_the_kind(tmp_path: Path, suffix: str) -> None:
    source = open_source(made(tmp_path, suffix))
    assert source.header == ("a", "b")
    assert np.concatenate([block.numbers["b"] for block in source.blocks(["b"])]).tolist() == [2, 4]
    assert source.name == str(tmp_path / f"s{suffix}") and source.label == f"s{suffix}"
    assert open_source(source) is source


def test_what_python_holds() -> None:
    assert isinstance(open_source(HELD), ArraySource)
    assert isinstance(open_source([{"a": 1}]), SampleSource)
    with pytest.raises(StreamError, match="found int, expected a file, a frame, or samples one after another"):
        open_source(3)


@pytest.mark.parametrize(("text", "kind"), [(CSV, CsvSource), (f"\n {JSON}", JsonSource)])
@pytest.mark.parametrize("named", ["-", "pipe"])
def test_a_pipe_is_known_by_its_first_letter(
    tmp_path: Path, text: str, kind: type[Source], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if named == "-":
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        monkeypatch.setattr("sys.stdin", SimpleNamespace(fileno=lambda: reader))
        source = open_source("-")
    else:
        os.mkfifo(tmp_path / "pipe")
        writing = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(text))
        writing.start()
        source = open_source(tmp_path / "pipe")
        writing.join()
    assert isinstance(source, kind) and source.live
    assert np.concatenate([block.numbers["b"] for block in source.blocks(["b"])]).tolist() == [2, 4]
    assert source.label == ("standard input" if named == "-" else "pipe")


def test_a_file_is_followed(tmp_path: Path) -> None:
    for suffix in TEXTS:
        source = open_source(made(tmp_path, suffix), follow=True)
        assert source.live and source.header == ("a", "b")
        blocks = source.blocks(["a"])
        while not len(block := next(blocks)):
            pass
        assert block.numbers["a"].tolist() == [1, 3]


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    for suffix in BINARIES:
        with pytest.raises(StreamError, match=rf"s\{suffix} cannot be followed; \.csv, \.jsonl and \.ndjson can"):
            open_source(made(tmp_path, suffix), follow=True)
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(StreamError, match=r"pipe\.npy is a pipe or a device, and its kind is read by an index at its end"):
        open_source(tmp_path / "pipe.npy")
    with pytest.raises(StreamError, match="is a pipe or a device: it is waited for anyway, and --follow is for files"):
        open_source(os.devnull, follow=True)
    (tmp_path / "s.txt").write_text(CSV)
    with pytest.raises(StreamError, match=r"s\.txt: of what kind it is, its name does not tell; expected one of \.csv, "):
        open_source(tmp_path / "s.txt")
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none.csv")
