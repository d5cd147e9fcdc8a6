"""``python -m benchmarks.mechanics``: how well each step keeps what a mechanical system keeps, over a long run.

Each system that ships is followed for many steps by each step, by the numpy reference. Of the energy the largest
|H − H(0)|/|H(0)| is told, and its growth: that of the last tenth of the run over that of the first. A symplectic step has no
growth beyond what round-off or a chaotic orbit brings; one that is not drifts as the run goes on.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hdsl
from benchmarks.measure import machine
from hdsl.derive.methods import METHODS
from hdsl.runtime.reference import given

Numbers = NDArray[np.float64]

SYSTEMS = ("pendulum", "kepler", "henon_heiles", "chain")
STEPS = 1_000_000
KEPT = 1000
"""Energies that are looked at, evenly over the run, beside the largest of each stretch between them."""


MOST = 10.0
"""What is drawn of |H − H(0)|/|H(0)|: a run that is farther off is lost."""


class Moving:
    """A mechanical system on its way: ``cells`` by name, moved by the numpy reference of its model."""

    def __init__(self, model: hdsl.api.Model) -> None:
        net = _class_of(model)()
        known = given(net, (), float(net.tau))
        self.names = tuple(model.product("model").dynamics)
        self.pairs = dict(model.product("model").pairs)
        self.cells: dict[str, Any] = {name: known[name][()] for name in self.names}  # a number where it is one
        self.tau, self._held = float(net.tau), {**known, "t": 0.0}
        self._learn = model.compile(backend="numpy").learn

    def step(self, tau: float | None = None) -> float:
        """Move by a step. Returns the energy at its end."""
        self._held.update(self.cells)
        self._held["tau"] = self.tau if tau is None else tau
        with np.errstate(all="ignore"):
            made = self._learn(self._held)
        self.cells = {name: made[f"{name}+"] for name in self.names}
        return float(made[":results"][-1])

    def energy(self) -> float:
        """The energy as it is."""
        held = {**self._held, **self.cells, "tau": 0.0}
        return float(self._learn(held)[":results"][-1])


@functools.cache
def _class_of(model: hdsl.api.Model) -> Any:
    import torch

    return functools.partial(model.compile(), dtype=torch.float64)


@dataclass(frozen=True)
class Drift:
    """``stretches`` (KEPT,) is the largest |H − H(0)|/|H(0)| of each stretch of a run, ``seconds`` what it took."""

    system: str
    step: str
    tau: float
    steps: int
    stretches: Numbers
    seconds: float

    @property
    def largest(self) -> float:
        return float(self.stretches.max())

    @property
    def growth(self) -> float:
        """The largest of the last tenth over the largest of the first."""
        tenth = max(1, len(self.stretches) // 10)
        if not np.isfinite(self.largest):
            return float("inf")
        return float(self.stretches[-tenth:].max() / max(self.stretches[:tenth].max(), 1e-300))


def followed(system: str, step: str, steps: int, tau: float | None = None) -> Drift:
    """One system by one step; a run that is not finite any more is infinite from there on."""
    settings: dict[str, float | str] = {"step": step, **({} if tau is None else {"tau": tau})}
    model = hdsl.load(system, settings=settings)
    moving = Moving(model)
    first = moving.energy()
    stretches, size = [], max(1, steps // KEPT)
    started = time.perf_counter()
    for _ in range(min(KEPT, steps)):
        largest = 0.0
        for _ in range(size):
            energy = moving.step()
            largest = max(largest, abs(energy - first)) if np.isfinite(energy) else np.inf
        stretches.append(largest / abs(first))
        if not np.isfinite(largest):
            stretches += [np.inf] * (min(KEPT, steps) - len(stretches))
            break
    return Drift(system, step, moving.tau, steps, np.array(stretches), time.perf_counter() - started)


def table(found: Iterable[Drift]) -> Iterator[str]:
    """A row a run, as Markdown."""
    yield "| system | tau | step | largest abs(H − H(0))/abs(H(0)) | growth | µs a step |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        each = one.seconds * 1e6 / one.steps
        largest = f"{one.largest:.1e}" if np.isfinite(one.largest) else "not finite"
        growth = f"{one.growth:.2f}" if np.isfinite(one.growth) else "–"
        yield f"| `{one.system}` | {one.tau:g} | {one.step} | {largest} | {growth} | {each:.1f} |"


def drawn(found: list[Drift], path: Path) -> None:
    """The stretches of every run against time, a panel a system, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    systems = list(dict.fromkeys(one.system for one in found))
    with pyplot.rc_context({"svg.hashsalt": "mechanics", "svg.fonttype": "none", "font.size": 9}):
        figure, panels = pyplot.subplots(1, len(systems), figsize=(4 * len(systems), 3.2), squeeze=False, layout="constrained")
        for axes, system in zip(panels[0], systems, strict=True):
            for one in (one for one in found if one.system == system):
                times = np.arange(1, len(one.stretches) + 1) * (one.steps / len(one.stretches)) * one.tau
                axes.loglog(times, np.where(one.stretches < MOST, one.stretches, np.nan), label=one.step, linewidth=1)
            axes.set_title(f"{system}, tau = {one.tau:g}")
            axes.set_xlabel("t")
        panels[0][0].set_ylabel("largest |H − H(0)| / |H(0)| of a stretch")
        panels[0][-1].legend(fontsize=8)
        figure.savefig(path, metadata={"Date": None})


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m benchmarks.mechanics", description=(__doc__ or "").split("\n\n")[0])
    reader.add_argument("--steps", type=int, default=STEPS)
    reader.add_argument("--systems", default=",".join(SYSTEMS), help="names with commas between")
    reader.add_argument("--methods", default=",".join(METHODS), help="words of `step`, with commas between")
    reader.add_argument("--draw", type=Path, help="SVG file to draw the energies to")
    asked = reader.parse_args()
    found = []
    print(f"`{' '.join(['python -m benchmarks.mechanics', *sys.argv[1:]])}`, {asked.steps} steps, {machine(1)}\n")
    for system in asked.systems.split(","):
        for step in asked.methods.split(","):
            found.append(followed(system, step, asked.steps))
            rows = list(table([found[-1]]))
            print("\n".join(rows if len(found) == 1 else rows[2:]), flush=True)
    if asked.draw:
        drawn(found, asked.draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
