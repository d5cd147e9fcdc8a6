"""What hdsl is to reach in speed: its own goals, of the design that issue 8 of the project carries out, in one table.

They were set before the generator was written, by hand-written prototypes of the inner semi-implicit step; a goal by row names
the rows of `benchmarks.workload` that it holds for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from benchmarks.processes import figure
from benchmarks.workload import WORKLOADS


@dataclass(frozen=True)
class Goal:
    """A figure that is wanted, of every row alike or by row; ``least`` says that more is better."""

    says: str
    wanted: float | Mapping[str, float]
    least: bool = False

    def of(self, row: str = "") -> float | None:
        """What is wanted of a row; None where there is no goal for it."""
        return self.wanted.get(row) if isinstance(self.wanted, Mapping) else self.wanted

    def met(self, value: float, row: str = "") -> bool:
        wanted = self.of(row)
        return wanted is not None and (value >= wanted if self.least else value <= wanted)

    def told(self, value: float, row: str = "", shown: str = "") -> str:
        """The value, beside what is wanted and whether that is met; ``shown`` instead of its figures."""
        wanted = self.of(row)
        if wanted is None or isnan(value):
            return shown or figure(value)
        return f"{shown or figure(value)} of {wanted:g} {'✓' if self.met(value, row) else '✗'}"

    def line(self, value: float, shown: str = "", way: str = "") -> tuple[str, str, str, str]:
        """A row of a table of goals that are not by row; ``way`` says before the goal of what the value is."""
        assert isinstance(self.wanted, float | int)
        mark = "–" if isnan(value) else "✓" if self.met(value) else "✗"
        return way + self.says, f"at {'least' if self.least else 'most'} {self.wanted:g}", shown or figure(value), mark


HEAD = ("goal", "wanted", "measured", "")
"""Of a table of goals that are not by row."""

_ONE = ("rnn-16", "rnn-64", "rnn-256", "rnn-1024", "mlp", "oscillators")


def _at_batch_1(*wanted: float) -> dict[str, float]:
    return dict(zip(_ONE, wanted, strict=True))


GOALS: Mapping[str, Goal] = {
    "autograd / generated": Goal("autograd / generated", _at_batch_1(16, 14, 6.5, 1.8, 3.4, 10), least=True),
    "generated / by hand": Goal("generated / by hand", dict.fromkeys(WORKLOADS, 1.1)),
    "step above inner": Goal("`step` above inner, µs", dict.fromkeys(WORKLOADS, 8.0)),
    "native step above inner": Goal("native `step` above inner, µs", dict.fromkeys(WORKLOADS, 8.0)),
    "autograd / native": Goal("autograd / native", _at_batch_1(880, 160, 25, 3.6, 9, 200), least=True),
    "jax / native": Goal(
        "jax / native",
        _at_batch_1(6, 2.4, 2.6, 1.6, 3.3, 5) | {name: 1.0 for name in WORKLOADS if name not in _ONE},
        least=True,
    ),
    "one thread / two": Goal("one / two", 1.0, least=True),
    "native / jax, two threads": Goal("Native over jax, both with two threads", {"rnn-1024-batch-32": 1.2}),
    "native / held back": Goal("native / moves held back", 1.5, least=True),
    "linear in parameters": Goal("slope of log seconds against log parameters", 1.1),
    "linear in steps": Goal("slope of log seconds against log steps", 1.1),
    "flat memory": Goal("KiB gained in the second half of the steps", 64),
    "twice the parameters": Goal("bytes held in a run over twice those of the parameters, n = 1024", 1.1),
    "check": Goal("`hdsl check` over importing sympy and lark, as processes", 1.6),
    "derive": Goal("seconds to derive and print a model that ships, the slowest", 1.0),
    "transformer": Goal("seconds to derive and print a transformer of 12 layers", 10.0),
    "second load": Goal("seconds of a second load from the cache, the slowest", 0.05),
}
