"""Columns: which columns of a table each input and target of a model is read from."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hdsl.diagnostics.suggest import nearest
from hdsl.model.outline import whole
from hdsl.runtime.source.block import StreamError

if TYPE_CHECKING:
    from hdsl.model.model import Model, Quantity
    from hdsl.terms.term import Size

_AHEAD = re.compile(r"(.+)@([+-]\d{1,6})", re.ASCII)
_WINDOW = re.compile(r"(.+)@([+-]?\d{1,6})\.\.([+-]?\d{1,6})", re.ASCII)
WIDEST = 10_000
"""The most rows of a window."""

_OTHER_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}

_ENTRY = re.compile(r"(\w[\w.]*)(\[[\d, ]+\])?")


@dataclass(frozen=True)
class Column:
    """A column of a table, read ``ahead`` rows after the present one (before it, where negative)."""

    name: str
    ahead: int = 0

    def __str__(self) -> str:
        return f"{self.name}@{self.ahead:+d}" if self.ahead else self.name


@dataclass(frozen=True)
class Columns:
    """``of`` gives for each input and target its columns in row-major order; a target that is left out is not in it.

    ``time`` and ``boundary`` are columns where the stream has them. ``sizes`` are those that the columns decide.
    """

    of: Mapping[str, tuple[Column, ...]]
    time: Column | None
    boundary: Column | None
    sizes: Mapping[str, int]

    def names(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        extra = [column for column in (self.time, self.boundary) if column is not None]
        return tuple(dict.fromkeys(c.name for c in itertools.chain(*self.of.values(), extra)))


def read_map(texts: Iterable[str]) -> dict[str, str]:
    """``u=ssn``, ``v=ssn@+1``, ``u=ssn@-5..0``, ``u=a,b,c``, ``u[0]=a``; ``v=`` leaves a target out. Raises StreamError."""
    told: dict[str, str] = {}
    for text in texts:
        left, equals, right = text.partition("=")
        match = _ENTRY.fullmatch(left.strip())
        if not equals or match is None:
            raise StreamError(f"`{text}` maps nothing; expected NAME=COLUMN, for example u=ssn, v=ssn@+1 or u=a,b,c")
        name = match[1] + (match[2] or "").replace(" ", "")
        if name in told:
            raise StreamError(f"`{name}` is mapped twice")
        told[name] = right.strip()
    return told


def find_columns(header: Sequence[str], model: Model, told: Mapping[str, str]) -> Columns:
    """The columns of a model's inputs and targets: as told, else those that bear their names.

    Raises StreamError, with the nearest name, for a column that is not there, a name that the model does not read, and a
    number of columns that does not fit the sizes.
    """
    read = (*model.of_role("input"), *model.of_role("target"))
    _check_names(told, read)
    _check_parted(header, told)
    sizes: dict[str, int] = {}
    found: dict[str, tuple[Column, ...]] = {}
    for quantity in read:
        columns = _columns_of(quantity, header, told, _unknown(quantity, model, sizes))
        if columns is None:
            if quantity.role == "input":
                raise _absent(quantity, header)
            continue
        unknown = _unknown(quantity, model, sizes)
        if unknown is not None:
            sizes[unknown] = len(columns)
        wanted = count(quantity, model, sizes)
        if wanted != len(columns):
            listed = [str(column) for column in columns]
            shown = ", ".join([*listed[:6], "…", listed[-1]] if len(listed) > 8 else listed)
            many = f"{len(columns)} column{'s' * (len(columns) != 1)} ({shown})"
            raise StreamError(f"`{quantity.name}` has {wanted} numbers a sample; found {many}")
        found[quantity.name] = columns
    targets = model.of_role("target")
    if targets and not any(q.name in found for q in targets) and not any(told.get(q.name) == "" for q in targets):
        raise _absent(targets[0], header)
    marks = {name: _single(name, header, told) for name in ("t", "boundary")}
    return Columns(found, marks["t"], marks["boundary"], sizes)


def _check_parted(header: Sequence[str], told: Mapping[str, str]) -> None:
    """One name with what parts columns in other programs' files, and not asked for by it: the table was cut at no place."""
    mark = next((sign for sign in _OTHER_MARKS if sign in header[0]), None) if len(header) == 1 else None
    if mark is not None and not any(header[0] in column for column in told.values()):
        guess = f"are its columns parted by {_OTHER_MARKS[mark]}? Commas are read"
        raise StreamError(f"the one column is named {header[0]!r}: {guess}")


def number(size: Size, model: Model, sizes: Mapping[str, int]) -> int | None:
    """The value of a size, or None where it depends on one that nothing has told yet."""
    return whole(size, {**model.dims, **sizes})


def count(quantity: Quantity, model: Model, sizes: Mapping[str, int]) -> int:
    """How many numbers a quantity has. Raises StreamError naming a size that nothing tells."""
    total = 1
    for size in quantity.sizes:
        value = number(size, model, sizes)
        if value is None:
            raise StreamError(f"the size {size} of `{quantity.name}` is not known; give it with --dim {size}=…")
        total *= value
    return total


