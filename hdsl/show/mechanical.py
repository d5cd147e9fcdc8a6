"""The page of a mechanical system: its Hamiltonian, what it makes of states and momenta, and the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from hdsl.derive.mechanical_step import SWEEPS
from hdsl.derive.methods import METHODS
from hdsl.model.model import Model
from hdsl.model.reach import reached
from hdsl.show.page import Equation, Row, Section, worded
from hdsl.terms.spelling import Style
from hdsl.terms.term import Definition

_KEPT = ("where", "adjoint", "state", "settings", "step", "departures")
_FIRST = 2
"""Sweeps of the implicit midpoint rule that are shown before the last; the others are like them."""

_SWEEPS = f"M by {SWEEPS} sweeps like the first two; a new value is nan where the last of them moved it by more than round-off"

Look = Callable[[str], str]


def mechanical_facts(model: Model) -> str:
    """``leapfrog of order 2, symplectic and time-reversible; q with p``"""
    pairs = ", ".join(f"{state} with {momentum}" for state, momentum in model.pairs.items())
    return f"{model.learning.step} {METHODS[model.learning.step].words}; {pairs}"


def written_forward(model: Model) -> set[str]:
    """The definitions that are not there for a derivative alone."""
    reads = {definition.name: definition.reads() for definition in model.definitions}
    return set(reads) if model.hamiltonian is None else reached(model.outputs, reads)


def of_mechanics(model: Model, sections: Sequence[Section], look: Look, style: Style) -> tuple[Section, ...]:
    """Of the sections of a page those that a mechanical system has; its energy stands by itself.

    Args:
        look: how a name looks in a formula.
    """
    made = []
    for section in sections:
        rows = section.rows
        if section.key == "where":
            energy = [row for row in rows if row.equations[0].name == model.hamiltonian]
            made.append(replace(section, rows=tuple(row for row in rows if row not in energy)))
            made.append(Section("energy", "energy", tuple(replace(row, paths=("H",)) for row in energy)))
        elif section.key == "state":
            names = [row.equations[0].name.removeprefix("dot:") for row in rows]
            notes = [worded(_slope(model, name, look, style), style) for name in names]
            made.append(replace(section, rows=tuple(replace(r, note=n) for r, n in zip(rows, notes, strict=True))))
        elif section.key == "step":
            made.append(replace(section, words=_SWEEPS if model.learning.step == "implicit-midpoint" else ""))
        elif section.key in _KEPT:
            made.append(section)
    return tuple(made)


def _slope(model: Model, name: str, look: Look, style: Style) -> str:
    """``∂H/∂p`` for a state, ``−∂H/∂q`` for a momentum."""
    partial, minus = ("∂", "−") if style == "text" else (r"\partial ", "-")
    of, sign = (model.pairs[name], "") if name in model.pairs else (_state_of(model, name), minus)
    return f"{sign}{partial}{look(str(model.hamiltonian))}/{partial}{look(of)}"


def _state_of(model: Model, momentum: str) -> str:
    return next(state for state, other in model.pairs.items() if other == momentum)


def shortened(model: Model, lines: Iterable[Definition]) -> tuple[Definition, ...]:
    """The lines of a step that are shown: of the sweeps the first, and what comes of the last."""
    if model.learning.step != "implicit-midpoint":
        return tuple(lines)
    shown = []
    for line in lines:
        stage = int(line.name.partition("@")[2] or 0)
        between = 2 * _FIRST + 1 < stage < 2 * SWEEPS
        if not between and not line.name.startswith(("change:", "gap:", "scale:", "moved:")):
            shown.append(line)
    return tuple(shown)


def settled(rows: Iterable[Row], lines: Iterable[Definition], told: Callable[[Definition], Equation]) -> Iterator[Row]:
    """The rows with the new cells as they are where the sweeps have settled, if the step has such."""
    whole = {f"{line.name.removeprefix('moved:')}+": line for line in lines if line.name.startswith("moved:")}
    for row in rows:
        (equation,) = row.equations
        if equation.name in whole:
            row = replace(row, equations=(replace(equation, right=told(whole[equation.name]).right),))
        yield row
