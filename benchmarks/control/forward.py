"""``python -m benchmarks.control.forward``: what narrows the gap between a forward run and the optimum, and what does not.

The problem is `models/leaky_neuron.ham`. Every J is by its own functional (`hdsl.runtime.gap`), whatever settings a run was
made with. docs/forward_and_optimal.md tells what the tables say.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import inf, pi
from typing import Any

import numpy as np
import torch

import hdsl
from benchmarks.measure import machine
from hdsl.runtime.boundary.functions import Functions
from hdsl.runtime.boundary.numbers import Numbered, numbered
from hdsl.runtime.boundary.solve import solve_boundary
from hdsl.runtime.course import Course, course_of
from hdsl.runtime.gap import measured, taus

MODEL = "leaky_neuron"
ORDERS = ("simultaneous", "semi-implicit", "sequential")
ETAS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
BETAS = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 5.0)
TAU = 0.05
Flip = Callable[[float, "Point"], float]
Cells = dict[str, np.ndarray]


@dataclass(frozen=True)
class Point:
    """Where a run stands: its costates, and ∂H′ by what they belong to, by cell."""

    costates: Mapping[str, np.ndarray]
    slopes: Mapping[str, np.ndarray]


@cache
def problem() -> Numbered:
    return numbered(hdsl.load(MODEL, settings={"schedule": "boundary"}).compiler)


@cache
def online(settings: tuple[tuple[str, float | str], ...]) -> tuple[Any, Any]:
    """The class of a forward run and the model that it was made of."""
    model = hdsl.load(MODEL, settings={"schedule": "online", **dict(settings)})
    return model.compile(dtype=torch.float64), model.product("model")


def forward(fixed: Mapping[str, float | str], **numbers: float) -> float:
    """J of a forward run. ``fixed`` is compiled in, ``numbers`` are arguments of the module."""
    net_class, model = online(tuple(fixed.items()))
    net = net_class(batch=1, **{"tau": TAU, **numbers})
    stream = {"tau": torch.from_numpy(taus(problem().ends.guess, float(net.tau)))}
    return measured(problem(), course_of(net, model, stream), "forward").J


# Steps by hand, for what no setting says ------------------------------------------------------------------------------


def stepped(eta: float, beta: float, flip: Flip, tau: float = TAU) -> float:
    """J of a run by simultaneous Euler steps of ż = −s ∂H′/∂h − ηz and ω̇ = −s ∂H′/∂θ − ηω, with s from ``flip``."""
    functions, steps = problem().functions, taus(problem().ends.guess, tau)
    moved = (*functions.model.dynamics, *functions.params)
    cells = {name: functions.first[name].reshape(1, -1).astype(float) for name in moved}
    cells |= {functions.costate(name): np.zeros_like(cells[name]) for name in moved}
    kept: list[Cells] = [dict(cells)]
    t = 0.0
    for step in steps:
        cells = _step(functions, cells, t, step, eta, beta, flip)
        kept.append(cells)
        t += step
        if not all(np.isfinite(value).all() for value in cells.values()):
            return inf
    return measured(problem(), Course(np.concatenate([[0.0], np.cumsum(steps)]), _shaped(functions, kept)), "stepped").J


def _step(functions: Functions, cells: Cells, t: float, tau: float, eta: float, beta: float, flip: Flip) -> Cells:
    dots = _slopes(functions, cells, t)
    costates = {c: cells[c] for c in cells if ":" in c}
    # The boundary problem has s = +1: ż = −∂H′/∂h − ηz, with its own eta.
    slopes = {c: -dots[c] - functions.eta * value for c, value in costates.items()}
    s = flip(t, Point(costates, slopes))
    found = {c: (1 - tau * eta) * value - tau * s * slopes[c] for c, value in costates.items()}
    for name in functions.model.dynamics:
        found[name] = cells[name] + tau * dots[name]
    for name in functions.params:
        found[name] = cells[name] - tau * beta * cells[functions.costate(name)]
    return found


def forward_in_time(t: float, at: Point) -> float:
    return -1.0


def every(period: float, share: float) -> Flip:
    """s = −1 for a share of each period, then +1."""
    return lambda t, at: -1.0 if t % period < share * period else 1.0


def bounded(most: float) -> Flip:
    """s = −1 while the costates of the parameters are smaller than ``most`` together, else the sign that makes them smaller."""

    def flip(t: float, at: Point) -> float:
        own = [c for c in at.costates if c.startswith("w:")]
        if np.sqrt(sum(float((at.costates[c] ** 2).sum()) for c in own)) < most:
            return -1.0
        return 1.0 if sum(float((at.costates[c] * at.slopes[c]).sum()) for c in own) > 0 else -1.0

    return flip


def receding(ahead: float, known: bool = True, again: float = 0.5) -> float:
    """J where every ``again`` the optimum of the time up to ``ahead`` is solved for, and followed until the next.

    Where the future is not ``known``, it is taken to stay as it is now.
    """
    whole, t, warm = problem(), 0.0, None
    functions, end, params = whole.functions, whole.ends.guess, whole.functions.params
    cells = {name: value.reshape(1, -1).astype(float) for name, value in functions.first.items()}
    kept, times = [cells], [0.0]
    while t < end - 1e-9:
        span = min(ahead, end - t)
        first = {name: value.reshape(functions.shape(name)) for name, value in cells.items()}
        seen = replace(functions, flow=_seen_from(functions, t, known), first=first)
        found = solve_boundary(replace(whole, functions=seen, ends=replace(whole.ends, guess=span)), 1e-5, warm)
        if not found.solved:
            raise RuntimeError(f"at t = {t}: {found.message}")
        warm, steps = found.path, taus(min(again, span), TAU / 10)
        for step, at in zip(steps, np.cumsum(steps), strict=True):
            planned = found.path.at(np.array([at / span]))[:, 0]
            after = {name: planned[functions.places[name]].reshape(1, -1) for name in params}
            cells = _moved(functions, cells, after, times[-1], step)
            kept.append(cells)
            times.append(times[-1] + step)
        t += min(again, span)
    return measured(whole, Course(np.array(times), _shaped(functions, kept)), "receding").J


def _seen_from(functions: Functions, start: float, known: bool) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The flow with times counted from ``start``; where the future is not known, with the time standing still there."""
    return lambda given: functions.flow({**given, "t": start + (given["t"] if known else 0 * given["t"])})


