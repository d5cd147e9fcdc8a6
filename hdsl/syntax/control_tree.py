"""The statements of optimal control and mechanics, as `hdsl.syntax.tree` has those of learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hdsl.syntax.expression_tree import Expression, Name
from hdsl.syntax.source import Span


@dataclass(frozen=True, slots=True)
class Bounds:
    """``in [lower, upper]``"""

    lower: Expression
    upper: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Control:
    """``control a[k] in [-1, 1] given expr``.

    ``rule`` says what chooses it: ``stationarity`` of H, where the file says nothing; ``given``, by ``value``; ``gradient``.
    """

    name: str
    shape: tuple[Expression, ...]
    bounds: Bounds | None
    rule: Literal["stationarity", "given", "gradient"]
    value: Expression | None
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Costate:
    """``costate p of q = 0``: a name for the costate of a state; ``value`` is its beginning where it has one of its own."""

    name: str
    state: Name
    value: Expression | None
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Horizon:
    """``horizon 5`` and ``horizon free = 2 in [0.5, 10]``; ``end`` is the name ``free`` there, ``guess`` where to begin."""

    end: Expression
    guess: Expression | None
    bounds: Bounds | None
    span: Span


@dataclass(frozen=True, slots=True)
class Final:
    """``final x[0] == 1``: what holds at the end. ``value`` is any comparison, or no comparison at all."""

    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Constraint:
    """``constraint cap = x <= 1 soft 100``: what holds all along. ``weight`` is that of ``soft``, None with ``penalty``."""

    name: str
    value: Expression
    weight: Expression | None
    name_span: Span
    span: Span
    doc: str = ""
