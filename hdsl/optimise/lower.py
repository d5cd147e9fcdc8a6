"""The pass ``lower``: from one step in index notation to the programs that a module runs.

Rewrites, each a function from lines to lines, in this order: names that only repeat another go (`forward`), what is computed
twice is computed once (`share`), slopes go where stages hold them (`read_stages`), what two lines have in common is added up
once (`halve`), what is read once and is plain arithmetic moves into its reader (`fuse`), costates of stages take products in
(`spread`), what nothing needs goes (`keep_needed`).
Then `arrange`, in a file of its own, puts the new values of the cells where most can be made in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

import sympy

from hdsl.derive.step import Step
from hdsl.model.model import Model
from hdsl.optimise.advance import beside, made_after, multiply_out
from hdsl.optimise.arrange import arrange, held
from hdsl.optimise.program import Program, check_program
from hdsl.optimise.replay import ReplayPrograms, lower_replay
from hdsl.optimise.stages import read_stages, spread
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.renaming import rename
from hdsl.terms.term import (
    Definition,
    Elementwise,
    Scalar,
    at_indices,
    is_slot,
    keep_needed,
    merge_spans,
    occurrences,
    ordered_terms,
    setting_name,
    slot_indices,
    slot_name,
    slots,
    trace_summands,
)


@dataclass(frozen=True)
class Programs:
    """The bodies of a module, sliced from one list of lines.

    ``learn`` moves every cell, ``observe`` the states only (they are the same where ``replay`` is the way back), ``predict``
    nothing. ``costs`` works out the cost terms from what the first two hand on; it reads no cell, so that it can be run once
    for many steps. ``outputs`` gives the line of each output; `learn` and `observe` return the outputs, then ``costs.given``.
    ``projections`` are what is put back after `learn`, by the steps from one time to the next. ``pullback``, where it was
    asked for, takes the adjoint of the first output to the inputs (`hdsl.optimise.pullback`). ``called`` is ``learn`` with new
    values as sums of products, which calls of a tensor library take in. ``advance`` is ``learn`` as the
    many steps of a run make it (`hdsl.optimise.advance`), and ``handed`` what it returns, from what these have written, for
    all of them at once; None where a step has stages, or is replayed.
    """

    learn: Program
    observe: Program
    predict: Program
    costs: Program
    outputs: Mapping[str, str]
    projections: Mapping[int, Program] = field(default_factory=dict)
    pullback: Program | None = None
    replay: ReplayPrograms | None = None
    called: Program | None = None
    advance: Program | None = None
    handed: Program | None = None

    @property
    def steps(self) -> tuple[Program, ...]:
        """The bodies that a sample runs."""
        learn = () if self.replay else (self.learn,)
        return (*learn, self.observe, self.predict, self.costs)

    @property
    def bodies(self) -> tuple[Program, ...]:
        """What a torch module has."""
        asked = () if self.pullback is None else (self.pullback,)
        back = () if self.replay is None else (*self.replay.once, *self.replay.parts)
        undo = () if self.replay is None or self.replay.undo is None else (self.replay.undo,)
        return (*self.steps, *self.projections.values(), *asked, *undo, *back)

    @property
    def reference(self) -> tuple[Program, ...]:
        """What the numpy reference has: a token of the way back is one body there."""
        asked = () if self.pullback is None else (self.pullback,)
        back = () if self.replay is None else (*self.replay.once, self.replay.token)
        return (*self.steps, *self.projections.values(), *asked, *back)

    @property
    def model(self) -> Model:
        return self.learn.model

    @property
    def all(self) -> tuple[Program, ...]:
        return tuple({program.name: program for program in (*self.bodies, *self.reference)}.values())


def lower(step: Step) -> Programs:
    """The programs of a step."""
    model, cells = step.model, step.cells
    states = tuple(cell for cell in cells if cell in model.dynamics)
    results = {*step.outputs.values(), *step.costs.values(), *(f"{cell}+" for cell in cells)}
    swap: dict[str, str] = {}
    once = read_stages(plain(step.lines, results, swap))
    lines = added_up(once, results)
    outputs = {name: _follow(swap, line) for name, line in step.outputs.items()}
    costs = tuple(_follow(swap, line) for line in step.costs.values())
    handed, tail = split_costs(lines, {*outputs.values(), *(f"{cell}+" for cell in cells)}, costs, step)
    given = tuple(line for line in lines if line.name in handed)

    def body(
        name: str, lines: tuple[Definition, ...], moved: tuple[str, ...], returned: tuple[str, ...], taken_in: bool = False
    ) -> Program:
        needed = keep_needed(lines, {*returned, *(f"{cell}+" for cell in moved)})
        arranged = arrange(needed, moved, taken_in)
        return Program(name, model, arranged, moved, held(arranged, moved), returned)

    returned = (*outputs.values(), *(line.name for line in given))
    still = lines
    if step.still:
        wanted = {*returned, *(f"{state}+" for state in states)}
        still = added_up(read_stages(plain(step.still, wanted)), wanted)
    observe = body("observe", still, states, returned)
    staged = step.replay is not None or any("@" in line.name for line in lines)
    numbers = {"tau", *map(setting_name, model.learning.values), *(q.name for q in model.of_role("const") if not q.sizes)}
    apart = () if staged else added_up(once, results, numbers)
    sample = {q.name for role in ("input", "target") for q in model.of_role(role)}
    written, rest = made_after(apart, set(outputs.values()), returned, sample | numbers - {"tau"})
    by_name = {line.name: line for line in apart}
    programs = Programs(
        learn=body("learn", lines, cells, returned) if step.replay is None else observe,
        observe=observe,
        predict=body("predict", lines, (), tuple(outputs.values())),
        costs=Program("costs", model, tail, (), frozenset(), costs, given),
        outputs=outputs,
        projections=project(model),
        replay=None if step.replay is None else lower_replay(model, step.replay, plain, fuse),
        called=None if staged else body("learn", multiply_out(lines, numbers), cells, returned, taken_in=True),
        advance=None if staged else body("advance", apart, cells, written, taken_in=True),
        handed=None if staged else Program(
            "handed", model, rest, (), frozenset(), returned, tuple(by_name[name] for name in written)
        ),
    )
    for program in (*programs.all, *((programs.called,) if programs.called else ())):
        check_program(program)
    return programs


def added_up(
    lines: tuple[Definition, ...], results: set[str], numbers: Container[str] | None = None
) -> tuple[Definition, ...]:
    """The rewrites that say where a sum is made, of lines that say everything once.

    ``numbers``, for what a run makes: parameters that meet one quantity after another stay in one sum, and new values are sums
    of products.
    """
    if numbers is not None:
        return multiply_out(spread(fuse(halve(lines, beside), results)), numbers)
    return spread(fuse(halve(lines), results))


def plain(
    lines: Iterable[Definition], results: set[str], swap: dict[str, str] | None = None
) -> tuple[Definition, ...]:
    """The rewrites that take out what only repeats, and what nothing needs: ``results`` keep their names.

    ``swap`` is told which names stand for others.
    """
    swap = {} if swap is None else swap
    return share(forward(keep_needed(lines, results), results, swap), results, swap)


def project(model: Model) -> dict[int, Program]:
    """What is put back after so many steps. A program moves no cell: all that are due read values from before any of them."""
    results: dict[int, tuple[str, ...]] = {}
    for projection in sorted(model.projections, key=lambda p: p.every):
        results[projection.every] = (*results.get(projection.every, ()), projection.definition)
    programs = {}
    for every, returned in results.items():
        lines = plain(model.projected, set(returned))
        programs[every] = Program(f"project_{every}", model, lines, (), frozenset(), returned)
    return programs


def split_costs(
    lines: tuple[Definition, ...], core: set[str], costs: tuple[str, ...], step: Step
) -> tuple[set[str], tuple[Definition, ...]]:
    """What the costs need of a step, and the lines that only they need and that read no cell, nothing shared but numbers.

    Nor τ, which may differ from step to step. Such lines give the same value whether they are run at each step or once for
    many, with the steps as more streams.
    """
    inside = {line.name for line in keep_needed(lines, core)}
    per_stream = {line.name for line in lines if not line.shared}
    sample = {q.name for role in ("input", "target") for q in step.model.of_role(role)}
    settings = set(map(setting_name, step.model.learning.values)) - {"tau"}
    numbers = settings | {q.name for q in step.model.of_role("const") if not q.sizes}
    by_name = {line.name: line for line in lines}
    tail = []
    for line in keep_needed(lines, costs):
        reads = set(line.reads())
        plain = reads <= sample | numbers | per_stream and bool(reads - numbers) and not line.shared
        if line.name not in inside and plain:
            tail.append(line)
        elif line.name not in inside:
            waiting = [line.name]
            while waiting:  # with all that it needs; what is inside has what it needs there already
                name = waiting.pop()
                inside.add(name)
                waiting += [read for read in by_name[name].reads() if read in by_name and read not in inside]
    tail = [line for line in tail if line.name not in inside]
    made = {line.name for line in tail}
    handed = ({name for line in tail for name in line.reads()} | set(costs)) - made
    return handed & {line.name for line in lines}, tuple(tail)


def _follow(swap: Mapping[str, str], name: str) -> str:
    while name in swap:
        name = swap[name]
    return name


def _repeats(line: Definition) -> str | None:
    """The name of the quantity that a line only repeats."""
    if not isinstance(line.body, Elementwise) or not is_slot(line.body.expression):
        return None
    occurrence = line.body.expression
    return slot_name(occurrence) if slot_indices(occurrence) == line.indices else None


def forward(lines: Iterable[Definition], results: set[str], swap: dict[str, str]) -> tuple[Definition, ...]:
    """Let a name that only repeats another stand for it. A new state that repeats a definition takes its place."""
    lines = tuple(lines)
    by_name = {line.name: line for line in lines}
    taken: dict[str, str] = {}
    for line in lines:
        source = _repeats(line)
        if source is None:
            continue
        source = _follow(swap, source)
        if line.name not in results:
            swap[line.name] = source
        elif source in by_name and source not in results and by_name[source].shared == line.shared:
            swap[source] = line.name
            taken[source] = line.name
    kept, takers = [], frozenset(taken.values())
    for line in lines:
        if line.name in taken:
            kept.append(_in_place_of(line, by_name[taken[line.name]]))
        elif line.name not in swap and line.name not in takers:
            kept.append(line)
    return tuple(rename(line, {name: _follow(swap, name) for name in line.reads() if name in swap}) for line in kept)


def _in_place_of(line: Definition, new: Definition) -> Definition:
    """A line under the name of the new value that repeats it, there for the same reasons, where it tells any."""
    body = line.body
    summands = trace_summands(body.expression, new.summands) if new.summands and isinstance(body, Elementwise) else ()
    return replace(line, name=new.name, summands=summands)


def share(lines: Iterable[Definition], results: set[str], swap: dict[str, str]) -> tuple[Definition, ...]:
    """Compute once what stands twice."""
    seen: dict[object, str] = {}
    kept = []
    for written in lines:
        line = rename(written, {name: _follow(swap, name) for name in written.reads() if name in swap})
        key = (line.body, line.sizes, line.shared)
        if key in seen and line.name not in results:
            swap[line.name] = seen[key]
        else:
            seen.setdefault(key, line.name)
            kept.append(line)
    return tuple(kept)


def halve(
    lines: Iterable[Definition], whole: Callable[[Definition, Mapping[str, Definition]], bool] = lambda line, lines: False
) -> tuple[Definition, ...]:
    """Where a sum stands at the old and at the new state, add up once what both have in common (``U u + b``).

    Not of a sum that is to stay ``whole``.
    """
    lines = tuple(lines)
    by_name = {line.name: line for line in lines}
    made: list[Definition] = []
    for name in [line.name for line in lines]:
        line = by_name[name]
        twin = by_name.get(f"{line.name}+")
        common = _common_terms(line, twin) if twin else ()
        if twin and len(common) > 1 and not whole(line, by_name):
            half = replace(line, name=f"half:{line.name}", body=Elementwise(sympy.Add(*common)), summands=())
            made.append(half)
            rest = half.slot - sympy.Add(*common)
            line, by_name[twin.name] = _plus(line, rest), _plus(twin, rest)
        made.append(line)
    return tuple(made)


def _plus(line: Definition, term: Scalar) -> Definition:
    """An elementwise line with a term more."""
    assert isinstance(line.body, Elementwise)
    expression = line.body.expression + term
    summands = trace_summands(expression, line.summands) if line.summands else ()
    return replace(line, body=Elementwise(expression), summands=summands)


def _common_terms(line: Definition, twin: Definition) -> tuple[Scalar, ...]:
    """The summands that two sums of one layout share."""
    if not isinstance(line.body, Elementwise) or not isinstance(twin.body, Elementwise) or line.shared != twin.shared:
        return ()
    theirs = frozenset(sympy.Add.make_args(twin.body.expression))
    return tuple(term for term in ordered_terms(line.body.expression) if term in theirs)


def fuse(lines: Iterable[Definition], results: set[str]) -> tuple[Definition, ...]:
    """Move plain arithmetic that hdsl made, and that is read in one place, into its reader."""
    lines = list(lines)
    reads = Counter(name for line in lines for name in line.reads())
    readers: dict[str, Definition] = {name: line for line in lines for name in line.reads()}
    stand: dict[str, dict[str, list[Scalar]]] = {}  # what stands in a reader, which may be a long sum
    moved: dict[str, Definition] = {}
    kept = []
    for written in lines:
        line = _take_in(written, moved)
        reader = readers.get(line.name)
        if reader is not None and reads[line.name] == 1 and line.name not in results and _moves(line, reader, stand):
            moved[line.name] = line
        else:
            kept.append(line)
    return tuple(kept)


def _moves(line: Definition, reader: Definition, stand: dict[str, dict[str, list[Scalar]]]) -> bool:
    """Only what has the reader's own shape moves, so that nothing is computed on more numbers than before."""
    if ":" not in line.name or not isinstance(line.body, Elementwise) or not isinstance(reader.body, Elementwise):
        return False
    if isinstance(line.body.expression, RowFunction) or isinstance(reader.body.expression, RowFunction):
        return False
    if line.name.startswith("half:"):
        return False
    if reader.name not in stand:
        stand[reader.name] = {}
        for occurrence in occurrences(reader.body.expression):
            stand[reader.name].setdefault(slot_name(occurrence), []).append(occurrence)
    found = stand[reader.name][line.name]
    once = len(found) == 1
    same = set(slot_indices(found[0])) == set(reader.indices) and line.shared == reader.shared
    return once and (same or not line.sizes)


def _take_in(line: Definition, moved: Mapping[str, Definition]) -> Definition:
    """Put the expressions of the moved lines in for their slots."""
    if not isinstance(line.body, Elementwise):
        return line
    swap: dict[Scalar, Scalar] = {}
    spans = [line.spans]
    for occurrence in slots(line.body.expression):
        source = moved.get(slot_name(occurrence))
        if source is not None and isinstance(source.body, Elementwise):
            swap[occurrence] = at_indices(source.body.expression, source.indices, slot_indices(occurrence))
            spans.append(source.spans)
    if not swap:
        return line
    expression = line.body.expression.xreplace(swap)
    if line.name.startswith("adj:"):
        expression = sympy.factor_terms(expression)
    given = [replace(s, expression=s.expression.xreplace(swap)) for s in line.summands]
    summands = trace_summands(expression, given) if given else ()
    return replace(line, body=Elementwise(expression), spans=merge_spans(*spans), summands=summands)
