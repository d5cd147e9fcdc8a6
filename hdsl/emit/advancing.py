"""The methods of a generated torch module by which a run steps: with room for every value, and parameters side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hdsl.emit.aside import Aside, put_aside, swapped
from hdsl.emit.body import body_of, commented
from hdsl.emit.facts import Facts
from hdsl.emit.packs import Row
from hdsl.emit.room_lines import MINUS_ONE, RoomLines
from hdsl.emit.rows import by_rows
from hdsl.emit.stacks import Gathering, Stack, Stacks, moved_together, stacked
from hdsl.emit.statement import bind_numbers
from hdsl.emit.twins import twinned
from hdsl.optimise.program import Program
from hdsl.terms.term import Definition, Size


def advancing(program: Program, handed: Program, facts: Facts) -> str:
    """``_advance``, ``_lay_out``, ``_take_back``, ``_columns`` and ``_handed``."""
    lines = facts.lines(program)
    assert isinstance(lines, RoomLines)
    bindings, statements = bind_numbers(lines.statements, facts.names.given, 1)
    columns = {lines.column(name): name for name in program.results}
    maker = Gathering(statements, lines, columns, _Free(lines, facts, columns))
    stacked(maker)
    twinned(maker)
    moved_together(maker)
    aside, blocks = put_aside(maker), by_rows(maker)
    statements, stacks = maker.statements, maker.found
    copies = [f"{column}.copy_({lines.name(name)})" for column, name in columns.items() if column != lines.name(name)]
    copies = [swapped(copy, aside.after) for copy in copies]
    text = "\n".join([*bindings, *(s.text for s in statements), *copies])
    words = frozenset(re.findall(r"\w+", "\n".join([text, *(line for made in blocks.values() for line in made)])))
    layout = _Layout(lines, facts, words, stacks, columns, aside, blocks)
    notation = facts.notation(program, lines.folded)
    read = tuple(name for name in facts.sample if facts.names[name] in words)
    marks = tuple(name for name in read if facts.names[name] in lines.marks)
    row = _listed([*(facts.names[name] for name in read), *columns])
    step = [
        "def _advance(self, room, cells, samples, tau):",
        '    """`_learn` of each sample: values go where those of the step before lay, what is returned goes into columns."""',
        f"    {facts.unpack_cells()} = cells",
    ]
    step += [f"    {_listed(layout.room)} = room"] if layout.room else []
    step += [f"    {line}" for line in (*facts.prologue(text), *bindings)]
    step += [f"    for {row or '_'} in samples:"]
    step += [f"        {line}" for s in statements for line in commented(s, facts, notation)]
    step += [f"        {line}" for line in copies]
    tables = [
        f"beside = {layout.beside!r}  # the cells that `_lay_out` copies",
        f"advance_reads = {read!r}  # what `_advance` takes of a sample, before the columns",
        f"advance_marks = {marks!r}  # None in their place where no target is missing",
    ]
    made = [*_columns(columns, lines, facts), *_handed(program, handed, facts)]
    return "\n".join([*tables, "", *step, "", *layout.method(), *layout.way_back(), *made])


def _listed(names: list[str]) -> str:
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)


def _columns(columns: dict[str, str], lines: RoomLines, facts: Facts) -> list[str]:
    """The method that makes what a run's steps write into."""
    made = []
    for column, name in columns.items():
        shared, sizes = _shape(name, lines, facts)
        shape = ["steps", *(["self.batch"] * (not shared)), *(facts.size(n, "self.") for n in sizes)]
        made.append(f"    {column} = self.share.new_empty({', '.join(shape)})")
    return [
        "def _columns(self, steps):",
        '    """What the steps of a run write into, for what is returned."""',
        *made,
        f"    return ({_listed(list(columns))})",
        "",
    ]


def _shape(name: str, lines: RoomLines, facts: Facts) -> tuple[bool, tuple[Size, ...]]:
    """Whether all streams share a result, and its sizes."""
    line = lines.lines.get(name)
    return (lines.shared(name), facts.model.quantities[name].sizes) if line is None else (line.shared, line.sizes)


