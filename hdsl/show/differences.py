"""Differences between two models for people: in text, Markdown and HTML, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from hdsl.compare.declared import Declared
from hdsl.compare.differences import Change, Differences, Kind, Side, Summand, compare
from hdsl.derive.equations import Equations
from hdsl.model.model import Model
from hdsl.show.html import fill
from hdsl.show.markdown import plain_markdown
from hdsl.show.notations import model_notation, written_names
from hdsl.show.text import columns, pad
from hdsl.syntax.source import Span
from hdsl.terms.inlining import Inlining
from hdsl.terms.notation import Notation
from hdsl.terms.projected import sides_of_projection
from hdsl.terms.spelling import Style
from hdsl.terms.term import Definition

SCHEMA = "hdsl diff 1"
TITLES: dict[Kind, str] = {
    "cost": "costs", "output": "outputs", "beginning": "begins", "definition": "where", "adjoint": "adjoints",
    "state": "state", "costate": "costate", "parameter": "parameters", "project": "put back",
}  # fmt: skip
THROUGH = "changed through"
NOTHING = "nothing changed but names of definitions, their order, layout and comments"


@dataclass(frozen=True)
class Line:
    """One line of a comparison. ``formula`` is one, in the style of the page; ``words`` and ``where`` are plain text."""

    title: str
    name: str
    words: str
    formula: str = ""
    where: str = ""


class Comparison:
    """Two models with the differences between them, ready to be printed.

    ``names`` are those of the files; ``outside`` says what the second was given from outside its file.
    """

    def __init__(self, old: Equations, new: Equations, names: tuple[str, str], outside: str = "") -> None:
        self.models, self.names = (old.model, new.model), names
        self.heading = f"{names[0]} → {names[1]}{f' with {outside}' if outside else ''}"
        self._equations = (old, new)
        self.sides = (self._side(old, self._notations["text"][0]), self._side(new, self._notations["text"][1]))
        self.found: Differences = compare(*self.sides)

    @cached_property
    def _notations(self) -> dict[Style, tuple[Notation, Notation]]:
        old, new = self._equations
        return {style: (_notation(old, style), _notation(new, style)) for style in ("text", "latex")}

    def _side(self, equations: Equations, notation: Notation) -> Side:
        by_name = {d.name: d for d in notation.definitions}

        def reads(definition: Definition) -> list[str]:
            found: list[str] = []
            waiting = list(definition.reads())
            while waiting:
                name = waiting.pop(0)
                if name in notation.inlined:
                    waiting += by_name[name].reads()
                elif name not in found:
                    found.append(name)
            return found

        return Side(equations, notation.taken_apart, lambda one: notation.sides(one)[1], reads)

    # Lines -----------------------------------------------------------------------------------------------------------

    def lines(self, style: Style) -> list[Line]:
        """Everything that there is to tell; one line where nothing has changed."""
        if self.found.none:
            return [Line("", "", NOTHING)]
        lines = [Line("renamed", one.new, f"was {one.role} {one.old}") for one in self.found.renamed]
        lines += [self._declared("declared", one) for one in self.found.declared]
        lines += [self._declared("settings", one) for one in self.found.settings]
        for change in self.found.changes:
            for line in self._change(change, style):
                if line.words == THROUGH and lines and _alike(lines[-1], line):
                    line = replace(line, name=f"{lines.pop().name}, {line.name}")
                lines.append(line)
        for kind in TITLES:
            names = [self._name(kind, name, style) for one, name in self.found.unchanged if one == kind]
            if names:
                lines.append(Line(TITLES[kind], "", "unchanged", ", ".join(names)))
        return lines

    def _declared(self, title: str, one: Declared) -> Line:
        where = self._places(((0, one.old_span), (1, one.new_span)))
        if one.old and one.new:
            return Line(title, one.what, f"{one.old} → {one.new}", where=where)
        return Line(title, one.what, f"gained: {one.new}" if one.new else f"lost: {one.old}", where=where)

    def _change(self, change: Change, style: Style) -> list[Line]:
        title, name = TITLES[change.kind], self._name(change.kind, change.name, style)
        if change.old is None or change.new is None:
            side = 0 if change.new is None else 1
            made = change.old or change.new
            assert made is not None
            right = self._right(change.kind, made, side, style)
            where = self._places([(side, span) for span in made.spans[:1]])
            return [Line(title, name, "gained" if side else "lost", right, where)]
        lines = [self._summand(change.kind, name, "lost", one, 0, style) for one in change.lost]
        lines += [self._summand(change.kind, name, "gained", one, 1, style) for one in change.gained]
        if change.through:
            told = ", ".join(self._notations[style][1].name(other) for other in change.through)
            lines.append(Line(title, name, THROUGH, told))
        return lines or [Line(title, name, "changed")]

    def _right(self, kind: Kind, made: Definition, side: int, style: Style) -> str:
        """The right side of an equation; what is put back is made of definitions of its own."""
        if kind != "project":
            return self._notations[style][side].sides(made)[1]
        model = self.models[side]
        ends = {one.definition for one in model.projections}
        inlined = Inlining(model.projected, written_names(model)).chosen - ends
        return sides_of_projection(made, model_notation(model, model.projected, style, inline=inlined))[1]

    def _summand(self, kind: Kind, name: str, word: str, one: Summand, side: int, style: Style) -> Line:
        told = self._places([(side, span) for span in one.spans])
        roots = [_root(self.models[side], root) for root in one.roots]
        where = " ".join(part for part in (told, f"({', '.join(roots)})" if roots else "") if part)
        return Line(TITLES[kind], name, word, self._right(kind, one.definition, side, style), where)

    def _name(self, kind: Kind, name: str, style: Style) -> str:
        """How the left side of an equation looks."""
        made = next((one for one in self.found.changes if (one.kind, one.name) == (kind, name)), None)
        side = 0 if made is not None and made.new is None else 1
        equations, notation = self._equations[side], self._notations[style][side]
        if kind in ("costate", "parameter"):
            return notation.name(equations.costate[name].name)
        if kind == "state":
            return notation.name(equations.state[name].name)
        return notation.name(f"initial:{name}" if kind == "beginning" else name)

    def _places(self, places: Iterable[tuple[int, Span | None]]) -> str:
        """``line 14 of b.ham``; lines of files that it uses with their names."""
        told: dict[str, list[str]] = {}
        for side, span in places:
            if span is None:
                continue
            source = self.models[side].source
            start, used = source.region(span.start)
            own = told.setdefault(used if start else self.names[side], [])
            line = str(source.line_of(span))
            own += [line] if line not in own else []
        return ", ".join(f"line{'s' * (len(own) > 1)} {', '.join(own)} of {name}" for name, own in told.items())

    # Formats ---------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Lines for the terminal, in columns."""
        return f"{self.heading}\n\n" + "".join(f"{line}\n" for line in _laid(self.lines("text")))

    def markdown(self) -> str:
        """A list for a review, its formulas in dollars."""
        lines = [f"# {plain_markdown(self.heading)}", ""]
        for line in self.lines("latex"):
            name = f"${line.name}$" if _is_formula(line) else plain_markdown(line.name)
            formula = f"${line.formula}$" if line.formula else ""
            title = f"**{line.title}**" if line.title else ""
            cells = (title, name, plain_markdown(line.words), formula, plain_markdown(line.where))
            lines.append("- " + " ".join(cell for cell in cells if cell))
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        """One file with its formulas as MathML."""
        rows = [(line, _is_formula(line)) for line in self.lines("latex")]
        return fill("differences.html", heading=self.heading, rows=rows)

    def json(self) -> str:
        """The same for programs: ``same``, and the lines with formulas in text and in LaTeX."""
        lines = []
        for plain, spelt in zip(self.lines("text"), self.lines("latex"), strict=True):
            formula = {"text": plain.formula, "latex": spelt.formula} if plain.formula else None
            lines.append({"in": plain.title, "name": plain.name, "what": plain.words, "formula": formula, "where": plain.where})
        record: dict[str, Any] = {"schema": SCHEMA, "old": self.names[0], "new": self.names[1], "same": self.found.none}
        return json.dumps(record | {"lines": [] if self.found.none else lines}, ensure_ascii=False, indent=1) + "\n"


