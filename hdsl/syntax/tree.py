"""ModelText: what was written in a .ham file, and where. Nothing here is checked yet.

Names are held twice: ``name`` is the ASCII spelling by which hdsl knows the thing (``α₁`` is ``alpha1``), and the span
gives what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from hdsl.syntax.source import Source, Span

# --- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, exact: ``0.1`` is 1/10."""

    value: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A name or a dotted path, in ASCII spelling."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """``operator`` is one of ``+ - * / @ ^`` (``**`` is read as ``^``)."""

    operator: Literal["+", "-", "*", "/", "@", "^"]
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Transpose:
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments, keyword=value)``; ``span`` is the whole call, ``function_span`` the function's name."""

    function: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]
    function_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Expression, ...]
    span: Span


Expression: TypeAlias = Number | Name | Negate | Binary | Transpose | Call | ListLiteral

# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Version:
    """``ham 1``"""

    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class ModelName:
    name: str
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Dim:
    """One size of a ``dim`` statement; ``default`` is None where a stream or the caller must give it."""

    name: str
    default: Expression | None
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Declare:
    """``input target state param const``. ``shape`` is () for a scalar; ``index`` the bound of ``: index(bound)``."""

    role: Literal["input", "target", "state", "param", "const"]
    name: str
    shape: tuple[Expression, ...]
    value: Expression | None
    index: Expression | None
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Define:
    """``let``, ``output`` and ``cost``: a name for an expression."""

    role: Literal["let", "output", "cost"]
    name: str
    value: Expression
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """``h' = expr`` (flow) and ``next h = expr`` (next)."""

    kind: Literal["flow", "next"]
    name: str
    value: Expression
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Reset:
    """``reset h each sample``; ``when`` is sample, sequence or never."""

    name: str
    when: Literal["sample", "sequence", "never"]
    name_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Setting:
    """A line below ``learn``: ``eta.h = 0.5`` has path ("eta", "h")."""

    path: tuple[str, ...]
    value: Expression
    path_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Learn:
    settings: tuple[Setting, ...]
    span: Span


Statement: TypeAlias = Version | ModelName | Dim | Declare | Define | Dynamics | Reset | Learn


@dataclass(frozen=True, slots=True)
class ModelText:
    """The product of the pass ``parse``.

    ``unread`` holds the names that a statement would have declared which could not be read, or which this version
    refuses; for dynamics the name with its prime (``h'``). Something is wrong with them already: to call them unknown,
    or missing, would be a second message for one mistake. It is never empty where something could not be read; the
    empty name stands for what would have declared none.
    """

    source: Source
    statements: tuple[Statement, ...]
    doc: str = ""
    unread: frozenset[str] = frozenset()
