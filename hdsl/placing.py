"""Placing: a file is written whole or not at all; a link stays a link, and a pipe or a device is written to, never replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def is_special(path: Path) -> bool:
    """True for what is there and is neither a file nor a folder: renaming a file onto it would destroy it."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """What an operating system finds wrong with a file bears the name that the user gave, as an error of writing does not."""
    try:
        yield
    except OSError as wrong:
        wrong.filename, wrong.filename2 = str(path), None
        raise


def place(path: Path, content: str | bytes) -> None:
    """Write a text (UTF-8) or bytes as a file, which keeps its permissions.

    Raises OSError; what stood there before then still does.
    """
    with naming(path):
        _place(path, content.encode() if isinstance(content, str) else content)


def _place(path: Path, written: bytes) -> None:
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
    except OSError:
        with contextlib.suppress(OSError):
            writing.unlink(missing_ok=True)
        raise
