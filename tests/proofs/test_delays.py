"""Delayed nets are backprop in depth: with the input held, the gradient of the plain net comes out of the costates.

A net of L layers, each behind a delay, order simultaneous. With ``beta = 0`` nothing learns, and with ``tau = eta.param = 1``
the costate of a parameter after a tick is the gradient that this tick made. The reference is torch autograd of the plain net.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import pytest
import torch
from torch import Tensor

import hdsl
from hdsl.runtime.hold import Hold, automatic

F64 = torch.float64
TEXT = """
dim n = 5, k = 3
input u[n]
target c : index(k)
{params}
{layers}
param C[k, n] = glorot
output y = C @ h{last}
cost class = cross_entropy(y, c)
learn
    order = simultaneous
    tau = {tau}
    eta.state = {eta}
    eta.param = 1/tau
    beta = 0
"""


def text_of(layers: int, eta: float, tau: float = 1.0) -> str:
    params = [f"param W{k}[n, n] = orthogonal\nparam b{k}[n] = normal(0, 0.3)" for k in range(1, layers + 1)]
    lets = [f"let h{k} = delay(tanh(W{k} @ {f'h{k - 1}' if k > 1 else 'u'} + b{k}))" for k in range(1, layers + 1)]
    return TEXT.format(params="\n".join(params), layers="\n".join(lets), last=layers, eta=eta, tau=tau)


def plain(net: Any, layers: int, u: Tensor, c: Tensor) -> dict[str, Tensor]:
    """The gradient of the plain net by torch autograd."""
    theta = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    h = u
    for k in range(1, layers + 1):
        h = torch.tanh(h @ theta[f"W{k}"].T + theta[f"b{k}"])
    torch.nn.functional.cross_entropy(h @ theta["C"].T, c).backward()
    return {name: value.grad for name, value in theta.items() if value.grad is not None}


@cache
def gradients(layers: int, eta: float, ticks: int, first: int = 1, tau: float = 1.0) -> tuple[Any, list[dict[str, Tensor]]]:
    """The gradient of the plain net, and those of the ticks of a delayed net that has its target from tick ``first`` on."""
    net = hdsl.loads(text_of(layers, eta, tau)).compile()(batch=1, seed=1, dtype=F64)
    source = torch.Generator().manual_seed(2)
    u, c = torch.randn(1, 5, generator=source, dtype=F64), torch.tensor([2])
    found = []
    for tick in range(1, ticks + 1):
        net.step(u, c=c if tick >= first else None)
        found.append({name: getattr(net.costate, name).clone() for name, _ in net.named_parameters()})
    return plain(net, layers, u, c), found


def off(made: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    """The largest relative error of a parameter's gradient."""
    return max(float((made[name] - wanted[name]).norm() / wanted[name].norm()) for name in wanted)


def scaled(wanted: dict[str, Tensor], layers: int, factor: float) -> dict[str, Tensor]:
    """The gradient with layer l of L scaled by ``factor`` to the power L − l + 1, its way back from the cost."""
    return {name: value * factor ** (layers - int(name[1:]) + 1 if name != "C" else 0) for name, value in wanted.items()}


@pytest.mark.parametrize("layers", [1, 2, 5, 20])
def test_the_gradient_is_exact_from_tick_2l_plus_1_and_not_before(layers: int) -> None:
    wanted, made = gradients(layers, 0.0, 2 * layers + 6)
    for tick in range(2 * layers + 1, len(made) + 1):
        assert off(made[tick - 1], wanted) < 1e-14
    assert off(made[2 * layers - 1], wanted) > 0.01


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_each_layer_is_exact_from_the_tick_at_which_its_credit_arrives(layers: int) -> None:
    """L ticks to the cost, one there, and one back through every layer that lies behind."""
    wanted, made = gradients(layers, 0.0, 2 * layers + 6)
    for name, value in wanted.items():
        arrives = layers + 1 if name == "C" else 2 * layers + 2 - int(name[1:])
        one = {name: value}
        assert off(made[arrives - 1], one) < 1e-14, name
        assert off(made[arrives - 2], one) > 1e-3, name


@pytest.mark.parametrize(("eta", "tau"), [(0.1, 1.0), (0.3, 1.0), (0.4, 0.5)])
@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_with_dissipation_a_layer_keeps_its_direction_and_is_scaled(layers: int, eta: float, tau: float) -> None:
    wanted, made = gradients(layers, eta, 120, tau=tau)
    limit = scaled(wanted, layers, 1 / (1 + tau * eta))
    assert off({name: value / tau for name, value in made[-1].items()}, limit) < 1e-13


@pytest.mark.parametrize("layers", [1, 3, 5])
def test_the_rate_of_dissipation_is_that_of_a_chain_of_filters(layers: int) -> None:
    """With the target from tick L + 1 on, layer l has passed n pulses through d = L − l + 1 filters 1/(z + τη)."""
    eta = 0.1
    wanted, made = gradients(layers, eta, 40, first=layers + 1)
    for tick in range(2 * layers + 1, len(made) + 1):
        for name in (name for name in wanted if name != "C"):
            way = layers - int(name[1:]) + 1
            passed = tick - layers - way
            share = sum(comb(i + way - 1, way - 1) * (-eta) ** i for i in range(passed))
            assert off(made[tick - 1], {name: share * wanted[name]}) < 1e-13


def test_the_figures_of_three_layers_and_a_dissipation_of_a_tenth() -> None:
    """As the design tells them: 0.16 off the limit at tick 2L + 1 (the seventh), 8e-14 at tick 20, counted from 0."""
    wanted, made = gradients(3, 0.1, 30)
    limit = scaled(wanted, 3, 1 / 1.1)
    assert off(made[6], limit) == pytest.approx(0.16, abs=0.01)
    assert off(made[20], limit) == pytest.approx(8e-14, abs=1e-14)
    assert off(made[29], limit) < 1e-15


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_pulses_give_every_layer_its_gradient_exactly_once(layers: int) -> None:
    """The hold that `automatic` reads; samples change, and nothing of one meets the next."""
    model = hdsl.loads(text_of(layers, 0.0))
    hold = automatic(model.product("model"))
    assert hold == Hold(2 * layers + 1, layers + 1)
    net = model.compile()(batch=1, seed=1, dtype=F64)
    source = torch.Generator().manual_seed(3)
    for sample in range(4):
        u, c = torch.randn(1, 1, 5, generator=source, dtype=F64), torch.tensor([[sample % 3]])
        ticks = hold.held({"u": u, "c": c}, net.targets)
        summed = {name: torch.zeros_like(value) for name, value in net.named_parameters()}
        for tick in range(hold.ticks):
            net.run({name: value[tick : tick + 1] for name, value in ticks.items()})
            for name, value in summed.items():
                value += getattr(net.costate, name)
        assert off(summed, plain(net, layers, u[0], c[0])) < 1e-13


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_a_plain_net_with_all_delayed_is_the_net_written_with_delays(layers: int) -> None:
    written = text_of(layers, 0.0)
    plain = written.replace("delay(tanh(", "(tanh(")
    assert plain.count("tanh") == layers
    delayed, wanted = hdsl.loads(plain, delay="all").compile(), hdsl.loads(written).compile()
    assert delayed.content == wanted.content != hdsl.loads(plain).compile().content
    one, other = delayed(batch=1, seed=4, dtype=F64), wanted(batch=1, seed=4, dtype=F64)
    for _ in range(2 * layers + 2):
        for net in (one, other):
            net.step(torch.full((1, 5), 0.3, dtype=F64), c=torch.tensor([1]))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())
