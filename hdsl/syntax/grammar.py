"""The parser that grammars/hdsl.lark describes, with its tables kept in the user's cache folder.

Making the tables takes about a tenth of a second, reading them back a hundredth. The cache is a convenience alone:
where its folder is missing, not writable or not the user's own, or the file is damaged, the tables are made again.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import lark

from hdsl.resources import folder

STARTS = ("statement", "setting")
LAYOUT = "1"  # of the cache file; a change makes old files unused


def grammar_text() -> str:
    """The text of grammars/hdsl.lark. Raises FileNotFoundError where the installation is incomplete."""
    return (folder("grammars") / "hdsl.lark").read_text(encoding="utf-8")


@functools.cache
def grammar() -> lark.Lark:
    """The parser; ``start`` is ``statement`` or ``setting``. Positions count from the start of the text given to it."""
    text = grammar_text()
    path = _cache_path(text)
    return (_load(path) if path else None) or _make(text, path)


def _make(text: str, path: Path | None) -> lark.Lark:
    made = lark.Lark(text, parser="lalr", lexer="contextual", start=list(STARTS))
    if path:
        # Any failure to write leaves the tables unwritten: they were made, and that is all that is needed.
        with suppress(OSError):
            _store(made, path)
    return made


def _cache_path(text: str) -> Path | None:
    """The file for this grammar, this lark and this Python; None where the user has no cache folder."""
    root = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    if not root or not os.path.isabs(root):
        home = os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        root = os.path.join(home, ".cache")
    key = hashlib.sha256("\0".join((LAYOUT, lark.__version__, sys.version, *STARTS, text)).encode()).hexdigest()
    return Path(root) / "hdsl" / f"grammar-{key[:24]}"


def _load(path: Path) -> lark.Lark | None:
    """The parser from a cache file; None where there is none, or none that is whole and the user's own."""
    try:
        if not (_is_own(path.parent) and _is_own(path)):
            return None
        digest, _, tables = path.read_bytes().partition(b"\n")
        if hashlib.sha256(tables).hexdigest().encode() != digest:
            return None
        return lark.Lark.load(io.BytesIO(tables))
    except Exception:  # whatever a stale table raises, the remedy is the same: make it again
        return None


def _is_own(path: Path) -> bool:
    """True where nobody else can have written: the tables are a pickle, which must not come from another user."""
    if not hasattr(os, "getuid"):
        return path.exists()
    status = path.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _store(made: lark.Lark, path: Path) -> None:
    """Write the tables in one move, so that a reader never meets half a file."""
    buffer = io.BytesIO()
    made.save(buffer)
    tables = buffer.getvalue()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".grammar-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(tables).hexdigest().encode() + b"\n" + tables)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
