"""Why: each summand of one equation with what it is there for, the text of those lines, and the way of the credit to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from hdsl.derive.equations import Equations
from hdsl.derive.provenance import Root, place, roots_of
from hdsl.derive.step import Step
from hdsl.diagnostics.suggest import nearest
from hdsl.model.model import Model
from hdsl.show.html import fill
from hdsl.show.markdown import plain_markdown
from hdsl.show.notations import as_written, model_notation, written_names
from hdsl.show.text import columns, pad
from hdsl.syntax.source import Source, Span
from hdsl.terms.inlining import Inlining
from hdsl.terms.notation import Notation
from hdsl.terms.term import Definition, Summand, keep_needed

LONGEST = 78
"""Letters of a line of the file, and of a formula within a way; of what is longer the beginning is shown."""

MOST = 12
"""Stops of a way that are told; of a longer one the first and the last."""

SCHEMA = "hdsl why 1"


@dataclass(frozen=True)
class Stop:
    """A definition that credit comes through, and the lines where it stands (empty for a state or a parameter)."""

    text: str
    lines: str


@dataclass(frozen=True)
class Reason:
    """One root of a summand: what it is and where, the text of its first line, and the shortest ``way`` of the credit from it;
    ``ways`` says how many there are."""

    root: str
    place: str
    line: str
    way: tuple[Stop, ...] = ()
    ways: int = 1


@dataclass(frozen=True)
class Why:
    """``summands`` are those of the equation in order, each with the reasons that it is there."""

    path: str
    equation: str
    source: str
    summands: tuple[tuple[str, tuple[Reason, ...]], ...]

    def __str__(self) -> str:
        return why_text(self)


def explain_equation(equations: Equations, step: Step, path: str) -> Why:
    """Why each summand of an equation is there.

    Args:
        path: ``costate.h``, ``state.h``, ``parameter.W`` or ``param.W``, ``step.z.h``; a definition by its name, or its
            adjoint, ``adjoint.a``.

    Raises:
        ValueError: there is nothing of this name; the message has the nearest name, or all of them.
    """
    step = step.whole
    known = _paths(equations, step)
    asked = f"parameter.{path.removeprefix('param.')}" if path.startswith("param.") else path.replace("adj:", "adjoint.")
    if asked not in known:
        guess = nearest(asked, known)
        meant = f"did you mean `{guess}`?" if guess else f"there are {', '.join(known)}"
        raise ValueError(f"there is no equation `{path}`; {meant}")
    return _Explained(equations, step, asked.startswith("step.")).of(asked, known[asked])


def _paths(equations: Equations, step: Step) -> dict[str, Definition]:
    """All that can be asked for."""
    found = {f"state.{name}": d for name, d in equations.state.items()}
    found |= {f"costate.{name}": d for name, d in equations.costate.items()}
    found |= {f"parameter.{name}": d for name, d in equations.parameter.items()}
    for d in equations.definitions:
        kind, _, name = d.name.rpartition(":")
        if kind in ("", "adj"):
            found["adjoint." * (kind == "adj") + name] = d
    new = {f"{cell}+": cell.replace("z:", "z.").replace("w:", "w.") for cell in step.cells}
    return found | {f"step.{new[line.name]}": line for line in step.lines if line.name in new}


class _Explained:
    """Finds reasons in one model; ``of_step`` where the equation is one of the discrete step."""

    def __init__(self, equations: Equations, step: Step, of_step: bool) -> None:
        self.model: Model = equations.model
        self.source: Source = self.model.source
        self.by_name: Mapping[str, Definition] = {d.name: d for d in self.model.definitions}
        results = {f"{cell}+" for cell in step.cells} | {*step.outputs.values(), *step.costs.values()}
        every = keep_needed(step.lines, results) if of_step else (*equations.definitions, *equations.all)
        inlined = Inlining(every, written_names(self.model)).chosen
        self.notation: Notation = model_notation(self.model, every, "text", mean=of_step, inline=inlined)
        forward = (*self.model.definitions, *equations.state.values())
        self.plain = model_notation(self.model, forward, "text")

    def of(self, path: str, definition: Definition) -> Why:
        moved = {f"dot:{name}" for name in self.model.dynamics} | {f"{name}+" for name in self.model.dynamics}
        leaf = "" if definition.name in moved else definition.name.rpartition(":")[2].removesuffix("+")
        told = self.notation.summands(definition)
        summands = [(text.strip(), tuple(self._reasons(summand, leaf))) for text, summand in told]
        if not told:
            summands = [(self.notation.sides(definition)[1], tuple(self._readers(definition)))]
        return Why(path, self.notation.equation(definition), self.source.name, tuple(summands))

    def _reasons(self, summand: Summand, leaf: str) -> Iterator[Reason]:
        through = {name.removesuffix("+") for name in summand.through}
        for root in roots_of(self.model, summand):
            if root.kind == "learn":
                learning = self.model.learning
                told = learning.values.get(root.name)
                value = learning.schedule if told is None else as_written(self.plain, told)
                yield Reason(f"{root} = {value}", place(self.source, root), self._line(root.spans))
            else:
                yield self._reason(root, through, leaf)

    def _readers(self, definition: Definition) -> Iterator[Reason]:
        """Of a definition of the model: the costs and the dynamics that it is there for."""
        energy = [self.model.hamiltonian] if self.model.hamiltonian is not None else []
        for name in (*self.model.costs, *energy, *self.model.dynamics):
            (root,) = roots_of(self.model, Summand(0, (), (name,)))
            reason = self._reason(root, {definition.name}, "")
            if reason.way:
                yield reason

    def _reason(self, root: Root, through: set[str], leaf: str) -> Reason:
        """The shortest way from a root to what a summand was pulled through last, and on to the leaf."""
        given = root.kind in ("cost", "hamiltonian")
        starts = (root.name,) if given else (self.model.dynamics[root.name].definition, f"initial:{root.name}")
        for start in starts if leaf or through else ():
            way, ways = self._way(start, through or {start})
            if way:
                stops = [*map(self._stop, way), *([Stop(self.plain.name(leaf), "")] if leaf and leaf not in way else [])]
                return Reason(str(root), place(self.source, root), self._line(root.spans), tuple(stops), ways)
        return Reason(str(root), place(self.source, root), self._line(root.spans))

    def _way(self, start: str, ends: set[str]) -> tuple[list[str], int]:
        """The shortest way down from a definition to one of some others, and how many ways there are to all of these."""
        if start not in self.by_name:
            return [], 0
        ways, length, after = {start: 1}, {start: 0}, dict[str, str]()
        for definition in reversed(self.model.definitions):  # readers stand behind what they read
            name = definition.name
            for read in dict.fromkeys(definition.reads() if name in ways else ()):
                ways[read] = ways.get(read, 0) + ways[name]
                if read not in length or length[read] > length[name] + 1:
                    length[read], after[read] = length[name] + 1, name
        reached = [end for end in ends if end in length]
        if not reached:
            return [], 0
        found = [min(sorted(reached), key=length.__getitem__)]
        while found[-1] != start:
            found.append(after[found[-1]])
        return found[::-1], sum(ways[end] for end in reached)

    def _stop(self, name: str) -> Stop:
        definition = self.by_name[name]
        text = self.plain.name(name)
        state = next((state for state, d in self.model.dynamics.items() if d.definition == name and ":" in name), None)
        if state is not None:
            text = self.plain.name(f"dot:{state}")
        elif name in self.plain.inlined:
            text = self.plain.sides(definition)[1]
        lines = [*map(str, self.source.lines_of(definition.spans))]
        lines += [f"{file}:{', '.join(map(str, used))}" for file, used in self.source.used_lines_of(definition.spans)]
        return Stop(_short(text), ", ".join(lines))

    def _line(self, spans: tuple[Span, ...]) -> str:
        """The text of the line on which a root begins, without its comment."""
        if not spans:
            return ""
        text, start = self.source.text, spans[0].start
        begin, end = text.rfind("\n", 0, start) + 1, text.find("\n", start)
        return _short(text[begin : end if end >= 0 else None].partition("#")[0].strip())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def told_way(reason: Reason) -> str:
    """``fit (20) → e (20) → y (18) → h``, and of how many ways it is the shortest."""
    stops = [f"{stop.text} ({stop.lines})" if stop.lines else stop.text for stop in reason.way]
    if len(stops) > MOST:
        stops[MOST // 2 : -MOST // 2] = [f"… {len(stops) - MOST} more …"]
    way = " → ".join(stops)
    return f"{way}   the shortest of {reason.ways} ways" if reason.ways > 1 else way


def why_text(why: Why) -> str:
    """For the terminal: each summand on a line, its roots and the ways of their credit below one another."""
    out = [f"{why.path}   {why.equation}", ""]
    width = max((columns(text) for text, _ in why.summands), default=0)
    roots = max((columns(f"{r.root}, {r.place}") for _, reasons in why.summands for r in reasons), default=0)
    for text, reasons in why.summands:
        lefts = iter([text])
        for reason in reasons:
            first = pad(f"{reason.root}, {reason.place}", roots)
            out.append(f"  {pad(next(lefts, ''), width)}    {first}    {reason.line}".rstrip())
            out += [f"  {'':{width}}    {told_way(reason)}"] if reason.way else []
        out += [f"  {left}" for left in lefts]
    return "\n".join(out) + "\n"


def why_json(why: Why) -> str:
    """For programs: one JSON object."""
    summands = [{"text": text, "reasons": [asdict(reason) for reason in reasons]} for text, reasons in why.summands]
    head = {"schema": SCHEMA, "path": why.path, "equation": why.equation, "source": why.source}
    return json.dumps({**head, "summands": summands}, ensure_ascii=False, indent=2) + "\n"


def why_markdown(why: Why) -> str:
    """A table, a row a root."""
    rows = ["| summand | there for | line | way of the credit |", "|---|---|---|---|"]
    for text, reasons in why.summands:
        for reason in reasons:
            cells = (text, f"{reason.root}, {reason.place}", reason.line, told_way(reason))
            rows.append(f"| {' | '.join(map(plain_markdown, cells))} |")
    return "\n\n".join([f"# {plain_markdown(why.path)}", plain_markdown(why.equation), "\n".join(rows)]) + "\n"


def why_html(why: Why) -> str:
    """One HTML file."""
    return fill("why.html", why=why, told_way=told_way)


WHY_FORMATS = {"text": why_text, "json": why_json, "markdown": why_markdown, "html": why_html}
