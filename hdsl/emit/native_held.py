"""Moves held back: a program whose large matrices are written every so many steps, and met with what is kept in between.

At batch 1 a step moves a matrix and its costate by one outer product q hᵀ and by numbers. The vectors are kept, and products
of the matrix are those of what was last written, put right by the vectors (`docs/speed.md`, "Moves held back").
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from hdsl.emit.holding import Holding
from hdsl.emit.native_body import Body, Native
from hdsl.emit.native_crew import block_end
from hdsl.emit.native_groups import Group, Node
from hdsl.emit.native_loops import Range, by_vector, cleared
from hdsl.emit.native_places import Place
from hdsl.optimise.program import Program
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, slot, slot_indices, slot_name, slots

Outside = Callable[[str], tuple[tuple[int, ...], bool]]


@dataclass(frozen=True)
class Held:
    """A parameter whose moves are held back.

    A step makes W ← W + rate w + own₀ q hᵀ and w ← keep w + own₁ q hᵀ, with numbers; ``outer`` is the line of q hᵀ. ``carried``
    is the cell whose product a step begins with and the step before ended with, and ``ends`` the line of that product.
    """

    param: str
    outer: Definition
    rate: Scalar
    keep: Scalar
    own: tuple[Scalar, Scalar]
    carried: str = ""
    ends: str = ""

    @property
    def costate(self) -> str:
        return f"w:{self.param}"

    @property
    def kept(self) -> tuple[str, str]:
        """Names of the lines that put q and h behind the others."""
        return f"first of {self.param}", f"second of {self.param}"


def held_back(
    native: Native, program: Program, projections: Collection[Program], outside: Outside, holding: Holding
) -> tuple[Held, ...]:
    """The parameters whose moves can be held back."""
    if native.batch != 1 or not holding.steps:
        return ()
    body = Whole(native, program, outside, {}, "_")
    elsewhere = {name for other in projections for name in other.reads()}
    elsewhere |= {name.partition(":")[2] for other in projections for name in other.results}
    found = []
    for name in program.cells:
        sizes, _ = outside(name)
        if f"w:{name}" in program.cells and len(sizes) == 2 and sizes[0] * sizes[1] >= holding.least:
            held = _held(body, name)
            if held is not None and not {name, held.costate} & elsewhere:
                found.append(held)
    return tuple(found)


def _held(body: Body, param: str) -> Held | None:
    """The moves of one parameter, where they are as they have to be and nothing else reads it but products by vectors."""
    program, lines = body.program, body.lines
    costate = f"w:{param}"
    new, new_costate = lines[f"{param}+"], lines[f"{costate}+"]
    four = {param, costate, new.name, new_costate.name}
    if four & set(program.results):
        return None
    at = new.indices
    parts = [slot(name, at) for name in (param, costate, new_costate.name)]
    outer = [s for s in slots(new_costate.body.expression) if s not in parts and not body.is_number(s)] \
        if isinstance(new_costate.body, Elementwise) else []  # fmt: skip
    moved = _linear(new, parts, body.is_number)
    taught = _linear(new_costate, [*parts[:2], *outer], body.is_number) if len(outer) == 1 else None
    if moved is None or taught is None:
        return None
    source = lines.get(slot_name(outer[0]))
    if source is None or slot_indices(outer[0]) != at or not _is_outer(source, program, body.readers):
        return None
    assert isinstance(source.body, Contraction)
    if not body.is_number(source.body.coefficient):
        return None
    readers = [name for name in body.readers.get(param, ()) if name not in four]
    if any(name not in four for other in four - {param} for name in body.readers.get(other, ())):
        return None
    if any(not _is_product(body, lines[name], param) for name in readers):
        return None
    (by_itself, by_old, by_new), (by_param, keep, gain) = moved, taught
    if by_itself != 1 or by_param != 0:
        return None
    own = gain * source.body.coefficient
    held = Held(param, source, by_old + by_new * keep, keep, (by_new * own, own))
    carried, ends = _carried(body, held, readers)
    return replace(held, carried=carried, ends=ends)


def _linear(line: Definition, parts: list[Scalar], is_number: Callable[[Scalar], bool]) -> list[Scalar] | None:
    """The numbers by which an elementwise line is a sum of these parts; None where it is none."""
    found = dict.fromkeys(parts, sympy.Integer(0))

    def add(term: Scalar, by: Scalar) -> bool:
        if term in found:
            found[term] += by
            return True
        factors = sympy.Mul.make_args(term)
        rest = [factor for factor in factors if not is_number(factor)]
        if isinstance(term, sympy.Add):
            return all(add(inner, by) for inner in term.args)
        return len(rest) == 1 and len(factors) > 1 and add(rest[0], by * term / rest[0])

    plain = isinstance(line.body, Elementwise) and add(line.body.expression, sympy.Integer(1))
    return [found[part] for part in parts] if plain else None


def _is_outer(line: Definition, program: Program, readers: Mapping[str, list[str]]) -> bool:
    body = line.body
    if not isinstance(body, Contraction) or body.bound or len(body.factors) != 2 or line.name in program.results:
        return False
    at = [slot_indices(factor) for factor in body.factors]
    return sorted(at, key=str) == sorted([(i,) for i in line.indices], key=str) and len(readers[line.name]) == 1


def _is_product(body: Body, line: Definition, param: str) -> bool:
    """A product of the matrix by a vector, as the fixed functions make it."""
    made = line.body
    if not isinstance(made, Contraction) or Counter(map(slot_name, made.factors))[param] != 1 or line.name[:-1] == param:
        return False
    found = by_vector(body, line)
    return found is not None and found.matrix.pointer == body.place(param).pointer


def _carried(body: Body, held: Held, readers: list[str]) -> tuple[str, str]:
    """The cell that a step begins with, where the one before ended with its product, and the line of that; else nothing."""
    vectors = {}
    for name in readers:
        line = body.lines[name]
        found = by_vector(body, line)
        assert isinstance(line.body, Contraction)
        if found is not None and not found.down:
            (vector,) = (slot_name(factor) for factor in line.body.factors if slot_name(factor) != held.param)
            vectors[vector] = name
    moved = [cell for cell in body.program.cells if cell in vectors and f"{cell}+" in vectors]
    return (moved[0], vectors[f"{moved[0]}+"]) if len(moved) == 1 else ("", "")


def without(program: Program, held: tuple[Held, ...]) -> Program:
    """The program with matrices that stay as they are, and lines that keep q and h in place of their moves."""
    gone = {name for each in held for name in (f"{each.param}+", f"{each.costate}+")}
    keep = {each.outer.name: each for each in held}
    lines: list[Definition] = []
    for line in program.lines:
        if line.name in keep:
            lines += _keeping(keep[line.name])
        elif line.name not in gone:
            lines.append(line)
    cells = tuple(cell for cell in program.cells if f"{cell}+" not in gone)
    return replace(program, lines=tuple(lines), cells=cells, held=program.held - gone)


def _keeping(held: Held) -> Iterator[Definition]:
    body = held.outer.body
    assert isinstance(body, Contraction)
    for name, at, size in zip(held.kept, held.outer.indices, held.outer.sizes, strict=True):
        (vector,) = (slot_name(factor) for factor in body.factors if slot_indices(factor) == (at,))
        line = Definition(name, Elementwise(sympy.Integer(0)), (size,), False, held.outer.spans)
        yield replace(line, body=Elementwise(slot(vector, line.indices)))


class Whole(Body):
    """Of a program as it stands: its matrices keep their axes, and its lines the order that is planned for what is kept."""

    tight = False


class HeldBody(Whole):
    """The body of a step that holds moves back."""

    def __init__(
        self,
        native: Native,
        program: Program,
        outside: Outside,
        results: Mapping[str, str],
        held: tuple[Held, ...],
        holding: Holding,
    ) -> None:
        self.held, self.holding = held, holding
        self.params = {each.param: each for each in held}
        self.fresh: set[str] = set()  # matrices whose rows a block has seen to, so that they are as they are to be read
        super().__init__(native, without(program, held), outside, results, "__held")
        for each in held:
            for name, size in zip(each.kept, each.outer.sizes, strict=True):
                numbers = native.sizes(size)
                self.room[name] = Place(self.native.names[name], (numbers,), (1,), 0)

    def name(self, held: Held) -> str:
        """The identifier of a matrix's `struct held`."""
        return self.native.names[f"moves of {held.param}"]

    # --- the step --------------------------------------------------------------------------------------------------------

    def text(self) -> list[str]:
        made = super().text()
        stored = {self.place(name).pointer for each in self.held for name in (each.param, each.costate)}
        assert stored.isdisjoint(re.findall(r"\w+", "\n".join(made))), "a matrix is read without what is held back of it"
        return made

    def _taken_in(self) -> dict[str, Definition]:
        return {name: line for name, line in super()._taken_in().items() if self._product(line) is None}

    def _keep(self, runs: list[list[Definition]]) -> None:
        super()._keep(runs)
        self.kept |= {name for each in self.held for name in each.kept}

    def _node(self, line: Definition) -> Node:
        """A cell that meets the rows of a matrix meets the vectors kept once all rows are through: none may move it before."""
        node = super()._node(line)
        late = node.along & {*self.program.cells} if node.sums and self._product(line) else frozenset()
        return replace(node, along=node.along - late, whole=node.whole | late)

    def _product(self, line: Definition) -> Held | None:
        """The matrix of which a line is a product."""
        if not isinstance(line.body, Contraction):
            return None
        return next((self.params[name] for name in map(slot_name, line.body.factors) if name in self.params), None)

    def _group(self, group: Group, runs: list[list[Definition]]) -> list[str]:
        if group.rows is None:
            return super()._group(group, runs)
        before = [text for line in group.lines for text in self._before(line)]
        after = [text for line in group.lines for text in self._after(line)]
        self.fresh.clear()
        return [*self._opened(group.lines), *before, *super()._group(group, runs), *after]

    def _opened(self, lines: Sequence[Definition]) -> Iterator[str]:
        """Before a pass over the rows: what is to be written goes into them in it, if it reads them at all."""
        met: dict[str, list[int]] = {}
        for line in lines:
            held = self._product(line)
            if held is not None:
                met.setdefault(held.param, []).append(self._carries(held, line))
        for param, carries in met.items():
            name = self.name(self.params[param])
            yield f"if (!{name}.carried) " * ({*carries} == {1}) + f"held_open(&{name});"

    def _run(self, run: list[Definition], block: Range | None) -> list[str]:
        line = run[0]
        held = self._product(line)
        if held is None:
            return super()._run(run, block)
        found, target = by_vector(self, line), self.store(line)
        assert found is not None and target is not None and isinstance(line.body, Contraction)
        vector, name = found.vector.pointer, self.name(held)
        low, high = block or ("0", str(found.matrix.sizes[0]))
        scale = self.printer({})(line.body.coefficient)
        fresh = [f"held_fresh(&{name}, {low}, {high});"] * (not block or held.param not in self.fresh)
        self.fresh.add(held.param)
        before = [*self._opened([line]), *self._before(line)] if block is None else []
        if found.down:
            text = f"held_sums(&{name}, {low}, {high}, {vector}, {target.pointer}, {scale});"
            return [*fresh, text] if block else [*before, *cleared(self, line), *fresh, text, *self._after(line)]
        ends = f"{target.pointer}, {scale}, {self._carries(held, line)}"
        text = f"held_rows(&{name}, {low}, {high}, {vector}, {self._kept_part(line)}, {ends});"
        return [*before, *fresh, text]

    def _carries(self, held: Held, line: Definition) -> int:
        return 0 if not held.carried else 2 if line.name == held.ends else int(held.carried in line.reads())

    def _kept_part(self, line: Definition) -> str:
        """Where the part of a product is that the vectors kept make."""
        name = f"part of {line.name}"
        if name not in self.room:
            self.room[name] = self._made(replace(line, name=name))
        return self.room[name].pointer

    def _before(self, line: Definition) -> Iterator[str]:
        held, found = self._product(line), by_vector(self, line)
        if held is not None and found is not None and not found.down:
            ends = f"{found.vector.pointer}, {self._kept_part(line)}, {self._carries(held, line)}"
            yield f"held_before(&{self.name(held)}, {ends});"

    def _after(self, line: Definition) -> Iterator[str]:
        held, found, target = self._product(line), by_vector(self, line), self.store(line)
        if held is not None and found is not None and found.down and target is not None:
            assert isinstance(line.body, Contraction)
            scale = self.printer({})(line.body.coefficient)
            yield f"held_after(&{self.name(held)}, {found.vector.pointer}, {target.pointer}, {scale});"

    def _blocks(self, first: str, last: str, few: int, rows: int) -> list[str]:
        """One step goes up the rows and the next one down: what the cache still has of a large matrix is met first."""
        head = f"for (int64_t from = {first}; from < {last}; from += {few}) {{"
        turned = f"{first} + {last} - {few} - from"
        return [head, f"const int64_t lo = (r->tick + step) & 1 ? {turned} : from;", block_end(few, rows)]

    # --- around it -------------------------------------------------------------------------------------------------------

    def most_left(self, held: Held) -> int:
        """How many vectors there is room for in place of a costate."""
        return min(self.holding.most, int(self.holding.room * min(self.native.sizes.of(held.outer.sizes))))

    def weighing(self) -> Iterator[str]:
        """How many vectors stand for each costate; 0 where it is read, and −1 where that does not pay."""
        yield f"const double {self.native.names['tau']} = r->tau;"
        for position, each in enumerate(self.held):
            numbers = math.prod(self.native.sizes.of(each.outer.sizes))
            pays = numbers >= self.holding.least_pair and (bool(each.carried) or self.holding.least_pair == 1)
            yield f"const struct held {self.name(each)} = {{.keep = {self.printer({}).double(each.keep)}}};"
            yield f"left[{position}] = held_left(&{self.name(each)}, {self.most_left(each)});"
            yield from () if pays else (f"left[{position}] -= !left[{position}];",)

    def opening(self) -> Iterator[str]:
        """Before the loop over the steps: what is held back, as the call before left it."""
        yield f"const double {self.native.names['tau']} = r->tau;"
        printer = self.printer({})
        for position, each in enumerate(self.held):
            name = self.name(each)
            rows, columns = self.native.sizes.of(each.outer.sizes)
            most = 1 + self.holding.steps + self.most_left(each)
            rate, keep, *own = (printer.double(number) for number in (each.rate, each.keep, *each.own))
            yield f"struct held {name} = {{.rows = {rows}, .columns = {columns}, .most = {self.holding.steps},"
            yield f".rate = {rate}, .keep = {keep}, .own = {{{', '.join(own)}}},"
            after = self.native.work.take(most * 4 * 8 // self.native.item)
            yield f".after = (double (*)[4])(r->work + {after}),"
            yield f".W = {self.place(each.param).pointer}, .w = {self.place(each.costate).pointer},"
            rooms = {"Q": most * rows, "H": most * columns, "dots": most, "weighted": most,
                     "second": rows, "carry": rows, "carry2": rows, "carried_dots": most}  # fmt: skip
            yield " ".join(f".{of} = r->work + {self.native.work.take(numbers)}," for of, numbers in rooms.items()) + "};"
            yield f"held_begin(&{name}, state + {position} * STATE, {self.most_left(each)});"

    def beginning(self) -> Iterator[str]:
        """Of a step, once streams have begun anew."""
        for each in self.held:
            name = self.name(each)
            if each.carried:
                yield f"if (r->begins && r->begins[step]) {name}.carried = 0;"
            for kept, of, count in zip(each.kept, "QH", ("rows", "columns"), strict=True):
                yield f"T *const {self.native.names[kept]} = {name}.{of} + {name}.count * {name}.{count};"

    def closing(self) -> Iterator[str]:
        """Of a step, once every new value is in its cell."""
        for each in self.held:
            yield f"held_step(&{self.name(each)}, {self.place(each.carried).pointer if each.carried else 'NULL'});"

    def leaving(self) -> Iterator[str]:
        """Behind the loop: all is written at the end, and what is kept is told to the next call."""
        for position, each in enumerate(self.held):
            rows, _ = self.native.sizes.of(each.outer.sizes)
            yield f"if (ends) held_end(&{self.name(each)}, 0, {rows});"
            yield f"held_leave(&{self.name(each)}, state + {position} * STATE);"
