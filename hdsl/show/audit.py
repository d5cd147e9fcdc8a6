"""The audit as people read it: a few tables, as text, Markdown, HTML or JSON, with the lines of the .ham file beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hdsl.audit.audit import Audit, Locality, Update
from hdsl.audit.delays import BYTES
from hdsl.audit.reads import Read
from hdsl.audit.sgd import Equivalence, grouped
from hdsl.audit.stability import Limit
from hdsl.model.locality import Way, named
from hdsl.model.outside import is_outside
from hdsl.show.html import fill
from hdsl.show.markdown import plain_markdown
from hdsl.show.mechanical import mechanical_facts
from hdsl.show.mechanical_audit import HEAD as KEPT_HEAD
from hdsl.show.mechanical_audit import kept
from hdsl.show.notations import model_notation
from hdsl.show.stages import method
from hdsl.show.text import columns, pad, ranges
from hdsl.syntax.source import Span
from hdsl.terms.notation import Notation

DEFAULT = "default"
OUTSIDE = "set outside"
WIDTH = 118
NARROW = (24, 12)  # columns below which a cell is broken only where it must
MOST_READS = 5
MOST_GROUPS = 3

_SCHEMES = {
    "local": "local in {where}: parameters learn at the two ends of their synapse{costates}",
    "weakly local": "weakly local: states cut the credit, and between them it passes {many} at once",
    "non-local": "non-local: no state cuts the credit, which passes {many} at once",
    "untaught": "nothing is taught: no cost reaches a parameter or a state",
}

WHOLE = (
    "non-local in time: every costate depends on all that comes after, so that controls and parameters move by the whole "
    "horizon, and nothing is learned as it goes. With s = −1, `--set schedule=online`, the same equations run forward."
)
_WHERE = {True: "space and time", False: "space"}


@dataclass(frozen=True)
class Table:
    """Rows under a title; ``head`` names the columns, ``words`` stand above them. Every row has as many cells as the head."""

    key: str
    title: str
    words: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class AuditPage:
    """An audit laid out for reading."""

    name: str
    source: str
    facts: str
    tables: tuple[Table, ...]


def audit_page(audit: Audit) -> AuditPage:
    """The tables of an audit; those with nothing in them are left out."""
    builder = _Builder(audit)
    learning = audit.model.learning
    facts = f"{method(learning)}, schedule {learning.how_often}, s = −1"
    if learning.schedule == "boundary":
        facts = "solved from both ends, s = +1"
    elif audit.model.hamiltonian is not None:
        facts = mechanical_facts(audit.model)
    source = audit.model.source.name.replace("\\", "/").rpartition("/")[2]
    tables = tuple(table for table in builder.tables() if table.rows or table.words)
    return AuditPage(audit.model.name, source, facts, tables)


class Naming:
    """How an audit calls things: quantities as users write them, what they gave no name as `hdsl derive` shows it."""

    def __init__(self, audit: Audit) -> None:
        self.audit, self.model = audit, audit.model
        definitions = (*audit.model.definitions, *audit.step.lines)
        self.definitions = {one.name: one for one in definitions}
        self.notation: Notation = model_notation(audit.model, definitions, "text")
        self.plain = named(audit.model)

    def name(self, name: str) -> str:
        """``z.h``, ``ω.W``, ``h⁺`` for a name of hdsl's own."""
        plus = "⁺" if name.endswith("+") else ""
        bare = name.removesuffix("+")
        head, _, rest = bare.partition(":")
        if rest and head in ("z", "w"):
            return f"{'z' if head == 'z' else 'ω'}.{rest}{plus}"
        if head == "back":
            return f"back.{rest}{plus}"  # what the token after hands back
        if head == "begun":
            return f"{rest} as it begins"
        return f"{bare}{plus}" if bare in self.plain else self.notation.name(name)


def locality_line(audit: Audit, name: str) -> str:
    """How local the update of a parameter is, or that of a state's costate, on one line; "" where it has none."""
    builder = _Builder(audit)
    for one in audit.locality:
        if one.target == name:
            costate = name in audit.model.dynamics
            passes, why = builder._why(one, costate)
            near = passes if one.kind in ("weakly local", "non-local") else ""
            of = "its costate is " if costate else "its update is "
            return f"{of}{_kind(one)}: {', '.join(filter(None, (near, why)))}"
    return ""


