"""Placing: a file is written whole or not at all; a link stays a link, and a pipe or a device is written to, never replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path


def is_special(path: Path) -> bool:
    """True for what is there and is neither a file nor a folder: renaming a file onto it would destroy it."""
    return path.exists() and not path.is_file() and not path.is_dir()


def place(path: Path, content: str | bytes) -> None:
    """Write a text (UTF-8) or bytes as a file, which keeps its permissions.

    Raises OSError; what stood there before then still does.
    """
    written = content.encode() if isinstance(content, str) else content
    if is_special(path):
        with open(path, "wb") as file:
            file.write(written)
        return
    target = path.resolve()
    writing = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(writing, "wb") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, writing)
        os.replace(writing, target)
    except OSError as wrong:
        with contextlib.suppress(OSError):
            writing.unlink(missing_ok=True)
        wrong.filename, wrong.filename2 = str(path), None  # the name that the user gave
        raise
