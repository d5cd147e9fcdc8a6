"""A program as the body of a C function: its lines in groups, large matrices by blocks of rows, new values in place."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from math import prod

from hdsl.emit import native_crew
from hdsl.emit.native_ahead import Ahead, made_ahead
from hdsl.emit.native_expression import Kind, NativePrinter
from hdsl.emit.native_few_loops import several_rows
from hdsl.emit.native_groups import Group, Node, grouped, is_row_sum, node_of, sunk, turned
from hdsl.emit.native_loops import Range, by_vector, cleared, elementwise, is_outer, product
from hdsl.emit.native_places import Identifiers, Place, Sizes, WorkSpace, row_major, viewed
from hdsl.emit.native_runs import runs_of, through
from hdsl.emit.native_squeezed import squeezed
from hdsl.emit.native_structured import structured
from hdsl.optimise.program import Program
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    occurrences,
    slot_indices,
    slot_name,
    slots,
)

LARGE = 2**13
"""Bytes of a matrix from which on it is gone through by blocks of rows, each block's work done while it is in the cache."""
BLOCK, FEWEST, MOST_ROWS = 2**16, 8, 64
"""Bytes of a block of rows of two matrices, and how many rows it has at least and at most."""
BRIEF = 48
"""Lines up to which a program is short: what it calls may stand in its own text."""
FEW_STREAMS = 3
"""Streams up to which the mean of an outer product is written out in the loop that takes it in."""
MOST_STREAMS = 64
"""The same for products of other shapes, which are made number by number elsewhere."""


class Native:
    """What all bodies of a module share: numbers, identifiers and the work space."""

    def __init__(self, sizes: Mapping[str, int], batch: int, kind: Kind, numbers: set[str]) -> None:
        self.sizes, self.batch, self.kind, self.numbers = Sizes(sizes), batch, kind, numbers
        self.names = Identifiers()
        self.item = 4 if kind == "float" else 8
        self.work = WorkSpace(self.item)
        self.kernels: dict[str, str] = {}  # functions of sizes that a compiler knows, by name, for all bodies

    def apart(self) -> Native:
        """The same with a work space of its own."""
        made = copy.copy(self)
        made.work = WorkSpace(self.item)
        return made

    def place_of(self, pointer: str, sizes: tuple[int, ...], shared: bool) -> Place:
        made = Place(pointer, sizes, row_major(sizes), 0)
        return made if shared or self.batch == 1 else Place(pointer, sizes, row_major(sizes), made.numbers)


