"""The lock of a folder of checkpoints: one run at a time, and none for ever, for the system drops it with the process."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from hdsl.runtime.checkpoint import CheckpointError, Unwritable, unwritable

_NAME = ".lock"


class InUse(CheckpointError):
    """Another run keeps its checkpoints in the folder."""


class FolderLock:
    """A folder that is this run's own until `release`."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and take it. Raises InUse and Unwritable."""
        self._folder, self._path = folder, folder / _NAME
        self._take()

    def ensure(self) -> None:
        """Take the folder again where it was removed meanwhile. Raises InUse where another run has it by now."""
        if self._seen() != self._file:
            self._lock.release(force=True)
            self._take()

    def release(self) -> None:
        """Leave the folder to others."""
        self._lock.release(force=True)

    def _take(self) -> None:
        self._lock = FileLock(self._path)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except Timeout:
            told = f"another run keeps its checkpoints in {self._folder}; name another folder, or wait for its end"
            raise InUse(told) from None
        except NotImplementedError:  # some file systems of networks
            raise Unwritable(
                f"no checkpoint can be written to {self._folder}: its file system has no locks, which keep two runs apart"
            ) from None
        except OSError as wrong:
            raise unwritable(self._folder, wrong) from wrong
        self._file = self._seen()

    def _seen(self) -> tuple[int, int] | None:
        """Which file bears the lock's name now; None where there is none."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
