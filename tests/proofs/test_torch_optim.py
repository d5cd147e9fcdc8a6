"""Hamiltonian Learning as torch.optim.SGD: weights equal to 1e-12 on iris, in float64; by the slow tests after 6000 steps.

The parameter map is β = lr/τ, η = (1 − μ)/τ, φ = (1 − ρ)/τ (μ momentum, ρ dampening), with ``first = undamped`` where both
are other than 0, since torch seeds its momentum buffer with the undamped first gradient. Measured: 1e-14 to 2e-13, which
is the rounding of 6000 steps of a growing classifier; a wrong factor anywhere shows at 1e-3 within ten steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import hdsl
from hdsl.resources import folder

F64 = torch.float64
DAILY, STEPS = 1500, 6000
LOOKS = (1, 10, 100, 1000, DAILY, 3000, STEPS)
LENGTHS = pytest.mark.parametrize("steps", [DAILY, pytest.param(STEPS, marks=pytest.mark.slow)])

LINEAR_STATE = """
## The linear classifier as a state network: the logits are a state that moves to its new value at once.
model iris_linear_state
dim d = 4, k = 3
input  u[d]
target c : index(k)
state s[k] = 0
param W[k, d] = glorot
param b[k]    = 0
next s     = W @ u + b
output y   = s
cost class = cross_entropy(y, c)
reset s each sample
"""


@dataclass(frozen=True)
class Rule:
    """One column of the paper's table: learning rate, momentum μ, dampening ρ and τ."""

    lr: float
    momentum: float
    dampening: float
    tau: float

    @property
    def settings(self) -> dict[str, float | str]:
        both = self.momentum != 0 and self.dampening != 0
        return {
            "tau": self.tau,
            "beta": self.lr / self.tau,
            "eta": (1 - self.momentum) / self.tau,
            "phi": (1 - self.dampening) / self.tau,
            "first": "undamped" if both else "damped",
        }


RULES = {
    "GD-a": Rule(0.01, 0.0, 0.0, 1.0),
    "GD-b": Rule(0.001, 0.0, 0.0, 0.5),
    "Mom-a": Rule(0.01, 0.05, 0.6, 1.0),
    "Mom-b": Rule(0.01, 0.1, 0.5, 0.5),
}
NETS = ("iris_linear", "iris_linear_state", "iris_mlp", "iris_mlp_state")


def model_of(name: str, rule: Rule, order: str) -> hdsl.api.Model:
    """A model with the settings of a rule in place of its own."""
    settings = {**rule.settings, "order": order}
    if name == "iris_linear_state":
        return hdsl.loads(LINEAR_STATE, settings=settings)
    return hdsl.load(name, settings=settings)


@cache
def samples() -> tuple[Tensor, Tensor]:
    """Iris in the order of the file, again and again: (STEPS, 1, 4) and (STEPS, 1)."""
    rows = (folder("models") / "data/iris.csv").read_text(encoding="utf-8").splitlines()[1:]
    table = torch.tensor([[float(cell) for cell in row.split(",")] for row in rows], dtype=F64)
    at = torch.arange(STEPS) % len(table)
    return table[at, :4].unsqueeze(1), table[at, 4].long().unsqueeze(1)


class Plain(nn.Module):
    """The same net in plain torch, begun from the weights of a generated one."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.weights = {name: nn.Parameter(value.detach().clone()) for name, value in net.named_parameters()}
        self.held = nn.ParameterList(self.weights.values())  # torch takes no name with a dot in it

    def forward(self, u: Tensor) -> Tensor:
        w = self.weights
        if "W" in w:
            return nn.functional.linear(u, w["W"], w["b"])
        return nn.functional.linear(torch.tanh(nn.functional.linear(u, w["a.W"], w["a.b"])), w["y.W"], w["y.b"])


def with_sgd(net: Plain, rule: Rule) -> Callable[[], None]:
    """What torch.optim.SGD does with the gradients of a sample."""
    return torch.optim.SGD(net.parameters(), rule.lr, rule.momentum, rule.dampening).step


def one_step_late(net: Plain, rule: Rule) -> Callable[[], None]:
    """Momentum whose buffer moves the weights before it takes in this sample's gradient."""
    buffers = [torch.zeros_like(p) for p in net.parameters()]
    steps = 0

    def step() -> None:
        nonlocal steps
        for p, buffer in zip(net.parameters(), buffers, strict=True):
            p.data -= rule.lr * buffer
            damped = steps > 0 or rule.momentum == 0 or rule.dampening == 0
            buffer.mul_(rule.momentum).add_(p.grad, alpha=1 - rule.dampening if damped else 1.0)
        steps += 1

    return step


