"""Checkpoints: whole or not at all, read back to the bit, and never gone on with by another run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from hdsl.runtime.checkpoint import (
    Checkpoint,
    CheckpointError,
    Unwritable,
    check_same,
    prepare_folder,
    read_checkpoint,
    steps_in,
    write_checkpoint,
)

MADE_WITH = {"model": "sunspots", "settings": {"beta": "0.1"}, "seed": 3}


def checkpoint(step: int) -> Checkpoint:
    tensors = {
        "net/W": torch.tensor([[0.1, -0.0], [float("inf"), float("nan")]], dtype=torch.float32),
        "net/state.h": torch.arange(6, dtype=torch.float64).reshape(2, 3).t(),
        "net/clock": torch.tensor(step),
        "net/ended": torch.tensor([True, False]),
    }
    return Checkpoint(step, tensors, MADE_WITH, {"hdsl": "0", "torch": "1"})


def test_everything_comes_back_to_the_bit(tmp_path: Path) -> None:
    written = checkpoint(7)
    write_checkpoint(tmp_path / "deep" / "run", written)
    read = read_checkpoint(tmp_path / "deep" / "run")
    assert read is not None
    assert (read.step, read.made_with, read.versions) == (7, MADE_WITH, {"hdsl": "0", "torch": "1"})
    assert set(read.tensors) == set(written.tensors)
    for name, value in written.tensors.items():
        assert read.tensors[name].dtype == value.dtype
        assert read.tensors[name].shape == value.shape
        assert read.tensors[name].contiguous().numpy().tobytes() == value.contiguous().numpy().tobytes()


def test_only_the_newest_stays(tmp_path: Path) -> None:
    for step in (5, 1000, 20):
        write_checkpoint(tmp_path, checkpoint(step))
        assert steps_in(tmp_path) == [step]
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000000020"]


def test_the_same_step_may_be_written_again(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, checkpoint(5))
    write_checkpoint(tmp_path, checkpoint(5))
    assert steps_in(tmp_path) == [5]


def test_nothing_is_no_checkpoint(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "none") is None
    assert read_checkpoint(tmp_path) is None


@pytest.mark.parametrize("fails", ["replace", "fsync"])
def test_a_crash_while_writing_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    write_checkpoint(tmp_path, checkpoint(5))

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, fails, fail)
        with pytest.raises(CheckpointError, match="no space left on device"):
            write_checkpoint(tmp_path, checkpoint(6))
    assert steps_in(tmp_path) == [5]
    read = read_checkpoint(tmp_path)
    assert read is not None and read.step == 5
    write_checkpoint(tmp_path, checkpoint(7))
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000000007"]  # what the crash left is swept away


@pytest.mark.parametrize("file", ["tensors.safetensors", "run.json"])
@pytest.mark.parametrize("content", [None, b"", b"\x00" * 40, b"[]"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, file: str, content: bytes | None) -> None:
    path = write_checkpoint(tmp_path, checkpoint(5)) / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(CheckpointError) as wrong:
        read_checkpoint(tmp_path)
    assert "step-000000000005 is damaged" in str(wrong.value)


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, checkpoint(5)) / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(CheckpointError, match="has format 99; this hdsl reads format 1"):
        read_checkpoint(tmp_path)


def test_every_difference_to_another_run_is_told(tmp_path: Path) -> None:
    check_same(tmp_path, checkpoint(5), dict(MADE_WITH))
    with pytest.raises(CheckpointError) as wrong:
        check_same(tmp_path, checkpoint(5), {"model": "sunspots", "settings": {"beta": "0.2"}, "dtype": "float64"})
    assert str(wrong.value).splitlines() == [
        f"the checkpoint in {tmp_path} belongs to another run:",
        '  settings: {"beta": "0.1"} there, {"beta": "0.2"} here',
        "  seed: 3 there, not given here",
        '  dtype: not given there, "float64" here',
    ]


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="no checkpoint can be written"):
        write_checkpoint(tmp_path / "file" / "run", checkpoint(1))


def test_a_folder_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match="it is a file, and a folder is wanted"):
        prepare_folder(tmp_path / "file")
    with pytest.raises(Unwritable, match="not a directory"):
        prepare_folder(tmp_path / "file" / "below")
