"""``python -m benchmarks.paper.delayed``: nets with a delay on every layer, by hdsl's equations, beside torch.autograd.

How many ticks a held input takes until the weight signal ω of every layer is its gradient, for depths of 1 to 100; what
dissipation and leaks leave of it; how wrong it is on an input that moves; that a pulse gives every layer its gradient once; and
digits, with and without pulses, beside torch.optim.SGD. Order simultaneous; the gradient is torch's on the same net without
delays, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.measure import table
from benchmarks.paper import pages
from benchmarks.paper.deep_nets import apart, gradients, made, sample, signals, text_of
from benchmarks.paper.digits import Run, learned

LEARN: Mapping[str, object] = {"order": "simultaneous", "eta.param": 1, "beta": 0}
DEPTHS = (1, 2, 5, 20, 50, 100)
FADING = ((1, 0.1), (2, 0.1), (3, 0.1), (3, 0.3), (5, 0.1), (20, 0.02))
LEAKS = ((3, 1.0, 0.1), (3, 4.0, 0.1), (5, 1.0, 0.3))
SPEEDS = (1e-4, 1e-3, 1e-2, 1e-1)
PULSED = (1, 2, 5, 20)
MOVING = 6
"""Layers of the net whose input moves."""


@dataclass(frozen=True)
class Held:
    """A net on a held input: from which tick on ω is exact, the largest error before and after."""

    depth: int
    tick: int
    before: float
    after: float

    @property
    def holds(self) -> bool:
        """Exact from tick 2L + 1 on, and not before."""
        return self.tick == 2 * self.depth + 1 and self.after <= 1e-13 < self.before


def held(depth: int, seed: int = 0) -> Held:
    """Three ticks more than it should take."""
    net = made(text_of(depth, "delayed", LEARN), seed)
    u, v = sample(seed + 1)
    wanted = gradients(net, u, v)
    errors = []
    for _ in range(2 * depth + 4):
        net.step(u=u, v=v)
        errors.append(apart(signals(net), wanted))
    last = max((k for k, error in enumerate(errors) if error > 1e-13), default=-1)
    return Held(depth, last + 2, errors[last] if last >= 0 else 1.0, max(errors[last + 1 :], default=1.0))


@dataclass(frozen=True)
class Scaled:
    """A net whose gradient is scaled layer by layer in the limit; the error against that, and its largest at tick 2L + 1.

    ``ticks`` is after how many ticks the error stays below 1e-12, None where it does not.
    """

    what: str
    depth: int
    early: float
    ticks: int | None
    final: float

    @property
    def holds(self) -> bool:
        """The limit is reached to round-off."""
        return self.ticks is not None and self.final < 1e-12


def _scaled(what: str, depth: int, net: Any, factor: float, most: int, seed: int) -> Scaled:
    u, v = sample(seed + 1)
    plain = gradients(net, u, v)
    wanted = {name: value * _power(name, factor, depth) for name, value in plain.items()}
    errors = []
    for _ in range(most):
        net.step(u=u, v=v)
        errors.append(apart(signals(net), wanted))
    last = max((k for k, error in enumerate(errors) if error > 1e-12), default=-1)
    return Scaled(what, depth, errors[2 * depth], last + 2 if last + 1 < most else None, errors[-1])


def _power(name: str, factor: float, depth: int) -> float:
    """factor^(L − l + 1) of layer l; the output's own gradient passes no costate."""
    return float(factor ** (depth - int(name[1:]) + 1)) if name != "C" else 1.0


def fading(depth: int, eta: float, seed: int = 0) -> Scaled:
    """Dissipation of the costates: (1 + τη)^−(L − l + 1), τ = 1."""
    net = made(text_of(depth, "delayed", {**LEARN, "eta.state": eta}), seed)
    return _scaled(f"delays, η = {eta:g}", depth, net, 1 / (1 + eta), 40 + 12 * depth, seed)


def leaking(depth: int, rate: float, eta: float, seed: int = 0) -> Scaled:
    """Leaky layers h′ = c (−h + F): (c/(c + η))^(L − l + 1); steps of 0.5/c, and ω what one step gives."""
    tau = 0.5 / rate
    settings = {**LEARN, "tau": tau, "eta.param": 1 / tau, "eta.state": eta, "phi": 1}
    net = made(text_of(depth, "leaky", settings, rate=rate), seed)
    # One step gives ω τ times ∂H′/∂θ; c of each layer on the way cancels but for what dissipation adds to it.
    found = _Rescaled(net, 1 / tau)
    return _scaled(f"leaky, c = {rate:g}, η = {eta:g}", depth, found, rate / (rate + eta), 150 + 40 * depth, seed)


