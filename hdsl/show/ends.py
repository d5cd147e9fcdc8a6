"""Ends: what a derivation says of the costates at the two ends of time, where a model is solved from both: transversality."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from hdsl.derive.boundary import WHOLE, Boundary, Endless, derive_boundary
from hdsl.model.model import Model
from hdsl.show.page import Equation, worded
from hdsl.syntax.source import Span
from hdsl.terms.inlining import Inlining
from hdsl.terms.notation import Notation
from hdsl.terms.spelling import Style
from hdsl.terms.term import Definition, Elementwise, keep_needed

END = "end:"
MakeNotation = Callable[..., Notation]


@dataclass(frozen=True)
class AtEnd:
    """An equation of the ends with the places that it comes from, a note, and what it reads."""

    equation: Equation
    spans: tuple[Span, ...]
    note: str
    reads: tuple[str, ...]


def at_ends(model: Model, style: Style, written: Collection[str], notation_of: MakeNotation) -> tuple[AtEnd, ...]:
    """The equations of the costates at both ends, in order; none for a model that is not solved from both.

    ``notation_of(model, definitions, inline=…)`` makes a notation for definitions with some of them inlined.
    """
    boundary = derive_boundary(model) if model.learning.schedule == "boundary" else Endless(model)
    if isinstance(boundary, Endless):
        return ()
    model = boundary.model
    results = {line.name for line in boundary.end if line.name.startswith(END)}
    lines = keep_needed(boundary.end, results)
    inlined = Inlining(lines, written).chosen - results
    notation = notation_of(model, lines, inline=inlined)
    return (*_begin(boundary, notation, style), *_end(boundary, lines, notation, inlined, style))


def _begin(boundary: Boundary, notation: Notation, style: Style) -> Iterable[AtEnd]:
    """Costates that are 0 at the beginning, where what they belong to is free, less what states pass that begin by it."""
    model = boundary.model
    passed = "−(∂h₀/∂θ)ᵀ z(0)" if style == "text" else r"-(\partial h_0 / \partial \theta)^\top z(0)"
    for name in (*model.dynamics, *(param.name for param in model.of_role("param"))):
        if name in model.free:
            costate = _costate(model, name)
            note = f"{worded(notation.name(name), style)} begins where J is least"
            right = passed if model.begun and name not in model.dynamics else "0"
            yield AtEnd(Equation(f"{notation.name(costate)}(0)", right), (model.quantities[name].span,), note, ())


def _end(
    boundary: Boundary, lines: Iterable[Definition], notation: Notation, inlined: Collection[str], style: Style
) -> Iterable[AtEnd]:
    zero: list[str] = []
    for line in lines:
        left, right = notation.sides(line)
        if line.name in inlined:
            continue
        if line.name == "end:T":
            yield from _free_time(boundary, line, right, notation)
        elif line.name.startswith(END):
            look = f"{notation.name(line.name.removeprefix(END))}(T)"
            if line.body == Elementwise(0):
                zero.append(look)
            else:
                yield AtEnd(Equation(look, right), line.spans, "transversality", tuple(line.reads()))
        else:
            yield AtEnd(Equation(left, right, line.name), line.spans, "at T", tuple(line.reads()))
    if zero:
        yield AtEnd(Equation(_listed(zero, style), "0"), (), "transversality", ())


def _free_time(boundary: Boundary, line: Definition, right: str, notation: Notation) -> Iterable[AtEnd]:
    """H at T balances what a later end would cost, where T is free."""
    horizon = boundary.model.horizon
    assert horizon is not None
    whole = f"{notation.name(WHOLE)}(T)"
    left = whole if line.body == Elementwise(0) else f"{whole} + {right}"
    yield AtEnd(Equation(left, "0"), (horizon.span,), "T is free", tuple(line.reads()))


def _listed(looks: list[str], style: Style) -> str:
    return ", ".join(looks if len(looks) <= 4 else [*looks[:2], r"\dots" if style == "latex" else "…", looks[-1]])


def _costate(model: Model, name: str) -> str:
    return f"z:{name}" if name in model.dynamics else f"w:{name}"