class Body:
    """One program. ``outside`` gives what a cell or a sample is: its sizes and whether it is shared.

    ``results`` are pointers by line for what is made where it is handed out. ``ending`` tells its names from those of another
    program in the same function.
    """

    def __init__(
        self,
        native: Native,
        program: Program,
        outside: Callable[[str], tuple[tuple[int, ...], bool]],
        results: Mapping[str, str],
        ending: str = "",
    ) -> None:
        self.native, self.outside, self.results = native, outside, results
        self.program = self._squeezed(program) if self.tight and native.batch == 1 else program
        self.ending, self.sizes = ending, native.sizes
        self.beside_cells = set(self.program.held)  # new values for which a cell has no room where they are made
        self.batch, self.brief, self.kernels = native.batch, len(program.lines) <= BRIEF, native.kernels
        self.lines = {line.name: line for line in self.program.lines}
        self.constants: dict[str, str] = {}
        self.room: dict[str, Place] = {}
        self.bound: list[str] = []
        self.used: dict[str, None] = {}  # cells and samples, in the order of their use
        self.bases: dict[str, str] = {}
        self.readers = self._read_by()
        self.blocks: set[str] = set()  # means of outer products, of which there is but a block of rows at a time
        self.folded = self._taken_in()
        self.kept: set[str] = set()
        self.work = 0  # of the largest loop that is for threads
        self.ahead: list[Ahead] = []
        self.first: list[str] = []  # what the first step of a call makes that others find made
        self._find_views()

    threads = False
    """Whether large loops are split among threads: the text is then that of one of them, ``me`` of a ``crew``."""
    samples: Collection[str] = ()
    """What a sample has, of which a step may make products for the next one."""
    put_back: Collection[str] = ()
    """Cells that projections change between steps."""
    tight = True
    """Whether lines of one stream may go without axes of one entry, and move into loops behind them."""

    def _squeezed(self, program: Program) -> Program:
        def outside(name: str) -> tuple[tuple[int, ...], bool]:
            sizes, shared = whole(name)
            return tuple(sizes[axis] for axis in left.get(name, range(len(sizes)))), shared

        numbers, whole = self.native.numbers, self.outside
        made, left = squeezed(program, lambda name: () if name in numbers else whole(name)[0], self.native.sizes)
        self.outside = outside
        return made

    # --- what loops ask --------------------------------------------------------------------------------------------------

    def place(self, name: str) -> Place:
        if name in self.room:
            return self.room[name]
        line = self.lines.get(name)
        if line is None:
            sizes, shared = self.outside(name)
            self.used[name] = None
            self.room[name] = self.native.place_of(self.native.names[name], sizes, shared)
        elif self.program.is_update(line) and name not in self.beside_cells and not self.beside(line):
            self.room[name] = self.place(name[:-1])
        else:
            self.room[name] = self._made(line)
        return self.room[name]

    def _made(self, line: Definition) -> Place:
        sizes, pointer = self.extent(line), self.native.names[line.name] + self.ending
        if line.name in self.results:
            return self.native.place_of(self.results[line.name], sizes, line.shared)
        made = self.native.place_of(pointer, sizes, line.shared)
        start = self.native.work.take(made.numbers * (1 if line.shared else self.batch))
        self.bound.append(f"T *const {pointer} = r->work + {start};")
        return made

    def beside(self, line: Definition) -> bool:
        """Whether a new value is made beside its cell, since it reads that at other places than its own."""
        cell = line.name[:-1]
        if cell not in line.reads():
            return False
        if not isinstance(line.body, Elementwise):
            return True
        return any(slot_name(s) == cell and slot_indices(s) != line.indices for s in slots(line.body.expression))

    def shared(self, name: str) -> bool:
        return self.lines[name].shared if name in self.lines else self.outside(name)[1]

    def is_number(self, expression: Scalar) -> bool:
        return all(slot_name(s) in self.native.numbers for s in slots(expression))

    def extent(self, line: Definition) -> tuple[int, ...]:
        return self.native.sizes.of(line.sizes)

    def length(self, size: Scalar) -> int:
        return self.native.sizes(size)

    def store(self, line: Definition) -> Place | None:
        """Where a value is put; None where nothing reads it but the loop that makes it."""
        return self.place(line.name) if line.name in self.kept else None

    def printer(self, known: Mapping[Scalar, str]) -> NativePrinter:
        def spell(part: Scalar) -> str:
            if not is_slot(part):
                return f"{self.native.sizes(part)}.0"
            if part in known:
                return known[part]
            name = slot_name(part)
            if name in self.native.numbers:
                return self.native.names[name]
            return self.place(name).at([i.name for i in slot_indices(part)])

        return NativePrinter(self.native.kind, spell, self.is_number, self._constant)

    def _constant(self, text: str) -> str:
        return self.constants.setdefault(text, f"constant{self.ending}_{len(self.constants)}")

    # --- plans -----------------------------------------------------------------------------------------------------------

    def _read_by(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.program.lines:
            for name in line.reads():
                found.setdefault(name, []).append(line.name)
        return found

    def _taken_in(self) -> dict[str, Definition]:
        """Outer products, or their means, that one sum reads as they lie: they are worked out in its loop. A sum over one thing
        is a product too. What a cell becomes is not among them, for it has to be put there."""
        found = {}
        places = {line.name: place for place, line in enumerate(self.program.lines)}
        overwritten = {name: places[f"{name}+"] for name in self.program.cells if f"{name}+" not in self.program.held}
        for line in self.program.lines:
            if not isinstance(line.body, Elementwise):
                continue
            stand = Counter(map(slot_name, occurrences(line.body.expression)))
            for occurrence in slots(line.body.expression):
                source = self.lines.get(slot_name(occurrence))
                if source is None or not isinstance(source.body, Contraction) or not source.indices:
                    continue
                if self.program.is_update(source) or any(self.length(size) != 1 for _, size in source.body.bound):
                    continue
                once = self.readers[source.name] == [line.name] and stand[source.name] == 1
                own = slot_indices(occurrence) == line.indices and source.name not in self.program.results
                tiled = is_outer(self, source) and self.batch > FEW_STREAMS
                mean = self.batch == 1 or not source.shared or self.batch <= MOST_STREAMS
                lasting = not any(overwritten.get(name, places[line.name]) < places[line.name] for name in source.reads())
                if once and own and (mean or tiled) and lasting and source.shared == line.shared:
                    if tiled:
                        self.blocks.add(source.name)
                    else:
                        found[source.name] = source
        return found

    def _find_views(self) -> None:
        for line in self.program.lines:
            if isinstance(line.body, Structured) and line.body.operands and line.name not in self.program.results:
                source = line.body.operands[0]
                if self.program.is_update(line) or line.shared != self.shared(source):
                    continue
                place = viewed(line, self.place(source), self.native.sizes)
                if place is not None:
                    self.room[line.name] = place
                    self.bases[line.name] = self.bases.get(source, source)

    def _node(self, line: Definition) -> Node:
        in_place = self.program.is_update(line) and line.name not in self.beside_cells and not self.beside(line)
        writes = line.name[:-1] if in_place else None
        rows = None
        if not isinstance(line.body, Structured) and line.indices:
            rows = self.extent(line)[0]
            if is_row_sum(line):
                found = by_vector(self, line)
                rows = None if found is None else found.matrix.sizes[0]
        return node_of(line, rows, rows is not None and self._large(line), self.bases, self.folded, writes)

    def _large(self, line: Definition) -> bool:
        if not isinstance(line.body, Contraction) and len(line.indices) < 2:
            return False
        tables = [self._sizes(name) for name in (line.name, *line.reads()) if name not in (*self.folded, *self.native.numbers)]
        return any(len(sizes) == 2 and prod(sizes) * self.native.item >= LARGE for sizes in tables)

    def _sizes(self, name: str) -> tuple[int, ...]:
        return self.extent(self.lines[name]) if name in self.lines else self.outside(name)[0]

    # --- text ------------------------------------------------------------------------------------------------------------

    def text(self) -> list[str]:
        """The statements of the lines, and what puts new values into their cells at the end."""
        lines = [line for line in self.program.lines if line.name not in self.folded and line.name not in self.bases]
        groups = self._grouped(lines)
        if self.tight and self.batch == 1:
            self.ahead = made_ahead(self, groups, lambda name: name in self.samples)
            apart = {each.line.name for each in self.ahead}
            self.kept |= apart
            lines = [line for line in lines if line.name not in apart]
            groups = sunk(self._grouped(lines) if apart else groups)
        runs = [(group, runs_of(self, group)) for group in groups]
        for name in through(self, runs) if self.tight else ():
            self._put_at_once(name)
        lists = [(group, [[node.line for node in run] for run in own]) for group, own in runs]
        self._keep([run for _, own in lists for run in own])
        self.turned = turned(groups, self._bytes)
        made: list[str] = []
        for group, own in lists:
            made += self._group(group, own)
        return [*self.first, *made, *(text for line in lines for text in self._put(line))]

    def _grouped(self, lines: list[Definition]) -> list[Group]:
        return grouped([self._node(line) for line in lines], self.program.held)

    def _for_the_next_step(self, names: set[str], few: int, rows: int) -> list[str]:
        """The products of rows that have moved with the next sample; the first step makes its own by the same blocks."""
        made = []
        for each in self.ahead:
            if f"{each.matrix}+" in names:
                block = ("0", str(rows)) if few == rows else ("lo", "hi")
                now, place = product(self, each.line, block), self.place(each.sample)
                self.first += ["if (step == 0) {", *([] if few == rows else self._in_turn(few, rows)), *now]
                self.first += ["}"] * (1 if few == rows else 2)
                self.room[each.sample] = replace(place, pointer=f"({place.pointer} + {place.numbers})")
                made += ["if (step + 1 < r->steps) {", *product(self, each.line, block), "}"]
                self.room[each.sample] = place
        return made

    def _put_at_once(self, name: str) -> None:
        """A new value goes into its cell where it is made: there is no room for it beside."""
        self.beside_cells -= {name}
        made = self.room.pop(name, None)
        if made is not None:
            self.bound = [text for text in self.bound if not text.startswith(f"T *const {made.pointer} = ")]

    def _bytes(self, name: str) -> int:
        """Of a table; 0 of what is none."""
        sizes = self._sizes(name) if name not in self.native.numbers else ()
        return prod(sizes) * self.native.item if len(sizes) == 2 else 0

    def _keep(self, runs: list[list[Definition]]) -> None:
        """Which values are stored: all but those that only their own loop reads, at their own place."""
        for run in runs:
            inside = {line.name for line in run}
            for line in run:
                others = [name for name in self.readers.get(line.name, ()) if name not in inside]
                cell = self.program.is_update(line) or line.name in self.program.results
                if len(run) == 1 or others or cell or not isinstance(line.body, Elementwise):
                    self.kept.add(line.name)

    def _group(self, group: Group, runs: list[list[Definition]]) -> list[str]:
        if group.rows is None:
            return [text for run in runs for text in self._run(run, None)]
        rows, names = group.rows, {node.line.name for node in group.nodes}
        read = {name for node in group.nodes for name in (node.line.name, *node.along) if name not in self.folded}
        tables = [self._sizes(name) for name in sorted(read)]
        longest = max(prod(sizes[1:]) for sizes in tables if sizes[:1] == (rows,))
        few = max(FEWEST, min(MOST_ROWS, BLOCK // (2 * longest * self.native.item) // 8 * 8))
        few = min(rows, MOST_ROWS if self.batch > FEW_STREAMS else few)
        work = sum(prod(sizes) for sizes in tables if len(sizes) == 2) * self.batch
        many = self.threads and work >= native_crew.MUCH and rows >= native_crew.PARTS * FEWEST
        many = many and not any(f"{each.matrix}+" in names for each in self.ahead)
        few = min(few, rows // native_crew.PARTS // FEWEST * FEWEST) if many else few
        for name in sorted(self.blocks & names):
            if set(self.readers[name]) <= names:
                self._take_block(name, few, many)
        if many:
            self.work = max(self.work, work)
            summed = [self._summed(node.line) for node in group.nodes if node.sums]
            body = [text for run in runs for text in self._run(run, ("lo", "hi"))]
            for each, line in zip(summed, (node.line for node in group.nodes if node.sums), strict=True):
                self.room[line.name] = replace(self.room[line.name], pointer=each.target)
            return [*native_crew.split(rows, few, summed, self._blocks, body)]
        made = [text for node in group.nodes if node.sums for text in cleared(self, node.line)]
        following = self._for_the_next_step(names, few, rows)
        if few == rows:
            return [*made, *(text for run in runs for text in self._run(run, ("0", str(rows)))), *following]
        body = [text for run in runs for text in self._run(run, ("lo", "hi"))]
        head = self._turned(few, rows, self.turned[id(group)]) if id(group) in self.turned else self._in_turn(few, rows)
        return [*made, *head, *body, *following, "}"]

    def _in_turn(self, few: int, rows: int) -> list[str]:
        return self._blocks("0", str(-(-rows // few) * few), few, rows)

    def _blocks(self, first: str, last: str, few: int, rows: int) -> list[str]:
        """A loop over blocks of ``few`` rows, ``lo`` to ``hi``, from ``first`` to ``last``, which are multiples of so many."""
        return [f"for (int64_t lo = {first}; lo < {last}; lo += {few}) {{", native_crew.block_end(few, rows)]

    def _turned(self, few: int, rows: int, turns: str) -> list[str]:
        """The same over all rows, ``back`` from the last block or ``to and fro``."""
        last = (rows - 1) // few
        end = native_crew.block_end(few, rows)
        if turns == "back":
            return [f"for (int64_t lo = {last * few}; lo >= 0; lo -= {few}) {{", end]
        head = f"for (int64_t block = 0; block <= {last}; block++) {{"
        return [head, f"const int64_t lo = (step & 1 ? {last} - block : block) * {few};", end]

    def _take_block(self, name: str, few: int, many: bool) -> None:
        """Room for as many rows of a table as a block has, for each thread where there are many; its pointer is where the whole
        table would begin."""
        sizes, pointer = self.extent(self.lines[name]), self.native.names[name] + self.ending
        start = self.native.work.take(few * sizes[1] * (native_crew.PARTS if many else 1))
        self.bound.append(f"T *const {pointer} = r->work + {start}{f' + me * {few * sizes[1]}' * many};")
        begin = pointer if few == sizes[0] else f"({pointer} - lo * {sizes[1]})"
        self.room[name] = self.native.place_of(begin, sizes, True)

    def _summed(self, line: Definition) -> native_crew.Summed:
        """Room for a sum of each part; until the loop is printed, the line's own place is that of a part."""
        place, parts = self.place(line.name), f"{self.native.names[line.name]}{self.ending}_parts"
        numbers = place.numbers * (1 if line.shared else self.batch)
        self.bound.append(f"T *const {parts} = r->work + {self.native.work.take(native_crew.PARTS * numbers)};")
        self.room[line.name] = replace(place, pointer=f"({parts} + part * {numbers})")
        return native_crew.Summed(place.pointer, parts, numbers)

    def _run(self, run: list[Definition], block: Range | None) -> list[str]:
        line = run[0]
        if isinstance(line.body, Elementwise):
            return several_rows(self, run, block, self.native.item) or elementwise(self, run, block)
        if isinstance(line.body, Contraction):
            zero = cleared(self, line) if block is None and is_row_sum(line) else []
            return [*zero, *product(self, line, block)]
        return structured(self, line)

    def _put(self, line: Definition) -> list[str]:
        """A new value that was made beside its cell goes into it."""
        if not self.program.is_update(line) or not (line.name in self.beside_cells or self.beside(line)):
            return []
        cell, made = self.place(line.name[:-1]), self.place(line.name)
        numbers = cell.numbers * (1 if line.shared else self.batch)
        return [f"memcpy({cell.pointer}, {made.pointer}, {numbers} * sizeof(T));"]