def shape(quantity: Quantity, model: Model, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The sizes of a quantity as numbers, after `count` has found them all."""
    return tuple(number(size, model, sizes) or 0 for size in quantity.sizes)


def _unknown(quantity: Quantity, model: Model, sizes: Mapping[str, int]) -> str | None:
    """The name of the one size of a vector that the number of its columns decides."""
    if len(quantity.sizes) == 1 and number(quantity.sizes[0], model, sizes) is None and quantity.sizes[0].is_Symbol:
        return str(quantity.sizes[0].name)
    return None


def _columns_of(
    quantity: Quantity, header: Sequence[str], told: Mapping[str, str], unknown: str | None
) -> tuple[Column, ...] | None:
    name = quantity.name
    if name in told:
        if told[name] == "":
            return None
        return tuple(column for part in _parts(told[name], header) for column in read_columns(part, header))
    entries = {key: read_column(value, header) for key, value in told.items() if key.startswith(f"{name}[")}
    entries |= {h: Column(h) for h in header if h.startswith(f"{name}[") and h not in entries}
    if entries:
        return _in_order(name, entries, len(quantity.sizes))
    return (Column(name),) if name in header else None


def _in_order(name: str, entries: Mapping[str, Column], rank: int) -> tuple[Column, ...]:
    """The entries ``u[0]``, ``u[1]``, … (``u[0,0]`` for a matrix) in row-major order; none may lack."""
    places = {tuple(int(k) for k in re.findall(r"\d+", key)): column for key, column in entries.items()}
    wrong = [key for key in entries if len(re.findall(r"\d+", key)) != rank]
    if wrong:
        raise StreamError(f"`{wrong[0]}` has not the {rank} ind{'ex' if rank == 1 else 'ices'} of `{name}`")
    ends = [max(place[axis] for place in places) + 1 for axis in range(rank)]
    if math.prod(ends) > len(places):  # an index may be huge: a gap is looked for among the small ones
        box = (range(min(end, len(places) + 1)) for end in ends)
        place = next(p for p in itertools.product(*box) if p not in places)
        raise StreamError(f"the stream has no column for `{name}[{','.join(map(str, place))}]`, but it has `{max(entries)}`")
    return tuple(places[place] for place in itertools.product(*map(range, ends)))


def _parts(text: str, header: Sequence[str]) -> list[str]:
    """A comma separates columns, unless a column is named so."""
    return [text] if text in header else [part.strip() for part in text.split(",")]


def read_columns(text: str, header: Sequence[str]) -> tuple[Column, ...]:
    """One column, or a window: ``ssn@-5..0`` is the present row and the five before it, the oldest first.

    Raises StreamError, as `read_column` does, and for a window that runs backwards or is too wide.
    """
    match = None if text in header else _WINDOW.fullmatch(text)
    if match is None:
        return (read_column(text, header),)
    name, first, last = read_column(match[1], header).name, int(match[2]), int(match[3])
    if first > last:
        raise StreamError(f"the window `{text}` runs backwards; the oldest row stands first: {name}@{last}..{first}")
    if last - first >= WIDEST:
        raise StreamError(f"the window `{text}` has {last - first + 1} rows; expected at most {WIDEST}")
    return tuple(Column(name, ahead) for ahead in range(first, last + 1))


def read_column(text: str, header: Sequence[str]) -> Column:
    """``ssn`` or ``ssn@+1``. Raises StreamError, with the nearest name, where the header has no such column."""
    if text in header:
        return Column(text)
    match = _AHEAD.fullmatch(text)
    name, ahead = (match[1], int(match[2])) if match else (text, 0)
    if name in header:
        return Column(name, ahead)
    raise StreamError(f"the stream has no column `{name}`{_meant(name, header)}")


def _single(name: str, header: Sequence[str], told: Mapping[str, str]) -> Column | None:
    if name not in told:
        return Column(name) if name in header else None
    if told[name] == "":
        return None
    column = read_column(told[name], header)
    if column.ahead:
        raise StreamError(f"`{name}` is read from the present row, not {column}")
    return column


def _check_names(told: Mapping[str, str], read: Sequence[Quantity]) -> None:
    names = [*(q.name for q in read), "t", "boundary"]
    for key in told:
        if key.partition("[")[0] not in names:
            guess = nearest(key, names)
            meant = f"; did you mean `{guess}`?" if guess else f"; it reads {', '.join(names)}"
            raise StreamError(f"the model reads no `{key}` from the stream{meant}")


def _absent(quantity: Quantity, header: Sequence[str]) -> StreamError:
    out = f", or --map {quantity.name}= to run without it" if quantity.role == "target" else ""
    return StreamError(
        f"the stream has no column for the {quantity.role} `{quantity.name}`{_meant(quantity.name, header)}; "
        f"name one with --map {quantity.name}=COLUMN{out}"
    )


def _meant(name: str, header: Sequence[str]) -> str:
    guess = nearest(name, header)
    listed = ", ".join(header[:12]) + (", …" if len(header) > 12 else "")
    return f" (did you mean `{guess}`?)" if guess else f" (its columns are {listed})"
