"""``python -m benchmarks.paper.limits``: where a step stops to settle, by bisection of generated code, beside the formulas.

Many copies of one linear system, each with its own number, learn side by side in one generated module. How fast a copy
grows is read from the run alone: what it holds is put back to length 1 every few steps and the logarithms are added up. The
number at which growth becomes decay is closed in upon. No formula has part in that, and no run in the formulas, which are
those of `hdsl.stability.euler` that warnings and `hdsl audit` use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import hdsl
from benchmarks.measure import table
from benchmarks.paper import pages
from hdsl.stability import euler

PARAMETER = """ham 1
model quadratic
dim s = 64
input curvature[s]
param w[s] = 1
const scale = 1
cost quadratic = 1/2 * sum[k](curvature[k] * w[k]^2)
learn
    order = sequential
    tau   = 1
    eta   = 1
    phi   = scale
    beta  = 1
"""
STATE = """ham 1
model damped
dim s = 64, n = 4
input scale[s]
param A[n, n] = 0
state x[s, n] = 0
let moved[k, i] = sum[j](A[i, j] * x[k, j])
x' = scale[:, None] * moved
cost size = 1/2 * squared(x)
learn
    order  = sequential
    tau    = 1
    eta    = 0
    beta   = 0
"""
COPIES = 64
SOME = 20
"""Steps between two times that what a copy holds is put back to length 1."""
ZOOMS = (300, 1200, 3000)
"""Steps of each round; in each, the interval in which growth becomes decay is cut into 63."""
Rates = Callable[[np.ndarray, int], np.ndarray]
HEAD = ["what", "order", "setting", "formula", "its limit", "by simulation", "relative difference"]


@dataclass(frozen=True)
class Found:
    """A limit by the formula and by simulation. ``at`` are p = τη and q = τ²βφλ of a limit of parameters."""

    what: str
    order: str
    setting: str
    formula: str
    stated: float
    measured: float
    at: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        return abs(self.measured - self.stated) / abs(self.stated)

    @property
    def holds(self) -> bool:
        return self.error < 2e-3


def compiled(text: str, **settings: float | str) -> Any:
    return hdsl.loads(text, settings=settings).compile(dtype=torch.float64)


def lengths(held: Sequence[torch.Tensor]) -> torch.Tensor:
    """Of each copy, the length of what it holds."""
    return torch.cat([each.reshape(COPIES, -1) for each in held], 1).norm(dim=1)


def growth(net: Any, held: Sequence[torch.Tensor], stream: dict[str, torch.Tensor], steps: int) -> np.ndarray:
    """How much the logarithm of each copy's length grows a step: the slope of a line through its second half.

    ``held`` are the tensors of the module that a copy lives in, the copies first.
    """
    total, course = torch.zeros(COPIES, dtype=torch.float64), []
    for _ in range(steps // SOME):
        net.run(stream, keep=False)
        length = lengths(held)
        total = total + length.log()
        with torch.no_grad():
            for each in held:
                each.div_(length.reshape(-1, *(1 for _ in each.shape[1:])))
        course.append(total.numpy())
    late = np.array(course[len(course) // 2 :])
    return np.polyfit(SOME * np.arange(len(late)), late, 1)[0]


def of_parameter(order: str, tau: float, eta: float, beta: float, phi: float) -> Rates:
    """The growth of a parameter and its costate under ½λw², by λ."""
    made = compiled(PARAMETER, order=order)

    def rates(curvatures: np.ndarray, steps: int) -> np.ndarray:
        net = made(batch=1, tau=tau, eta=eta, beta=beta, scale=phi)
        stream = {"curvature": torch.from_numpy(curvatures).expand(SOME, 1, COPIES)}
        return growth(net, [net.w.data, net.costate.w], stream, steps)

    return rates


def of_motion(matrix: np.ndarray, tau: float, eta: float, costate: bool) -> Rates:
    """The growth of the state of x′ = c A x, or with x at 0 of its costate alone, by the factor c."""
    made = compiled(STATE)

    def rates(scales: np.ndarray, steps: int) -> np.ndarray:
        net = made(batch=1, tau=tau, eta=eta, n=len(matrix))
        net.A.data.copy_(torch.from_numpy(matrix))
        held = (net.costate if costate else net.state).x[0]
        held.copy_(1 + 0.1 * torch.arange(len(matrix)).expand_as(held))
        if not costate:
            net.eval()
        return growth(net, [held], {"scale": torch.from_numpy(scales).expand(SOME, 1, COPIES)}, steps)

    return rates


def turning_points(rates: Rates, low: float, high: float, steps: Sequence[int] = ZOOMS) -> list[float]:
    """Every number between ``low`` and ``high`` where growth becomes decay or decay growth, by size."""
    edges, between = changes(rates, low, high, steps[0]), (high / low) ** (1 / (COPIES - 1))
    for count in steps[1:]:
        # So near to a limit that growth is slow, a run may err: the neighbours are looked at again.
        wider = [(below / between, above * between) for below, above in edges]
        closer = [changes(rates, below, above, count) or [(below, above)] for below, above in wider]
        edges = [(each[0][0], each[-1][1]) for each in closer]
        between = max((above / below for below, above in wider), default=1.0) ** (1 / (COPIES - 1))
    return [float(np.sqrt(below * above)) for below, above in edges]


def changes(rates: Rates, low: float, high: float, steps: int) -> list[tuple[float, float]]:
    """Neighbours, of numbers from ``low`` to ``high`` in equal ratios, of which one grows and the other does not."""
    tried = np.geomspace(low, high, COPIES)
    grows = rates(tried, steps) > 0
    return [(tried[k], tried[k + 1]) for k in range(COPIES - 1) if grows[k] != grows[k + 1]]


# What is measured -----------------------------------------------------------------------------------------------------

SETTINGS = ((0.1, 2.0), (0.1, 5.0), (0.5, 2.0), (1.0, 0.5), (1.0, 1.5))
"""τ and η. With τη between 2 and 4, simultaneous has a least curvature besides."""
BEYOND = ((1.0, 2.5), (0.5, 6.0))


def parameters(
    settings: Sequence[tuple[float, float]], beyond: Sequence[tuple[float, float]], steps: Sequence[int]
) -> Iterator[Found]:
    """Curvatures at which parameters stop to settle, and for too much dissipation begin to."""
    for order in ("simultaneous", "sequential", "semi-implicit"):
        for place, (tau, eta) in enumerate((*settings, *(beyond if order == "simultaneous" else ()))):
            beta, phi = (0.3, 1.0, 2.0)[place % 3], (1.0, 0.5)[place % 2]
            setting = f"τ = {tau:g}, η = {eta:g}, β = {beta:g}, φ = {phi:g}"
            least = euler.least_curvature(order, tau, eta, beta, phi)
            largest = euler.critical_curvature(order, tau, eta, beta, phi)
            limits = [("λ, least: τη < 2 + τ²βφλ/2", least)] if least else []
            limits.append((euler.CONDITIONS[order], largest))
            found = turning_points(of_parameter(order, tau, eta, beta, phi), 1e-3, 1e4, steps)
            if len(found) != len(limits):
                raise RuntimeError(f"{order}, {setting}: the formulas have {limits}, the runs {found}")
            for (formula, stated), measured in zip(limits, found, strict=True):
                at = tau * eta, tau**2 * beta * phi * measured
                yield Found("parameter, λ", order, setting, formula, stated, measured, at)


def matrices(count: int) -> Iterator[np.ndarray]:
    """Linear dynamics that settle of themselves: damped rotations, and matrices that were drawn."""
    yield np.array([[-1.0, 4.0], [-4.0, -1.0]])
    source = np.random.default_rng(7)
    for n in range(2, 2 + count):
        drawn = source.normal(size=(n, n))
        yield drawn - (0.3 + np.linalg.eigvals(drawn).real.max()) * np.eye(n)


def motions(count: int, steps: Sequence[int]) -> Iterator[Found]:
    """By how much linear dynamics may be scaled until an Euler step of the state grows, and its costate."""
    for matrix in matrices(count):
        poles = np.linalg.eigvals(matrix)
        for costate, tau, eta in ((False, 0.2, 0.0), (True, 0.2, 2.0), (True, 0.5, 1.0)):
            stated = largest_scale(poles, tau, eta)
            (measured,) = turning_points(of_motion(matrix, tau, eta, costate), 0.02, 50, steps)
            what = "costate, factor of A" if costate else "state, factor of A"
            formula = "ρ(Jᵀ − τηI) < 1" if costate else "ρ(J) ≤ 1"
            setting = f"{len(matrix)} × {len(matrix)}, τ = {tau:g}" + (f", η = {eta:g}" if costate else "")
            yield Found(what, "any", setting, formula, stated, measured)


def largest_scale(poles: np.ndarray, tau: float, eta: float) -> float:
    """The factor of dynamics with these eigenvalues from which one of them grows a step: `euler.growth`, bisected."""
    low, high = 0.0, 1e3
    for _ in range(200):
        middle = (low + high) / 2
        grows = max(euler.growth(middle * complex(pole), tau, eta) for pole in poles) > 1
        low, high = (low, middle) if grows else (middle, high)
    return low


def rotations(steps: int) -> Iterator[Found]:
    """How fast Euler steps blow up a rotation that the flow keeps at its length."""
    omegas = np.geomspace(0.05, 20, COPIES)
    for tau in (0.05, 0.1):
        rates = of_motion(np.array([[0.0, 1.0], [-1.0, 0.0]]), tau, 0.0, False)(omegas, steps)
        for place in (10, 30, 50, 63):
            stated = 0.5 * float(np.log1p((tau * omegas[place]) ** 2))
            setting = f"τ = {tau:g}, ω = {omegas[place]:.3g}"
            yield Found("skew state, log growth a step", "any", setting, "½ log(1 + τ²ω²)", stated, float(rates[place]))


def never(steps: int) -> Iterator[str]:
    """What the formulas say of no dissipation: simultaneous grows at every curvature, sequential neither grows nor settles."""
    curvatures = np.geomspace(1e-2, 1, COPIES)
    for order in ("simultaneous", "sequential"):
        rates = of_parameter(order, 0.5, 0.0, 1.0, 1.0)(curvatures, steps)
        yield f"η = 0, {order}, λ from 0.01 to 1: growth a step from {rates.min():.1e} to {rates.max():.1e}"


def rows(found: Sequence[Found]) -> list[list[str]]:
    return [
        [f.what, f.order, f.setting, f.formula, f"{f.stated:.6g}", f"{f.measured:.6g}", f"{f.error:.0e}"] for f in found
    ]


def draw(axes: Any, found: Sequence[Found]) -> None:
    """Limits of parameters over p = τη: lines by the formulas, marks by simulation."""
    for axis, order in zip(axes, ("simultaneous", "sequential"), strict=True):
        p = np.linspace(0, 4 if order == "simultaneous" else 2, 200)
        if order == "simultaneous":
            axis.plot(p, p, label="τ²βφλ = τη")
            axis.plot(p[p >= 2], 2 * (p[p >= 2] - 2), label="τη = 2 + τ²βφλ/2")
            axis.fill_between(p, np.maximum(0, 2 * (p - 2)), p, alpha=0.12, linewidth=0)
        else:
            axis.plot(p, 2 * (2 - p), label="τ²βφλ = 2(2 − τη)")
            axis.fill_between(p, 0, 2 * (2 - p), alpha=0.12, linewidth=0)
        marks = [f.at for f in found if f.order == order and f.at is not None]
        axis.plot(*zip(*marks, strict=True), "o", color="black", label="by simulation")
        axis.set(title=order, xlabel="τη", ylabel="τ²βφλ")
        axis.legend()


def main() -> int:
    given = pages.read(pages.arguments("limits", __doc__))
    torch.set_num_threads(1)
    steps = (400, 800) if given.quick else ZOOMS
    settings, beyond = (SETTINGS[:2], BEYOND[:1]) if given.quick else (SETTINGS, BEYOND)
    found = list(parameters(settings, beyond, steps))
    found += motions(1 if given.quick else 3, steps)
    found += rotations(400 if given.quick else 1000)
    print(table(HEAD, rows(found)))
    worst = max(f.error for f in found)
    told = [*never(steps[-1]), f"largest relative difference of {len(found)} limits: {worst:.0e}"]
    print("\n".join(told))
    if given.docs:
        with pages.drawing("limits", columns=2) as axes:
            draw(axes, found)
        said = "".join(f"- {line}\n" for line in told)
        pages.write(
            "limits", {"table": pages.markdown(HEAD, rows(found)), "told": said, "made": pages.made_by("limits")}
        )
    return 0 if given.quick or all(f.holds for f in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
