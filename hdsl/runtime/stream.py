"""Stream: the samples of one source, from its first row to its last, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.checked import Checker, Rows
from hdsl.runtime.columns import Columns, find_columns
from hdsl.runtime.samples import Sampler, Samples, joined
from hdsl.runtime.scale import Running, Statistics, read_kind, scaled_columns
from hdsl.runtime.source.block import ROWS, Source, StreamError
from hdsl.runtime.source.opening import open_source

if TYPE_CHECKING:
    from hdsl.model.model import Model


@dataclass(frozen=True)
class Stream:
    """A source as a model reads it.

    ``scale`` is the text of the scaling, ``bad`` what happens to bad rows, ``size`` the most rows of a block.
    """

    source: Source
    model: Model
    columns: Columns
    scale: str = "none"
    bad: BadRows = field(default_factory=BadRows)
    size: int = ROWS

    @property
    def name(self) -> str:
        """What is shown of the source, a file without its folder."""
        return self.source.label

    @property
    def live(self) -> bool:
        return self.source.live

    @property
    def leaks(self) -> bool:
        """True where the scaling knows the future."""
        return read_kind(self.scale)[0] == "whole"

    def rows(self) -> Iterator[Rows]:
        """The good rows, a block at a time. Raises StreamError, where there is no row too."""
        checker = Checker(self.model, self.columns, self.bad, self.source.name)
        truths = {self.columns.boundary.name} if self.columns.boundary else set()
        seen = 0
        for block in self.source.blocks(self.columns.names(), truths, self.size):
            seen += len(block)
            yield checker.check(block)
        checker.finish()
        if not seen and not self.live:
            raise StreamError(f"{self.source.name}: there is no row below the names of the columns")

    @property
    def batch(self) -> int:
        return 1

    def known(self) -> int | None:
        """How many samples there are, where that is known before they are read; None where bad rows or ends may take some."""
        if self.source.rows is None or self.columns.boundary is not None or not self.bad.stops:
            return None
        reach = [column.ahead for q in self.model.of_role("input") for column in self.columns.of.get(q.name, ())]
        return max(0, self.source.rows - max(0, *reach) + min(0, *reach))

    def expected(self) -> int | None:
        """About how many samples there are, where anyone knows."""
        return self.source.expected()

    def samples(self, again: bool = False) -> Iterator[Samples | None]:
        """One pass: samples as soon as their rows have come; None where a live source gave none.

        Args:
            again: whether it has been read before: its bad rows are then told of no more.

        Raises:
            StreamError: with the place, what was found and what was expected; what was found before is given first.
            OSError: the source cannot be read.
        """
        stream = replace(self, bad=self.bad.silent()) if again else self
        yield from sampled(stream, stream.rows())

    def statistics(self) -> Statistics:
        """The scaling of one pass; for that of the whole stream it is read once more."""
        columns = scaled_columns(self.columns, self.model)
        if not self.leaks:
            return Statistics(self.scale, columns)
        running = {name: Running() for name in columns}
        self.gather(running)
        return Statistics(self.scale, columns, {name: each.now for name, each in running.items()})

    def gather(self, running: Mapping[str, Running]) -> None:
        """Take all rows into the statistics of the columns. Raises StreamError, as where the stream can be read once."""
        if self.live:
            raise StreamError(
                f"--scale whole reads a stream twice, and {self.source.name} can be read once; scale by running or first:N"
            )
        for rows in replace(self, bad=self.bad.silent()).rows():
            for name, each in running.items():
                each.add(rows.numbers[name])

    def whole(self) -> Samples:
        """All samples at once, for streams that memory holds. Raises StreamError as `samples` does, and where there is none."""
        parts = [part for part in self.samples() if part is not None]
        if not parts:
            raise StreamError(f"{self.source.name}: no row is left in which every input has a value")
        return joined(parts)


def sampled(
    stream: Stream, rows: Iterator[Rows], statistics: Statistics | None = None, ends: bool = False, live: bool = False
) -> Iterator[Samples | None]:
    """Rows that are checked as samples of a stream.

    Args:
        statistics: the scaling, where it is not the stream's own.
        ends: whether samples tell of the ends of sequences, with or without a column of them.
        live: whether to give None while there are none, for a stream that is not live itself too.
    """
    scaling = statistics or stream.statistics()
    sampler = Sampler(stream.model, stream.columns, scaling, stream.bad, ends)
    some = None
    for some in rows:
        made = sampler.push(some)
        if made is not None or live or stream.live:
            yield made
    if some is not None:
        rest = sampler.push(some.cut(slice(0, 0)), last=True)
        if rest is not None:
            yield rest


def read_stream(
    path: Path | str | object,
    model: Model,
    told: Mapping[str, str],
    columns: Columns | None = None,
    scale: str = "none",
    bad: BadRows | None = None,
) -> Stream:
    """Open a stream for a model.

    Args:
        path: what `hdsl.runtime.source.opening.open_source` takes: a file, a frame, any iterable of samples.
        told: columns by name, as `hdsl.runtime.columns.read_map` gives them.
        columns: as `find_columns` gives them, where the caller has looked already.

    Raises:
        StreamError: a column is missing, or the source is none.
        OSError: the file cannot be read.
    """
    read_kind(scale)
    source = open_source(path)
    return Stream(source, model, columns or find_columns(source.header, model, told), scale, bad or BadRows())
