"""Lines of text: of a file from its beginning, or of a pipe as they arrive, or of a file that goes on growing."""

from __future__ import annotations

import codecs
import os
import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from hdsl.runtime.source.block import ROWS, StreamError

WAIT = 0.1
"""Seconds after which a source that waits says that nothing came: how soon Ctrl-C is heard."""

PART = 1 << 16  # bytes that are asked of a pipe at once
LONGEST = 1 << 26  # characters of one line
_UNDECODED = re.compile("[\udc80-\udcff]")


class Lines(ABC):
    """Lines with their ends; bytes that are no UTF-8 stand there as `undecoded` finds them.

    ``name`` is shown. Live lines come once, as they arrive, with empty batches while nothing does. ``cut`` is true when a
    live source has ended without the end of its last line.
    """

    name: str
    live: bool = False
    cut: bool = False

    @abstractmethod
    def batches(self, size: int) -> Iterator[list[str]]:
        """At most ``size`` lines each. Raises OSError and StreamError."""

    def expected(self) -> int | None:
        """About how many lines there are."""
        return None


def undecoded(text: str) -> str | None:
    """``byte 0xff`` where a text holds a byte that was no UTF-8."""
    found = None if text.isascii() else _UNDECODED.search(text)
    return f"byte 0x{ord(found[0]) - 0xDC00:02x}" if found else None


class FileLines(Lines):
    """The lines of a file, as often as they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)

    def batches(self, size: int) -> Iterator[list[str]]:
        with open(self.path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            while lines := list(islice(file, size)):
                yield lines

    def expected(self) -> int | None:
        """From the length of the file and of its first lines."""
        with open(self.path, "rb") as file:
            start = file.read(PART)
            whole = os.fstat(file.fileno()).st_size
        return round(start.count(b"\n") * whole / len(start)) if start else 0


class PipeLines(Lines):
    """The lines that arrive on a pipe, or on standard input, without waiting for more."""

    live = True

    def __init__(self, name: str, handle: int) -> None:
        self.name, self._handle, self._used = name, handle, False

    def batches(self, size: int) -> Iterator[list[str]]:
        if self._used:
            raise StreamError(f"{self.name} is a pipe, and what came down it cannot be read a second time")
        self._used = True
        return self._batches(size)

    def _batches(self, size: int) -> Iterator[list[str]]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        rest = ""
        while True:
            if not self._ready():
                yield []
                continue
            part = self._read()
            if part is None:
                continue
            text = rest + decoder.decode(part, final=not part)
            lines = _split(text)
            rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
            if len(rest) > LONGEST:
                raise StreamError(f"{self.name}: a line of more than {LONGEST} characters; expected rows of a table")
            for start in range(0, len(lines), size):
                yield lines[start : start + size]
            if not part:
                break
        if rest:
            self.cut = True
            yield [rest]

    def _read(self) -> bytes | None:
        """Some bytes, none at the end; None where it has to be asked again."""
        return os.read(self._handle, PART)

    def _ready(self) -> bool:
        """True where reading does not wait; where the system cannot tell, it does."""
        if sys.platform == "win32":
            return True
        import select

        return bool(select.select([self._handle], [], [], WAIT)[0])


class FollowLines(PipeLines):
    """The lines of a file that is being written: at its end it is waited for more."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
        self._path, self._at, self._waiting = path, 0, False

    def _ready(self) -> bool:
        if self._waiting:
            time.sleep(WAIT)
        self._waiting = False
        if os.fstat(self._handle).st_size < self._at:
            raise StreamError(f"{self.name} has become shorter while it was followed")
        if os.fstat(self._handle).st_size == self._at:
            self._waiting = True
            return False
        return True

    def _read(self) -> bytes | None:
        part = os.read(self._handle, PART)
        self._at += len(part)
        return part or None


class Told(Lines):
    """Lines of a pipe whose first ones have been looked at already."""

    live = True

    def __init__(self, lines: Lines) -> None:
        self.name, self._lines = lines.name, lines
        self._seen: list[str] = []
        self._batches = lines.batches(ROWS)

    @property
    def cut(self) -> bool:  # type: ignore[override]
        return self._lines.cut

    def first(self) -> str:
        """The first line that is not blank; it is waited for."""
        for batch in self._batches:
            self._seen += batch
            if any(text.strip() for text in batch):
                break
        return next((text for text in self._seen if text.strip()), "")

    def batches(self, size: int) -> Iterator[list[str]]:
        return chain([self._seen], self._batches)


def _split(text: str) -> list[str]:
    """At line feeds alone: other letters that Python takes for the end of a line may stand in a cell."""
    return [line for line in re.split(r"(?<=\n)", text) if line]
