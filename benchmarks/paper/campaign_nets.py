"""The nets of the paper's campaign in plain torch: what hdsl's are compared with. Nothing of hdsl is imported.

Each takes one sample, a vector (d,) or a sequence (tokens, m), and gives logits (k,). ``named`` gives its parameters by the
names that they bear in ham/.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Reference(nn.Module):
    """A net whose modules bear, in ``bears``, the names of ham/: module name, then its own parameter -> the name there."""

    def __init__(self) -> None:
        super().__init__()
        self.bears: dict[str, str] = {}

    def named(self) -> dict[str, nn.Parameter]:
        found = dict(self.named_parameters())
        return {ham: found[own] for ham, own in self.bears.items()}

    def _bear(self, ham: str, module: str, **names: str) -> None:
        dot = f"{ham}." if ham else ""
        self.bears |= {f"{dot}{theirs}": f"{module}.{own}" for theirs, own in names.items()}


def _affine(net: Reference, *names: str) -> None:
    for name in names:
        net._bear(name, name, W="weight", b="bias")


class Linear(Reference):
    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.logits = nn.Linear(inputs, classes)
        _affine(self, "logits")

    def forward(self, u: Tensor) -> Tensor:
        return self.logits(u)


class Perceptron(Reference):
    def __init__(self, inputs: int, classes: int, units: int = 30) -> None:
        super().__init__()
        self.a, self.logits = nn.Linear(inputs, units), nn.Linear(units, classes)
        _affine(self, "a", "logits")

    def forward(self, u: Tensor) -> Tensor:
        return self.logits(torch.tanh(self.a(u)))


class Residual(Reference):
    """Convolutions of 3x3; each block adds to what passes it."""

    def __init__(self, inputs: int, classes: int, channels: int = 8, depth: int = 4) -> None:
        super().__init__()
        self.side = round(inputs**0.5)
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.inner = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.outer = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.logits = nn.Linear(channels * inputs // 4, classes)
        self._bear("first", "first", K="weight", b="bias")
        for i in range(depth):
            self._bear(f"body.{i + 1}.inner", f"inner.{i}", K="weight", b="bias")
            self._bear(f"body.{i + 1}", f"outer.{i}", K="weight", b="bias")
        _affine(self, "logits")

    def forward(self, u: Tensor) -> Tensor:
        x = self.first(u.reshape(1, 1, self.side, self.side))
        for inner, outer in zip(self.inner, self.outer, strict=True):
            x = x + outer(F.relu(inner(x)))
        return self.logits(F.avg_pool2d(x, 2).flatten())


class Transformer(Reference):
    """One encoder layer over a grid of 4x4 patches: layer norm, one head of attention, layer norm, two affine maps."""

    def __init__(self, inputs: int, classes: int, units: int = 30) -> None:
        super().__init__()
        self.side = round(inputs**0.5)
        self.patch = self.side // 4
        self.position = nn.Parameter(0.5 * torch.randn(16, units))
        self.token = nn.Linear(self.patch**2, units)
        self.p, self.q, self.last = nn.LayerNorm(units), nn.LayerNorm(units), nn.LayerNorm(units)
        self.query, self.key = nn.Linear(units, units), nn.Linear(units, units, bias=False)
        self.value, self.mixed = nn.Linear(units, units), nn.Linear(units, units)
        self.hidden, self.code = nn.Linear(units, units), nn.Linear(units, units)
        self.logits = nn.Linear(16 * units, classes)
        self.bears["position"] = "position"
        _affine(self, "token", "hidden", "code", "logits")
        for name in ("p", "q", "last"):
            self._bear(name, name, gain="weight", shift="bias")
        for letter, name in zip("qvo", ("query", "value", "mixed"), strict=True):
            self._bear("read", name, **{f"W{letter}": "weight", f"b{letter}": "bias"})
        self._bear("read", "key", Wk="weight")

    def forward(self, u: Tensor) -> Tensor:
        patches = F.unfold(u.reshape(1, 1, self.side, self.side), self.patch, stride=self.patch)[0].T
        x = self.token(patches) + self.position
        p = self.p(x)
        x = x + self.mixed(F.scaled_dot_product_attention(self.query(p)[None], self.key(p)[None], self.value(p)[None])[0])
        x = x + self.code(F.relu(self.hidden(self.q(x))))
        return self.logits(self.last(x).flatten())


class Recurrent(Reference):
    """torch.nn.RNN or torch.nn.LSTM over a sequence; its last h is read out. Their second bias is 0 and does not learn."""

    def __init__(self, kind: Any, inputs: int, classes: int, units: int = 30) -> None:
        super().__init__()
        self.cell = kind(inputs, units)
        self.logits = nn.Linear(units, classes)
        with torch.no_grad():
            self.cell.bias_hh_l0.zero_()
        self.cell.bias_hh_l0.requires_grad_(False)
        self._bear("", "cell", W="weight_ih_l0", R="weight_hh_l0", b="bias_ih_l0")
        _affine(self, "logits")

    def forward(self, u: Tensor) -> Tensor:
        return self.logits(self.cell(u)[0][-1])


def rnn(inputs: int, classes: int) -> Recurrent:
    return Recurrent(nn.RNN, inputs, classes)


def lstm(inputs: int, classes: int) -> Recurrent:
    return Recurrent(nn.LSTM, inputs, classes)
