"""Mutants: faults planted in derived equations and in generated text, each of which the certificate must find.

A mutant is first asked whether it changes a value: it is worked out beside what it was made of, at random points other than
those of the certificate. One that changes none is no fault; the others, and those that stop with an error, must make
`hdsl verify` fail. What stays as it was is told with the reason.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch

from benchmarks.equation_faults import EquationFault, faults_of_equations, faults_of_step
from benchmarks.measure import table
from benchmarks.mutated_models import MODELS
from benchmarks.text_faults import TextFault, text_faults
from hdsl.compiler import Compiler
from hdsl.runtime.text import load_text
from hdsl.runtime.threads import using
from hdsl.terms.term import keep_needed
from hdsl.verify.certificate import certify
from hdsl.verify.continuous import judge_equations
from hdsl.verify.generated import Case, judge_step, lacking, run_of, step_of
from hdsl.verify.interpret import interpret
from hdsl.verify.judgement import TOLERANCES, Errors
from hdsl.verify.points import NoPoint, Point, Sized, readings, sized, smooth_point

PLACES = ("equations", "step", "torch", "numpy")
OTHER_SEEDS = (1001, 1002, 1003)
CASES = (
    Case(),
    Case(clock=11, stretch=0.6, last=(True, False)),
    Case(clock=6, missing=(False, True), ended=(True, False), stretch=1.3),
    Case(clock=2, missing=(True, True), ended=(True, True), last=(False, True)),
    Case(clock=8, missing=None, ended=(True, True), learns=False),
    Case(clock=9, learns=False),
    Case(clock=5),
)
LEAST = 1e-12
"""Relative differences up to this are round-off."""


@dataclass(frozen=True)
class Mutant:
    """A fault of a model: ``place`` is one of `PLACES`."""

    model: str
    place: str
    fault: EquationFault | TextFault

    def __str__(self) -> str:
        return f"{self.model} {self.place} {self.fault.kind} {self.fault.where}: {self.fault.old}  ->  {self.fault.new}"


@dataclass(frozen=True)
class Verdict:
    """``verdict`` is caught, equivalent or ESCAPED; ``by`` says who found it, or why it changes nothing."""

    mutant: Mutant
    verdict: str
    by: str


class Original:
    """A model with everything that is compared with."""

    def __init__(self, name: str) -> None:
        source, dims, settings = MODELS[name]()
        self.compiler = Compiler(source, dims=dims, settings=settings)

    @cached_property
    def found(self) -> Sized:
        model = self.compiler.model
        return sized(model, model.written, self.compiler.dims, self.compiler.settings)

    @cached_property
    def points(self) -> list[Point]:
        """Of two streams, so that no batch is one of the certificate's."""
        return [smooth_point(self.found, 2, torch.Generator().manual_seed(seed)) for seed in OTHER_SEEDS]

    def equations_at(self, equations: Any) -> list[dict[str, np.ndarray]]:
        """Every equation, output and cost at the other points."""
        model = self.compiler.model
        names = [*(d.name for d in self.compiler.equations.all), *model.outputs, *model.costs]
        lines = (*equations.definitions, *equations.all)
        made = [interpret(lines, readings(self.found, point), self.found.sizes) for point in self.points]
        return [{name: one.of(name) for name in names if name in one.shared or name in one.streams[0]} for one in made]

    def steps_of(self, torch_text: str, numpy_text: str) -> list[dict[str, np.ndarray]]:
        """Everything that one step tells, in all cases at the other points."""
        told = []
        targets = self.found.walk.written.targets
        for number, case in enumerate(CASES):
            point = self.points[number % len(self.points)]
            gone = (True, True) if case.missing is None else case.missing[:2]
            samples = lacking(point.samples, targets, gone)
            at = replace(point, samples=samples, tau=point.tau * case.stretch)
            made = step_of(self.found, torch_text, at, case, numpy_text)
            ran = run_of(self.found, torch_text, at, case, made)
            groups = {"cell": made.cells, "output": made.outputs, "cost": made.costs, "reset": made.reset}
            groups |= {"run cell": ran.cells, "run output": ran.outputs, "run cost": ran.costs}
            values = {f"{group} {name}": value for group, own in groups.items() for name, value in own.items()}
            for name, value in made.reference.items():
                # The reference tells the cost of a stream without its target too, which means nothing.
                wanted = self.compiler.model.targets_of[name[5:]] if name.startswith("cost ") and value.ndim else ()
                lacks = [any(sample[target] is None for target in wanted) for sample in samples]
                values[f"reference {name}"] = np.where(lacks, 0.0, value) if wanted else value
            values["sample"] = np.asarray(made.stream)
            told.append(values)
        return told

    @cached_property
    def run(self) -> dict[str, set[int]]:
        """The lines of each text that run in some case."""
        files = {load_text(text, name).__file__: place for place, text, name in self._texts}
        seen: dict[str, set[int]] = {place: set() for place in files.values()}

        def watch(frame: Any, event: str, argument: Any) -> Any:
            place = files.get(frame.f_code.co_filename)
            if place is not None:
                seen[place].add(frame.f_lineno)
            return watch if place is not None else None

        sys.settrace(watch)
        try:
            self.steps_of(self.compiler.torch, self.compiler.numpy)
        finally:
            sys.settrace(None)
        return seen

    @property
    def _texts(self) -> tuple[tuple[str, str, str], ...]:
        return ("torch", self.compiler.torch, self.compiler.model.name), ("numpy", self.compiler.numpy, "reference")

    @cached_property
    def unchanged_equations(self) -> list[dict[str, np.ndarray]]:
        return self.equations_at(self.compiler.equations)

    @cached_property
    def unchanged_steps(self) -> list[dict[str, np.ndarray]]:
        return self.steps_of(self.compiler.torch, self.compiler.numpy)


