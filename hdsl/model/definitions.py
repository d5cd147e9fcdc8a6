"""The growing list of definitions: names for what has none, one definition for what is written twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sympy import Integer

from hdsl.syntax.source import Span
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Body,
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    indices,
    is_slot,
    merge_spans,
    slot,
    slot_indices,
    slot_name,
    slots,
)

MOST_DEFINITIONS = 1_000  # so many are checked, derived and printed within 10 s of one core (benchmarks/README.md)


class TooManyDefinitions(Exception):
    """The model needs more definitions than hdsl takes on; ``span`` is where the first of those stands that are too many."""

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.span = span


def stem_of(body: Body) -> str:
    """The letter for the value of a body that has no name: s of a function, c of a contraction, x of anything else."""
    match body:
        case Contraction():
            return "c"
        case Structured(row=row):
            return {"softmax": "s", "logsumexp": "l", "pick": "p"}.get(row, "x")
        case Elementwise(expression=expression):
            return "s" if isinstance(expression, RowFunction) else "x"


def _is_plain(body: Body) -> bool:
    """True for a number or a quantity as it stands: nothing is written twice where two definitions say it."""
    return isinstance(body, Elementwise) and (not slots(body.expression) or is_slot(body.expression))


class Definitions:
    """Definitions in the order in which they are made, each reading earlier ones only.

    ``taken`` are the names that users gave, none of which a temporary may have; ``shared`` says of every quantity and of
    every named definition whether it is one for all streams.
    """

    def __init__(self, taken: Iterable[str], shared: Mapping[str, bool]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}
        self._shared = dict(shared)
        self._known: dict[tuple[Body, tuple[Size, ...], bool], str] = {}
        self._made: dict[str, Definition] = {}
        self.places: tuple[Span, ...] = ()  # the statement whose instances are being written out
        self._whole: tuple[str, Span] | None = None

    @property
    def made(self) -> tuple[Definition, ...]:
        return tuple(self._made.values())

    def know(self, name: str, shared: bool) -> None:
        """Note whether a quantity that an instance has declared is one for all streams."""
        self._shared[name] = shared

    def knows(self, name: str) -> bool:
        """Whether there is a definition of that name."""
        return name in self._made

    def is_shared(self, name: str) -> bool:
        return self._shared[name]

    def is_of_streams(self, name: str) -> bool:
        """Whether each stream has its own of something; nothing has of what is not known."""
        return not self._shared.get(name, True)

    def declare(self, name: str, shared: bool) -> None:
        """Make a quantity known that is no definition."""
        self._shared[name] = shared

    def define(self, name: str, body: Body, sizes: tuple[Size, ...], span: Span, alone: bool = False) -> Definition:
        """Add a definition under its own name; a body that another definition has already is read from there.

        What is ``alone`` is read by none that says the same: it stands for something else.
        """
        if len(self._made) >= MOST_DEFINITIONS:
            raise TooManyDefinitions(self.places[0] if self.places else span)
        at = indices(len(sizes))
        key = (body, sizes, self._shared.get(name, self._reads_shared(body)))
        known = self._known.get(key, name) if alone else self._known.setdefault(key, name)
        if known != name and not _is_plain(body):
            body = Elementwise(slot(known, at))
        definition = Definition(name, body, sizes, False, merge_spans((span,), self.places))
        self._shared.setdefault(name, self._reads_shared(body))
        self._made[name] = replace(definition, shared=self._shared[name])
        return self._made[name]

    def _reads_shared(self, body: Body) -> bool:
        return all(self._shared[read] for read in Definition("", body, (), False).reads())

    def begin(self, name: str, span: Span) -> None:
        """Note that the expression at this place is about to be read as the whole of a definition."""
        self._whole = (name, span)

    def before(self, span: Span) -> str:
        """A stem for what the function at this place is taken of, where it is the whole of a definition; else nothing.

        What stands before ``i = sigmoid(…)`` is ``a_i``, as gates are written: of four gates each has its own name.
        """
        if self._whole is None or self._whole[1] != span:
            return ""
        own = self._whole[0].rpartition(".")[2]
        return f"a_{own}" if own.isalpha() and own != "a" else ""

    def temporary(self, stem: str, body: Body, sizes: tuple[Size, ...], span: Span) -> str:
        """The name of a definition of this body: the one that there is, or a new one under a name of this stem."""
        name = self._known.get((body, sizes, self._reads_shared(body)))
        if name is not None:
            earlier = self._made[name]
            self._made[name] = replace(earlier, spans=merge_spans(earlier.spans, (span,), self.places))
            return name
        name = self._fresh(stem)
        self.define(name, body, sizes, span)
        return name

    def _fresh(self, stem: str) -> str:
        """``a``, then ``a2``, ``a3``, …: the first that neither a user nor an earlier definition has."""
        count = self._next.get(stem, 1)
        while (name := stem if count == 1 else f"{stem}{count}") in self._taken:
            count += 1
        self._next[stem] = count + 1
        return name

    # Operands --------------------------------------------------------------------------------------------------------

    def opened(self, body: Body, sizes: tuple[Size, ...], span: Span) -> Scalar:
        """A body as an expression to calculate with, at canonical indices; what is no plain arithmetic gets a name first."""
        if isinstance(body, Elementwise) and not isinstance(body.expression, RowFunction):
            return body.expression
        coefficient: Scalar = Integer(1)
        if isinstance(body, Contraction):
            coefficient, body = body.coefficient, replace(body, coefficient=Integer(1))
        return coefficient * slot(self.temporary(stem_of(body), body, sizes, span), indices(len(sizes)))

    def whole(self, stem: str, body: Body, sizes: tuple[Size, ...], span: Span) -> str:
        """The name of a quantity that has this value: as it stands where there is one, else a new definition."""
        expression = self.opened(body, sizes, span)
        if is_slot(expression) and slot_indices(expression) == indices(len(sizes)):
            return slot_name(expression)
        return self.temporary(stem, Elementwise(expression), sizes, span)
