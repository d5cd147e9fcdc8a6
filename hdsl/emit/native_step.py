"""A whole step as native text: targets apart from their marks, what the clock tells, a body, and mean costs.

What is only read or made on the way has its room in the work space, so that a caller hands over the arguments, the module's
tensors, and room for what is handed out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

from hdsl.derive.layered import LAYER
from hdsl.emit.facts import FIRST, Facts
from hdsl.emit.native_body import Body, Native
from hdsl.model.model import Model
from hdsl.optimise.lower import Programs
from hdsl.terms.term import Definition

Outside = tuple[tuple[int, ...], bool]

FUNCTIONS = r"""
struct step {                     // what Python hands over for a whole step
    struct run run;               // of one step; its tables are filled in here, but for the cells
    const void *const *given;     // the arguments: NULL for a target of which nothing is there
    T *const *handed;             // the output, then the mean costs
    void *const *buffers;         // the module's tensors, of which the cells are the first
    double tau;                   // the module's own
};

// A target is missing where a number of it is a nan; a half stands for that, by which no logarithm or quotient blows up.
APART void take_numbers(int64_t streams, int64_t n, const T *given, T *made, T *has) {
    for (int64_t b = 0; b < streams; b++) {
        has[b] = given != NULL;
        for (int64_t j = b * n; j < (b + 1) * n; j++) {
            const int there = given != NULL && given[j] == given[j];
            made[j] = there ? given[j] : (T)0.5;
            if (!there) has[b] = 0;
        }
    }
}
// An index is missing where it is below 0.
APART void take_indices(int64_t streams, const int64_t *given, int64_t *made, T *has) {
    for (int64_t b = 0; b < streams; b++) {
        has[b] = given != NULL && given[b] >= 0;
        made[b] = has[b] ? given[b] : 0;
    }
}
"""


@dataclass(frozen=True)
class Argument:
    """One of `net.step`: its name there, what shape it has, of an index below what it is (of reals 0), and whether it is a
    target."""

    name: str
    sizes: tuple[int, ...]
    below: int
    target: bool


@dataclass(frozen=True)
class Buffer:
    """A tensor of the module: in which of its dictionaries, of the module below it that ``module`` names, if any.

    ``kind`` is real, whole or truth.
    """

    module: str
    kept: str
    key: str
    sizes: tuple[int, ...]
    kind: str


@dataclass(frozen=True)
class WholeStep:
    """What a caller of `learn_step` and `observe_step` must know; ``output`` is the shape of the first output, if any."""

    arguments: tuple[Argument, ...]
    buffers: tuple[Buffer, ...]
    output: tuple[int, ...] | None
    costs: tuple[str, ...]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> WholeStep:
        """Raises KeyError or TypeError where it is not what `dataclasses.asdict` gives."""
        arguments = tuple(Argument(**{**each, "sizes": tuple(each["sizes"])}) for each in told["arguments"])
        buffers = tuple(Buffer(**{**each, "sizes": tuple(each["sizes"])}) for each in told["buffers"])
        output = None if told["output"] is None else tuple(told["output"])
        return cls(arguments, buffers, output, tuple(told["costs"]))


class Module(Protocol):
    """What is asked of the module that is printed."""

    programs: Programs
    facts: Facts
    model: Model
    native: Native
    batch: int
    cells: tuple[str, ...]
    sample: tuple[str, ...]
    whole: set[str]

    def outside(self, name: str) -> Outside: ...

    def numbers_read(self, used: frozenset[str]) -> Iterator[str]: ...

    def samples_read(self, used: frozenset[str]) -> Iterator[str]: ...


def whole_step(module: Module) -> tuple[WholeStep, list[str]]:
    """The lines of `learn_step` and `observe_step`, and what there is to know of them."""
    model = module.model
    names = [q.name for role in ("input", "target") for q in model.of_role(role)]
    targets = {q.name for q in model.of_role("target")}
    arguments = tuple(
        Argument(module.facts.names[name], (module.batch, *module.outside(name)[0]), _below(module, name), name in targets)
        for name in names
    )
    counters = list(_counters(module))
    first = module.programs.learn.results[0] if model.outputs else None
    output = None if first is None else _extent(module, first)
    buffers = (*(_cell(module, name) for name in module.cells), *(buffer for buffer, _ in counters))
    lines = [
        "APART void step_by(const struct step *s, void (*body)(const struct run *)) {",
        "const struct run *const r = &s->run;",
        "const int64_t step = 0;",
        *(f"{kind} *const {buffer.key} = s->buffers[{len(module.cells) + k}];" for k, (buffer, kind) in enumerate(counters)),
        *_rooms(module, names, targets),
        "body(r);",
        *_costs(module, output is not None),
        "++*clock;",
        "}",
        *(f"SEEN void {name}_step(const struct step *s) {{ step_by(s, {name}); }}" for name in ("learn", "observe")),
    ]
    return WholeStep(arguments, buffers, output, tuple(model.costs)), lines


def _below(module: Module, name: str) -> int:
    below = module.model.quantities[name].below
    return 0 if below is None else module.native.sizes(below)


def _cell(module: Module, name: str) -> Buffer:
    """Where a cell is kept. What begins anew with each sample is kept once for all streams."""
    kind, _, of = name.rpartition(":")
    sizes, shared = module.outside(name)
    kept = "_parameters" if not kind and of in module.facts.params else "_buffers"
    own = "state" if of in module.facts.states else "control" if of in module.model.followed else ""
    group = {"z": "costate", "w": "costate", "initial": "initial"}.get(kind, own)
    return Buffer(group, kept, module.facts.key(of), sizes if shared or kind == "initial" else (module.batch, *sizes), "real")


def _counters(module: Module) -> Iterator[tuple[Buffer, str]]:
    """What comes behind the cells, with what C has for it: the clock, and what else of time a step reads."""
    yield Buffer("", "_buffers", "clock", (), "whole"), "int64_t"
    if any(name.startswith("begins:") for name in module.sample):
        yield Buffer("", "_buffers", "ended", (module.batch,), "truth"), "const uint8_t"
    if module.facts.uses_time:
        yield Buffer("", "_buffers", "offset", (), "real"), "const T"


def _extent(module: Module, name: str) -> tuple[int, ...]:
    """The shape of what a body hands out."""
    line = {line.name: line for line in module.programs.learn.lines}.get(name)
    sizes, shared = module.outside(name) if line is None else (module.native.sizes.of(line.sizes), line.shared)
    return sizes if shared else (module.batch, *sizes)


def _room(module: Module, table: str, position: int, numbers: int) -> str:
    """Room in the work space for what a table of ``struct run`` names."""
    kind = {"sample": "const void", "results": "T", "cells": "T"}[table]
    return f"(({kind} **)r->{table})[{position}] = r->work + {module.native.work.take(numbers)};"


def _rooms(module: Module, names: Sequence[str], targets: set[str]) -> Iterator[str]:
    """The tables: what a body reads, and where it puts what it hands out."""
    for k, name in enumerate(module.cells):
        if name.startswith("initial:"):
            one = prod(module.outside(name)[0])
            yield _room(module, "cells", k, module.batch * one)
            yield f"for (int64_t b = 0; b < {module.batch}; b++)"
            yield f"    memcpy(r->cells[{k}] + b * {one}, s->buffers[{k}], {one} * sizeof(T));"
    for k, name in enumerate(module.sample):
        if name in names and name not in targets:
            yield f"((const void **)r->sample)[{k}] = s->given[{names.index(name)}];"
            continue
        sizes, shared = module.outside(name)
        numbers = prod(sizes) * (1 if shared else module.batch)
        yield _room(module, "sample", k, numbers * 2 if name in module.whole else numbers)  # a whole number has 8 bytes
    for k, name in enumerate(module.sample):
        yield from _entry(module, names, name, k, targets)
    for k, name in enumerate(module.programs.learn.results):
        if k == 0 and module.model.outputs:
            yield "((T **)r->results)[0] = s->handed[0];"
        else:
            yield _room(module, "results", k, prod(_extent(module, name)))


def _entry(module: Module, names: Sequence[str], name: str, position: int, targets: set[str]) -> Iterator[str]:
    """What puts one entry of the sample into its room."""
    at = f"((T *)r->sample[{position}])"
    if name in targets:
        given, has = f"s->given[{names.index(name)}]", f"(T *)r->sample[{module.sample.index(f'present:{name}')}]"
        if name in module.whole:
            yield f"take_indices({module.batch}, {given}, (int64_t *)r->sample[{position}], {has});"
        else:
            yield f"take_numbers({module.batch}, {prod(module.outside(name)[0])}, {given}, {at}, {has});"
    elif name == "t":  # not in one instruction, which would round once where torch rounds twice
        yield f"{{ volatile T even = (T)*clock * (T)s->tau; *{at} = even + *offset; }}"
    elif name == FIRST:
        yield f"*{at} = *clock == 0;"
    elif name == LAYER:
        yield f"*{at} = *clock % {module.model.cycle} + 1;"
    elif name == "begins:stream":
        yield f"for (int64_t b = 0; b < {module.batch}; b++) {at}[b] = ended[b] || *clock == 0;"
    elif name == "begins:all":
        yield "{ int all = 1;"
        yield f"for (int64_t b = 0; b < {module.batch}; b++) all &= ended[b];"
        yield f"*{at} = all || *clock == 0; }}"


def _costs(module: Module, output: bool) -> list[str]:
    """The costs of each stream, and the mean of each over the streams that have its targets."""
    program, results = module.programs.costs, module.programs.learn.results
    handed = {line.name: line for line in program.given}

    def outside(name: str) -> Outside:
        line: Definition | None = handed.get(name)
        return module.outside(name) if line is None else (module.native.sizes.of(line.sizes), line.shared)

    body = Body(module.native, program, outside, {})
    lines, told = body.text(), []
    shared = {definition.name: definition.shared for definition in module.model.definitions}
    for k, (cost, name) in enumerate(zip(module.model.costs, program.results, strict=True)):
        made, at = body.place(name).pointer, f"*s->handed[{k + output}]"
        if shared[cost]:
            told.append(f"{at} = {made}[0];")
            continue
        marks = " * ".join(module.native.names[f"present:{target}"] + "[b]" for target in module.model.targets_of[cost]) or "1"
        told += ["{ double sum = 0, number = 0;", f"for (int64_t b = 0; b < {module.batch}; b++) {{"]
        told += [f"const double has = {marks};", f"sum += has * {made}[b];", "number += has;", "}", f"{at} = sum / number; }}"]
    constants = [f"const T {name} = (T)({text});" for text, name in body.constants.items()]
    used = frozenset(re.findall(r"\w+", "\n".join([*lines, *told, *constants])))
    pointers = {
        name: f"const T *const {module.native.names[name]} = r->results[{results.index(name)}];"
        for name in handed if module.native.names[name] in used
    }  # fmt: skip
    head = [*module.numbers_read(used), *constants, *module.samples_read(used), *pointers.values(), *body.bound]
    return ["{", *head, *lines, *told, "}"]