def _moved(functions: Functions, cells: Cells, after: Cells, t: float, tau: float) -> Cells:
    """One step of the states by Heun's method, while parameters go to what they are ``after``."""
    states = functions.model.dynamics
    slope = _slopes(functions, cells, t)
    ahead = {name: cells[name] + tau * slope[name] for name in states}
    further = _slopes(functions, {**ahead, **after}, t + tau)
    return {**after, **{name: cells[name] + tau / 2 * (slope[name] + further[name]) for name in states}}


def _slopes(functions: Functions, cells: Cells, t: float) -> Cells:
    still = {functions.costate(name): np.zeros_like(value) for name, value in cells.items() if ":" not in name}
    given = {name: value.reshape(1, *functions.shape(name)) for name, value in {**still, **cells}.items()}
    made = functions.flow({**functions.numbers, ":batch": 1, "t": np.full(1, t), **given})
    return {name.removeprefix("dot:"): np.reshape(made[name], (1, -1)) for name in made if name.startswith("dot:")}


def _shaped(functions: Functions, kept: list[Cells]) -> dict[str, np.ndarray]:
    return {
        name: np.concatenate([c[name] for c in kept]).reshape(len(kept), *functions.shape(name)) for name in kept[0]
    }


# Tables ---------------------------------------------------------------------------------------------------------------


def shown(value: float) -> str:
    return "∞" if value == inf else f"{value:.2f}" if value < 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def own_settings() -> Iterator[str]:
    """The ends of the scale: the optimum, no learning, and the forward run as the file has it."""
    best, (net_class, model) = solve_boundary(problem()), online(())
    steps = {"tau": torch.from_numpy(taus(best.end, TAU))}
    still = measured(problem(), course_of(net_class(batch=1, tau=TAU), model, steps, learning=False), "still")
    rows = [["the optimum", f"{best.J:.4f}"], ["no learning", f"{still.J:.4f}"]]
    rows += [
        [f"forward, {order}, tau = {tau:g}", shown(forward({"order": order}, tau=tau))]
        for order in ORDERS
        for tau in (0.1, 0.05, 0.01)
    ]
    yield from table(["own η and β", "J"], rows)


