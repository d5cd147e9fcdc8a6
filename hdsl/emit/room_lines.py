"""The lines of the step that a run makes: `TorchLines`, with room for every value, and parameters side by side."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import Any

import sympy

from hdsl.emit.called_lines import CalledLines
from hdsl.emit.contraction import Product
from hdsl.emit.large import too_large
from hdsl.emit.out import in_place, put_into
from hdsl.emit.packs import Packs, Row, packs_of, sums_of
from hdsl.emit.side import Side, gather_products
from hdsl.emit.statement import Statement, gather_additions
from hdsl.emit.torch_forms import lerp, tanh_pullback
from hdsl.emit.torch_lines import lacks_axes
from hdsl.terms.elementwise import ROWS, RowFunction
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    slot_indices,
    slot_name,
    slots,
)

MINUS_ONE = "minus_one"


class RoomLines(CalledLines):
    """Prints a program so that values go where those of the step before lay; what is returned goes into columns.

    ``rooms`` are the lines that have room, under the identifier of theirs; ``views`` are transposes made once; ``apart`` the
    matrices that are too large to be laid beside others, in copies.
    """

    marked = False  # None stands in the place of marks that are all ones

    def __init__(self, *given: Any, vectors: frozenset[str] = frozenset()) -> None:
        super().__init__(*given)
        self.apart = too_large(self.program.model, self.matrices)
        self.rooms: dict[str, Definition] = {}
        self.parts: dict[tuple[Row, str], str] = {}
        self.views: dict[str, str] = {}
        sums = sums_of(self.program, self.taken, self.matrices - self.apart, vectors, self.shared, self.is_number)
        self.chosen: set[str] = set()  # what is taken off where its index says
        self.readers = Counter(name for line in self.program.lines for name in line.reads())
        self.readers.update(self.program.results)
        self._rename_what_is_made_in_place()
        self.packs: Packs = packs_of(sums, self._kept_at)
        self.folded |= {c for s in self.packs.sums.values() for c in s.taken} | self.chosen
        # What a packed sum is added to is no part of its call, so it is made before.
        self.folded -= {slot_name(x) for s in self.packs.sums.values() for x in slots(s.rest)}

    def _rename_what_is_made_in_place(self) -> None:
        """``s = tanh(a)`` where nothing else reads a: a is made where s lies; so is e of ``ē = [v given] e``."""
        for position, line in reversed(list(enumerate(self.program.lines))):
            self.position = position
            first = self._made_of(line)
            if first is None or not self._dead_after(first, line):
                continue
            if self.has_room(line) and self.has_room(self.lines[slot_name(first)]):
                self.renamed[slot_name(first)] = self.renamed.get(line.name, line.name)
                assert isinstance(line.body, Elementwise)
                chosen = self._less_chosen(self._marked_by(line)[1], line)
                self.chosen |= {chosen[1].name} if chosen else set()

    def _made_of(self, line: Definition) -> Scalar | None:
        """What a line may be made in the place of."""
        if not isinstance(line.body, Elementwise):
            return None
        if not isinstance(line.body.expression, RowFunction):
            rest = self._marked_by(line)[1]
            chosen = self._less_chosen(rest, line)
            return chosen[0] if chosen else rest if is_slot(rest) else None
        (first, *others) = line.body.expression.args
        row = ROWS[type(line.body.expression).__name__]
        return first if row.in_place and not others and is_slot(first) else None

    def _less_chosen(self, expression: Scalar, line: Definition) -> tuple[Scalar, Definition] | None:
        """Of ``s − one_hot(c)``, where nothing else reads that: s, and the line that an index of the sample chooses."""
        terms = sympy.Add.make_args(expression)
        if len(terms) != 2 or len(line.indices) != 1 or line.shared:
            return None
        for s, chosen in (terms, terms[::-1]):
            source = self.lines.get(slot_name(-chosen)) if is_slot(-chosen) and is_slot(s) else None
            if source is None or not isinstance(source.body, Structured) or source.body.row != "one_hot":
                continue
            alike = slot_indices(s) == slot_indices(-chosen) == line.indices and not source.shared
            if alike and self.readers[source.name] == 1 and source.body.operands[0] not in self.lines:
                return s, source
        return None

    def _owns_storage(self, source: Definition) -> bool:
        return super()._owns_storage(source) or (isinstance(source.body, Structured) and source.body.row == "softmax")

    def _kept_at(self, name: str) -> str | None:
        """Where a quantity lies throughout a run: a cell, or the room of a line."""
        line = self.lines.get(name)
        if line is None:
            return name if name in self.program.cells else None
        if self.program.is_update(line) and name not in self.program.held:
            return name[:-1]
        kept = self.renamed.get(name, name)
        return None if not self.has_room(line) or name in self.folded or kept in self.program.results else kept

    def has_room(self, line: Definition) -> bool:
        """Whether a line's value may be written where its place is: that of the step before, or in a column."""
        if not line.indices and line.shared:
            return False
        if self.program.is_update(line) and line.name not in self.program.held:
            return False
        if not line.shared and all(self.shared(name) for name in line.reads()):
            return False
        if isinstance(line.body, Structured):
            return line.body.row == "softmax"
        return isinstance(line.body, Contraction) or not lacks_axes(line)

    # --- statements ------------------------------------------------------------------------------

    @cached_property
    def statements(self) -> list[Statement]:
        """The whole body, without what binds the cells and returns."""
        made: list[Statement] = []
        for row in self.packs.rows.values():  # what a row takes of the sample is there before anything reads the row
            made += self._copies(row, tuple(x for x in row.copied if x.startswith(":") and x[1:] not in self.lines))
        for position, line in enumerate(self.program.lines):
            self.position = position
            if line.name in self.folded or line.name in self.scattered:
                continue
            row_met = self.packs.rows.get(line.name)
            made += [] if row_met is None else self._copies(row_met, row_met.copied)
            made.append(self._statement(line))
        made = gather_products(gather_additions(made), self._sides())
        for line in self.program.lines:
            if line.name in self.program.held:
                made.append(Statement(f"{self.names[line.name[:-1]]}.copy_({self.names[line.name]})", ()))
        return self._turn_once(_whole(made))

    @property
    def marks(self) -> frozenset[str]:
        """The identifiers of marks that are None where no target is missing: what else stands there asks for them."""
        return frozenset(found[1] for s in self.statements for found in _IF.finditer(s.text))

    def column(self, result: str) -> str:
        """The identifier of where a step writes what it returns."""
        line = self.lines.get(result)
        return self.names[f"told:{result}"] if line is None or self.program.is_update(line) else self.name(result)

    def _copies(self, row: Row, copied: tuple[str, ...]) -> list[Statement]:
        """What puts into a row what does not live there: of a cell each time that it is met, of all else once."""
        made = []
        for operand in copied:
            name, first = operand.removeprefix(":"), (row, operand) not in self.parts
            if first:
                count = sum(known == operand for _, known in self.parts)
                self.parts[row, operand] = self.names[f"part:{name}{count + 1 if count else ''}"]
            if first or not self._lasts(operand):
                copy = f"{self.parts[row, operand]}.copy_({self.name(name)})"
                made.append(Statement(f"{copy}  # into {self.beside(row)}", ()))
        return made

    def _lasts(self, operand: str) -> bool:
        """Whether what was copied into a row is what stands under its name until the step ends."""
        return operand.startswith(":") or operand not in self.program.cells

    def _sides(self) -> list[Side]:
        """The packs and their rows, by the identifiers that statements have for them."""
        return [
            Side(
                self.pack(parameters),
                self.pack(parameters, "w:"),
                tuple(self.names[p] for p in parameters),
                tuple(self.names[f"w:{p}"] for p in parameters),
                {
                    tuple(None if x is None else self.name(x.removeprefix(":")) for x in row.operands): self.row(row)
                    for row in self.packs.distinct
                    if row.parameters == parameters and all(map(self._lasts, row.copied))
                },
                {
                    self.row(row): tuple(self.parts[row, x] for x in row.copied if (row, x) in self.parts)
                    for row in self.packs.distinct
                },
            )
            for parameters in self.packs.parameters
        ]

    def pack(self, parameters: tuple[str, ...], kind: str = "") -> str:
        """The identifier of parameters that lie side by side, or of their costates (``w:``)."""
        return self.names[f"side:{kind}{parameters[0]}"]

    def row(self, row: Row) -> str:
        """The identifier of a row."""
        first = row.operands[0]
        alike = [other for other in self.packs.distinct if other.operands[0] == first]
        number = alike.index(row)
        return self.names[f"row:{(first or '').removeprefix(':')}{number + 1 if number else ''}"]

    def beside(self, row: Row) -> str:
        """What lies in a row, as comments have it: ``[h | u | 1]``."""
        return f"[{' | '.join('1' if x is None else self.name(x.removeprefix(':')) for x in row.operands)}]"

    def _turn_once(self, statements: list[Statement]) -> list[Statement]:
        """Transposes of what lies where it lies throughout a run are views made before it."""
        lasting = {self.names[cell] for cell in self.program.cells} | self.rooms.keys()

        def turned(match: re.Match[str]) -> str:
            if match[1] not in lasting:
                return match[0]
            self.views.setdefault(match[1], self.names[f"turned:view:{match[1]}"])
            return self.views[match[1]]

        return [replace(s, text=re.sub(r"\b(\w+)\.t\(\)", turned, s.text)) for s in statements]

    def _statement(self, line: Definition) -> Statement:
        s = self.packs.sums.get(line.name)
        if s is None:
            return self._masked(line) or super()._statement(line)
        row = self.packs.rows[line.name]
        met, parameters = self.row(row), self.names[f"turned:side:{row.parameters[0]}"]
        text = f"torch.mm({met}, {parameters})"
        if s.rest != 0:
            beta, base = self._scaled_slot(s.rest)
            scaling = self._factors(line, beta, s.alpha, Product("mm", met, parameters, False))
            text = f"torch.addmm({self.text(base, line)}, {met}, {parameters}{scaling})"
        used = (*(self.lines[name] for name in s.taken), line)
        return self._assign(line, text, used)

    def _scaled_slot(self, expression: Scalar) -> tuple[Scalar, Scalar]:
        tensors = [f for f in sympy.Mul.make_args(expression) if not self.is_number(f)]
        return expression / tensors[0], tensors[0]

    def _assign(self, line: Definition, text: str, used: tuple[Definition, ...]) -> Statement:
        name, place = self.name(line.name), self.renamed.get(line.name, line.name)
        written = place in self.program.results and not self.program.is_update(self.lines.get(place, line))
        if not self.has_room(line):
            made = super()._assign(line, text, used)
            if not written:
                return made
            value = made.text.removeprefix(f"{name} = ").removesuffix(".clone()")
            return replace(made, text=f"{name}.copy_({value})")
        if text.startswith(f"{name}.") and in_place(text[len(name) :]):
            return Statement(text, used)
        into = put_into(text, name)
        if into is None and (written or any(place in row.own for row in self.packs.distinct)):
            into = f"{name}.copy_({text.removesuffix('.clone()')})"
        if into is None:
            return Statement(f"{name} = {text}", used)
        if not written:
            self.rooms[name] = line
        return Statement(into, used)

    def _masked(self, line: Definition) -> Statement | None:
        """A value times the mark of a target: it is made as if all were there, and marked where some are not."""
        if not isinstance(line.body, Elementwise) or not self.has_room(line):
            return None
        mark, rest = self._marked_by(line)
        made = self._unmarked(rest, line)
        if made is None or (mark is None and not made.endswith(f"{MINUS_ONE})")):
            return None
        used = (*(self.lines[n] for n in line.reads() if n in self.chosen), line)
        if mark is None:
            return Statement(made, used)
        name, given = self.name(line.name), self.text(mark, line)
        asked = f"if {re.split(_NO_WORD, given)[0]} is not None:\n    {name}.mul_({given})"
        return Statement(f"{made}\n{asked}" if made else asked, used)

    def _unmarked(self, rest: Scalar, line: Definition) -> str | None:
        """What makes a line of this expression where its place is; nothing where it was made there; None: not in place."""
        name, chosen = self.name(line.name), self._less_chosen(rest, line)
        if chosen is not None and self.name(slot_name(chosen[0])) == name:
            (index,) = chosen[1].body.operands  # type: ignore[union-attr]
            return f"{name}.scatter_add_(1, {self.name(index)}.unsqueeze(1), {MINUS_ONE})"
        if is_slot(rest):
            return "" if self.name(slot_name(rest)) == name else None
        text = self._assign(line, self._elementwise(replace(line, body=Elementwise(rest))), ()).text
        return None if text.startswith(f"{name} = ") else text

    # --- values ----------------------------------------------------------------------------------

    def _elementwise(self, line: Definition) -> str:
        assert isinstance(line.body, Elementwise)
        if not self.has_room(line) or isinstance(line.body.expression, RowFunction) or lerp(self, line):
            return super()._elementwise(line)
        pulled = tanh_pullback(self, line)
        if pulled:
            x, s = pulled.partition("(")[2].removesuffix(")").split(", ")
            return f"torch.addcmul({x}, {x}, torch.mul({s}, {s}, out={self.name(line.name)}), value=-1)"
        return self._calls(line) or super()._elementwise(line)


def _whole(statements: list[Statement]) -> list[Statement]:
    """A mark that is read elsewhere too is always there, and not asked for."""
    words = {word for s in statements for word in re.findall(r"\w+", _IF.sub("", s.text))}
    return [replace(s, text=_IF.sub(lambda m: m[2] if m[1] in words else m[0], s.text)) for s in statements]


_NO_WORD = re.compile(r"\W")
_IF = re.compile(r"^if (\w+) is not None:\n    (.+)$", re.MULTILINE)
