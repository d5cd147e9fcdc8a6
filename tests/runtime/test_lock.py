"""The lock of a folder: one run at a time, none after its process, and not lost with the folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from hdsl.runtime.checkpoint import Unwritable
from hdsl.runtime.lock import FolderLock, InUse


def test_one_at_a_time(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "a" / "b")
    with pytest.raises(InUse, match=r"another run keeps its checkpoints in .*b; name another folder"):
        FolderLock(tmp_path / "a" / "b")
    other = FolderLock(tmp_path / "c")
    first.release()
    FolderLock(tmp_path / "a" / "b").release()
    other.release()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    program = f"from pathlib import Path; from hdsl.runtime.lock import FolderLock; l = FolderLock(Path({str(tmp_path)!r}))"
    program += "; print('held', flush=True); input()"
    holding = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holding.stdout is not None and holding.stdout.readline() == "held\n"
        with pytest.raises(InUse):
            FolderLock(tmp_path)
        holding.send_signal(signal.SIGKILL)
        holding.wait(60)
        FolderLock(tmp_path).release()
    finally:
        holding.kill()
        holding.communicate()


def test_a_folder_that_went_away_is_taken_again(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "run")
    lock.ensure()
    shutil.rmtree(tmp_path / "run")
    lock.ensure()
    with pytest.raises(InUse):
        FolderLock(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    other = FolderLock(tmp_path / "run")
    with pytest.raises(InUse):
        lock.ensure()
    other.release()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(NotImplementedError(), "its file system has no locks"), (OSError(30, "Read-only file system"), "read-only file system")],
)
def test_what_cannot_be_locked_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Exception, message: str
) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise wrong

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    with pytest.raises(Unwritable, match=message):
        FolderLock(tmp_path)
    assert os.listdir(tmp_path) == []
