"""Arrays: of .npy and .npz files, a part at a time."""

from __future__ import annotations

import decimal
from pathlib import Path

import numpy as np
import pytest

from hdsl.runtime.source.arrays import ArraySource, array_block, held_source, npy_source, npz_source, numbers_of_array
from hdsl.runtime.source.block import SIZE, TYPE, StreamError


def read(source: ArraySource, *names: str, size: int = 4) -> list[list[float]]:
    blocks = list(source.blocks(names, size=size))
    assert all(len(block) <= size for block in blocks)
    assert [place for block in blocks for place in block.places] == list(range(1, (source.rows or 0) + 1))
    return [np.concatenate([block.numbers[name] for block in blocks]).tolist() for name in names]


def test_columns_of_a_matrix_are_numbered(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.arange(20.0).reshape(10, 2))
    source = npy_source(tmp_path / "s.npy")
    assert (source.header, source.rows, source.expected(), source.live) == (("0", "1"), 10, 10, False)
    assert read(source, "1") == [list(range(1, 20, 2))]
    np.save(tmp_path / "s.npy", np.arange(3))
    assert npy_source(tmp_path / "s.npy").header == ("0",)


def test_fields_are_columns(tmp_path: Path) -> None:
    array = np.zeros(5, dtype=[("u", "f4", (2,)), ("c", "i8"), ("end", "?")])
    array["u"][:, 1], array["c"], array["end"] = np.arange(5), 7, True
    np.save(tmp_path / "s.npy", array)
    source = npy_source(tmp_path / "s.npy")
    assert source.header == ("u[0]", "u[1]", "c", "end")
    assert read(source, "u[1]", "c") == [[0, 1, 2, 3, 4], [7] * 5]
    (block,) = source.blocks(["end"], ["end"])
    assert block.numbers["end"].tolist() == [1] * 5


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_by_name(tmp_path: Path, save: object) -> None:
    held = {"u": np.arange(30.0).reshape(10, 3), "v": np.arange(10), "A": np.ones((10, 1, 2))}
    save(tmp_path / "s.npz", **held)  # type: ignore[operator]
    source = npz_source(tmp_path / "s.npz")
    assert source.header == ("u[0]", "u[1]", "u[2]", "v", "A[0,0]", "A[0,1]")
    for _ in range(2):
        assert read(source, "v", "u[2]") == [held["v"].tolist(), held["u"][:, 2].tolist()]


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"a": np.zeros(3), "b": np.zeros(4)}, "its columns differ in length: a has 3, b has 4"),
        ({"a": np.array(1.0)}, "the array `a` is a single number; expected rows of numbers"),
        ({"a": np.asfortranarray(np.ones((3, 2)))}, "the array `a` is in Fortran's order"),
        ({"a": np.array([None, 1])}, "the array `a` is one of Python objects"),
    ],
)
def test_what_is_no_table_of_arrays(tmp_path: Path, held: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "s.npz", **held)  # type: ignore[arg-type]
    with pytest.raises(StreamError, match=f"s.npz: {message}"):
        npz_source(tmp_path / "s.npz")


def test_what_is_no_file_of_arrays(tmp_path: Path) -> None:
    path = tmp_path / "s.npy"
    path.write_text("u,v\n1,2\n")
    with pytest.raises(StreamError, match=r"s\.npy: this is no array of numbers"):
        npy_source(path)
    with pytest.raises(StreamError, match=r"s\.npy: this is no file of arrays"):
        npz_source(path)
    np.save(path, np.array([None]), allow_pickle=True)  # nothing in a file is run
    with pytest.raises(StreamError, match="this is no array of numbers"):
        npy_source(path)
    np.save(path, np.array(1.0))
    with pytest.raises(StreamError, match="this is a single number; expected an axis of rows"):
        npy_source(path)


def test_two_columns_of_one_name() -> None:
    with pytest.raises(StreamError, match=r"two: there are two columns `u\[0\]`"):
        held_source("two", {"u": np.zeros((2, 1)), "u[0]": np.zeros(2)})


def test_kinds_of_values() -> None:
    found, wrong = numbers_of_array(np.array(["2020-01-01T00:00:01.5", "NaT"], dtype="M8[ms]"))
    assert found[0] == 1577836801.5 and np.isnan(found[1]) and not wrong
    assert numbers_of_array(np.array([1500, 2], dtype="m8[ms]"))[0].tolist() == [1.5, 0.002]
    assert numbers_of_array(np.array([True, False]))[0].tolist() == [1, 0]
    found, wrong = numbers_of_array(np.array([1, None, "x", decimal.Decimal("2.5"), 10**400, float("nan")], dtype=object))
    assert str(found.tolist()) == "[1.0, nan, nan, 2.5, inf, nan]"
    assert {row: kind for row, (kind, _) in wrong.items()} == {2: TYPE, 4: SIZE}
    assert numbers_of_array(np.array([np.inf, 1.0]))[1][0][0] == SIZE


def test_a_bad_value_has_its_row() -> None:
    part = {"a": np.array([1, "x", None], dtype=object), "e": np.array([0.0, 1.0, 2.0])}
    block = array_block("frame", 11, part, ["e"])
    assert [fault.message for fault in block.faults.values()] == [
        "frame, row 12: found `x` in the column `a`, expected a number, or nothing where it is missing",
        "frame, row 13: found `2.0` in the column `e`, expected 0, 1, false or true",
    ]
    assert block.tell(2, "a", "more") == "frame, row 13: found nothing in the column `a`, expected more"
    texts = array_block("frame", 1, {"e": np.array(["true", "0", None, "yes"], dtype=object)}, ["e"])
    assert texts.numbers["e"].tolist() == [1, 0, 0, 0] and list(texts.faults) == [3]