def _handed(program: Program, handed: Program, facts: Facts) -> list[str]:
    """The method that makes what `_learn` returns of what the steps of a run have written."""
    names = _listed([facts.names[name] for name in dict.fromkeys(program.results)])
    return [
        "def _handed(self, columns, sample):",
        '    """What `_learn` returns, for all steps of a run at once."""',
        *([f"    {names} = columns"] if names else []),
        *([f"    {facts.unpack_sample()} = sample"] if handed.lines else []),
        *body_of(handed, facts, True),
        "",
    ]


@dataclass(frozen=True)
class _Free:
    """Whether a value, by its identifier, has a place of its own that may be moved beside others: one row a stream."""

    lines: RoomLines
    facts: Facts
    columns: dict[str, str]

    def __call__(self, name: str) -> bool:
        for cell in self.lines.program.cells:
            quantity = self.facts.model.quantities[cell.rpartition(":")[2]]
            if name in (self.facts.names[cell], self.facts.names[f"{cell}+"]) and name not in self.lines.rooms:
                homes = {self.facts.names[x] for row in self.lines.packs.distinct for x in row.own}
                return not self.lines.shared(cell) and len(quantity.sizes) == 1 and name not in homes
        line = self.lines.rooms.get(name) or self.lines.lines.get(self.columns.get(name, ""))
        return line is not None and not line.shared and len(line.indices) == 1 and not self.has_home(line)

    def has_home(self, line: Definition) -> bool:
        """Whether a line's value lies in a row that a pack meets."""
        place = self.lines.renamed.get(line.name, line.name)
        return any(place in row.own for row in self.lines.packs.distinct)


