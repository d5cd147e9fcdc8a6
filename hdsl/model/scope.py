"""Scope: what each name of a file stands for, and what is said of names that stand for nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.suggest import nearest
from hdsl.diagnostics.whence import of_instances
from hdsl.syntax.control_tree import Constraint, Control, Costate
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import Component, Declare, Define, Dim, ModelText, Name
from hdsl.syntax.words import KEYWORDS
from hdsl.terms.elementwise import WRITABLE

Kind: TypeAlias = Literal[
    "dim",
    "input",
    "target",
    "state",
    "param",
    "const",
    "control",
    "costate",
    "let",
    "output",
    "cost",
    "terminal",
    "hamiltonian",
    "constraint",
    "component",
    "function",
    "argument",
]

RESERVED = ("t", "tau", "pi", "inf", "T", "boundary")
CONTRACTING = ("sum", "mean", "dot", "norm2", "squared", "softmax", "logsumexp", "cross_entropy")
ARRANGING = ("concat", "stack", "reshape", "permute", "outer", "diag", "eye", "embed", "one_hot", "inv", "solve", "expm")
SLIDING = ("conv2d", "avgpool2d", "maxpool2d")
INITIALS = ("zeros", "ones", "eye", "normal", "uniform", "orthogonal", "glorot", "he")
HOLDING = ("delay", "previous", "repeat")  # a hidden state, or copies of a component
FUNCTIONS = frozenset((*WRITABLE, *CONTRACTING, *ARRANGING, *SLIDING, *HOLDING))
SHORT = 2
UNKNOWN = "?"  # in a trial, the name of what may be anything: a wrong name, of which nothing is said
MOST_COMPARISONS = 20_000  # of names, for suggestions: a file that needs more of them has another trouble


@dataclass(frozen=True)
class Entry:
    """A declared name."""

    name: str
    kind: Kind
    span: Span


class Scope:
    """The names of one file, and the findings so far.

    A name is *poisoned* when its declaration is wrong: whatever reads it is left out without a word, so that one mistake
    gives one message. So are the names in ``unread``, whose statements could not be read at all. A declaration that is
    ``nameless``, or has a name that it cannot have, is taken to be that of a name which nothing declares.
    """

    def __init__(self, source: Source, unread: frozenset[str] = frozenset(), nameless: int = 0) -> None:
        self.source = source
        self.unread = unread
        self.nameless = nameless
        self._misnamed: list[int] = []  # the findings about names that could not be declared
        self.entries: dict[str, Entry] = {}
        self.poisoned: set[str] = set()
        self.findings: list[Diagnostic] = []
        self.in_instance = False
        self.trying = False  # whether this is a trial, which goes on behind what it cannot know
        # Of the statement that is being read: where a component or function stands, the instance's name, and its call.
        self.instances: list[tuple[Span, str, Span]] = []
        self._said: set[tuple[str, Span, str]] = set()
        self._unknown: dict[str, list[Span]] = {}
        self._single, self._since = "", 0  # a code that is said once, and from which finding on
        self._compared = 0
        self._wanted: dict[str, tuple[Kind, ...]] = {}

    def report(self, finding: Diagnostic) -> None:
        """Keep a finding. What is wrong in a component is said once, though it be wrong in every instance."""
        at = finding.span
        inside = [made for made in self.instances if made[0].start <= at.start and at.end <= made[0].end]
        key = (finding.code, at, "" if self.in_instance or inside else finding.message)
        if finding.code == "unknown-function":  # it is unknown wherever it is called
            key = (finding.code, Span(0, 0), finding.message)
        if {key, (*key[:2], "")} & self._said or (finding.code == self._single and self._is_told(finding.code)):
            return
        self._said.add(key)
        if inside:  # it says which instance it comes from: while a body is read, the last
            may = inside[-1:] if self.in_instance else inside[:3]
            told = [(name, self.written(call), self.line(call)) for _, name, call in may]
            finding = of_instances(finding, told)
        self.findings.append(finding)

    def _is_told(self, code: str) -> bool:
        return any(finding.code == code for finding in self.findings[self._since :])

    @contextmanager
    def once(self, code: str) -> Iterator[None]:
        """Within it a code is said once: one value that reads what it cannot, be it of several, is one mistake."""
        if self._single:
            yield
            return
        self._single, self._since = code, len(self.findings)
        yield
        self._single = ""

    def line(self, span: Span) -> int:
        return self.source.line_of(span)

    def declare(self, name: str, kind: Kind, span: Span) -> None:
        """Give a name its meaning; reserved names and names that already have one are reported."""
        why, first, known = reserved_for(name), self.entries.get(name), len(self.findings)
        if why is not None:
            self.report(catalogue.reserved_name(span, name, why))
        elif first is not None:
            self.report(catalogue.duplicate_name(span, name, kind, first.span, first.kind))
        if why is not None or first is not None:
            self.poisoned.add(name)
            self._misnamed += range(known, len(self.findings))
        if why is not None or first is None:
            self.entries[name] = Entry(name, kind, span)

    def find(self, name: str, span: Span, wanted: tuple[Kind, ...] = ()) -> Entry | None:
        """What a name stands for; an unknown name is noted, and reported once by `report_unknown`.

        ``wanted`` are the kinds from which a name would be suggested, if not all.
        """
        entry = self.entries.get(name)
        if entry is None and name not in self.unread and not self.lost(name):
            self._unknown.setdefault(name, []).append(span)
            self._wanted.setdefault(name, wanted)
        return entry

    def lost(self, name: str) -> bool:
        """Whether a dotted name may be of an instance that a mistake kept from being made."""
        head, _, rest = name.partition(".")
        return bool(rest) and (bool(self.unread) or head in self.poisoned or name in self.poisoned)

    def is_told(self, name: str) -> bool:
        """Whether there is a message about a name already, or about what would have declared it."""
        told = name in self._unknown and "." not in name
        return told or name in self.poisoned or name in self.unread or self.lost(name)

    def report_unknown(self) -> None:
        """Report every unknown name once, at its first use."""
        meant = {name: self._suggest(name) for name in self._unknown}
        # One letter is near to any other: such a suggestion says little.
        weak = (name for name, found in meant.items() if found is None or len(name) <= SHORT or self.nameless)
        alone = [name for name in weak if reserved_for(name) is None]
        folded = self.folded(alone, self._unknown)
        for name, spans in self._unknown.items():
            if name not in folded:
                first, *others = sorted(spans)
                lines = sorted({self.line(span) for span in others} - {self.line(first)})
                self.report(catalogue.unknown_name(first, name, meant[name], lines, others))

    def folded(self, names: Sequence[str], places: Mapping[str, Sequence[Span]]) -> frozenset[str]:
        """The names without a meaning that wrong declarations account for: a name for each; the messages then say so."""
        if not 0 < len(names) <= len(self._misnamed) + self.nameless:
            return frozenset()
        for place, name in zip(self._misnamed, names, strict=False):
            finding = self.findings[place]
            note = catalogue.declared_nowhere(name, self.line(min(places[name])))
            self.findings[place] = replace(finding, notes=(*finding.notes, note))
        return frozenset(names)

    def in_doubt(self, names: Iterable[Name]) -> bool:
        """Whether one of these names has no meaning, or a wrong one: that is said where it should have been declared."""
        read = [name for name in names if name.name not in RESERVED]
        return any([self.find(name.name, name.span) is None or name.name in self.poisoned for name in read])

    def _suggest(self, name: str) -> catalogue.Suggestion | None:
        wanted = self._wanted[name]
        declared = [entry.name for entry in self.entries.values() if not wanted or entry.kind in wanted]
        found = self.nearest(name, (*declared, *(() if wanted else ("t", "tau", "pi"))))
        if found is None:
            return None
        entry = self.entries.get(found)
        if entry is None:
            return catalogue.did_you_mean(found, "", None)
        return catalogue.did_you_mean(found, entry.kind, self.line(entry.span))

    def nearest(self, name: str, candidates: Collection[str]) -> str | None:
        """The candidate that a misspelt name was probably meant to be, while the file is worth the comparisons."""
        self._compared += len(candidates)
        return nearest(name, candidates) if self._compared <= MOST_COMPARISONS else None

    def suggest_function(self, name: str) -> catalogue.Suggestion | None:
        own = [entry.name for entry in self.entries.values() if entry.kind in ("component", "function")]
        found = self.nearest(name, (*FUNCTIONS, *own))
        if found is None:
            return None
        entry = self.entries.get(found)
        return catalogue.did_you_mean(found, entry.kind if entry else "", self.line(entry.span) if entry else None)

    def written(self, span: Span) -> str:
        """The text of a span on one line, without brackets around the whole, cut where it is long."""
        text = " ".join(self.source.text[span.start : span.end].split())
        while _is_bracketed(text):
            text = text[1:-1].strip()
        return text if len(text) <= 40 else f"{text[:39]}…"


def _is_bracketed(text: str) -> bool:
    """True where the first character opens a bracket that the last one closes."""
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text.startswith("(") and position == len(text) - 1
    return False


def reserved_for(name: str) -> str | None:
    """Why a name cannot be declared, or None where it can."""
    if name in RESERVED:
        return "the language keeps this name for itself"
    if name in FUNCTIONS or name in INITIALS:
        return "it is the name of a function"
    if name in KEYWORDS:
        return "it is a keyword"
    return None


def build_scope(text: ModelText) -> Scope:
    """Enter every name of a file, in the order of the text."""
    scope = Scope(text.source, text.unread, text.nameless)
    mechanical = any(isinstance(s, Define) and s.role == "hamiltonian" for s in text.statements)
    for statement in text.statements:
        match statement:
            case Dim():
                scope.declare(statement.name, "dim", statement.name_span)
            case Declare() | Define():
                scope.declare(statement.name, statement.role, statement.name_span)
            case Control():
                scope.declare(statement.name, "control", statement.name_span)
            case Costate():
                scope.declare(statement.name, "state" if mechanical else "costate", statement.name_span)
            case Constraint():
                scope.declare(statement.name, "constraint", statement.name_span)
            case Component():
                scope.declare(statement.name, "function" if statement.pure else "component", statement.name_span)
    return scope
