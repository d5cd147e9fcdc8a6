"""Keeping: a run's checkpoints from its beginning to its end, in a folder that is its own meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from hdsl.compiler import VERSION
from hdsl.runtime.checkpoint import (
    Checkpoint,
    CheckpointError,
    prepare_folder,
    read_checkpoint,
    steps_in,
    write_checkpoint,
)
from hdsl.runtime.lock import FolderLock


class Keeping:
    """The checkpoints of one run. ``written`` is the step of the last one, 0 before the first."""

    def __init__(self, folder: Path) -> None:
        """Take the folder. Raises CheckpointError where it cannot be written or another run has it."""
        prepare_folder(folder)
        self.folder, self.written = folder, 0
        self._lock = FolderLock(folder)

    def found(self, resume: bool) -> Checkpoint | None:
        """Where the run goes on from; None where it begins. Raises CheckpointError for a checkpoint that is not asked for."""
        if not resume:
            if there := steps_in(self.folder):
                raise CheckpointError(f"{self.folder} holds a checkpoint of step {there[-1]}; go on from it with --resume")
            return None
        checkpoint = read_checkpoint(self.folder)
        self.written = 0 if checkpoint is None else checkpoint.step
        return checkpoint

    def write(self, step: int, tensors: Mapping[str, torch.Tensor], made_with: Mapping[str, Any]) -> None:
        """Write a checkpoint. Raises CheckpointError; the one before stays."""
        self._lock.ensure()
        versions = {"hdsl": VERSION, "torch": str(torch.__version__)}
        write_checkpoint(self.folder, Checkpoint(step, tensors, made_with, versions))
        self.written = step

    def release(self) -> None:
        """Leave the folder to other runs."""
        self._lock.release()
