"""The stages of a step as a page shows them: the tableau once, in terms of slopes, whatever cells there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import sympy

from hdsl.derive.integrators import TABLEAUS, at_stage
from hdsl.derive.seeds import TAU
from hdsl.model.model import Learning, Model
from hdsl.model.two_step import TWO_STEP
from hdsl.show.page import Equation, Row, worded
from hdsl.terms.notation import Notation
from hdsl.terms.spelling import Style
from hdsl.terms.term import Definition, Elementwise, slot

ALL = "all:X"
"""Any cell that flows."""


def method(learning: Learning) -> str:
    """What a step is called: ``sequential Euler``, ``rk4 of order 4``."""
    tableau = TABLEAUS.get(learning.step)
    if learning.replays:
        return "two-step of order 2" if learning.step == TWO_STEP else "Euler"  # forward, and its transpose on the way back
    return f"{learning.order} Euler" if tableau is None else f"{learning.step} of order {tableau.order}"


def stage_of(name: str) -> int:
    """The stage that a line belongs to; 1 for what is worked out at the old values."""
    stage = name.rpartition("@")[2]
    return int(stage) if "@" in name and stage.isdigit() else 1


def stages(step: str) -> tuple[Definition, ...]:
    """X⁽²⁾, X⁽³⁾, … and X⁺ in terms of Ẋ, as definitions of a cell that stands for all."""
    tableau = TABLEAUS[step]
    rows = [*enumerate(tableau.rows, 1)][1:]

    def moved(name: str, row: Iterable[sympy.Rational]) -> Definition:
        parts = [part * TAU * slot(at_stage(f"dot:{ALL}", stage)) for stage, part in enumerate(row, 1)]
        return Definition(name, Elementwise(slot(ALL) + sympy.Add(*parts)))

    return (*(moved(at_stage(ALL, stage), row) for stage, row in rows), moved(f"{ALL}+", tableau.weights))


def words_of(model: Model, look: Callable[[str], str]) -> str:
    """What the stages do, and what does not take part in them; ``look`` shows a name within words."""
    learning = model.learning
    count = {2: "two", 4: "four"}[len(TABLEAUS[learning.step].rows)]
    told = [f"{count} stages, the sample held; each works out anew, at its own X, all that depends on it"]
    at_once = [look(f"{name}+") for name, dynamics in model.dynamics.items() if dynamics.kind == "next"]
    if at_once:
        told.append(f"{', '.join(at_once)} at once, from old values")
    if learning.dissipation == "exact":
        told.append("−η z and −η ω exactly, by an integrating factor")
    return "; ".join(told)


def stage_rows(step: str, notation: Notation, style: Style) -> Iterator[Row]:
    """A row a stage, with the time that it is at, and the whole step."""
    nodes = (*TABLEAUS[step].nodes[1:], sympy.Integer(1))
    for definition, node in zip(stages(step), nodes, strict=True):
        left, right = notation.sides(definition)
        time = worded(f"{notation.name('t')} + {notation.expression(node * TAU)}", style)
        note = f"at {time}" if stage_of(definition.name) > 1 else "each cell that flows"
        yield Row((Equation(left, right),), note=note)