class _Layout:
    """Where the values of a run's steps lie."""

    def __init__(
        self, lines: RoomLines, facts: Facts, words: frozenset[str], stacks: Stacks, columns: dict[str, str], aside: Aside,
        blocks: dict[str, list[str]],
    ) -> None:
        self.lines, self.facts, self.stacks, self.columns = lines, facts, stacks, columns
        self.moved: list[str] = []  # cells that lie elsewhere during a run
        self.made: list[str] = []
        self.below: dict[str, str] = {}  # the first rows of what lies in a stack
        known: list[str] = []
        for stack in stacks.stacks:
            known += self._stack(stack)
        for parameters in lines.packs.parameters:
            known += self._pack(parameters)
        for row in lines.packs.distinct:
            known += self._row(row)
        joined = {name for names in stacks.joined.values() for name in names}
        for whole, names in stacks.joined.items():
            known += self._joined(whole, names)
        for whole, cells in stacks.cells.items():
            known += self._cells(whole, cells)
        for whole, (within, pair) in stacks.within.items():
            self.made.append(f"{whole} = {within}[:, :{' + '.join(self._size(name) for name in pair)}]")
            known.append(whole)
        for whole, (first, second) in stacks.heads.items():
            wide = " + ".join(facts.size(facts.model.quantities[p].sizes[1]) for p in (first, second))
            self.made.append(f"{whole} = {lines.pack(next(p for p in lines.packs.parameters if first in p))}[:, :{wide}]")
            known.append(whole)
        free = _Free(lines, facts, columns)
        for name, line in lines.rooms.items():
            known.append(name)
            if name not in joined and not free.has_home(line):
                sizes = [*(["self.batch"] * (not line.shared)), *(facts.size(n) for n in line.sizes)]
                self.made.append(f"{name} = share.new_empty({', '.join(sizes)})")
        for name in facts.turned:
            if name in self.moved:
                self.made.append(f"{facts.names[f'turned:{name}']} = {facts.names[name]}.t()")
        for of, view in lines.views.items():
            if view in words:
                known.append(view)
                self.made.append(f"{view} = {of}.t()")
        for rows, made in blocks.items():
            known.append(rows)
            self.made += made
        if MINUS_ONE in words:
            known.append(MINUS_ONE)
            self.made.append(f"{MINUS_ONE} = share.new_full((self.batch, 1), -1)")
        self.made = aside.laid(self.made)
        self.moved += [cell for cell in lines.program.cells if facts.names[cell] in aside.beside]
        known = [*(aside.swap.get(name, name) for name in known), *aside.old]
        self.room = [name for name in dict.fromkeys(known) if name in words and name not in aside.moved]

    def _stack(self, stack: Stack) -> list[str]:
        """Members below one another, and those that are one matrix as parts of it."""
        model, names, start = self.facts.model, self.facts.names, ""
        packs = {p[0]: p for p in self.lines.packs.parameters}
        first = stack.members[0].parameter
        columns = self.facts.size(model.quantities[first].sizes[1])
        width = columns
        if first in packs:
            width = self._width([model.quantities[p].sizes[1:] for p in packs[first]])
        rows = " + ".join(self.facts.size(model.quantities[m.parameter].sizes[0]) for m in stack.members)
        told = " above ".join(m.whole for m in stack.members)
        self.made.append(f"{stack.whole} = share.new_zeros({rows}, {width})  # {told}")
        self.made.append(f"{stack.costates} = torch.zeros_like({stack.whole})")
        for member in stack.members:
            end = f"{start}{' + ' * bool(start)}{self.facts.size(model.quantities[member.parameter].sizes[0])}"
            self.below[member.parameter] = f"{start}:{end}"
            for kind, into in (("", stack.whole), ("w:", stack.costates)) if member.parameter not in packs else ():
                name = names[f"{kind}{member.parameter}"]
                self.made.append(f"{name} = {into}[{start}:{end}, :{columns}].copy_({name})")
                self.moved.append(f"{kind}{member.parameter}")
            start = end
        self.made.append(f"{stack.turned} = {stack.whole}.t()")
        self.made.append(f"{stack.heads} = {stack.whole}[:, :{columns}]")
        rest = self.stacks.rests.get(stack.whole, "")
        if rest:
            first_rows = self.below[first].removeprefix(":")
            self.made.append(f"{rest} = {stack.costates}[{first_rows}:, {columns}:]")
        return [stack.whole, stack.costates, stack.turned, stack.heads, rest]

    def _joined(self, whole: str, names: tuple[str, ...]) -> list[str]:
        """Values side by side, one row a stream."""
        places = self._places([self._sizes(name) for name in names])
        width = " + ".join(self._size(name) for name in names)
        self.made.append(f"{whole} = share.new_empty(self.batch, {width})  # [{' | '.join(names)}]")
        self.made += [f"{name} = {whole}[:, {place}]" for name, place in zip(names, places, strict=True)]
        return [whole, *names]

    def _cells(self, whole: str, cells: tuple[str, ...]) -> list[str]:
        """Cells side by side, one row a stream."""
        known = {self.facts.names[cell]: cell for cell in self.lines.program.cells}
        places = self._places([self._sizes(name) for name in cells])
        width = " + ".join(self._size(name) for name in cells)
        self.made.append(f"{whole} = share.new_empty(self.batch, {width})  # [{' | '.join(cells)}]")
        self.made += [f"{name} = {whole}[:, {place}].copy_({name})" for name, place in zip(cells, places, strict=True)]
        self.moved += [known[name] for name in cells]
        return [whole]

    def _size(self, name: str) -> str:
        return self.facts.size(self._sizes(name)[0])

    def _sizes(self, name: str) -> tuple[Size, ...]:
        """The sizes of a value, a cell or a new value of one, by its identifier."""
        for cell in self.lines.program.cells:
            if name in (self.facts.names[cell], self.facts.names[f"{cell}+"]):
                return self.facts.model.quantities[cell.rpartition(":")[2]].sizes
        column = self.columns.get(self.stacks.sides.get(name, ""), "")
        return self.lines.lines[column].sizes if column else self.lines.rooms[name].sizes

    def _pack(self, parameters: tuple[str, ...]) -> list[str]:
        """Parameters and their costates side by side, and the transpose of the former."""
        names, lines = self.facts.names, self.lines
        side, costates, turned = lines.pack(parameters), lines.pack(parameters, "w:"), names[f"turned:side:{parameters[0]}"]
        rows, _ = self.facts.model.quantities[parameters[0]].sizes
        places = self._places([self.facts.model.quantities[p].sizes[1:] for p in parameters])
        width = self._width([self.facts.model.quantities[p].sizes[1:] for p in parameters])
        told = " | ".join(self.facts.names[p] for p in parameters)
        below = self.below.get(parameters[0], "")
        stack = next((s for s in self.stacks.stacks if below and parameters[0] in {m.parameter for m in s.members}), None)
        if stack is None:
            self.made.append(f"{side} = share.new_zeros({self.facts.size(rows)}, {width})  # [{told}], in whole lines of cache")
            self.made.append(f"{costates} = torch.zeros_like({side})")
        else:
            self.made.append(f"{side} = {stack.whole}[{below}]  # [{told}], in whole lines of cache")
            self.made.append(f"{costates} = {stack.costates}[{below}]")
        for kind, into in (("", side), ("w:", costates)):
            for p, place in zip(parameters, places, strict=True):
                name = names[f"{kind}{p}"]
                self.made.append(f"{name} = {into}[:, {place}].copy_({name})")
                self.moved.append(f"{kind}{p}")
        self.made.append(f"{turned} = {side}.t()")
        return [side, costates, turned]

    def _row(self, row: Row) -> list[str]:
        """What a pack meets at one point."""
        names, lines, side = self.facts.names, self.lines, self.lines.row(row)
        sizes = [self.facts.model.quantities[p].sizes[1:] for p in row.parameters]
        self.made.append(f"{side} = share.new_zeros(self.batch, {self._width(sizes)})  # {lines.beside(row)}")
        known = [side]
        for operand, place in zip(row.operands, self._places(sizes), strict=True):
            at = f"{side}[:, {place}]"
            if operand is None:
                self.made.append(f"{at} = 1")
            elif operand in row.own and operand in lines.program.cells:
                name = names[operand]
                self.made.append(f"{name} = {at}.copy_({name})")
                self.moved.append(operand)
            elif operand in row.own:
                self.made.append(f"{lines.name(operand)} = {at}")
                known.append(lines.name(operand))
            else:
                self.made.append(f"{lines.parts[row, operand]} = {at}")
                known.append(lines.parts[row, operand])
        return known

    def _width(self, sizes: list[tuple[Size, ...]]) -> str:
        whole = " + ".join(self.facts.size(s[0]) if s else "1" for s in sizes)
        return f"-(-({whole}) // 16) * 16"

    def _places(self, sizes: list[tuple[Size, ...]]) -> list[str]:
        """The columns of each, as text: ``:n``, ``n:n + m``, ``n + m``."""
        places, start = [], ""
        for size in sizes:
            if not size:
                places.append(start or "0")
                continue
            end = f"{start} + {self.facts.size(size[0])}" if start else self.facts.size(size[0])
            places.append(f"{start}:{end}")
            start = end
        return places

    def method(self) -> list[str]:
        facts = self.facts
        text = "\n".join(self.made)
        return [
            "def _lay_out(self, cells):",
            '    """Room for the values of `_advance`, and the cells as it has them: parameters side by side, in copies."""',
            f"    {facts.unpack_cells()} = cells",
            *(f"    {line}" for line in facts.prologue(text)),
            *(f"    {line}" for line in self.made),
            f"    room = ({_listed(self.room)})",
            f"    return room, ({facts.unpack_cells()})",
            "",
        ]

    @property
    def beside(self) -> tuple[int, ...]:
        """The places of the cells that lie elsewhere during a run."""
        names = [name for name, _ in self.facts.cells]
        return tuple(sorted(names.index(name) for name in self.moved))

    def way_back(self) -> list[str]:
        return [
            "def _take_back(self, laid):",
            '    """Put into the cells what `_advance` has made of their copies."""',
            "    cells = self._cells()",
            "    for k in self.beside:",
            "        cells[k].copy_(laid[k])",
            "",
        ]
