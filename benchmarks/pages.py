"""Tables that a command prints and, with ``--docs``, writes into a page of docs/ between marks.

A page is written by hand around the marks ``<!-- NAME -->`` … ``<!-- end of NAME -->``; what a command made stands between
them, and the prose around them stays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import machine, table

DOCS = Path(__file__).resolve().parents[1] / "docs"
SPEED = DOCS / "speed.md"


@dataclass(frozen=True)
class Table:
    """A table under the mark that it has on its page; ``notes`` stand below it, a paragraph each."""

    mark: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """For a terminal."""
        return "\n".join([self.mark, "", table(list(self.head), [list(row) for row in self.rows]), *self.notes])

    def page(self, made: str) -> str:
        """For a page, below the line that says what made it."""
        return "\n".join([made, "", markdown(self.head, self.rows), *(f"{note}\n" for note in self.notes)])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of a page; every row has as many cells as the head."""
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells below a head of {len(head)}: {row}")
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))


def between(text: str, mark: str, made: str) -> str:
    """A page's text with ``made`` in place of what stood between the marks; ValueError where these do not stand there once."""
    before, _, after = _parted(text, mark)
    return f"{before}<!-- {mark} -->\n{made.rstrip()}\n<!-- end of {mark} -->{after}"


def inside(text: str, mark: str) -> str:
    """What stands between the marks; ValueError where these do not stand there once."""
    return _parted(text, mark)[1]


def _parted(text: str, mark: str) -> tuple[str, str, str]:
    opening, closing = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    if text.count(opening) != 1 or text.count(closing) != 1 or text.index(opening) > text.index(closing):
        raise ValueError(f"the page needs {opening} and, below it, {closing}, each once")
    before, rest = text.split(opening)
    middle, after = rest.split(closing)
    return before, middle, after


def write(page: Path, made: Mapping[str, str]) -> None:
    """Writes into a page, by mark, what a command made; the prose around the marks stays."""
    text = page.read_text(encoding="utf-8")
    for mark, each in made.items():
        text = between(text, mark, each)
    page.write_text(text, encoding="utf-8")


def publish(name: str, tables: Sequence[Table], threads: int, load: float, page: Path = SPEED) -> None:
    """Writes the tables of ``python -m benchmarks.NAME`` into a page; ``load`` is of the machine as the command began."""
    said = f"{made_by(name, threads=threads)[:-1]}; others kept the machine at a load of {load:.1f} as it began."
    write(page, {each.mark: each.page(said) for each in tables})


def made_by(name: str, given: Sequence[str] | None = None, threads: int = 1) -> str:
    """The line of a page that says which command made it, with its arguments, and on what kind of machine."""
    said = sys.argv[1:] if given is None else given
    return f"`{' '.join([f'python -m benchmarks.{name}', *said])}`, on {machine(threads)}."


def load() -> float:
    """How many processes wanted a processor in the last minute; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