class _Rescaled:
    """A net whose signals are read in other units."""

    def __init__(self, net: Any, unit: float) -> None:
        self.net, self.unit, self.cells = net, unit, net.cells

    def named_parameters(self) -> Any:
        return self.net.named_parameters()

    def step(self, **sample: Tensor) -> None:
        self.net.step(**sample)

    def _cells(self) -> list[Tensor]:
        cells = zip(self.net.cells, self.net._cells(), strict=True)
        return [cell * self.unit if name.startswith("w:") else cell for name, cell in cells]


def moving(speed: float, seeds: Sequence[int], depth: int = MOVING) -> list[float]:
    """For each seed the relative error of the whole delayed gradient on an input that turns in a plane, the median over ticks.

    u = √n (a cos st + b sin st)/√2 with a ⊥ b of length 1, s radians a tick; v is a net of the same kind on the same u.
    """
    return [_moving(speed, seed, depth) for seed in seeds]


def _moving(speed: float, seed: int, depth: int) -> float:
    net, teacher = (made(text_of(depth, "delayed", LEARN), each) for each in (seed, seed + 1000))
    source = torch.Generator().manual_seed(seed)
    plane, _ = torch.linalg.qr(torch.randn(8, 2, generator=source, dtype=torch.float64))
    weights = [p.detach() for _, p in teacher.named_parameters()]
    errors = []
    settled, ticks = 2 * depth + 1, 60
    for tick in range(settled + ticks):
        angle = speed * (tick - settled)
        u = (2.0 * torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64) @ plane.T)[None]
        v = u
        for weight in weights[:-1]:
            v = torch.tanh(v @ weight.T)
        v = v @ weights[-1].T
        net.step(u=u, v=v)
        if tick >= settled:
            found, wanted = signals(net), gradients(net, u, v)
            difference = sum(float((found[name] - value).square().sum()) for name, value in wanted.items())
            errors.append(math.sqrt(difference / sum(float(value.square().sum()) for value in wanted.values())))
    return median(errors)


@dataclass(frozen=True)
class Pulse:
    """A sample held 2L + 1 ticks, its target at tick L + 1: how many ticks moved each layer at most and at least, the error of
    the sum of what they gave, and the largest of what is left after."""

    depth: int
    most: int
    least: int
    error: float
    left: float

    @property
    def holds(self) -> bool:
        """Every layer got its gradient exactly once."""
        return self.most == self.least == 1 and self.error <= 1e-13 and self.left == 0


def pulse(depth: int, seed: int = 0) -> Pulse:
    """One pulse after another sample's, whose activations stand in the layers; then ticks of a third one without a target."""
    net = made(text_of(depth, "delayed", LEARN), seed)
    samples = [sample(seed + k) for k in (1, 2, 3)]
    none = torch.full_like(samples[0][1], torch.nan)
    wanted = gradients(net, *samples[1])
    total = {name: torch.zeros_like(value) for name, value in wanted.items()}
    counts, left = dict.fromkeys(wanted, 0), 0.0
    for k, (u, v) in enumerate(samples):
        for tick in range(1, 2 * depth + 2):
            net.step(u=u, v=v if tick == depth + 1 and k < 2 else none)
            for name, value in signals(net).items():
                if k == 1:
                    total[name] += value
                    counts[name] += bool(value.abs().max() > 0)
                elif k == 2:
                    left = max(left, float(value.abs().max()))
    return Pulse(depth, max(counts.values()), min(counts.values()), apart(total, wanted), left)


# --- tables -------------------------------------------------------------------------------------------------------------

HELD = ["L", "exact from tick", "2L + 1", "error a tick before", "error from then on"]
SCALED = ["layers", "L", "error at tick 2L + 1", "below 1e-12 after", "in the end"]
SPEED = ["radians a tick", "median error", "least", "most"]
PULSES = ["L", "ticks held", "ticks that move a layer", "error of the gradient", "left for the next sample"]
DIGITS = ["digits, L = 5", "held", "median accuracy", "least", "most", "second half"]


