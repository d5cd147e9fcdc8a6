"""Page: a derivation laid out for reading, in one spelling. Every format prints a page; none of them works anything out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from hdsl.terms.spelling import Style

_STEPS = ("step", "turn", "back", "move")
_DERIVED = ("state", "costate", "parameter", "control", "end")
"""Sections of equations that define nothing: none of them is shown because another reads it."""

_WORDED = re.compile(r"\\\((.*?)\\\)")

LIST_AT_LENGTH = 60
"""The longest list of names, in characters, that stands on one line."""

HEADINGS = {
    "where": "Definitions",
    "lagrangian": "Lagrangian",
    "energy": "Energy",
    "convention": "From the cost functional to the update of the parameters",
    "robust": "Robust Hamiltonian",
    "control": "Controls",
    "adjoint": "Adjoints",
    "state": "State equations",
    "costate": "Costate equations",
    "parameter": "Parameter equations",
    "beginning": "Beginnings",
    "ends": "Costates at the two ends",
    "end": "The end",
    "settings": "Settings",
    "step": "One step",
    "turn": "Where a sequence turns",
    "undo": "States before each token",
    "back": "The way back",
    "move": "At its end",
    "project": "Put back after a step",
    "departures": "Departures",
}
"""The heading of each section, where there is room for one; a section's own title is short."""


def worded(formula: str, style: Style) -> str:
    """A formula within words: between \\( and \\) where the page is in LaTeX, as it is where it is in text."""
    return rf"\({formula}\)" if style == "latex" else formula


def listed(names: list[str], style: Style) -> str:
    """Names one after another; where they are long, the first two and the last."""
    whole = ", ".join(names)
    if style == "latex" or len(whole) <= LIST_AT_LENGTH:
        return whole
    return ", ".join([*names[:2], "…", names[-1]])


def parted(words: str) -> Iterator[tuple[str, bool]]:
    """The parts of words, each with whether it is a formula in LaTeX."""
    for place, part in enumerate(_WORDED.split(words)):
        if part:
            yield part, place % 2 == 1


@dataclass(frozen=True)
class ToldSummand:
    """One summand of an equation: its text, sign included, and what it is there for.

    ``roots`` are in words (``cost fit``, ``dynamics of h``, ``learn eta``); ``lines`` and ``used`` where these stand; ``why``
    is one sentence of both.
    """

    text: str
    roots: tuple[str, ...]
    lines: tuple[int, ...] = ()
    used: tuple[tuple[str, tuple[int, ...]], ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Equation:
    """``left = right``; ``name`` is what it defines, by hdsl's own name (empty for a formula about the whole model);
    ``sign`` stands between them where it is an arrow. A derived equation has its ``summands``, whose texts joined are its
    right side, and ``marks``, their lines as they stand beside it (``20 | 17 | learn``)."""

    left: str
    right: str
    name: str = ""
    sign: str = "="
    summands: tuple[ToldSummand, ...] = ()
    marks: str = ""

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True)
class Row:
    """One line of a page: one equation, or two that belong side by side.

    ``lines`` are the lines of the .ham file that it comes from, ``used`` those of files that it uses, by file; ``note`` is
    a few words beside it, ``paths`` the names by which a reader asks for it (``costate.h``), ``reads`` the names that its
    equations read.
    """

    equations: tuple[Equation, ...]
    lines: tuple[int, ...] = ()
    note: str = ""
    paths: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    used: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Section:
    """Rows under one heading; ``words`` is a sentence that goes with them.

    Words, notes and facts are plain text; in a page in LaTeX formulas stand within them as `worded` makes them.
    """

    key: str
    title: str
    rows: tuple[Row, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class Page:
    """A derivation: title, a line of facts, the model's doc comment, and sections in the order of the derivation; ``texts`` are
    names and texts of the files that it is of."""

    name: str
    source: str
    facts: str
    doc: str
    style: Style
    sections: tuple[Section, ...]
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> Iterator[Row]:
        return (row for section in self.sections for row in section.rows)

    @property
    def paths(self) -> tuple[str, ...]:
        """What a reader can ask for."""
        return tuple(dict.fromkeys(path for row in self.rows for path in row.paths))

    def of(self, keys: Collection[str]) -> Page:
        """The page with some of its sections, in its own order."""
        return replace(self, sections=tuple(section for section in self.sections if section.key in keys))

    def only(self, path: str) -> Page:
        """The page with one equation and the definitions that it reads.

        Raises:
            ValueError: there is no such equation; the message lists those that there are.
        """
        if path not in self.paths:
            raise ValueError(f"there is no equation {path!r}; there are {', '.join(self.paths)}")
        wanted: set[str] = set()
        kept: list[Section] = []
        for section in reversed(self.sections):
            if (section.key in _STEPS) != path.startswith(("step.", "turn.")):  # the step has its own lines of the same names
                continue
            if (section.key == "undo") != path.startswith("undo."):  # and so has the way from the states after it
                continue
            rows = []
            for row in reversed(section.rows):
                named = wanted.intersection(e.name for e in row.equations)
                if path in row.paths or (named and section.key not in _DERIVED):
                    wanted |= row.reads
                    rows.append(row)
            if rows:
                kept.append(replace(section, rows=tuple(reversed(rows)), words=""))
        return replace(self, sections=tuple(reversed(kept)), doc="")
