"""Arrow: Parquet, Arrow and Feather files, a batch at a time, by pyarrow where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.source.arrays import ArraySource, Parts
from hdsl.runtime.source.block import StreamError

INSTALL = "reading it takes pyarrow, which is not installed: pip install 'hdsl[arrow]'"


def parquet_source(path: Path) -> ArraySource:
    """A Parquet file. Raises StreamError where it is none, and where pyarrow is not installed."""
    parquet, arrow = _library(path, "pyarrow.parquet"), _library(path, "pyarrow")

    def opened() -> Any:
        return parquet.ParquetFile(path, memory_map=True)

    with _understood(path, arrow), opened() as file:
        fields, rows = list(file.schema_arrow), file.metadata.num_rows

    def batches(wanted: Sequence[str], size: int) -> Iterator[Any]:
        with _understood(path, arrow), opened() as file:
            yield from file.iter_batches(batch_size=size, columns=list(wanted))

    return _source(path, fields, batches, rows)


def arrow_source(path: Path) -> ArraySource:
    """An Arrow file or stream of batches, or a Feather file. Raises StreamError likewise."""
    ipc, arrow = _library(path, "pyarrow.ipc"), _library(path, "pyarrow")

    def batches(wanted: Sequence[str], size: int) -> Iterator[Any]:
        with _understood(path, arrow), arrow.memory_map(str(path)) as file:
            yield from _cut(_batches(ipc, arrow, file, [names.index(name) for name in wanted]), size)

    with _understood(path, arrow), arrow.memory_map(str(path)) as file:
        fields, rows = _fields(ipc, arrow, file)
    names = [field.name for field in fields]
    return _source(path, fields, batches, rows)


def _batches(ipc: Any, arrow: Any, file: Any, columns: Sequence[int]) -> Iterator[Any]:
    """The batches of a file with an index of them at its end, or of one that is a stream; some columns alone."""
    options = ipc.IpcReadOptions(included_fields=list(columns))
    try:
        reader = ipc.open_file(file, options=options)
    except arrow.ArrowInvalid:
        file.seek(0)
        yield from ipc.open_stream(file, options=options)
        return
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _fields(ipc: Any, arrow: Any, file: Any) -> tuple[list[Any], int | None]:
    try:
        reader = ipc.open_file(file)
    except arrow.ArrowInvalid:
        file.seek(0)
        return list(ipc.open_stream(file).schema), None
    fields = list(reader.schema)
    file.seek(0)  # one column is enough to count, and others may have to be decompressed
    return fields, sum(batch.num_rows for batch in _batches(ipc, arrow, file, [0] if fields else []))


def _cut(batches: Iterator[Any], size: int) -> Iterator[Any]:
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            yield batch.slice(start, size)


def _source(
    path: Path, fields: Sequence[Any], batches: Callable[[Sequence[str], int], Iterator[Any]], rows: int | None
) -> ArraySource:
    """Columns by name; a list of a fixed size is a vector."""
    places: dict[str, tuple[str, int | None]] = {}
    for field in fields:
        size = getattr(field.type, "list_size", None)
        places |= {field.name: (field.name, None)} if size is None else {
            f"{field.name}[{k}]": (field.name, k) for k in range(size)
        }  # fmt: skip

    def parts(wanted: Sequence[str], size: int) -> Parts:
        for batch in batches(tuple(dict.fromkeys(places[column][0] for column in wanted)), size):
            yield {column: _values(batch.column(places[column][0]), places[column][1]) for column in wanted}

    return ArraySource(str(path), list(places), parts, rows)


def _values(column: Any, entry: int | None) -> NDArray[Any]:
    """A column, or an entry of its lists, as numpy holds it: whole numbers among which some lack become reals."""
    if entry is not None:
        size = column.type.list_size
        flat = _values(column.values.slice(column.offset * size, len(column) * size), None).reshape(len(column), size)
        values = flat[:, entry]
        missing = column.is_null().to_numpy(zero_copy_only=False)
        return np.where(missing, np.nan, values) if missing.any() else values
    found: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return found


def _library(path: Path, name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise StreamError(f"{path}: {INSTALL}") from None


class _understood:
    """What pyarrow finds wrong becomes a StreamError."""

    def __init__(self, path: Path, arrow: Any) -> None:
        self._path, self._wrong = path, arrow.ArrowException

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, wrong: BaseException | None, trace: Any) -> None:
        if isinstance(wrong, self._wrong) and not isinstance(wrong, OSError):
            raise StreamError(f"{self._path}: this is no file of its kind ({str(wrong).splitlines()[0]})") from None