@cache
def original(name: str) -> Original:
    return Original(name)


def faults(name: str, place: str) -> list[Mutant]:
    """Every fault that can be planted in a place of a model."""
    compiler = original(name).compiler
    found: Sequence[EquationFault | TextFault]
    if place == "equations":
        found = faults_of_equations(compiler.equations)
    elif place == "step":
        found = faults_of_step(compiler.step)
    else:
        found = text_faults(compiler.torch if place == "torch" else compiler.numpy)
    return [Mutant(name, place, fault) for fault in found]


def chosen(count: int, seed: int, names: Sequence[str] = tuple(MODELS)) -> list[Mutant]:
    """So many mutants of some models, places and kinds in turn, the rest drawn by the seed; fewer if there are no more."""
    drawn = random.Random(seed)
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for place in PLACES:
        for name in names:
            for mutant in faults(name, place):
                groups.setdefault((place, mutant.fault.kind), []).append(mutant)
    for mutants in groups.values():
        drawn.shuffle(mutants)
    taken: list[Mutant] = []
    # Kinds that only one place has come first, so that a few mutants already hold every kind.
    groups = dict(sorted(groups.items(), key=lambda group: sum(kind == group[0][1] for _, kind in groups)))
    while len(taken) < count and any(groups.values()):
        for mutants in groups.values():
            if mutants and len(taken) < count:
                taken.append(mutants.pop())
    return taken


# Reasons --------------------------------------------------------------------------------------------------------------

UNKNOWN = "no reason is known"
SHORT_WAYS = ("value.sum()", "value.min()", "steps == 1")
EITHER_WAY = ("vecdot", "mul", "maximum", "minimum", "add", "addcmul", "dot")


def reason(before: Original, mutant: Mutant) -> str:
    """Why a mutant that changes no value changes none; `UNKNOWN` if it is none of the known ways."""
    fault = mutant.fault
    if isinstance(fault, TextFault):
        return _of_text(before, mutant.place, fault)
    if mutant.place == "step":
        step = before.compiler.step
        results = {*step.outputs.values(), *step.costs.values(), *(f"{cell}+" for cell in step.cells)}
        if fault.where not in {line.name for line in keep_needed(step.lines, results)}:
            return "a line that nothing reads"
    if mutant.place == "equations" and fault.where.startswith("initial:"):
        return "a beginning, which is a matter of the step"
    return "a mean of what is one for all streams, or taken later of what is linear" if fault.kind == "mean" else UNKNOWN


def _of_text(before: Original, place: str, fault: TextFault) -> str:
    if fault.line not in before.run[place]:
        return "a case that the model does not have"
    if fault.kind == "arguments swapped" and fault.old.partition("(")[0].rpartition(".")[2] in EITHER_WAY:
        return "an order that does not matter"
    if any(look in fault.old for look in SHORT_WAYS):
        return "a short way to what the long way gives"
    if fault.where.startswith(("_target", "_class")) and fault.kind == "constant":
        return "a stand-in for what is missing"
    if ".dtype" in fault.old or ".device" in fault.old or fault.old == "share":
        return "only the type is read"
    if place == "numpy" and fault.where.startswith("softmax"):
        return "a shift that cancels"
    if fault.kind == "condition" and " if " in fault.old and " else " in fault.old:
        return "a choice that the model always makes so"
    if fault.old in ("math.inf", "-math.inf"):
        return "only what is infinite"
    if fault.kind == "transposed" and fault.new.count(".t()") > fault.old.count(".t()"):
        return "a vector, which is its own transpose"
    if fault.where.startswith("_begun") and before.compiler.model.begun:
        return "a state that begins from the stream is made anew by the step"
    begins = fault.where.startswith("_begin:") or "self.sequences" in fault.old or "self._begin(" in fault.old
    if begins and "sequence" not in before.compiler.model.resets.values():
        return "no state waits for the end of a sequence"
    return UNKNOWN


# Judgement ------------------------------------------------------------------------------------------------------------


