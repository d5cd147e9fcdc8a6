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
    """``let``, ``output`` and ``cost``: a name for an expression. ``indices`` are those of ``let y[i, k] = …``."""

    role: Literal["let", "output", "cost"]
    name: str
    value: Expression
    name_span: Span
    span: Span
    doc: str = ""
    indices: tuple[Name, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a component or a function takes: ``x[m]``, ``n``, ``gain = 1``."""

    name: str
    shape: tuple[Expression, ...]
    default: Expression | None
    name_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Return:
    """``return expr``, in a component."""

    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Component:
    """``component NAME(parameters) { body }`` and ``def NAME(parameters) = expr``, which has no body.

    ``value`` is what it returns; ``pure`` is true of a ``def``.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    value: Expression
    pure: bool
    name_span: Span
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """``use "layers.ham"``"""

    path: str
    path_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Project:
    """``project W = expr every 10``; ``every`` is None where it is at every step."""

    name: str
    value: Expression
    every: Expression | None
    name_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Latex:
    """``latex NAME "…"``: how a name looks in LaTeX."""

    name: str
    text: str
    name_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Local:
    """``local W, b``: the updates of these params must be local. A name is that of a param, of an instance, or ``all``."""

    names: tuple[Name, ...]
    span: Span


Statement: TypeAlias = (
    Version
    | ModelName
    | Dim
    | Declare
    | Define
    | Dynamics
    | Reset
    | Learn
    | Component
    | Use
    | Project
    | Latex
    | Local
    | Return
)


@dataclass(frozen=True, slots=True)
class ModelText:
    """The product of the pass ``parse``.

    ``unread`` holds the names that a statement would have declared which could not be read, or which this version
    refuses; for dynamics the name with its prime (``h'``). Something is wrong with them already: to call them unknown,
    or missing, would be a second message for one mistake. It is never empty where something could not be read; the
    empty name stands for what would have declared none. ``broken`` are components in which something could not be read,
    without that: no pass reads them, but an editor knows by them where it is. ``nameless`` counts the declarations that lack
    their name.
    """

    source: Source
    statements: tuple[Statement, ...]
    doc: str = ""
    unread: frozenset[str] = frozenset()
    broken: tuple[Component, ...] = ()
    nameless: int = 0

    @property
    def parts_only(self) -> bool:
        """Whether the file itself declares components and functions and nothing else: it is one for others to use."""
        _, end, _ = self.source.regions[0]
        named = (Version, ModelName, Use)
        own = [s for s in (*self.statements, *self.broken) if s.span.start < end and not isinstance(s, named)]
        return bool(own) and all(isinstance(s, Component) for s in own)
