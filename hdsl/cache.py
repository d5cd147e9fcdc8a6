"""Cache: what was worked out once, kept in the user's cache folder under a name made of all that it was worked out from.

An entry is a hash of its content and the content: one that was cut off or changed is as if it were not there, as is one that
cannot be read or written. A folder or a file that others can write to is not used; who can write to the user's own could change
what the user runs as well. ``HDSL_CACHE`` names another folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path

MOST_BYTES = 64 * 2**20
"""Bytes of all entries beyond which the ones that were read or written longest ago are removed."""

OTHERS_WRITE = 0o022


def cache_folder() -> Path | None:
    """Where entries stand, be it there or not; None where the user has no place for them."""
    told = os.environ.get("HDSL_CACHE", "")
    if told and not is_off():
        return Path(told)
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        place = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        place = os.path.join(home, "Library", "Caches")
    else:
        place = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return Path(place) / "hdsl" if os.path.isabs(place) else None


def is_off() -> bool:
    """Whether nothing of a model is to be kept or read."""
    return os.environ.get("HDSL_CACHE", "").lower() == "off"


def fetch(name: str) -> bytes | None:
    """The content of an entry, None where there is none that is whole. It counts as used just now."""
    folder = cache_folder()
    try:
        if folder is None or not (_is_own(folder) and _is_own(folder / name)):
            return None
        digest, _, content = (folder / name).read_bytes().partition(b"\n")
        with contextlib.suppress(OSError):  # it may be read though it cannot be touched
            os.utime(folder / name)
        return content if digest == _digest(content) else None
    except OSError:
        return None


def keep(name: str, content: bytes) -> None:
    """Write an entry whole or not at all, also where several processes write it at once; then remove what is too much."""
    folder = cache_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_own(folder):
            _write(folder, folder / name, _digest(content) + b"\n" + content)
            _trim(folder)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _is_own(path: Path) -> bool:
    """Whether a file or a folder is the user's, and nobody else can write to it. Raises OSError where it is not there."""
    found = path.stat()
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE)


def _write(folder: Path, path: Path, content: bytes) -> None:
    import tempfile  # where nothing is written it is not loaded

    number, writing = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with open(number, "wb") as file:
            file.write(content)
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


def fetch_file(name: str) -> Path | None:
    """A file that was kept, for whoever reads it by its path; None where it is not there whole. It counts as used just now."""
    folder = cache_folder()
    try:
        if folder is None or not (_is_own(folder) and _is_own(folder / name)):
            return None
        if _digest((folder / name).read_bytes()) != fetch(f"{name}.digest"):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder / name)
        return folder / name
    except OSError:
        return None


def keep_file(name: str, content: bytes) -> Path | None:
    """Keep content as a file of its own, whole or not at all. None where it cannot be kept."""
    folder = cache_folder()
    if folder is None:
        return None
    keep(f"{name}.digest", _digest(content))
    with contextlib.suppress(OSError):
        if _is_own(folder):
            _write(folder, folder / name, content)
            _trim(folder)
    return fetch_file(name)
