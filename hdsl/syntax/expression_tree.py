"""The expressions of `hdsl.syntax.tree`, which hands them on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from hdsl.syntax.source import Span


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, exact: ``0.1`` is 1/10."""

    value: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A name or a dotted path, in ASCII spelling. ``own_span`` is its own place where ``span`` takes in parentheses."""

    name: str
    span: Span
    own_span: Span | None = None


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
    """``function(arguments, keyword=value)``; ``span`` is the whole call, ``function_span`` the function's name.

    ``keyword_span`` has the places of the keywords of a call that was written.
    """

    function: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]
    function_span: Span
    span: Span
    keyword_span: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``; ``operator`` is one of ``< > <= >= == !=``."""

    operator: Literal["<", ">", "<=", ">=", "==", "!="]
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """``value if condition else other``"""

    value: Expression
    condition: Expression
    other: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class At:
    """A subscript that is one expression: ``x[0]``, ``x[n - 1]``; ``x[:, None]`` holds the name ``None``."""

    value: Expression
    span: Span

    @property
    def is_new_axis(self) -> bool:
        """True for `None`, which is no name here."""
        return isinstance(self.value, Name) and self.value.name == "None"


@dataclass(frozen=True, slots=True)
class Slice:
    """A subscript ``start:stop:step``, each of them None where it is not written."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None
    span: Span


Subscript: TypeAlias = At | Slice


@dataclass(frozen=True, slots=True)
class Index:
    """``operand[subscripts]``"""

    operand: Expression
    subscripts: tuple[Subscript, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class IndexSum:
    """``sum[i, j](value)``: a sum over the named indices that ``indices`` holds; ``function_span`` is that of ``sum``."""

    indices: tuple[Name, ...]
    value: Expression
    function_span: Span
    span: Span


Expression: TypeAlias = (
    Number | Name | Negate | Binary | Transpose | Call | ListLiteral | Compare | Conditional | Index | IndexSum
)