def eta_and_beta() -> Iterator[str]:
    """J by η and β of the forward run."""
    fixed = {"order": "sequential"}
    rows = [[f"η = {eta:g}", *(shown(forward(fixed, eta=eta, beta=beta)) for beta in BETAS)] for eta in ETAS]
    yield from table(["sequential", *(f"β = {beta:g}" for beta in BETAS)], rows)


def best_by_order() -> Iterator[str]:
    """The least over the same grid, for each order."""
    rows = []
    for order in ORDERS:
        J, eta, beta = min((forward({"order": order}, eta=e, beta=b), e, b) for e in ETAS for b in BETAS)
        rows.append([order, shown(J), f"{eta:g}", f"{beta:g}"])
    yield from table(["order", "least J", "at η", "at β"], rows)


def eta_by_group() -> Iterator[str]:
    """η of the states apart from that of the parameters; the least over β."""
    fixed = {"order": "sequential", "eta.state": 0.1, "eta.param": 0.1}
    kept = (0.1, 0.3, 0.5, 1.0, 2.0, 5.0, 15.0)
    rows = []
    for state in kept:
        found = [min(forward(fixed, eta_state=state, eta_param=param, beta=b) for b in BETAS) for param in kept[:5]]
        rows.append([f"eta.state = {state:g}", *map(shown, found)])
    yield from table(["least over β", *(f"eta.param = {param:g}" for param in kept[:5])], rows)


def signs() -> Iterator[str]:
    """s that changes: with the file's own η and β, and the least over the grid."""
    ways: dict[str, Flip] = {"s = −1": forward_in_time}
    ways |= {
        f"s = −1 for {share:.0%} of every {period:.3g}": every(period, share)
        for period in (0.5, 2.0, pi)
        for share in (0.75, 0.5)
    }
    ways |= {f"s = ±1 so that |ω| stays near {most:g}": bounded(most) for most in (0.05, 0.1, 0.3, 1.0)}
    eta, beta = problem().functions.eta, 1.0
    rows = []
    for told, flip in ways.items():
        J, e, b = min((stepped(e, b, flip), e, b) for e in ETAS[::2] for b in BETAS[::2])
        rows.append([told, shown(stepped(eta, beta, flip)), shown(J), f"{e:g}", f"{b:g}"])
    yield from table(["simultaneous", "J with own η and β", "least J", "at η", "at β"], rows)


def ahead() -> Iterator[str]:
    """How far ahead one has to see, and what it is worth to take the future for what is now."""
    spans = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
    rows = [[f"{span:g}", shown(receding(span)), shown(receding(span, known=False))] for span in spans]
    yield from table(["looks ahead", "J, the future known", "J, the future taken to stay as it is now"], rows)


def replays() -> Iterator[str]:
    """The last r ticks replayed backwards from z = 0, and the parameters moved once for them: the least over the grid."""
    rows = []
    for length in (1, 4, 20, 60):
        fixed = {"schedule": f"replay({length})"}
        J, eta, beta = min(
            (forward(fixed, eta=e, beta=b), e, b) for e in (0.1, 0.5, 2.0) for b in (0.1, 0.3, 1.0, 3.0, 10.0)
        )
        rows.append([f"{length}", shown(J), f"{eta:g}", f"{beta:g}"])
    yield from table(["r", "least J", "at η", "at β"], rows)


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "own": own_settings,
    "grid": eta_and_beta,
    "orders": best_by_order,
    "groups": eta_by_group,
    "signs": signs,
    "ahead": ahead,
    "replay": replays,
}


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m benchmarks.control.forward", description=__doc__.split("\n\n")[0])
    reader.add_argument("--only", default="", help=f"tables with commas between; there are {', '.join(TABLES)}")
    given = reader.parse_args()
    asked = given.only.split(",") if given.only else list(TABLES)
    if unknown := set(asked) - set(TABLES):
        reader.error(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    print(f"On {machine(1)}, float64.", file=sys.stderr)
    for name in asked:
        print("\n".join(["", *TABLES[name]()]), flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
