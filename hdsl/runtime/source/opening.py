"""Opening: what a user names as a stream, and the source that reads it."""

from __future__ import annotations

from pathlib import Path

from hdsl.runtime.source.block import Source
from hdsl.runtime.source.csv_rows import CsvSource
from hdsl.runtime.source.lines import FileLines


def open_source(given: object) -> Source:
    path = Path(str(given))
    return CsvSource(FileLines(path))
