"""JSON lines: an object a line, its values by name; the first object names the columns."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hdsl.runtime.source.block import (
    BROKEN,
    CELLS,
    CUT,
    ROWS,
    SIZE,
    TYPE,
    WANTED_FINITE,
    WANTED_NUMBER,
    WANTED_TRUTH,
    Block,
    Fault,
    Numbers,
    Source,
    StreamError,
    shown,
)
from hdsl.runtime.source.lines import Lines, undecoded

NUMBERS = {int, float, type(None)}
Place = tuple[str, tuple[int, ...]]


class JsonSource(Source):
    """A file or pipe of JSON lines. Raises StreamError where the first line holds no object with numbers.

    A list is a vector: ``u`` of three numbers are the columns ``u[0]``, ``u[1]``, ``u[2]``; a list of lists is a matrix.
    """

    def __init__(self, lines: Lines, name: str | None = None) -> None:
        self._lines, self.name, self.live = lines, name or lines.name, lines.live
        first, self._pending = self._open(ROWS)
        self._places = {column: place for key, value in first.items() for column, place in _columns(key, value)}
        self._shapes = {key: np.shape(value) for key, value in first.items() if isinstance(value, list)}
        self.header = tuple(self._places)

    def expected(self) -> int | None:
        return self._lines.expected()

    def blocks(self, wanted: Sequence[str], truths: Collection[str] = (), size: int = ROWS) -> Iterator[Block]:
        if not self.live:
            batches = self._lines.batches(size)
        elif self._pending is not None:
            batches, self._pending = self._pending, None
        else:
            raise StreamError(f"{self.name} is a pipe, and what came down it cannot be read a second time")
        return self._blocks(batches, wanted, truths)

    def _blocks(self, batches: Iterator[list[str]], wanted: Sequence[str], truths: Collection[str]) -> Iterator[Block]:
        line = 1
        for batch in batches:
            if batch or self.live:
                yield self._block(line, batch, wanted, truths)
            line += len(batch)

    def _open(self, size: int) -> tuple[dict[str, Any], Iterator[list[str]] | None]:
        """The first object; and, of a pipe, all lines from the first on."""
        batches = self._lines.batches(size)
        seen: list[str] = []
        for batch in batches:
            for k, text in enumerate(batch):
                if not text.strip():
                    continue
                found, fault = self._object(text, len(seen) + k + 1, k == len(batch) - 1)
                if fault is not None:
                    raise StreamError(fault.message)
                assert found is not None
                return found, itertools.chain([seen + batch], batches) if self.live else None
            seen += batch
        raise StreamError(f"{self.name}: the file is empty; expected a JSON object a line")

    def _object(self, text: str, line: int, last: bool) -> tuple[dict[str, Any] | None, Fault | None]:
        """What a line holds, or what is wrong with it."""
        place = f"{self.name}:{line}"
        if found := undecoded(text):
            return None, Fault(BROKEN, f"{place}: this is no UTF-8 text ({found})")
        try:
            value = json.loads(text.rstrip())
        except RecursionError:
            return None, Fault(BROKEN, f"{place}: this is no JSON (it is nested too deep)")
        except ValueError as wrong:
            if last and self._lines.cut:
                return None, Fault(CUT, f"{place}: the stream ends in the middle of this line")
            column = getattr(wrong, "colno", 1)
            return None, Fault(BROKEN, f"{place}:{column}: this is no JSON ({getattr(wrong, 'msg', wrong)})")
        if not isinstance(value, dict):
            expected = 'a JSON object, for example {"u": 1.5, "v": 2}'
            return None, Fault(BROKEN, f"{place}: found {shown(text)}, expected {expected}")
        return value, None

    def _block(self, first: int, batch: list[str], wanted: Sequence[str], truths: Collection[str]) -> Block:
        objects: list[dict[str, Any]] = []
        places: list[int] = []
        faults: dict[int, Fault] = {}
        for k, text in enumerate(batch):
            if not text.strip():
                continue
            made, fault = self._object(text, first + k, k == len(batch) - 1)
            if fault is not None:
                faults[len(objects)] = fault
            objects.append(made or {})
            places.append(first + k)

        def tell(row: int, name: str, expected: str) -> str:
            key, path = self._places[name]
            found = objects[row].get(key, "")
            for index in path:
                found = found[index] if isinstance(found, list) and index < len(found) else ""
            text = "" if found in ("", None) else json.dumps(found, ensure_ascii=False)
            return f"{self.name}:{places[row]}: found {shown(text)} for `{name}`, expected {expected}"

        for key, shape in self._shapes.items():
            if any(self._places[name][0] == key for name in wanted):
                for row, each in enumerate(objects):
                    if row not in faults and (found := _misshapen(each.get(key), shape)):
                        message = f"{self.name}:{places[row]}: found {found} for `{key}`, as in the first line"
                        faults[row] = Fault(CELLS, message)
        numbers: dict[str, Numbers] = {}
        for name in wanted:
            key, path = self._places[name]
            cells = [each.get(key) for each in objects]
            for index in path:
                cells = [cell[index] if isinstance(cell, list) and index < len(cell) else None for cell in cells]
            numbers[name], wrong = _truths(cells) if name in truths else _numbers(cells)
            for row, (kind, expected) in wrong.items():
                if row not in faults:
                    faults[row] = Fault(kind, tell(row, name, expected))
        return Block(numbers, np.array(places, dtype=np.int64), faults, tell)


def _columns(key: str, value: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[str, Place]]:
    if isinstance(value, list) and len(path) < 4:
        for index, each in enumerate(value):
            yield from _columns(key, each, (*path, index))
    else:
        yield f"{key}[{','.join(map(str, path))}]" if path else key, (key, path)


def _misshapen(value: Any, shape: tuple[int, ...]) -> str:
    """What is found instead of a list of the shape of the first line's."""
    if value is None:
        return ""
    if not isinstance(value, list):
        return f"{shown(json.dumps(value, ensure_ascii=False))}, expected a list of {shape[0]}"
    if len(value) != shape[0]:
        return f"a list of {len(value)}, expected one of {shape[0]}"
    return next((told for each in value if (told := _misshapen(each, shape[1:]))), "") if len(shape) > 1 else ""


def _numbers(cells: Sequence[Any]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    """Values as numbers, NaN where null or missing; what is none by position."""
    if set(map(type, cells)) <= NUMBERS:
        try:
            values = np.array(cells, dtype=np.float64)
        except OverflowError:
            pass
        else:
            if not np.isinf(values).any():
                return values, {}
    values, wrong = np.full(len(cells), np.nan), {}
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        if type(cell) not in NUMBERS:
            wrong[row] = TYPE, WANTED_NUMBER
            continue
        try:
            values[row] = cell
        except OverflowError:
            values[row] = math.inf
        if math.isinf(values[row]):
            wrong[row] = SIZE, WANTED_FINITE
    return values, wrong


def _truths(cells: Sequence[Any]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    known: Mapping[Any, float] = {None: 0.0, False: 0.0, True: 1.0}  # 0 and 1 are the same keys
    values, wrong = np.zeros(len(cells)), {}
    for row, cell in enumerate(cells):
        if isinstance(cell, str | list | dict) or cell not in known:
            wrong[row] = TYPE, WANTED_TRUTH
        else:
            values[row] = known[cell]
    return values, wrong
