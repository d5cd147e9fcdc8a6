"""Checkpoints: whole or not at all, read back to the bit, and never gone on with by another run."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, strategies

from hdsl.runtime.checkpoint import (
    Checkpoint,
    CheckpointError,
    Damaged,
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


def test_the_newest_and_the_one_before_stay(tmp_path: Path) -> None:
    for step, left in ((5, [5]), (10, [5, 10]), (1000, [10, 1000]), (20, [10, 20])):
        write_checkpoint(tmp_path, checkpoint(step))
        assert steps_in(tmp_path) == left
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000000010", "step-000000000020"]


def test_the_same_step_may_be_written_again(tmp_path: Path) -> None:
    for step in (3, 5, 5):
        write_checkpoint(tmp_path, checkpoint(step))
    assert steps_in(tmp_path) == [3, 5]


def test_the_checksums_are_those_of_the_systems_own_program(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, checkpoint(5))
    told = (path / "checksums").read_text().splitlines()
    assert told == [
        f"{hashlib.sha256((path / name).read_bytes()).hexdigest()}  {name}" for name in ("run.json", "tensors.safetensors")
    ]


def test_nothing_is_no_checkpoint(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "none") is None
    assert read_checkpoint(tmp_path) is None


class Disk:
    """A disk that is full at one call of those that write, counted from 0."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, full_at: int) -> None:
        self.calls, self.full_at = 0, full_at
        monkeypatch.setattr(os, "fsync", self.counting(os.fsync))
        monkeypatch.setattr(os, "replace", self.counting(os.replace))
        monkeypatch.setattr(Path, "mkdir", self.counting(Path.mkdir))
        monkeypatch.setattr("hdsl.runtime.checkpoint.open", self.counting(self.opened), raising=False)

    def counting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **keywords: Any) -> Any:
            self.calls += 1
            if self.calls == self.full_at + 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*arguments, **keywords)

        return counted

    def opened(self, path: Path, mode: str) -> Any:
        file = open(path, mode)  # noqa: SIM115 (closed by the code under test)
        file_write = file.write

        class Written:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *wrong: Any) -> None:
                file.close()

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

        written = Written()
        written.write = self.counting(file_write)  # type: ignore[attr-defined]
        return written


def test_a_disk_that_is_full_at_any_moment_leaves_a_checkpoint(tmp_path: Path) -> None:
    """Each call that writes fails in turn: the run is told, and a checkpoint is read back."""
    ended = []
    for full_at in range(100):
        folder = tmp_path / str(full_at)
        for step in (4, 5):
            write_checkpoint(folder, checkpoint(step))
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, full_at)
            try:
                write_checkpoint(folder, checkpoint(6))
            except CheckpointError as wrong:
                ended.append(str(wrong))
        read = read_checkpoint(folder)
        assert read is not None and not read.passed_over
        if disk.calls <= full_at:
            break
        assert read.step in (5, 6) and f"the checkpoint of step {read.step} is still there" in ended[-1]
        assert "no space left on device" in ended[-1]
        write_checkpoint(folder, checkpoint(7))  # what was left half done is swept away
        assert all(path.name.startswith("step-") for path in folder.iterdir())
    assert len(ended) == full_at >= 12 and read.step == 6