def of_held(found: Sequence[Held]) -> list[list[str]]:
    return [[str(x.depth), str(x.tick), str(2 * x.depth + 1), f"{x.before:.1g}", f"{x.after:.1g}"] for x in found]


def of_scaled(found: Sequence[Scaled]) -> list[list[str]]:
    def row(x: Scaled) -> list[str]:
        return [x.what, str(x.depth), f"{x.early:.1g}", f"{x.ticks} ticks" if x.ticks else "–", f"{x.final:.1g}"]

    return [row(x) for x in found]


def of_speeds(found: Mapping[float, Sequence[float]]) -> list[list[str]]:
    return [[f"{s:g}", f"{median(e):.1e}", f"{min(e):.1e}", f"{max(e):.1e}"] for s, e in found.items()]


def of_pulses(found: Sequence[Pulse]) -> list[list[str]]:
    return [
        [str(x.depth), str(2 * x.depth + 1), f"{x.least} to {x.most}", f"{x.error:.1g}", f"{x.left:.1g}"] for x in found
    ]


def of_digits(found: Sequence[Run]) -> list[list[str]]:
    return [
        [x.name, f"{x.ticks} tick{'s' * (x.ticks > 1)}", f"{median(x.whole):.2f}", f"{min(x.whole):.2f}", f"{max(x.whole):.2f}",
         f"{median(x.half):.2f}"]
        for x in found
    ]  # fmt: skip


def draw(speeds: Mapping[float, Sequence[float]], found: Sequence[Held], digits: Sequence[Run]) -> None:
    """Ticks by depth, error by speed, accuracy by way."""
    with pages.drawing("delayed", columns=3, size=(9.5, 3.2)) as (left, middle, right):
        left.loglog([x.depth for x in found], [x.tick for x in found], "o", label="measured")
        left.loglog([x.depth for x in found], [2 * x.depth + 1 for x in found], "k:", label="2L + 1")
        left.set(title="ticks until ω is exact", xlabel="layers L", ylabel="ticks")
        left.legend()
        middle.loglog(list(speeds), [median(errors) for errors in speeds.values()], "o-")
        middle.fill_between(list(speeds), *zip(*((min(e), max(e)) for e in speeds.values()), strict=True), alpha=0.2)
        middle.set(title=f"moving input, L = {MOVING}", xlabel="radians a tick", ylabel="relative error of the gradient")
        for x in digits:
            right.plot(x.course, label=x.name.partition(",")[0])
        right.set(title="digits, L = 5", xlabel="hundreds of samples", ylabel="accuracy of the last hundred", ylim=(0, 1))
        right.legend()


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    given = pages.read(pages.arguments("delayed", __doc__), argv)
    quick = given.quick
    still = [held(depth) for depth in (DEPTHS[:3] if quick else DEPTHS)]
    print(table(HELD, of_held(still)), end="\n\n")
    scaled = [fading(*each) for each in (FADING[:3] if quick else FADING)]
    scaled += [leaking(*each) for each in (LEAKS[:1] if quick else LEAKS)]
    print(table(SCALED, of_scaled(scaled)), end="\n\n")
    speeds = {speed: moving(speed, range(1 if quick else 5)) for speed in SPEEDS}
    print(table(SPEED, of_speeds(speeds)), end="\n\n")
    pulses = [pulse(depth) for depth in (PULSED[:3] if quick else PULSED)]
    print(table(PULSES, of_pulses(pulses)), end="\n\n")
    digits = learned(range(1 if quick else 3), 150 if quick else None)
    print(table(DIGITS, of_digits(digits)))
    if given.docs:
        draw(speeds, still, digits)
        tables = {"held": (HELD, of_held(still)), "scaled": (SCALED, of_scaled(scaled)), "speed": (SPEED, of_speeds(speeds))}
        tables |= {"pulses": (PULSES, of_pulses(pulses)), "digits": (DIGITS, of_digits(digits))}
        written = {name: pages.markdown(head, rows) for name, (head, rows) in tables.items()}
        pages.write("delayed", {**written, "made": pages.made_by("delayed", argv)})
    return 0 if all(each.holds for each in (*still, *scaled, *pulses)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
