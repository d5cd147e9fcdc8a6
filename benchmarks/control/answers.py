"""``python -m benchmarks.control.answers``: every boundary problem that ships beside an answer that was found in another way.

The answer is a closed form where there is one (`closed_forms`), else direct collocation of the problem written by hand
(`by_hand`, `collocation`). The command fails where one is farther off than is asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import hdsl
from benchmarks.control import by_hand, closed_forms
from benchmarks.control.closed_forms import Known
from benchmarks.control.collocation import Optimum, Problem, solve
from benchmarks.measure import machine
from hdsl.runtime.boundary.result import Solution

SMOOTH, KINKED = 1e-5, 1e-4
"""How near paths have to come, of their largest values: a kink within an interval of the collocation costs that its order."""


@dataclass(frozen=True)
class Reference:
    """The answer: J, T, and states and costates (times, numbers) at times that are among those hdsl reports; None where these
    are not compared."""

    cost: float
    end: float
    times: np.ndarray
    states: np.ndarray | None = None
    costates: np.ndarray | None = None


@dataclass(frozen=True)
class Answer:
    """A model that ships, what it is, and its answer, which may read what the solution begins with and where it reports.

    ``states`` and ``costates`` are names in the order of the answer's columns. J has to be within ``cost`` of the answer's,
    relative, and paths within ``path`` of their largest values.
    """

    model: str
    what: str
    source: str
    reference: Callable[[Solution], Reference]
    states: tuple[str, ...] = ()
    costates: tuple[str, ...] = ()
    cost: float = 1e-6
    path: float = SMOOTH
    slow: bool = False


@dataclass(frozen=True)
class Row:
    """An answer beside what hdsl found: differences of J, relative, and of states and costates, of their largest values."""

    answer: Answer
    solution: Solution
    reference: Reference
    cost: float
    states: float | None
    costates: float | None

    @property
    def holds(self) -> bool:
        near = max(self.states or 0.0, self.costates or 0.0) < self.answer.path
        end = abs(self.solution.end - self.reference.end) < 1e-5
        return bool(self.solution.solved and self.cost < self.answer.cost and near and end)


def columns(found: Solution, names: Sequence[str], times: np.ndarray) -> np.ndarray:
    """Arrays (times, numbers) of some names at times that are among those reported."""
    places = np.searchsorted(found["t"], times - 1e-9)
    if not np.allclose(found["t"][places], times, atol=1e-9):
        raise ValueError("the mesh of the answer is not among the times that are reported")
    return np.concatenate([found[name][places].reshape(len(times), -1) for name in names], axis=1)


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, over the largest value of each column."""
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs).max(0), 1e-2)).max())


def on_paper(known: Callable[[np.ndarray], Known]) -> Callable[[Solution], Reference]:
    def reference(solution: Solution) -> Reference:
        answer = known(solution["t"])
        return Reference(answer.cost, answer.end, solution["t"], answer.states, answer.costates)

    return reference


def collocated(problem: Callable[[], Problem], intervals: int) -> Callable[[Solution], Reference]:
    return lambda solution: referred(solve(problem(), intervals))


def referred(found: Optimum) -> Reference:
    return Reference(found.cost, found.end, found.times, found.states, found.costates)


def ramp(solution: Solution) -> Reference:
    """The least time with the ramp that the model declares; the path is known without the ramp only."""
    end = closed_forms.minimum_time_smoothed(solution.settings["width"])
    return Reference(end, end, solution["t"])


def limit(solution: Solution) -> Reference:
    """J without the penalty's slack; the path is compared in tests, away from where a costate jumps."""
    return Reference(4.0, 1.0, solution["t"])


def net(solution: Solution) -> Reference:
    """The recurrent net by hand, from the values that hdsl drew for it."""
    begin = (solution[name][0] for name in ("W", "U", "b", "C"))
    return referred(solve(by_hand.rnn(*begin, eta=0.1, beta=0.5, end=3.0), 10))