def _kind(one: Locality) -> str:
    return f"local in {_WHERE[one.in_time]}" if one.kind == "local" else one.kind


class _Builder(Naming):
    def tables(self) -> Iterable[Table]:
        if self.model.learning.schedule == "boundary":
            return (Table("locality", "locality", WHOLE), self._departures())
        if self.model.hamiltonian is not None:
            own = Table("kept", "kept", "", KEPT_HEAD, tuple(kept(self.model)))
            return (own, self._updates(), self._departures("the exact flow"))
        reads = (self._locality(), self._updates(), self._transposed(), self._delays())
        return (*reads, self._memory(), self._departures(), self._sgd(), self._limits())

    # --- tables ------------------------------------------------------------------------------------------------------

    def _locality(self) -> Table:
        many = _count(self.audit.connections, "connection")
        costates = ", costates from units connected to their own" if self.model.taught else ""
        words = _SCHEMES[self.audit.scheme].format(many=many, where=_WHERE[self.audit.in_time], costates=costates)
        if self.audit.memory is not None:
            words += "; not local in time: a costate waits for the end of the sequence"
        groups: dict[tuple[str, str, str], list[str]] = {}
        for one in self.audit.locality:
            costate = one.target in self.model.dynamics
            name = f"z.{one.target}" if costate else one.target
            groups.setdefault((_kind(one), *self._why(one, costate)), []).append(name)
        rows = tuple((self._some(names), kind, passes, why) for (kind, passes, why), names in groups.items())
        return Table("locality", "locality", words, ("of", "is", "at once", "credit comes"), rows)

    def _why(self, one: Locality, costate: bool) -> tuple[str, str]:
        """How many connections credit passes at once, and by which way, or why there is nothing to tell."""
        if one.kind == "untaught":
            return "", "no cost reaches it"
        passes = _count(one.connections, "connection")
        if one.connections > costate and one.way is not None:
            return passes, self._crossed(one.way)
        if one.places:
            return passes, f"one for {' × '.join(map(str, one.places))} places: its update sums over them"
        near = "from units connected to its own" if one.connections else "its own unit"
        return passes, near if costate else "the two ends of the synapse"

    def _crossed(self, way: Way) -> str:
        """The connections that a way passes, with their lines; `told` says it at length."""
        crossed = []
        for passage in (passage for passage in way.passages if passage.crosses):
            through = " and ".join(map(self.name, passage.through)) or "other units"
            place = self._lines(passage.spans[:1])
            crossed.append(f"{through} ({place})" if place else through)
        source = f"cost {way.source}" if way.kind == "cost" else f"z.{way.source}"
        return f"{source} → {' → '.join(crossed)}"

    def _updates(self) -> Table:
        rows = [self._update(update) for update in self.audit.updates if update.kind != "parameter"]
        words = "θ: each entry from itself and its own ω" if self.model.of_role("param") else ""
        head = ("of", "at its own unit, or the ends of its synapse", "from other units", "from the step before", "lines")
        return Table("updates", "reads", words, head, tuple(rows))

    def _update(self, update: Update) -> tuple[str, ...]:
        own = [self._read(read) for read in update.reads if read.where == "own"]
        places = [self.name(read.name) for read in update.reads if read.where == "places"]
        alike = [self.name(read.name) for read in update.reads if read.where == "all" and not self._number(read.name)]
        numbers = [self.name(read.name) for read in update.reads if read.where == "all" and self._number(read.name)]
        near = [self._some(own)] if own else []
        near += [f"{self._some(places)} at every place"] if places else []
        near += [f"one number shared by all {self._some(alike)}"] if alike else []
        near += [f"{self._some(numbers)}, one number for all units"] if numbers else []
        before = ["itself" if read.name == update.cell else self.name(read.name) for read in update.reads if read.before]
        lines = self._lines(update.spans)
        return self.name(update.cell), "; ".join(near), self._others(update.reads), self._some(before), lines

    def _number(self, name: str) -> bool:
        return name in self.definitions and not self.definitions[name].sizes

    def _others(self, reads: Sequence[Read]) -> str:
        by: dict[tuple[tuple[str, ...], bool], list[str]] = {}
        for read in reads:
            if read.where == "other":
                by.setdefault((read.by, read.transposed), []).append(self.name(read.name))
        told = []
        if len(by) > MOST_GROUPS:
            everything = [name for names in by.values() for name in names]
            by = {(tuple(dict.fromkeys(name for through, _ in by for name in through)), True): everything}
        for (through, transposed), names in by.items():
            weights = [f"{self.name(n)}{'ᵀ' if transposed and self._weight(n) else ''}" for n in through]
            told.append(f"{self._some(names)} by {self._some(weights)}" if weights else self._some(names))
        return "; ".join(told)

    def _transposed(self) -> Table:
        used: dict[str, list[str]] = {}
        for update in self.audit.updates:
            for name in update.transposed:
                if weight := self._weight(name):
                    used.setdefault(weight, []).append(self.name(update.cell))
        rows = tuple((name, self._some(cells)) for name, cells in used.items())
        return Table("transposed", "transposed", "", ("parameter", "is used transposed by the update of"), rows)

    def _weight(self, name: str) -> str:
        """What is a weight of the model: a param or const, or a definition and what it is made of; else nothing."""
        if name in self.model.quantities:
            return name
        if name not in self.definitions or not self.definitions[name].shared:
            return ""
        waiting, made = [name], dict[str, None]()
        while waiting:
            one = waiting.pop()
            if one in self.model.quantities:
                made[one] = None
            elif one in self.definitions:
                waiting += reversed(tuple(self.definitions[one].reads()))
        return f"{self.name(name)}, made of {', '.join(made)}"

    def _delays(self) -> Table:
        rows = []
        for crossing in self.audit.crossings:
            widths = [
                f"{_group(sent)} + {_group(back)} bytes" if back else f"{_group(sent)} bytes"
                for sent, back in (crossing.bytes.get(dtype, (0, 0)) for dtype in BYTES)
            ]
            widths = widths if crossing.bytes else [f"{BYTES[dtype]} bytes each" for dtype in BYTES]
            whose = "once for all streams" if crossing.shared else "for each stream"
            back = f"{crossing.back}" if crossing.back != 0 else "no costate"
            rows.append((crossing.state, str(crossing.numbers), back, *widths, whose, self._lines((crossing.span,))))
        head = ("delay", "forward", "back", *BYTES, "in a step", "line")
        return Table("delays", "delays", "", head, tuple(rows))

    def _memory(self) -> Table:
        memory = self.audit.memory
        if memory is None:
            return Table("memory", "memory")
        most = "it grows with the sequence" if memory.tokens is None else f"of {memory.tokens} tokens at most"
        numbers = f"{memory.states} + {memory.sample} numbers of each token and stream, states + sample"
        of = "its ends alone" if memory.every is None else f"its ends and of one token in {memory.every} alone"
        ends = "" if memory.ends == 0 else f"; {memory.ends} of {of}, the other states are recomputed"
        words = f"kept for the way back: {numbers}; {most}{ends}"
        return Table("memory", "memory", words)

    def _departures(self, exact: str = "exact optimal control") -> Table:
        rows = tuple(
            (one.what, one.exact, self._set_at(one.span) or ("always" if one.always else DEFAULT))
            for one in self.audit.departures
        )
        return Table("departures", "departs", "", (f"from {exact}", "which has", "line"), rows)

    def _sgd(self) -> Table:
        rows = []
        for same in grouped(self.audit.equivalences).values():
            names = self._some([one.param for one in same])
            rows.append((names, self._equals(same[0]), self._set_at(same[0].span)))
        return Table("optimiser", "torch.optim", "", ("of", "equals", "line"), tuple(rows))

    def _equals(self, one: Equivalence) -> str:
        if one.setting is None:
            return f"none: {one.why}"
        late = ", its gradient applied one step late" if one.setting.late else ""
        if one.setting.through:
            return f"{one.setting} with the gradient of the summed costs by {one.setting.through}"
        held = f", with {self._some(list(one.held))} held as it is" if one.held else ""
        return f"{one.setting}{late}{held}"

    def _limits(self) -> Table:
        rows = []
        for one in self.audit.limits:
            rows.append((one.about, one.condition, _verdict(one), self._set_at(one.span)))
        return Table("stability", "stable", "", ("of", "where", "here", "line"), tuple(rows))

    # --- words -------------------------------------------------------------------------------------------------------

    def _read(self, read: Read) -> str:
        at = f"[{', '.join(read.at)}]" if read.at else ""
        return f"{self.name(read.name)}{at}"

    def _some(self, names: Sequence[str]) -> str:
        names = list(dict.fromkeys(names))
        if len(names) <= MOST_READS + 3:
            return ", ".join(names)
        return f"{', '.join(names[:MOST_READS])}, … ({len(names)} in all)"

    def _lines(self, spans: Iterable[Span]) -> str:
        source, spans = self.model.source, tuple(spans)
        own = [ranges(source.lines_of(spans))] if source.lines_of(spans) else []
        return ", ".join([*own, *(f"{name}:{ranges(lines)}" for name, lines in source.used_lines_of(spans))])

    def _set_at(self, span: Span | None) -> str:
        outside = span is not None and is_outside(self.model.source.text, span)
        return OUTSIDE if outside else self._line(span)

    def _line(self, span: Span | None) -> str:
        return "" if span is None else self._lines((span,))


