"""Checkpoints: a run's whole state in a folder, written so that a crash leaves the one before.

A checkpoint is the folder ``step-000000001024`` in the folder that the user names: ``tensors.safetensors``, ``run.json``
(position, settings, hashes, versions) and ``checksums`` of both, which ``sha256sum -c checksums`` reads too. It is written
under another name, synchronised, renamed in one operation; then older ones go but for the last, on which a run falls back
where the newest is damaged. Nothing in it is run when it is read: there is no pickle.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import torch

FORMAT = 4
_NAME = re.compile(r"step-(\d{12})")
_WRITING = ".writing-"
_ABOUT, _TENSORS, _SUMS = "run.json", "tensors.safetensors", "checksums"


class CheckpointError(Exception):
    """A checkpoint cannot be written, read, or gone on with. The message says which and why."""


class Unwritable(CheckpointError):
    """The folder cannot be made or written."""


class Damaged(CheckpointError):
    """A checkpoint is not as it was written; an earlier one may be."""


@dataclass(frozen=True)
class Checkpoint:
    """``step`` is the number of steps done; ``tensors`` by name; ``made_with`` what a run must share to go on from here.

    ``passed_over`` says of each later checkpoint in the folder why it could not be read.
    """

    step: int
    tensors: Mapping[str, torch.Tensor]
    made_with: Mapping[str, Any]
    versions: Mapping[str, str]
    passed_over: tuple[str, ...] = ()


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
        raise unwritable(folder, wrong) from wrong


def unwritable(folder: Path, wrong: OSError) -> Unwritable:
    """What the system says of a folder, and which checkpoint is left in it."""
    why = "it is a file, and a folder is wanted" if folder.is_file() else (wrong.strerror or str(wrong)).lower()
    left = ""
    with contextlib.suppress(OSError):
        left = "".join(f"; the checkpoint of step {step} is still there" for step in steps_in(folder)[-1:])
    return Unwritable(f"no checkpoint can be written to {folder}: {why}{left}")


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and remove the others but the last before it; returns its folder.

    A folder that has gone is made anew. Raises Unwritable where it cannot be made or written: what stood there still does.
    """
    from safetensors.torch import save  # a run without checkpoints needs it not

    name = _folder_name(checkpoint.step)
    tensors = save({name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()})
    content = {
        "format": FORMAT,
        "step": checkpoint.step,
        "bytes": len(tensors),
        "made_with": dict(checkpoint.made_with),
        "versions": dict(checkpoint.versions),
    }
    about = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
    writing = folder / f"{_WRITING}{name}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(path for path in folder.iterdir() if path.name.startswith(_WRITING))
        writing.mkdir()
        _write(writing / _TENSORS, tensors)
        _write(writing / _ABOUT, about)
        _write(writing / _SUMS, _sums(about, tensors))
        _synchronise(writing)
        if (folder / name).is_dir():  # the same step again: the same run, gone on with from an earlier one
            _discard(folder / name)
        os.replace(writing, folder / name)
        _synchronise(folder)
        _keep_two(folder, checkpoint.step)
    except OSError as wrong:
        shutil.rmtree(writing, ignore_errors=True)
        raise unwritable(folder, wrong) from wrong
    return folder / name


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of a folder that is as it was written, its tensors on the CPU; None where there is none.

    Raises:
        Damaged: none of them is; the message says of each what is wrong.
        CheckpointError: the newest is another program's, of a version that this hdsl cannot read, or may not be read.
    """
    passed_over: list[str] = []
    for step in reversed(steps_in(folder)):
        try:
            return replace(_read(folder / _folder_name(step), step), passed_over=tuple(passed_over))
        except Damaged as wrong:
            passed_over.append(str(wrong))
    if passed_over:
        raise Damaged("\n".join(passed_over))
    return None


def _read(path: Path, step: int) -> Checkpoint:
    """One checkpoint. Its checksums are looked at before anything else in it is believed."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    sums, about, tensors = (_content(path / name) for name in (_SUMS, _ABOUT, _TENSORS))
    if sums is None or about is None:
        _tell_other(path, sums, about, tensors)
    told = _told(sums)
    if told.get(_ABOUT) != _sum(about):
        short = not about.endswith(b"\n}\n")
        raise _damaged(path, f"{_ABOUT} is {'cut short' if short else f'not as it was written, or {_SUMS} is not'}")
    content = json.loads(about)
    if content["format"] != FORMAT:
        _tell_format(path, content)
    if tensors is None:
        raise _damaged(path, f"{_TENSORS} is missing")
    if len(tensors) < content["bytes"]:
        raise _damaged(path, f"{_TENSORS} is cut short: {len(tensors)} bytes of {content['bytes']}")
    if sums != _sums(about, tensors):
        raise _damaged(path, f"{_TENSORS if told.get(_TENSORS) != _sum(tensors) else _SUMS} is not as it was written")
    if content["step"] != step:
        raise CheckpointError(f"{path} is of step {content['step']}, and its name says another")
    try:
        return Checkpoint(step, load(tensors), content["made_with"], content["versions"])
    except SafetensorError as wrong:
        raise _damaged(path, f"{_TENSORS}: {wrong}") from wrong