def test_a_system_that_writes_no_more_ends_the_run_clearly(tmp_path: Path) -> None:
    """The real thing: the kernel refuses to write beyond a size in the middle of the file of tensors."""
    import resource

    write_checkpoint(tmp_path, checkpoint(5))
    large = Checkpoint(6, {"net/W": torch.zeros(100_000)}, MADE_WITH, {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        with pytest.raises(Unwritable, match="file too large; the checkpoint of step 5 is still there"):
            write_checkpoint(tmp_path, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000000005"]


def test_a_folder_that_went_away_is_made_anew(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "run", checkpoint(5))
    shutil.rmtree(tmp_path / "run")
    write_checkpoint(tmp_path / "run", checkpoint(6))
    assert steps_in(tmp_path / "run") == [6]


FILES = ("run.json", "tensors.safetensors", "checksums")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder of one checkpoint, and what its files hold."""
    folder = tmp_path_factory.mktemp("written")
    path = write_checkpoint(folder, checkpoint(5))
    return folder, {name: (path / name).read_bytes() for name in FILES}


def refused(written: tuple[Path, dict[str, bytes]], file: str, content: bytes) -> str:
    """What is said of a checkpoint one of whose files holds something else."""
    folder, right = written
    path = folder / "step-000000000005" / file
    path.write_bytes(content)
    try:
        with pytest.raises(CheckpointError) as wrong:
            read_checkpoint(folder)
    finally:
        path.write_bytes(right[file])
    assert "step-000000000005 is damaged: " in str(wrong.value)
    return str(wrong.value).split("is damaged: ")[1]


@pytest.mark.parametrize("file", FILES)
def test_a_file_cut_short_anywhere_is_refused(written: tuple[Path, dict[str, bytes]], file: str) -> None:
    right = written[1][file]
    for length in range(len(right)):
        told = refused(written, file, right[:length])
        if file == "run.json" and length < len(right) - 1:
            assert told == "run.json is cut short"
        if file == "tensors.safetensors":
            assert told == f"tensors.safetensors is cut short: {length} bytes of {len(right)}"
    assert refused(written, file, right + b"\n") and refused(written, file, b"\x00" * len(right))


@given(file=strategies.sampled_from(FILES), place=strategies.floats(0, 1, exclude_max=True), bit=strategies.integers(0, 7))
def test_any_bit_that_flips_is_noticed(
    written: tuple[Path, dict[str, bytes]], file: str, place: float, bit: int
) -> None:
    content = bytearray(written[1][file])
    content[int(place * len(content))] ^= 1 << bit
    assert "as it was written" in refused(written, file, bytes(content)) or file == "run.json"


@given(file=strategies.sampled_from(FILES), content=strategies.binary(max_size=200))
def test_whatever_else_stands_there_is_refused(
    written: tuple[Path, dict[str, bytes]], file: str, content: bytes
) -> None:
    assert refused(written, file, content)


@pytest.mark.parametrize("file", FILES)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path, file: str) -> None:
    for step in (5, 6):
        path = write_checkpoint(tmp_path, checkpoint(step))
    (path / file).unlink()
    read = read_checkpoint(tmp_path)
    assert read is not None and read.step == 5
    assert read.passed_over == (f"the checkpoint {path} is damaged: {file} is missing",)
    write_checkpoint(tmp_path, checkpoint(6))
    assert steps_in(tmp_path) == [5, 6]
    again = read_checkpoint(tmp_path)
    assert again is not None and (again.step, again.passed_over) == (6, ())


def test_where_all_are_damaged_each_is_named(tmp_path: Path) -> None:
    for step in (5, 6):
        (write_checkpoint(tmp_path, checkpoint(step)) / "tensors.safetensors").write_bytes(b"")
    with pytest.raises(Damaged) as wrong:
        read_checkpoint(tmp_path)
    assert [line.split("/")[-1][:17] for line in str(wrong.value).splitlines()] == ["step-000000000006", "step-000000000005"]


def test_a_later_format_is_refused_though_an_earlier_one_could_be_read(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, checkpoint(4))
    path = write_checkpoint(tmp_path, checkpoint(5))
    about = json.dumps({**json.loads((path / "run.json").read_text()), "format": 99}).encode()
    told = (path / "checksums").read_text().splitlines()
    (path / "run.json").write_bytes(about)
    (path / "checksums").write_text(f"{hashlib.sha256(about).hexdigest()}  run.json\n{told[1]}\n")
    with pytest.raises(CheckpointError, match="has format 99, written by hdsl 0; this hdsl reads format 4"):
        read_checkpoint(tmp_path)


def test_the_first_format_which_had_no_checksums_is_named(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, checkpoint(5))
    (path / "run.json").write_text('{"format": 1}')
    (path / "checksums").unlink()
    with pytest.raises(CheckpointError, match="has format 1; this hdsl reads format 4"):
        read_checkpoint(tmp_path)


def test_what_another_program_made_is_neither_read_nor_removed(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, checkpoint(4))
    for name, content in (("step-000000000007", {}), ("step-000000000008", {"model.bin": b"x"})):
        (tmp_path / name).mkdir()
        for file, told in content.items():
            (tmp_path / name / file).write_bytes(told)
        with pytest.raises(CheckpointError, match=f"{name} is no checkpoint of hdsl: it lacks checksums and run.json"):
            read_checkpoint(tmp_path)
    assert (tmp_path / "step-000000000008" / "model.bin").is_file()
    (tmp_path / "step-000000000009").write_text("a file")
    with pytest.raises(CheckpointError, match="step-000000000009 is no checkpoint of hdsl"):
        read_checkpoint(tmp_path)


def test_one_of_another_name_is_refused(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, checkpoint(5))
    path.rename(tmp_path / "step-000000000009")
    with pytest.raises(CheckpointError, match="is of step 5, and its name says another"):
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
