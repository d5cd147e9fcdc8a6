"""Cache: what was worked out once, kept as text in the user's cache folder under a key made of all that it was worked out from.

An entry is a hash of its content and the content as JSON: one that was cut off or changed is as if it were not there, as is a
folder that cannot be read or written. Nothing is pickled. A folder that others can write to is not used; who can write to the
user's own could as well change what the user runs. ``HDSL_CACHE`` names another folder, or says ``off``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MOST_BYTES = 64 * 2**20
"""Bytes of all entries beyond which the ones that were read or written longest ago are removed."""

OTHERS_WRITE = 0o022


def cache_folder() -> Path | None:
    """Where entries stand, be it there or not; None where nothing is to be kept."""
    told = os.environ.get("HDSL_CACHE", "")
    if told.lower() == "off":
        return None
    if told:
        return Path(told)
    with contextlib.suppress(RuntimeError):  # a user without a home
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hdsl" / "cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "hdsl"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hdsl"
    return None


def fetch(key: str) -> Any:
    """The content of an entry, None where there is none that is whole. It counts as used just now."""
    folder = cache_folder()
    if folder is None or not _is_own(folder):
        return None
    try:
        path = folder / f"{key}.json"
        digest, _, body = path.read_text(encoding="utf-8").partition("\n")
        found = json.loads(body) if digest == _digest(body) else None
        with contextlib.suppress(OSError):  # it may be read though it cannot be touched
            os.utime(path)
        return found
    except (OSError, ValueError, RecursionError):
        return None


def keep(key: str, content: Any) -> None:
    """Write an entry whole or not at all, also where several processes write it at once; then remove what is too much."""
    folder = cache_folder()
    if folder is None:
        return
    body = json.dumps(content)
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_own(folder):
            _write(folder, folder / f"{key}.json", f"{_digest(body)}\n{body}")
            _trim(folder)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _is_own(folder: Path) -> bool:
    """Whether the folder is the user's, and nobody else can write to it."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE)


def _write(folder: Path, path: Path, text: str) -> None:
    number, writing = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(writing, path)
    except OSError:
        Path(writing).unlink(missing_ok=True)
        raise


def _trim(folder: Path) -> None:
    """Remove the files used longest ago until the rest is within bounds; another process may remove them too."""
    found = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            told = path.stat()
            found.append((told.st_mtime_ns, told.st_size, path))
    left = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if left <= MOST_BYTES:
            return
        left -= size
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