def _verdict(one: Limit) -> str:
    """What the numbers of the model say of a limit."""
    curvature = one.condition.find("λ") >= 0
    told = []
    if curvature and one.largest:
        told.append(f"λ < {one.largest:.6g}")
    if one.value is not None:
        told.append(f"{'λ' if curvature else 'ρ'} = {one.value:.6g}: {'stable' if one.holds else 'UNSTABLE'}")
    return "; ".join([*told, *([one.note] if one.note else [])])


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' * (number != 1)}"


def _group(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


# --- formats -----------------------------------------------------------------------------------------------------


def audit_text(audit: Audit) -> str:
    """An audit for the terminal."""
    page = audit_page(audit)
    labels = max((columns(table.title) for table in page.tables), default=0) + 2
    out = []
    for table in page.tables:
        titles = iter([table.title])
        room = WIDTH - labels - 2
        body = [*(_broken(table.words, room) if table.words else []), *_laid(table, room)]
        out += [f"  {pad(next(titles, ''), labels)}{line}".rstrip() for line in body] + [""]
    gap = WIDTH - columns(page.name) - columns(page.facts)
    return "\n".join([page.name + " " * max(gap, 4) + page.facts, "", *out]).rstrip() + "\n"


def _laid(table: Table, room: int) -> list[str]:
    """The rows in columns; the cells that are too long for the room go on below themselves."""
    if not table.rows:
        return []
    rows = [table.head, *table.rows]
    kept = [k for k in range(len(table.head)) if any(row[k] for row in table.rows)]
    rows = [tuple(row[k] for k in kept) for row in rows]
    widths = [max(columns(row[k]) for row in rows) for k in range(len(kept))]
    for least in NARROW:
        while sum(widths) + 2 * len(widths) > room and max(widths) > least:
            widths[widths.index(max(widths))] -= 1
    lines = []
    for row in rows:
        cells = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
        for k in range(max(map(len, cells))):
            shown = (pad(cell[k] if k < len(cell) else "", width) for cell, width in zip(cells, widths, strict=True))
            lines.append("  ".join(shown).rstrip())
    return lines


def _broken(text: str, width: int) -> list[str]:
    """A text in lines of a width, cut at spaces."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if columns(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def audit_markdown(audit: Audit) -> str:
    """An audit as Markdown, a table a section."""
    page = audit_page(audit)
    parts = [f"# {plain_markdown(page.name)}: audit", plain_markdown(page.facts)]
    for table in page.tables:
        parts.append(f"## {table.title}")
        if table.words:
            parts.append(plain_markdown(table.words))
        if table.rows:
            rows = [table.head, ("---",) * len(table.head), *table.rows]
            cells = [[cell if cell == "---" else plain_markdown(cell) for cell in row] for row in rows]
            parts.append("\n".join(f"| {' | '.join(row)} |" for row in cells))
    return "\n\n".join(parts) + "\n"


def audit_html(audit: Audit, *, alone: bool = True) -> str:
    """An audit as one HTML file, or its tables as a part of another page."""
    if alone:
        return fill("audit.html", audit=audit_page(audit))
    return f'<div class="hdsl">\n{fill("audit_tables.html", audit=audit_page(audit))}</div>\n'
