"""Frames and samples from Python: tables of pandas, polars and Arrow, arrays by name, and any iterable of samples.

No library of frames is imported: whatever has columns that become numpy arrays is one.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.source.arrays import ArraySource, array_block, columns_of, held_source
from hdsl.runtime.source.block import ROWS, Block, Source, StreamError

SLOW = 1e-3
"""Seconds for which a generator works at one sample before it counts as slow."""


def frame_source(frame: Any) -> ArraySource | None:
    """A table in memory, or arrays by name; None for what is neither."""
    name = type(frame).__name__
    if isinstance(frame, Mapping):
        return held_source(name, {str(key): np.asarray(value) for key, value in frame.items()})
    names = getattr(frame, "column_names", None) or getattr(frame, "columns", None)
    if names is None or not hasattr(frame, "__getitem__"):
        return None
    return held_source(name, {str(key): _column(frame[key]) for key in names})


def _column(column: Any) -> NDArray[Any]:
    """A column as numpy holds it; what lacks among whole numbers becomes NaN."""
    if hasattr(column, "to_numpy"):
        return np.asarray(column.to_numpy())
    return np.asarray(column)


class SampleSource(Source):
    """Samples one after another, each a mapping of numbers, lists or arrays by name; a torch IterableDataset too.

    What gives a new iterator each time is read as often as it is asked for, a generator once, as live: where it is slow,
    each sample is handed on by itself. The first sample names the columns.
    """

    def __init__(self, samples: Iterable[Mapping[str, Any]], name: str = "samples") -> None:
        self.name, self._samples = name, samples
        iterator = iter(samples)
        self.live = iterator is samples
        first = next(iterator, None)
        if first is None:
            raise StreamError(f"{name}: there is no sample; expected mappings of numbers by name")
        if not isinstance(first, Mapping):
            found = type(first).__name__
            raise StreamError(f"{name}: found {found} as the first sample, expected a mapping of numbers by name")
        self._first: Mapping[str, Any] | None = first
        self._rest = iterator
        self._places = {
            column: place for key, value in first.items() for column, place in columns_of(str(key), _array(value)[None]).items()
        }
        self.header = tuple(self._places)
        length = getattr(samples, "__len__", None)
        self.rows = None if length is None else length()

    def blocks(self, wanted: Sequence[str], truths: Collection[str] = (), size: int = ROWS) -> Iterator[Block]:
        if not self.live:
            return self._blocks(iter(self._samples), wanted, truths, size)
        if self._first is None:
            raise StreamError(f"{self.name} can be gone through once, and has been")
        first, self._first = self._first, None
        return self._blocks(_after(first, self._rest), wanted, truths, size)

    def _blocks(
        self, samples: Iterator[Mapping[str, Any]], wanted: Sequence[str], truths: Collection[str], size: int
    ) -> Iterator[Block]:
        row = 1
        while some := list(_few(samples, size) if self.live else islice(samples, size)):
            part = {column: self._entries(some, *self._places[column]) for column in wanted}
            yield array_block(self.name, row, part, truths)
            row += len(some)

    def _entries(self, samples: Sequence[Mapping[str, Any]], key: str, at: tuple[int, ...]) -> NDArray[Any]:
        found = [sample.get(key) for sample in samples]
        if at:
            found = [None if value is None else _entry(_array(value), at) for value in found]
        else:
            found = [value.item() if hasattr(value, "item") and np.size(value) == 1 else value for value in found]
        try:
            return np.array(found, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            held = np.empty(len(found), dtype=object)
            held[:] = found
            return held


def _few(samples: Iterator[Mapping[str, Any]], size: int) -> Iterator[Mapping[str, Any]]:
    """At most ``size`` samples, and no more after one that had to be waited for."""
    for _ in range(size):
        asked = time.perf_counter()
        sample = next(samples, None)
        if sample is None:
            return
        yield sample
        if time.perf_counter() - asked > SLOW:
            return


def _array(value: Any) -> NDArray[Any]:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _entry(value: NDArray[Any], at: tuple[int, ...]) -> Any:
    fits = value.ndim == len(at) and all(k < size for k, size in zip(at, value.shape, strict=True))
    return value[at].item() if fits else f"an array {value.shape}"


def _after(first: Mapping[str, Any], rest: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    yield first
    yield from rest
