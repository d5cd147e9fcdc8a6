"""The file of predictions: a row a step, cut back where a run goes on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hdsl.runtime.predictions import PredictionFile, entries

COLUMNS = {"y": (2,), "c": (), "fit": ()}
THERE = np.ones((6, 1), dtype=bool)


def values(start: int, steps: int) -> dict[str, np.ndarray]:
    rows = np.arange(start, start + steps)
    return {
        "y": np.stack([rows + 0.1, -rows / 3], axis=1),
        "c": np.where(rows % 2, rows, -1),
        "fit": np.where(rows == 1, np.nan, rows * 1.0),
    }


def test_entries() -> None:
    assert entries("y", ()) == ["y"]
    assert entries("y", (1,)) == ["y[0]"]
    assert entries("A", (2, 2)) == ["A[0,0]", "A[0,1]", "A[1,0]", "A[1,1]"]


def test_a_row_a_step(tmp_path: Path) -> None:
    file = PredictionFile(tmp_path / "p.csv", COLUMNS)
    file.write(values(0, 2), 0, THERE[:2])
    file.write(values(2, 1), 2, THERE[:1])
    file.close()
    assert (tmp_path / "p.csv").read_text().splitlines() == [
        "step,y[0],y[1],c,fit",
        "0,0.1,0.0,,0.0",
        f"1,1.1,{-1 / 3!r},1,",
        f"2,2.1,{-2 / 3!r},,2.0",
    ]


def test_going_on_cuts_back_to_the_step(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    file = PredictionFile(whole, COLUMNS)
    file.write(values(0, 6), 0, THERE)
    file.close()
    file = PredictionFile(cut, COLUMNS)
    file.write(values(0, 5), 0, THERE[:5])
    file.close()
    file = PredictionFile(cut, COLUMNS, step=3)
    file.write(values(3, 3), 3, THERE[:3])
    file.close()
    assert cut.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.csv", "whole.csv"]


def test_starting_afresh_forgets_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("something,else\n1,2\n")
    PredictionFile(tmp_path / "p.csv", COLUMNS).close()
    assert (tmp_path / "p.csv").read_text() == "step,y[0],y[1],c,fit\n"


def test_another_file_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    file = PredictionFile(path, COLUMNS)
    file.write(values(0, 2), 0, THERE[:2])
    file.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="lacks rows before step 3"):
        PredictionFile(path, COLUMNS, step=3)
    with pytest.raises(ValueError, match="other columns"):
        PredictionFile(path, {"y": ()}, step=1)
    assert path.read_bytes() == before


def test_streams_beside_one_another_have_a_row_each_while_they_last(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    there = np.array([[True, True], [False, True]])
    told = {"y": np.arange(4.0).reshape(2, 2, 1), "loss": np.array([0.5, 0.25])}
    file = PredictionFile(path, {"y": (1,), "loss": ()}, streams=2)
    file.write(told, 0, there)
    file.close()
    rows = ["step,stream,y[0],loss", "0,0,0.0,0.5", "0,1,1.0,0.5", "1,1,3.0,0.25"]
    assert path.read_text().splitlines() == rows
    file = PredictionFile(path, {"y": (1,), "loss": ()}, step=1, streams=2)
    file.write({name: value[1:] for name, value in told.items()}, 1, there[1:])
    file.close()
    assert path.read_text().splitlines() == rows


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = PredictionFile(tmp_path / "y.csv", {"y": ()})

    def full(row: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "_writer", SimpleNamespace(writerow=full))
    with pytest.raises(OSError) as caught:
        file.write({"y": np.zeros((1, 1))}, 0, np.ones((1, 1), dtype=bool))
    assert caught.value.filename == str(tmp_path / "y.csv")
    file.close()
