"""A model as C: for each of the bodies that a step runs, the loop over a stream as one function.

Sizes, batch and type are numbers of the text, so that loops have known ends; settings are handed over at each call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod

from hdsl.derive.layered import LAYER
from hdsl.derive.replay import TOKEN
from hdsl.emit import native_crew
from hdsl.emit.facts import FIRST, Facts
from hdsl.emit.holding import WHERE_IT_PAYS, Holding
from hdsl.emit.names import harmless
from hdsl.emit.native_body import Body, Native
from hdsl.emit.native_expression import LEFT_OUT, Kind
from hdsl.emit.native_functions import preamble
from hdsl.emit.native_held import HeldBody, held_back
from hdsl.emit.native_held_functions import HELD
from hdsl.emit.native_step import FUNCTIONS, WholeStep, whole_step
from hdsl.emit.native_structured import LOOPS
from hdsl.optimise.lower import Programs
from hdsl.optimise.program import Program
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Elementwise, Structured


@dataclass(frozen=True)
class Handed:
    """One result of a step: its line, its sizes, and whether it is one for all streams."""

    name: str
    sizes: tuple[int, ...]
    shared: bool


@dataclass(frozen=True)
class NativeText:
    """C and what a caller must know of it: what it hands over, in order.

    ``shapes`` are the cells', as C takes them to be. ``begun`` are the positions of cells, among the leading ones, that begin
    anew with a sequence. ``work`` is the room that a step takes, in numbers. ``results`` are those of ``learn`` and of
    ``observe``. ``held`` are the parameters whose moves ``learn_held`` holds back, over ``over`` steps, with ``held_work``.
    ``step`` tells of ``learn_step`` and ``observe_step``.
    """

    text: str
    numbers: tuple[str, ...]
    cells: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    sample: tuple[str, ...]
    begun: tuple[int, ...]
    work: int
    results: Mapping[str, tuple[Handed, ...]]
    step: WholeStep
    held: tuple[str, ...] = ()
    over: int = 0
    held_work: int = 0

    def told(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, told: str) -> NativeText:
        """Raises KeyError, TypeError or ValueError where it is not what `told` gives."""
        found = json.loads(told)
        results = {
            name: tuple(Handed(each["name"], tuple(each["sizes"]), each["shared"]) for each in handed)
            for name, handed in found["results"].items()
        }
        listed = {name: tuple(found[name]) for name in ("numbers", "cells", "sample", "begun", "held")}
        shapes = tuple(tuple(shape) for shape in found["shapes"])
        return cls(**{**found, **listed, "shapes": shapes, "results": results, "step": WholeStep.read(found["step"])})


class NotNative(ValueError):
    """A model that is left to torch; the message is a sentence that says why."""


def why_not(programs: Programs) -> str | None:
    """Why a model has no native text; None where it has one."""
    if programs.replay is not None:
        return "`schedule = replay` goes back over what was kept of a sequence, which torch does"
    rows = {
        line.body.row for program in (*programs.steps, *programs.projections.values()) for line in program.lines
        if isinstance(line.body, Structured) and line.body.row not in LOOPS
    }  # fmt: skip
    lines = [line for program in (*programs.steps, *programs.projections.values()) for line in program.lines]
    bodies = [line.body.expression for line in lines if isinstance(line.body, Elementwise)]
    if any(type(row).__name__ in LEFT_OUT for body in bodies for row in body.atoms(RowFunction)):
        return "a state moves by an exact step, which torch makes"
    return f"torch's own libraries do {', '.join(sorted(rows))}" if rows else None


def emit_native(
    programs: Programs, version: str, sizes: Mapping[str, int], batch: int, kind: Kind, holding: Holding = WHERE_IT_PAYS
) -> NativeText:
    """The native text of a model at these sizes. Raises NotNative."""
    reason = why_not(programs)
    if reason is not None:
        raise NotNative(reason)
    return _Module(programs, version, sizes, batch, kind).text(holding)


class _Module:
    def __init__(self, programs: Programs, version: str, sizes: Mapping[str, int], batch: int, kind: Kind) -> None:
        self.programs, self.version, self.batch, self.kind = programs, version, batch, kind
        self.facts, self.model = Facts(programs), programs.model
        self.native = Native(sizes, batch, kind, self.facts.numbers)
        plain = [name for name, _ in self.facts.cells if not name.startswith((":", "turned:"))]
        self.cells = tuple(plain)
        self.sample = tuple(name for name in self.facts.sample if not name.startswith("column:"))
        self.numbers = tuple(name for name in self.facts.attributes() if name != "tau" and not name.startswith("size:"))
        self.whole = {q.name for role in ("input", "target") for q in self.model.of_role(role) if q.below is not None}
        leading = (*self.facts.states, *self.model.taught, *self.model.followed)
        self.leading = [*self.facts.states, *(f"z:{h}" for h in self.model.taught), *self.model.followed]
        self.begun = tuple(k for k, name in enumerate(leading) if self.model.resets.get(name, "sequence") == "sequence")
        self.results: dict[str, tuple[Handed, ...]] = {}
        self.shared = False  # whether threads share any loop

    def text(self, holding: Holding = WHERE_IT_PAYS) -> NativeText:
        functions = []
        for program in (self.programs.learn, self.programs.observe):
            projections = self.programs.projections if program is self.programs.learn else {}
            functions.append(self._function(program, projections))
        step, lines = whole_step(self)
        functions += [FUNCTIONS, laid_out(lines)]
        work = self.native.work.size
        held, function = self._holding(holding)
        functions += function
        head = f"// {harmless(self.model.name)} (content {self.facts.content}), made by hdsl {self.version}\n"
        places = [self.outside(name) for name in self.cells]
        shapes = tuple(sizes if shared else (self.batch, *sizes) for sizes, shared in places)
        crew = [native_crew.FUNCTIONS] if self.shared else []
        text = "\n".join([head + preamble(self.kind), *self.native.kernels.values(), *crew, *functions, _finite(shapes)])
        told = self.numbers, self.cells, shapes, self.sample, self.begun, work, self.results, step
        return NativeText(text, *told, *held)

    def outside(self, name: str) -> tuple[tuple[int, ...], bool]:
        """What a cell or an entry of a sample is."""
        if name in ("t", FIRST, LAYER, "begins:all"):
            return (), True
        kind, _, rest = name.rpartition(":")
        if kind in ("present", "begins") or name == TOKEN:
            return (), False
        quantity = self.model.quantities[rest]
        return self.native.sizes.of(quantity.sizes), quantity.shared

    def _holding(self, holding: Holding) -> tuple[tuple[tuple[str, ...], int, int], list[str]]:
        """What holds moves back beside ``learn``: which parameters', over how many steps, in what room; and its text."""
        native, program, projections = self.native, self.programs.learn, self.programs.projections
        held = held_back(native.apart(), program, projections.values(), self.outside, holding)
        if not held:
            return ((), 0, 0), []
        self.native = native.apart()
        bodies: list[HeldBody] = []

        def body(results: Mapping[str, str]) -> HeldBody:
            bodies.append(HeldBody(self.native, program, self.outside, results, held, holding))
            return bodies[0]

        text = self._function(program, projections, body)
        weighing = [*bodies[0].weighing()]
        used = frozenset(re.findall(r"\w+", "\n".join(weighing)))
        head = "SEEN void weigh_held(const struct run *r, int64_t *left) {"
        told = tuple(each.param for each in held), holding.steps, self.native.work.size
        self.native = native
        return told, [HELD, text, laid_out([head, *self.numbers_read(used), *weighing, "}"])]

    # --- one function ----------------------------------------------------------------------------------------------------

    def _function(
        self, program: Program, projections: Mapping[int, Program], held: Callable[[Mapping[str, str]], HeldBody] | None = None
    ) -> str:
        results, copied = self._handed(program)
        body = Body(self.native, program, self.outside, results) if held is None else held(results)
        body.threads, body.samples = held is None, self.sample
        body.put_back = {name.partition(":")[2] for put in projections.values() for name in put.results}
        lines = body.text()
        lines += [text for name, pointer, numbers in copied for text in self._copied(body, name, pointer, numbers)]
        bodies = [body]
        for every, projection in projections.items():
            put = Body(self.native, projection, self.outside, {}, f"__{every}")
            lines += [f"if (r->projects && (r->tick + step + 1) % {every} == 0) {{", *put.text(), "}"]
            bodies.append(put)
        lines += self._put_back(projections, bodies[1:])
        opening, end = [], []
        if isinstance(body, HeldBody):
            opening, lines, end = [*body.opening()], [*body.beginning(), *lines, *body.closing()], [*body.leaving()]
        constants = {name: text for made in bodies for text, name in made.constants.items()}
        used = frozenset(re.findall(r"\w+", "\n".join([*opening, *lines, *constants.values(), *self._begin()])))
        name, further = (program.name, "") if held is None else (f"{program.name}_held", ", int64_t *state, int64_t ends")
        begin, head = [*self._begin()], [f"SEEN void {name}(const struct run *r{further}) {{"]
        tail = []
        if body.work:  # whatever one step does before and behind its loops by rows is the first thread's
            self.shared = True
            lines, begin = ["if (!me) {", *begin, *lines, "}"], []
            head = [f"static void {name}_crew(const struct run *r, struct crew *crew, int64_t me) {{", "int64_t turn = 0;"]
            pays = f"r->steps * {body.work} >= {native_crew.WORTH}"
            tail = [f"SEEN void {name}(const struct run *r) {{ run_crew(r, {pays}, {name}_crew); }}"]
        head += self.numbers_read(used)
        head += self._cells(used)
        head += [text for made in bodies for text in made.bound]
        head += [*opening, *(f"T {name} = 0;" for name in constants)]
        head.append("for (int64_t step = 0; step < r->steps; step++) {")
        head += begin
        if constants:
            tau = f"const double {self.native.names['tau']} = r->taus ? r->taus[step] : r->tau;"
            head += ["if (step == 0 || r->taus) {", tau]
            head += [f"{name} = (T)({text});" for name, text in constants.items()] + ["}"]
        return laid_out([*head, *self.samples_read(used), *lines, "}", *end, "}", *tail])

    def _handed(self, program: Program) -> tuple[dict[str, str], list[tuple[str, str, int]]]:
        """Pointers of results that are made where they are handed out, and those that are copied there."""
        lines = {line.name: line for line in program.lines}
        made: dict[str, str] = {}
        copied, told = [], []
        for position, name in enumerate(program.results):
            line = lines.get(name)
            sizes, shared = self.outside(name) if line is None else (self.native.sizes.of(line.sizes), line.shared)
            if name in self.whole:
                raise NotNative(f"`{name}` is an index, and is handed out")
            told.append(Handed(name, sizes, shared))
            numbers = self.native.place_of("", sizes, shared).numbers * (1 if shared else self.batch)
            pointer = f"(r->results[{position}] + step * {numbers})"
            in_cell = line is not None and program.is_update(line)
            if line is None or in_cell or name in made:
                copied.append((name, pointer, numbers))
            else:
                made[name] = pointer
        self.results[program.name] = tuple(told)
        return made, copied

    def _copied(self, body: Body, name: str, pointer: str, numbers: int) -> list[str]:
        return [f"memcpy({pointer}, {body.place(name).pointer}, {numbers} * sizeof(T));"]

    def _put_back(self, projections: Mapping[int, Program], bodies: list[Body]) -> Iterator[str]:
        """Values are put in once all that are due have been made."""
        for (every, program), body in zip(projections.items(), bodies, strict=True):
            yield f"if (r->projects && (r->tick + step + 1) % {every} == 0) {{"
            for line in program.lines:
                if line.name in program.results:
                    cell, made = body.place(line.name.partition(":")[2]), body.place(line.name)
                    yield f"memcpy({cell.pointer}, {made.pointer}, {cell.numbers} * sizeof(T));"
            yield "}"

    def numbers_read(self, used: frozenset[str]) -> Iterator[str]:
        for position, name in enumerate(self.numbers):
            if self.native.names[name] in used:
                yield f"const double {self.native.names[name]} = r->numbers[{position}];"

    def _cells(self, used: frozenset[str]) -> Iterator[str]:
        for position, name in enumerate(self.cells):
            if self.native.names[name] in used:
                yield f"T *const {self.native.names[name]} = r->cells[{position}];"

    def samples_read(self, used: frozenset[str]) -> Iterator[str]:
        for position, name in enumerate(self.sample):
            if self.native.names[name] not in used:
                continue
            sizes, shared = self.outside(name)
            place = self.native.place_of(self.native.names[name], sizes, shared)
            numbers = place.numbers * (1 if shared else self.batch)
            kind = "int64_t" if name in self.whole else "T"
            yield f"const {kind} *const {place.pointer} = (const {kind} *)r->sample[{position}] + step * {numbers};"

    def _begin(self) -> Iterator[str]:
        """Streams whose sequence has ended begin anew; what all share, when all of them do."""
        if not self.begun:
            return
        yield f"if (r->begins) {{ const uint8_t *ended = r->begins + step * {self.batch}; int all = 1;"
        yield f"for (int64_t b = 0; b < {self.batch}; b++) all &= ended[b] != 0;"
        for position in self.begun:
            sizes, shared = self.outside(self.leading[position])
            place = self.native.place_of(self.native.names[self.leading[position]], sizes, shared)
            copied = f"{place.numbers} * sizeof(T)"
            if shared:
                yield f"if (all) memcpy({place.pointer}, r->initials[{position}], {copied});"
                continue
            at = f"b * {place.numbers}"
            yield f"for (int64_t b = 0; b < {self.batch}; b++)"
            yield f"    if (ended[b]) memcpy({place.pointer} + {at}, r->initials[{position}] + {at}, {copied});"
        yield "}"


def _finite(shapes: Sequence[tuple[int, ...]]) -> str:
    """Whether all cells are finite."""
    asked = (f"all_finite(r->cells[{k}], {prod(shape)})" for k, shape in enumerate(shapes))
    return laid_out(["SEEN int64_t cells_finite(const struct run *r) {", f"return {' && '.join(asked) or '1'};", "}"])


def laid_out(lines: list[str]) -> str:
    """Lines with each brace's inside moved to the right."""
    made, depth = [], 0
    for line in lines:
        closing = len(line) - len(line.lstrip("}"))
        depth -= closing
        made.append("    " * depth + line if not line.startswith("#") else line)
        depth += line.count("{") - line.count("}") + closing
    return "\n".join(made) + "\n"