def mutated(mutant: Mutant) -> Compiler:
    """The compiler of a model with the fault in it, and with what is made of it."""
    before = original(mutant.model).compiler
    after = copy.copy(before)
    made = mutant.fault.make() if isinstance(mutant.fault, TextFault) else mutant.fault.made
    after.__dict__[mutant.place] = made
    if mutant.place == "step":
        for product in ("program", "torch", "numpy", "pullback"):
            after.__dict__.pop(product, None)
    return after


def judge(mutant: Mutant, whole: bool = False) -> Verdict:
    """Whether the certificate finds the fault.

    Args:
        whole: make the whole certificate, and not only the part of it that the fault concerns and that fails it.
    """
    before = original(mutant.model)
    try:
        after = mutated(mutant)
        changed = _changed(before, after, mutant.place)
    except Exception as fault:  # what cannot be made, or stops, is no silent fault
        return Verdict(mutant, "caught", f"stops: {type(fault).__name__}")
    if not changed:
        return Verdict(mutant, "equivalent", reason(before, mutant))
    with using(1):
        by = "certificate" if whole else _found_by(before, after, mutant.place)
        if whole or not by:
            certificate = certify(after, points=1)
            by = "" if certificate.ok else ", ".join(sorted({row.judge for row in certificate.rows if not row.ok}))
    return Verdict(mutant, "caught" if by else "ESCAPED", by or ", ".join(changed[:3]))


def _changed(before: Original, after: Compiler, place: str) -> list[str]:
    """The names of the values that differ at the other points."""
    if place == "equations":
        was, now = before.unchanged_equations, before.equations_at(after.equations)
    else:
        was, now = before.unchanged_steps, before.steps_of(after.torch, after.numpy)
    names: dict[str, None] = {}
    for old, new in zip(was, now, strict=True):
        names |= dict.fromkeys(old.keys() ^ new.keys())
        names |= dict.fromkeys(name for name in old if name in new and _differ(old[name], new[name]))
    return list(names)


def _differ(old: np.ndarray, new: np.ndarray) -> bool:
    if old.shape != new.shape or not np.array_equal(np.isnan(old), np.isnan(new)):
        return True
    return not np.allclose(new, old, rtol=LEAST, atol=LEAST, equal_nan=True)


def _found_by(before: Original, after: Compiler, place: str) -> str:
    """The judges that find it in the part of the certificate that it concerns: what they say there is said in the whole."""
    errors = Errors()
    try:
        if place == "equations":
            judge_equations(before.found, after.equations, errors, 0, 1)
        else:
            judge_step(before.found, after.torch, after.numpy, errors, 0)
    except NoPoint:
        return ""
    return ", ".join(sorted({by for (_, by), error in errors.largest.items() if error > TOLERANCES[by]}))


# What is told ---------------------------------------------------------------------------------------------------------


def verdicts(mutants: Iterable[Mutant], whole: bool = False) -> Iterator[Verdict]:
    for mutant in mutants:
        yield judge(mutant, whole)


def rows(found: Sequence[Verdict]) -> list[list[str]]:
    """A row a kind, a column a place: caught of those that change a value, and in brackets those that change none."""
    kinds = sorted({v.mutant.fault.kind for v in found})
    counted = Counter((v.mutant.fault.kind, v.mutant.place, v.verdict) for v in found)
    made = [[kind, *(_cell(counted, [kind], [place]) for place in PLACES), _cell(counted, [kind], PLACES)] for kind in kinds]
    return [*made, ["all", *(_cell(counted, kinds, [place]) for place in PLACES), _cell(counted, kinds, PLACES)]]


def _cell(counted: Mapping[tuple[str, str, str], int], kinds: Sequence[str], places: Sequence[str]) -> str:
    def count(verdict: str) -> int:
        return sum(counted[kind, place, verdict] for kind in kinds for place in places)

    caught, same = count("caught"), count("equivalent")
    there = caught + count("ESCAPED")
    if not there + same:
        return ""
    return f"{caught}/{there}" + (f" ({same})" if same else "")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    options.add_argument("--count", type=int, default=300, help="how many mutants, places and kinds in turn")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--whole", action="store_true", help="make the whole certificate of each")
    options.add_argument("--list", action="store_true", help="a line a mutant")
    given = options.parse_args()
    found: list[Verdict] = []
    for verdict in verdicts(chosen(given.count, given.seed), given.whole):
        found.append(verdict)
        if given.list or verdict.verdict == "ESCAPED":
            print(f"{verdict.verdict}: {verdict.mutant}  [{verdict.by}]", file=sys.stderr, flush=True)
    print(table(["kind", *PLACES, "all"], rows(found)))
    reasons = Counter(v.by for v in found if v.verdict == "equivalent")
    print("\n".join(["", *(f"{count}  {reason}" for reason, count in reasons.most_common())]))
    return 1 if any(v.verdict == "ESCAPED" for v in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
