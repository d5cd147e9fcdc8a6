"""Program: one body of straight-line tensor assignments, in the order in which it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hdsl.model.model import Model
from hdsl.terms.structured import STRUCTURED, is_view
from hdsl.terms.term import Definition, Structured


@dataclass(frozen=True)
class Program:
    """``lines`` run in order; a line named ``X+`` with ``X`` among ``cells`` is the new value of that cell.

    A line of ``held`` may not overwrite its cell where it stands, since the old value is still read below it: it is made
    beside the cell and put in at the end. Every other new value may be made in place.
    ``results`` are what it returns, by name of line or quantity; ``given`` what it is handed by the program before it.
    """

    name: str
    model: Model
    lines: tuple[Definition, ...]
    cells: tuple[str, ...]
    held: frozenset[str]
    results: tuple[str, ...]
    given: tuple[Definition, ...] = ()

    def reads(self) -> tuple[str, ...]:
        """What the program reads from outside, in order of first use."""
        made: set[str] = set()
        outside: dict[str, None] = {}
        for line in self.lines:
            for name in line.reads():
                if name not in made:
                    outside[name] = None
            made.add(line.name)
        for name in self.results:
            if name not in made:
                outside[name] = None
        handed = {line.name for line in self.given}
        return tuple(name for name in outside if name not in handed)

    def is_update(self, line: Definition) -> bool:
        """True where the line is the new value of a cell."""
        return line.name.endswith("+") and line.name[:-1] in self._moved

    @cached_property
    def _moved(self) -> frozenset[str]:
        return frozenset(self.cells)


def read_through(lines: Iterable[Definition]) -> dict[str, tuple[str, ...]]:
    """For each line what it reads, and what that is a view of: nothing of it may be overwritten before the line has run."""
    found: dict[str, tuple[str, ...]] = {}
    below: dict[str, tuple[str, ...]] = {}
    for line in lines:
        reads = tuple(line.reads())
        found[line.name] = (*reads, *(base for name in reads for base in below.get(name, ())))
        if is_view(line):
            below[line.name] = (reads[0], *below.get(reads[0], ()))
    return found


def check_program(program: Program) -> None:
    """Assert what every later pass relies on: each name made once, before it is read; operands known.

    Raises:
        ValueError: the compiler has made a program that does not hold together; never the user's fault.
    """
    made: set[str] = set()
    all_made = {line.name for line in program.lines}
    for line in program.lines:
        late = [name for name in line.reads() if name in all_made and name not in made]
        if late:
            raise ValueError(f"{program.name}: {line.name} reads {late[0]} before it is made")
        if line.name in made:
            raise ValueError(f"{program.name}: {line.name} is made twice")
        if isinstance(line.body, Structured) and not line.body.operands and STRUCTURED[line.body.row].arity != 0:
            raise ValueError(f"{program.name}: {line.name} has no operands")
        made.add(line.name)
    missing = {f"{cell}+" for cell in program.cells} - made
    if missing:
        raise ValueError(f"{program.name}: no new value for {sorted(missing)[0]}")
