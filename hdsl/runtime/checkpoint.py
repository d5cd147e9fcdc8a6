"""Checkpoints: a run's whole state in a folder, written so that a crash leaves the one before.

A checkpoint is the folder ``step-000000001024`` in the folder that the user names: ``tensors.safetensors`` beside
``run.json`` (position, settings, hashes, versions). It is written under another name, synchronised, renamed in one
operation; then older ones go. Nothing in it is run when it is read: there is no pickle.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

FORMAT = 1
_NAME = re.compile(r"step-(\d{12})")
_WRITING = ".writing-"


class CheckpointError(Exception):
    """A checkpoint cannot be written, read, or gone on with. The message says which and why."""


class Unwritable(CheckpointError):
    """The folder cannot be made or written."""


@dataclass(frozen=True)
class Checkpoint:
    """``step`` is the number of steps done; ``tensors`` by name; ``made_with`` what a run must share to go on from here."""

    step: int
    tensors: Mapping[str, torch.Tensor]
    made_with: Mapping[str, Any]
    versions: Mapping[str, str]


def steps_in(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder, ascending; none where there is no such folder."""
    if not folder.is_dir():
        return []
    matches = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in matches if match)


def prepare_folder(folder: Path) -> None:
    """Make the folder and write to it: a long run should not end by learning that it cannot be kept. Raises Unwritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f"{_WRITING}{os.getpid()}"
        trial.mkdir()
        trial.rmdir()
    except OSError as wrong:
        raise _unwritable(folder, wrong) from wrong


def _unwritable(folder: Path, wrong: OSError) -> Unwritable:
    why = "it is a file, and a folder is wanted" if folder.is_file() else (wrong.strerror or str(wrong)).lower()
    return Unwritable(f"no checkpoint can be written to {folder}: {why}")


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and remove those before it; returns its folder.

    Raises Unwritable where the folder cannot be made or written.
    """
    from safetensors.torch import save  # a run without checkpoints needs it not

    name = f"step-{checkpoint.step:012d}"
    held = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    about = {
        "format": FORMAT,
        "step": checkpoint.step,
        "made_with": dict(checkpoint.made_with),
        "versions": dict(checkpoint.versions),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(path for path in folder.iterdir() if path.name.startswith(_WRITING))
        writing = folder / f"{_WRITING}{name}-{os.getpid()}"
        writing.mkdir()
        _write(writing / "tensors.safetensors", save(held))
        _write(writing / "run.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())
        _synchronise(writing)
        if (folder / name).is_dir():  # the same step again: the same run, stopped twice at one place
            shutil.rmtree(folder / name)
        os.replace(writing, folder / name)
        _synchronise(folder)
        _sweep(folder / f"step-{step:012d}" for step in steps_in(folder) if step != checkpoint.step)
    except OSError as wrong:
        raise _unwritable(folder, wrong) from wrong
    return folder / name


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of a folder, its tensors on the CPU; None where there is none.

    Raises CheckpointError, naming the file, where it is damaged or of a version that this hdsl cannot read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    steps = steps_in(folder)
    if not steps:
        return None
    path = folder / f"step-{steps[-1]:012d}"
    try:
        about = json.loads((path / "run.json").read_bytes())
        if about["format"] != FORMAT:
            raise CheckpointError(f"{path} has format {about['format']}; this hdsl reads format {FORMAT}")
        made_with, versions = dict(about["made_with"]), dict(about["versions"])
        step = int(about["step"])
        tensors = load((path / "tensors.safetensors").read_bytes())
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as wrong:
        raise CheckpointError(f"the checkpoint {path} is damaged: {wrong}") from wrong
    return Checkpoint(step, tensors, made_with, versions)


def check_same(folder: Path, checkpoint: Checkpoint, made_with: Mapping[str, Any]) -> None:
    """Raises CheckpointError, with every difference, where a run was made with something else than this one."""
    before = checkpoint.made_with
    wrong = [
        f"  {name}: {_shown(before.get(name))} there, {_shown(made_with.get(name))} here"
        for name in dict.fromkeys((*before, *made_with))
        if before.get(name) != made_with.get(name)
    ]
    if wrong:
        raise CheckpointError("\n".join([f"the checkpoint in {folder} belongs to another run:", *wrong]))


def _shown(value: Any) -> str:
    return "not given" if value is None else json.dumps(value, ensure_ascii=False)


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _synchronise(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk, where the system can."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(paths: Iterable[Path]) -> None:
    for path in list(paths):
        shutil.rmtree(path, ignore_errors=True)