def _content(path: Path) -> bytes | None:
    """What a file holds; None where there is no such file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as wrong:
        raise CheckpointError(f"{path} cannot be read: {(wrong.strerror or str(wrong)).lower()}") from wrong


def _tell_other(path: Path, sums: bytes | None, about: bytes | None, tensors: bytes | None) -> NoReturn:
    """Why a folder without checksums, or with nothing that they are of, is no checkpoint of this format. Raises."""
    if sums is None and (about is None or tensors is None):
        raise CheckpointError(f"{path} is no checkpoint of hdsl: it lacks {_SUMS} and {_ABOUT if about is None else _TENSORS}")
    if about is None:
        raise _damaged(path, f"{_ABOUT} is missing")
    with contextlib.suppress(ValueError, RecursionError):
        content = json.loads(about)
        if isinstance(content, dict) and content.get("format") not in (None, FORMAT):
            _tell_format(path, content)
    raise _damaged(path, f"{_SUMS} is missing")


def _tell_format(path: Path, content: Mapping[str, Any]) -> NoReturn:
    versions = content.get("versions")
    by = versions.get("hdsl") if isinstance(versions, dict) else None
    writer = f", written by hdsl {by}" if isinstance(by, str) else ""
    raise CheckpointError(f"{path} has format {content['format']}{writer}; this hdsl reads format {FORMAT}")


def _damaged(path: Path, why: str) -> Damaged:
    return Damaged(f"the checkpoint {path} is damaged: {why}")


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sums(about: bytes, tensors: bytes) -> bytes:
    """The file of checksums, as ``sha256sum`` writes it."""
    return "".join(f"{_sum(content)}  {name}\n" for name, content in ((_ABOUT, about), (_TENSORS, tensors))).encode()


def _told(sums: bytes) -> dict[str, str]:
    """The checksums by file, as far as they can be read."""
    parts = (line.split("  ", 1) for line in sums.decode("utf-8", errors="replace").splitlines())
    return {part[1]: part[0] for part in parts if len(part) == 2}


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


def _folder_name(step: int) -> str:
    return f"step-{step:012d}"


def _keep_two(folder: Path, step: int) -> None:
    """Keep a checkpoint and the last before it. Later ones were passed over as damaged, or belong to what was undone."""
    steps = steps_in(folder)
    kept = {step, *[before for before in steps if before < step][-1:]}
    for other in steps:
        if other not in kept:
            _discard(folder / _folder_name(other))


def _discard(path: Path) -> None:
    """Remove a checkpoint. It loses its name first, so that a crash leaves no half of one."""
    gone = path.with_name(f"{_WRITING}gone-{path.name}")
    shutil.rmtree(gone, ignore_errors=True)
    os.replace(path, gone)
    _sweep([gone])


def _sweep(paths: Iterable[Path]) -> None:
    for path in list(paths):
        shutil.rmtree(path, ignore_errors=True)