def _notation(equations: Equations, style: Style) -> Notation:
    every = (*equations.definitions, *equations.all)
    return model_notation(equations.model, every, style, mean=False)


def _alike(one: Line, other: Line) -> bool:
    """Whether two lines tell the same of two equations."""
    return replace(one, name="") == replace(other, name="")


def _is_formula(line: Line) -> bool:
    """Whether the name of a line is that of an equation, and not of a declaration."""
    return bool(line.name) and line.title not in ("renamed", "declared", "settings")


def _laid(lines: Sequence[Line]) -> list[str]:
    """Titles, names, what has become of them and where it comes from, each in its column."""
    titles = max(columns(line.title) for line in lines)
    names = max(columns(line.name) for line in lines)
    told = [f"{line.words}   {line.formula}".rstrip() for line in lines]
    middle = min(max(map(columns, told)), 70)
    out, last = [], ""
    for line, what in zip(lines, told, strict=True):
        title = line.title if line.title != last else ""
        last = line.title
        head = f"  {pad(title, titles)}   {pad(line.name, names)}   " if titles else "  "
        out.append(f"{head}{pad(what, middle)}   {line.where}".rstrip())
    return out


def _root(model: Model, name: str) -> str:
    """What a summand is there for, in words."""
    kind = "cost" if name in model.costs else "hamiltonian" if name == model.hamiltonian else "state"
    return f"{kind} {name}"
