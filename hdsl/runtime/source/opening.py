"""Opening: what a user names as a stream, and the source that reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from hdsl.placing import is_special
from hdsl.runtime.source.arrays import npy_source, npz_source
from hdsl.runtime.source.arrow import arrow_source, parquet_source
from hdsl.runtime.source.block import Source, StreamError
from hdsl.runtime.source.csv_rows import CsvSource
from hdsl.runtime.source.frames import SampleSource, frame_source
from hdsl.runtime.source.json_lines import JsonSource
from hdsl.runtime.source.lines import FileLines, FollowLines, Lines, PipeLines, Told

STANDARD_INPUT = "-"

TEXTS: dict[str, Callable[[Lines], Source]] = {
    ".csv": CsvSource,
    ".jsonl": JsonSource,
    ".ndjson": JsonSource,
}
BINARIES: dict[str, Callable[[Path], Source]] = {
    ".npy": npy_source,
    ".npz": npz_source,
    ".parquet": parquet_source,
    ".arrow": arrow_source,
    ".feather": arrow_source,
}
"""The kinds of file by their suffix: text, which may be a pipe or be followed, and what is read by its own index."""


def open_source(given: object, follow: bool = False) -> Source:
    """The source of what a user gives.

    Args:
        given: the path of a file or a named pipe, ``-`` for standard input, a frame, arrays by name, or any iterable of
            samples, which are mappings of numbers by name.
        follow: whether to wait at the end of a file for what is appended to it.

    Raises:
        StreamError: it is none of these, or its first line or sample tells no names.
        OSError: it cannot be read.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, str | Path):
        return _file(str(given), follow)
    found = frame_source(given)
    if found is not None:
        return found
    if isinstance(given, Iterable):
        return SampleSource(given, type(given).__name__)
    raise StreamError(f"found {type(given).__name__}, expected a file, a frame, or samples one after another")


def _file(name: str, follow: bool) -> Source:
    path, suffix = Path(name), Path(name).suffix.lower()
    if name == STANDARD_INPUT:
        return _of_text("", PipeLines("standard input", sys.stdin.fileno()))
    if suffix in BINARIES:
        if follow or is_special(path):
            why = "cannot be followed" if follow else "is a pipe or a device, and its kind is read by an index at its end"
            raise StreamError(f"{name} {why}; {_and(TEXTS)} can")
        return BINARIES[suffix](path)
    if suffix not in TEXTS and not is_special(path) and path.is_file():
        raise StreamError(f"{name}: of what kind it is, its name does not tell; expected one of {_and({**TEXTS, **BINARIES})}")
    if follow:
        if is_special(path):
            raise StreamError(f"{name} is a pipe or a device: it is waited for anyway, and --follow is for files")
        return _of_text(suffix, FollowLines(path))
    if is_special(path):
        return _of_text(suffix, PipeLines(name, os.open(path, os.O_RDONLY)))
    return _of_text(suffix, FileLines(path))


def _of_text(suffix: str, lines: Lines) -> Source:
    """CSV or JSON lines, by the suffix, or by the first letter of what comes down a pipe."""
    if suffix in TEXTS:
        return TEXTS[suffix](lines)
    if not lines.live:
        return CsvSource(lines)
    told = Told(lines)
    return JsonSource(told) if told.first().lstrip("\ufeff \t\r\n").startswith(("{", "[")) else CsvSource(told)


def _and(kinds: Iterable[str]) -> str:
    *some, last = kinds
    return f"{', '.join(some)} and {last}"
