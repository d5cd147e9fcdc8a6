"""1797 digits of 8x8 pixels, seen once, by a net of five delayed layers: with and without pulses, beside torch.optim.SGD.

The net is the one that ships, `deep_delayed`. All ways begin with the same parameters and see the same digits, scaled by what
came before; each digit is told before it is learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import hdsl
from hdsl.resources import folder
from hdsl.runtime.hold import Hold
from hdsl.runtime.nonfinite import NonFinite

LAYERS, RATE = 5, 0.02
PIECE = 50
"""Samples between two looks at whether the net still has numbers."""


@dataclass(frozen=True)
class Run:
    """A way to learn: its accuracy over all digits and over their second half by seed; ``course`` is the accuracy of each
    hundred digits, of the first seed. A digit that comes after the numbers have left the range counts as not told."""

    name: str
    ticks: int
    whole: list[float]
    half: list[float]
    course: list[float]


Way = Callable[[Any, Tensor, Tensor], Tensor]


def digits() -> tuple[Tensor, Tensor]:
    """Pixels (T, 1, 64) and classes (T, 1)."""
    stream = hdsl.load("deep_delayed").stream(folder("models") / "data" / "digits.csv", scale="running")
    parts = [part.chunk(1.0, torch.float32, torch.device("cpu")) for part in stream.samples() if part is not None]
    return torch.cat([part["u"] for part in parts]), torch.cat([part["c"] for part in parts])


def _by_net(hold: Hold | str | int, late: int = 0) -> Way:
    """By `deep_delayed`; ``late`` is how many samples later a target is told."""

    def told(net: Any, u: Tensor, c: Tensor) -> Tensor:
        shown = torch.cat([torch.full((late, 1), -1), c])[: len(c)]
        found = []
        try:
            for start in range(0, len(u), PIECE):
                piece = {"u": u[start : start + PIECE], "c": shown[start : start + PIECE]}
                found.append(net.run(piece, hold=hold)["y"].argmax(-1))
        except NonFinite:
            pass
        y = torch.cat([*found, torch.full((len(c), 1), -1)])[: len(c)]
        return torch.cat([y[late:], torch.full((late, 1), -1)])

    return told


def _by_torch(net: Any, u: Tensor, c: Tensor) -> Tensor:
    """The same net without delays, by autograd and torch.optim.SGD."""
    parameters = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    layers = [(value, parameters[f"{name[:-2]}.b"]) for name, value in parameters.items() if name.endswith(".W")]
    assert len(layers) == LAYERS
    optimiser, found = torch.optim.SGD(parameters.values(), lr=RATE), []
    for k in range(len(u)):
        h = u[k]
        for weight, bias in layers:
            h = torch.relu(torch.nn.functional.linear(h, weight, bias))
        y = h @ parameters["C"].T
        found.append(y.detach().argmax(-1))
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(y, c[k]).backward()
        optimiser.step()
    return torch.stack(found)


WAYS: tuple[tuple[str, int, Way], ...] = (
    ("torch.optim.SGD, no delays", 1, _by_torch),
    ("pulses", 2 * LAYERS + 1, _by_net("auto")),
    ("held as long, target at every tick", 2 * LAYERS + 1, _by_net(Hold(2 * LAYERS + 1, seen=LAYERS + 1))),
    ("not held, target 5 samples later", 1, _by_net(1, late=LAYERS)),
)


def learned(seeds: Sequence[int], most: int | None = None) -> list[Run]:
    """Every way, from each seed; ``most`` leaves out all but the first digits."""
    u, c = digits()
    u, c = u[:most], c[:most]
    model, found = hdsl.load("deep_delayed"), []
    assert float(model.product("model").learning.values["beta"]) == RATE
    for name, ticks, way in WAYS:
        right = [(way(model.compile()(batch=1, seed=seed), u, c) == c).double() for seed in seeds]
        course = [float(part.mean()) for part in right[0].split(100) if len(part) == 100]
        whole, half = [float(x.mean()) for x in right], [float(x[len(x) // 2 :].mean()) for x in right]
        found.append(Run(name, ticks, whole, half, course))
    return found
