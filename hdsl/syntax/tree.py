"""ModelText: what was written in a .ham file, and where. Nothing here is checked yet.

Names are held twice: ``name`` is the ASCII spelling by which hdsl knows the thing (``α₁`` is ``alpha1``), and the span
gives what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hdsl.syntax.control_tree import Constraint, Control, Costate, Final, Horizon
from hdsl.syntax.expression_tree import (
    At as At,
)
from hdsl.syntax.expression_tree import (
    Binary as Binary,
)
from hdsl.syntax.expression_tree import (
    Call as Call,
)
from hdsl.syntax.expression_tree import (
    Compare as Compare,
)
from hdsl.syntax.expression_tree import (
    Conditional as Conditional,
)
from hdsl.syntax.expression_tree import (
    Expression as Expression,
)
from hdsl.syntax.expression_tree import (
    Index as Index,
)
from hdsl.syntax.expression_tree import (
    IndexSum as IndexSum,
)
from hdsl.syntax.expression_tree import (
    ListLiteral as ListLiteral,
)
from hdsl.syntax.expression_tree import (
    Name as Name,
)
from hdsl.syntax.expression_tree import (
    Negate as Negate,
)
from hdsl.syntax.expression_tree import (
    Number as Number,
)
from hdsl.syntax.expression_tree import (
    Slice as Slice,
)
from hdsl.syntax.expression_tree import (
    Subscript as Subscript,
)
from hdsl.syntax.expression_tree import (
    Transpose as Transpose,
)
from hdsl.syntax.source import Source, Span


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
    """``let output cost terminal hamiltonian``: a name for an expression. ``indices`` are those of ``let y[i, k] = …``."""

    role: Literal["let", "output", "cost", "terminal", "hamiltonian"]
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
    | Control
    | Costate
    | Horizon
    | Final
    | Constraint
    | Return
)
Documented: TypeAlias = ModelName | Declare | Define | Dim | Dynamics | Component | Control | Costate | Constraint


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