@cache
def weights_in_torch(family: str, rule: str, late: bool, steps: int = DAILY) -> list[dict[str, Tensor]]:
    """The weights after 1, 10, … steps in plain torch: of the linear net or the mlp, from hdsl's own first ones."""
    net = Plain(model_of(family, RULES[rule], "sequential").compile(dtype=F64)(batch=1, seed=0))
    step = (one_step_late if late else with_sgd)(net, RULES[rule])
    found = []
    inputs, targets = samples()
    for k, (u, c) in enumerate(zip(inputs[:steps], targets[:steps], strict=True), start=1):
        net.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(net(u), c).backward()
        step()
        if k in LOOKS:
            found.append({name: value.detach().clone() for name, value in net.weights.items()})
    return found


def apart(name: str, rule: str, order: str, late: bool, steps: int = DAILY) -> list[float]:
    """The largest difference of any weight after 1, 10, … steps."""
    net = model_of(name, RULES[rule], order).compile(dtype=F64)(batch=1, seed=0)
    begun, found = 0, []
    inputs, targets = samples()
    looks = [look for look in LOOKS if look <= steps]
    for end, wanted in zip(looks, weights_in_torch(name.removesuffix("_state"), rule, late, steps), strict=True):
        net.run({"u": inputs[begun:end], "c": targets[begun:end]})
        begun = end
        own = {name: value.detach() for name, value in net.named_parameters()}
        assert own.keys() == wanted.keys()
        found.append(max(float((own[name] - value).abs().max()) for name, value in wanted.items()))
    return found


@LENGTHS
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETS)
def test_sequential_is_sgd(name: str, rule: str, steps: int) -> None:
    assert max(apart(name, rule, "sequential", late=False, steps=steps)) <= 1e-12


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("family", ["iris_linear", "iris_mlp"])
def test_the_weights_move_far(family: str, rule: str) -> None:
    first, *_, last = weights_in_torch(family, rule, late=False)
    assert max(float((first[name] - last[name]).abs().max()) for name in first) > 0.1


@pytest.mark.parametrize("rule", ["Mom-a", "Mom-b"])
def test_dampening_needs_an_undamped_first_step(rule: str) -> None:
    # Without it ω begins with (1 − ρ) of the gradient with which torch seeds its buffer, and the weights stay apart.
    net = hdsl.load("iris_linear", settings={**RULES[rule].settings, "first": "damped"}).compile(dtype=F64)(seed=0)
    inputs, targets = samples()
    net.run({"u": inputs[:10], "c": targets[:10]})
    wanted = weights_in_torch("iris_linear", rule, late=False)[LOOKS.index(10)]
    assert max(float((p.detach() - wanted[name]).abs().max()) for name, p in net.named_parameters()) > 1e-3


@LENGTHS
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["iris_linear", "iris_mlp"])
def test_simultaneous_is_momentum_one_step_late(name: str, rule: str, steps: int) -> None:
    assert max(apart(name, rule, "simultaneous", late=True, steps=steps)) <= 1e-12


@pytest.mark.parametrize("name", ["iris_linear", "iris_mlp"])
def test_simultaneous_is_not_sgd(name: str) -> None:
    # Its first step moves no weight at all, and it never catches up.
    assert min(apart(name, "Mom-a", "simultaneous", late=False)) > 1e-4
