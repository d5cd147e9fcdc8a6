"""Arrays: columns that numpy holds, of a frame in memory or of a .npy or .npz file, which are read a part at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.source.block import (
    ROWS,
    SIZE,
    TRUTH,
    TYPE,
    WANTED_FINITE,
    WANTED_NUMBER,
    WANTED_TRUTH,
    Block,
    Fault,
    Numbers,
    Source,
    StreamError,
    sentence,
)

Parts = Iterator[Mapping[str, NDArray[Any]]]


class ArraySource(Source):
    """Columns of numbers by name, from parts that are made again for each pass.

    Args:
        name: what is shown.
        header: the names of the columns.
        parts: gives, for some names and a size, arrays (rows,) by name, at most so many rows at a time.
        rows: how many there are in all, where that is known.
    """

    def __init__(
        self, name: str, header: Sequence[str], parts: Callable[[Sequence[str], int], Parts], rows: int | None = None
    ) -> None:
        self.name, self.header, self.rows, self._parts = name, tuple(header), rows, parts
        for each in self.header:
            if self.header.count(each) > 1:
                raise StreamError(f"{name}: there are two columns `{each}`")

    def blocks(self, wanted: Sequence[str], truths: Collection[str] = (), size: int = ROWS) -> Iterator[Block]:
        row = 1
        for part in self._parts(wanted, size):
            rows = len(next(iter(part.values()))) if part else 0
            if rows:
                yield array_block(self.name, row, part, truths)
            row += rows


def array_block(name: str, first: int, part: Mapping[str, NDArray[Any]], truths: Collection[str]) -> Block:
    """A block of arrays (rows,) by name, whose rows are counted from ``first``."""
    places = first + np.arange(len(next(iter(part.values()))), dtype=np.int64)

    def tell(row: int, column: str, expected: str) -> str:
        found = part[column][row]
        text = "" if _missing(found) else str(found)
        return sentence(f"{name}, row {places[row]}", text, column, expected)

    numbers: dict[str, Numbers] = {}
    faults: dict[int, Fault] = {}
    for column, values in part.items():
        numbers[column], wrong = _truths(values) if column in truths else numbers_of_array(values)
        for row, (kind, expected) in wrong.items():
            faults.setdefault(row, Fault(kind, tell(row, column, expected)))
    return Block(numbers, places, faults, tell)


def numbers_of_array(values: NDArray[Any]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    """Values as numbers, NaN where missing; what is none by position. Dates are seconds since 1970, durations seconds."""
    if values.dtype.kind in "mM":
        missing = np.isnat(values)
        seconds = values.astype(f"{values.dtype.kind}8[ns]").astype(np.int64) / 1e9
        return np.where(missing, np.nan, seconds), {}
    if values.dtype.kind not in "biuf":
        return _one_by_one(values)
    found = values.astype(np.float64)
    infinite = np.flatnonzero(np.isinf(found)).tolist()
    return found, {row: (SIZE, WANTED_FINITE) for row in infinite}


def _one_by_one(values: NDArray[Any]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    found, wrong = np.full(len(values), np.nan), {}
    for row, value in enumerate(values.tolist()):
        if _missing(value):
            continue
        if isinstance(value, bool | int | float) or hasattr(value, "as_integer_ratio"):
            try:
                found[row] = float(value)
            except OverflowError:
                found[row] = np.inf
            if np.isinf(found[row]):
                wrong[row] = SIZE, WANTED_FINITE
        else:
            wrong[row] = TYPE, WANTED_NUMBER
    return found, wrong


def _missing(value: Any) -> bool:
    """None, NaN, and what libraries of frames put in their place: it is not equal to itself, or says nothing."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def _truths(values: NDArray[Any]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    if values.dtype.kind in "OUST":
        read = [0.0 if _missing(value) else TRUTH.get(str(value).strip().lower()) for value in values.tolist()]
        wrong = {row: (TYPE, WANTED_TRUTH) for row, value in enumerate(read) if value is None}
        return np.array([value or 0.0 for value in read]), wrong
    found, _ = numbers_of_array(values)
    found = np.nan_to_num(found, nan=0.0)
    bad = np.flatnonzero((found != 0) & (found != 1)).tolist()
    return found, {row: (TYPE, WANTED_TRUTH) for row in bad}