OURS, PAPER = "direct collocation", "on paper"
ANSWERS = (
    Answer("lqr", "a damped oscillator is pushed to rest", "Riccati's equation", on_paper(closed_forms.lqr), ("x",), ("z.x",)),
    Answer("double_integrator", "from rest to rest with least effort", PAPER, on_paper(closed_forms.double_integrator),
           ("x", "v"), ("z.x", "z.v")),
    Answer("minimum_time", "from rest to rest in least time, by a ramp of 0.1", PAPER, ramp),
    Answer("bryson_denham", "out and back within a limit, by a penalty", PAPER, limit, cost=1e-3),
    Answer("van_der_pol", "an oscillator is damped by a bounded force", OURS, collocated(by_hand.van_der_pol, 100),
           ("v", "x"), ("z.v", "z.x"), path=KINKED),
    Answer("swing_up", "a pendulum is swung up by a weak torque", OURS, collocated(by_hand.swing_up, 180),
           ("q", "v"), ("z.q", "z.v"), path=KINKED),
    Answer("cart_pole", "a pole is swung up on its cart", OURS, collocated(by_hand.cart_pole, 40),
           ("x", "q", "v", "w"), ("z.x", "z.q", "z.v", "z.w")),
    Answer("leaky_neuron", "a neuron learns to follow its input", OURS, collocated(by_hand.leaky_neuron, 48),
           ("h", "w", "v", "b"), ("z.h", "costate.w", "costate.v", "costate.b")),
    Answer("rnn_optimal", "a recurrent net learns to double a frequency", OURS, net,
           ("h", "W", "U", "b", "C"), ("z.h", "costate.W", "costate.U", "costate.b", "costate.C"), slow=True),
)  # fmt: skip


@cache
def solved(model: str) -> Solution:
    """The boundary problem of a model that ships, as its file has it."""
    return hdsl.load(model).solve()


@cache
def row(answer: Answer) -> Row:
    """A model solved, beside its answer."""
    solution = solved(answer.model)
    reference = answer.reference(solution)
    states = costates = None
    if reference.states is not None and reference.costates is not None:
        states = apart(columns(solution, answer.states, reference.times), reference.states)
        costates = apart(columns(solution, answer.costates, reference.times), reference.costates)
    return Row(answer, solution, reference, abs(solution.J / reference.cost - 1), states, costates)


HEAD = """# Boundary problems that ship, each beside an answer found in another way

`{command}` made this page, on {kind}.

`hdsl run MODEL` solves them; the sources are in the models' doc comments. The answer is a closed form, derived in
`benchmarks/control/closed_forms.py`, or direct collocation (CasADi, IPOPT) of the problem written by hand in
`benchmarks/control/by_hand.py`, whose costates are the multipliers of the collocation. J is off by a share of the answer;
states and costates are off by a share of their largest values, the largest such at any time; in brackets what is asked, or the
command fails.

| model | what | J | the answer's | from | J off by | states | costates | equations | points |
|---|---|---|---|---|---|---|---|---|---|
"""


def page(rows: Sequence[Row], command: str, kind: str) -> str:
    """The table as Markdown, with its command and its machine."""
    lines = []
    for each in rows:
        near = ["" if value is None else f"{value:.0e} ({each.answer.path:.0e})" for value in (each.states, each.costates)]
        cells = [f"`{each.answer.model}`", each.answer.what, f"{each.solution.J:.8g}", f"{each.reference.cost:.8g}"]
        cells += [each.answer.source, f"{each.cost:.0e} ({each.answer.cost:.0e}{'' if each.holds else ', NOT HELD'})", *near]
        lines.append(f"| {' | '.join([*cells, str(each.solution.equations), str(each.solution.nodes)])} |\n")
    return HEAD.format(command=command, kind=kind) + "".join(lines)


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m benchmarks.control.answers", description=__doc__.split("\n\n")[0])
    reader.add_argument("-o", "--output", type=Path, help="write the page to a file")
    given = reader.parse_args()
    rows = []
    for answer in ANSWERS:
        rows.append(row(answer))
        print(f"{answer.model}: {rows[-1].solution.status}, J off by {rows[-1].cost:.0e}", file=sys.stderr)
    text = page(rows, " ".join(["python -m benchmarks.control.answers", *sys.argv[1:]]), machine(1))
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0 if all(each.holds for each in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
