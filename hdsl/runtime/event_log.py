"""Event log: costs and scores as a run goes, in the files that TensorBoard reads."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdsl.runtime.session import Progress


class NoTensorBoard(Exception):
    """The package is not installed."""


class EventLog:
    """A folder of events; called with each `Progress` of a run."""

    def __init__(self, folder: Path) -> None:
        """Raises NoTensorBoard."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise NoTensorBoard("the package tensorboard is not installed: pip install 'hdsl[tensorboard]'") from None
        self._new, self._folder = SummaryWriter, folder
        self._writer: Any = None

    def __call__(self, progress: Progress) -> None:
        """Write the means of the costs over the last piece, and the scores so far. Raises OSError."""
        if self._writer is None:  # what an earlier run wrote from here on was undone
            self._writer = self._new(str(self._folder), purge_step=progress.step)
        told = {f"cost/{name}": value for name, value in progress.costs.items()}
        told |= {f"score/{target} {score.kind}": score.value for target, score in progress.scores.items()}
        told["steps a second"] = progress.rate
        for name, value in told.items():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, progress.step)

    def close(self) -> None:
        """Put everything on the disk."""
        if self._writer is not None:
            self._writer.close()