def columns_of(name: str, array: NDArray[Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The columns of an array (rows, …): ``x`` of one axis, ``x[0]``, ``x[1]`` of two, ``x[0,0]`` of three."""
    if array.ndim == 1:
        return {name: (name, ())}
    return {f"{name}[{','.join(map(str, at))}]": (name, at) for at in np.ndindex(array.shape[1:])}


def npy_source(path: Path) -> ArraySource:
    """A .npy file: its fields are the columns, or where it has none 0, 1, … along the second axis. Raises StreamError."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as wrong:
        raise StreamError(f"{path}: this is no array of numbers ({wrong})") from None
    if array.ndim == 0:
        raise StreamError(f"{path}: this is a single number; expected an axis of rows")
    if array.dtype.names:
        held = {field: array[field] for field in array.dtype.names}
        return held_source(str(path), held)
    if array.ndim == 1:
        return held_source(str(path), {"0": array})
    return held_source(str(path), {str(k): array[:, k] for k in range(array.shape[1])})


def held_source(name: str, arrays: Mapping[str, NDArray[Any]]) -> ArraySource:
    """Arrays (rows, …) by name, which are there already. Raises StreamError where they differ in length."""
    pairs = [pair for key, array in arrays.items() for pair in columns_of(key, array).items()]
    rows, places = _one_length(name, {key: len(array) for key, array in arrays.items()}), dict(pairs)

    def parts(wanted: Sequence[str], size: int) -> Parts:
        for start in range(0, rows, size):
            part = slice(start, start + size)
            yield {column: np.asarray(arrays[places[column][0]][(part, *places[column][1])]) for column in wanted}

    return ArraySource(name, [column for column, _ in pairs], parts, rows)


def npz_source(path: Path) -> ArraySource:
    """A .npz file: its arrays are the columns, by name; each is read a part at a time. Raises StreamError."""
    try:
        with zipfile.ZipFile(path) as file:
            names = [entry for entry in file.namelist() if entry.endswith(".npy")]
            shapes: dict[str, tuple[tuple[int, ...], bool, np.dtype[Any]]] = {}
            for entry in names:
                with file.open(entry) as stream:
                    shapes[entry.removesuffix(".npy")] = _head(stream)
    except (zipfile.BadZipFile, ValueError) as wrong:
        raise StreamError(f"{path}: this is no file of arrays ({wrong})") from None
    for key, (shape, fortran, dtype) in shapes.items():
        if not shape or dtype.hasobject or (fortran and len(shape) > 1):
            why = "a single number" if not shape else "one of Python objects" if dtype.hasobject else "in Fortran's order"
            raise StreamError(f"{path}: the array `{key}` is {why}; expected rows of numbers")
    rows = _one_length(str(path), {key: shape[0] for key, (shape, _, _) in shapes.items()})
    places: dict[str, tuple[str, tuple[int, ...]]] = {}
    for key, (shape, _, dtype) in shapes.items():
        places |= columns_of(key, np.broadcast_to(np.zeros((), dtype), shape))

    def parts(wanted: Sequence[str], size: int) -> Parts:
        with zipfile.ZipFile(path) as file, ExitStack() as opened:
            streams = {}
            for key in dict.fromkeys(places[column][0] for column in wanted):
                streams[key] = opened.enter_context(file.open(f"{key}.npy"))
                _head(streams[key])
            for start in range(0, rows, size):
                some = min(size, rows - start)
                read = {key: _read(stream, some, shapes[key]) for key, stream in streams.items()}
                yield {column: read[places[column][0]][(slice(None), *places[column][1])] for column in wanted}

    return ArraySource(str(path), list(places), parts, rows)


def _head(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype of an array at the beginning of a stream."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    return shape, fortran, dtype


def _read(stream: Any, rows: int, head: tuple[tuple[int, ...], bool, np.dtype[Any]]) -> NDArray[Any]:
    shape, _, dtype = head
    count = rows * int(np.prod(shape[1:], dtype=np.int64))
    return np.frombuffer(stream.read(count * dtype.itemsize), dtype).reshape(rows, *shape[1:])


def _one_length(name: str, lengths: Mapping[str, int]) -> int:
    if len(set(lengths.values())) > 1:
        raise StreamError(f"{name}: its columns differ in length: {', '.join(f'{k} has {n}' for k, n in lengths.items())}")
    return next(iter(lengths.values()), 0)
