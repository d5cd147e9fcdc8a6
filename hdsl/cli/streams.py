"""The streams of a run: opened as the options say, their columns found, one alone or several beside one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hdsl.runtime.bad_rows import BadRows
    from hdsl.runtime.columns import Columns
    from hdsl.runtime.feed import Reading
    from hdsl.runtime.source.block import Source


@dataclass(frozen=True)
class Opened:
    """Streams that are open, and the columns of each."""

    sources: tuple[Source, ...]
    columns: tuple[Columns, ...]

    @property
    def sizes(self) -> Mapping[str, int]:
        """The sizes that the columns decide."""
        return self.columns[0].sizes


def open_streams(paths: tuple[Path, ...], follow: bool, model: Any, told: Mapping[str, str]) -> Opened:
    """Open all. Raises StreamError and OSError."""
    from hdsl.runtime.columns import find_columns
    from hdsl.runtime.source.opening import open_source

    sources = tuple(open_source(path, follow) for path in paths)
    return Opened(sources, tuple(find_columns(source.header, model, told) for source in sources))


def reading_of(opened: Opened, model: Any, scale: str, bad: BadRows, batch: int | None) -> Reading:
    """What a run reads. Raises StreamError.

    Args:
        batch: how many streams run beside one another; None for as many as were named.
    """
    from hdsl.runtime.beside import Beside
    from hdsl.runtime.stream import Stream

    streams = [Stream(s, model, c, scale, bad) for s, c in zip(opened.sources, opened.columns, strict=True)]
    lanes = batch or len(streams)
    if lanes == len(streams) == 1:
        return streams[0]
    if len(streams) == 1 and opened.columns[0].boundary is None:
        raise click.UsageError(
            f"--batch {lanes} runs the sequences of {streams[0].name} beside one another, and no column says where they end: "
            "--map boundary=COLUMN, or name a --stream for each"
        )
    return Beside(streams, lanes)


def bad_rows(policy: str) -> BadRows:
    """What happens to bad rows; those that are told of go to standard error as they come."""
    from hdsl.runtime.bad_rows import BadRows

    return BadRows(policy, lambda message: click.echo(f"left out: {message}", err=True))
