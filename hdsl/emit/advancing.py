"""The methods of a generated torch module by which a run steps: with room for every value, and parameters side by side."""

from __future__ import annotations

import re

from hdsl.emit.body import commented, handed_out
from hdsl.emit.facts import Facts
from hdsl.emit.packs import Row
from hdsl.emit.room_lines import RoomLines
from hdsl.emit.statement import bind_numbers
from hdsl.optimise.program import Program
from hdsl.terms.term import Size, Structured


def advancing(program: Program, facts: Facts) -> str:
    """``_advance``, ``_lay_out`` and ``_take_back``."""
    lines = facts.lines(program)
    assert isinstance(lines, RoomLines)
    bindings, statements = bind_numbers(lines.statements, facts.names.given)
    notation = facts.notation(program, lines.folded)
    results = ", ".join(_result(program, name, lines) for name in program.results)
    results += "," * (len(program.results) == 1)
    text = "\n".join([*bindings, *(s.text for s in statements), results])
    layout = _Layout(lines, facts, frozenset(re.findall(r"\w+", text)))
    step = [
        "def _advance(self, room, cells, sample, tau):",
        '    """`_learn` as the steps of a run: values go where those of the step before lay, what is returned is new."""',
        f"    {facts.unpack_cells()} = cells",
    ]
    step += [f"    {', '.join(layout.room)}{',' * (len(layout.room) == 1)} = room"] if layout.room else []
    step += [f"    {facts.unpack_sample()} = sample"] if facts.sample else []
    step += [f"    {line}" for line in (*facts.prologue(text), *bindings)]
    step += [f"    {line}" for s in statements for line in commented(s, facts, notation)]
    step += [f"    return ({results})", ""]
    beside = f"beside = {layout.beside!r}  # the cells that `_lay_out` copies"
    return "\n".join([beside, "", *step, *layout.method(), *layout.way_back()])


def _result(program: Program, name: str, lines: RoomLines) -> str:
    """What is handed out is the caller's to keep: never a cell or a sample itself, nor anything that lies in a room."""
    text = handed_out(program, name, lines)
    view = any(line.name == name and isinstance(line.body, Structured) for line in program.lines)  # it may be one
    return f"{text}.clone()" if text in lines.rooms or (view and not text.endswith(".clone()")) else text


class _Layout:
    """Where the values of a run's steps lie."""

    def __init__(self, lines: RoomLines, facts: Facts, words: frozenset[str]) -> None:
        self.lines, self.facts = lines, facts
        self.moved: list[str] = []  # cells that lie elsewhere during a run
        self.made: list[str] = []
        known: list[str] = []
        for parameters in lines.packs.parameters:
            known += self._pack(parameters)
        for row in lines.packs.distinct:
            known += self._row(row)
        homes = {x for row in lines.packs.distinct for x in row.own}
        for name, line in lines.rooms.items():
            known.append(name)
            if lines.renamed.get(line.name, line.name) not in homes:
                sizes = [*(["self.batch"] * (not line.shared)), *(facts.size(n) for n in line.sizes)]
                self.made.append(f"{name} = share.new_empty({', '.join(sizes)})")
        for name in facts.turned:
            if name in self.moved:
                self.made.append(f"{facts.names[f'turned:{name}']} = {facts.names[name]}.t()")
        for of, view in lines.views.items():
            known.append(view)
            self.made.append(f"{view} = {of}.t()")
        self.room = [name for name in dict.fromkeys(known) if name in words]

    def _pack(self, parameters: tuple[str, ...]) -> list[str]:
        """Parameters and their costates side by side, and the transpose of the former."""
        names, lines = self.facts.names, self.lines
        side, costates, turned = lines.pack(parameters), lines.pack(parameters, "w:"), names[f"turned:side:{parameters[0]}"]
        rows, _ = self.facts.model.quantities[parameters[0]].sizes
        places = self._places([self.facts.model.quantities[p].sizes[1:] for p in parameters])
        width = self._width([self.facts.model.quantities[p].sizes[1:] for p in parameters])
        told = " | ".join(self.facts.names[p] for p in parameters)
        self.made.append(f"{side} = share.new_zeros({self.facts.size(rows)}, {width})  # [{told}], in whole lines of cache")
        self.made.append(f"{costates} = torch.zeros_like({side})")
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
            f"    room = ({', '.join(self.room)}{',' * (len(self.room) == 1)})",
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
