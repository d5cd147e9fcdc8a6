"""Layerwise steps (the paper's eq. 10): by hand, and their properties on a held input, judged by torch.autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import hdsl

WIDTHS = (3, 4, 4, 4)


def deep(order: str, eta: str = "eta.param = 1", schedule: str = "layerwise", beta: float = 0.0) -> Any:
    """Three layers of tanh and a linear output, and a sample for it in float64."""
    lines = ["ham 1", "model deep", "dim d = 3, n = 4, k = 2", "input u[d]", "target v[k]"]
    for layer, size in enumerate("dnn", 1):
        below = "u" if layer == 1 else f"h{layer - 1}"
        lines += [f"state h{layer}[n] = 0", f"param W{layer}[n, {size}] = normal(0, 0.6)"]
        lines += [f"next h{layer} = tanh(W{layer} @ {below})"]
    lines += ["param C[k, n] = normal(0, 0.6)", "output y = C @ h3", "cost fit = 0.5*squared(y - v)"]
    lines += ["learn", f"    order = {order}", f"    schedule = {schedule}", f"    {eta}", f"    beta = {beta}"]
    torch.manual_seed(3)
    net = hdsl.loads("\n".join(lines) + "\n").compile()(batch=2, seed=1, dtype=torch.float64)
    return net, torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 2, dtype=torch.float64)


def backpropagated(net: Any, u: Tensor, v: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The layers of the feed-forward net, and torch's gradient of the mean cost."""
    p = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    layers, h = [], u
    for layer in (1, 2, 3):
        h = torch.tanh(h @ p[f"W{layer}"].T)
        layers.append(h.detach())
    loss = 0.5 * ((h @ p["C"].T - v) ** 2).sum(1).mean()
    return layers, dict(zip(p, torch.autograd.grad(loss, tuple(p.values())), strict=True))


def ticks_to_exact(net: Any, u: Tensor, v: Tensor, ticks: int) -> tuple[int, dict[str, int]]:
    """The tick from which on all states are those of the net, and for each parameter that from which on ω is its gradient."""
    layers, gradients = backpropagated(net, u, v)
    last_wrong = {name: 0 for name in ("states", *gradients)}
    for tick in range(1, ticks + 1):
        net.step(u=u, v=v)
        states = zip(layers, (net.state.h1, net.state.h2, net.state.h3), strict=True)
        if not all(torch.allclose(a, b, rtol=0, atol=1e-15) for a, b in states):
            last_wrong["states"] = tick
        for name, gradient in gradients.items():
            if not torch.allclose(net.get_submodule("costate").get_buffer(name), gradient, rtol=1e-14, atol=1e-16):
                last_wrong[name] = tick
    found = {name: tick + 1 for name, tick in last_wrong.items()}
    return found.pop("states"), found


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("simultaneous", {"W1": 4 * 3 + 1, "W2": 3 * 3 + 2, "W3": 3 * 3, "C": 2 * 3}),
        ("semi-implicit", {"W1": 4 * 3 + 1, "W2": 3 * 3 + 2, "W3": 3 * 3, "C": 2 * 3}),
        ("sequential", {"W1": 2 * 3 + 1, "W2": 3 + 2, "W3": 3, "C": 3}),
    ],
)
def test_a_held_input_has_exact_states_after_a_cycle_and_exact_gradients_from_a_cycle_on(
    order: str, wanted: dict[str, int]
) -> None:
    """From cycle L + 2 = 5 in the order of the paper's Algorithm 1, from cycle L = 3 in the sequential one; neither before."""
    states, found = ticks_to_exact(*deep(order), ticks=18)
    assert states == 3
    assert found == wanted


def test_a_tick_moves_one_layer_and_nothing_else() -> None:
    net, u, v = deep("sequential", eta="eta = 0.5", beta=0.1)
    of = {1: {"h1", "W1"}, 2: {"h2", "W2"}, 3: {"h3", "W3", "C"}}
    for name, cell in zip(net.cells, net._cells(), strict=True):
        if name.partition(":")[0] in ("z", "w"):
            with torch.no_grad():
                cell.copy_(torch.randn_like(cell))
    for tick in range(7):
        before = {name: cell.detach().clone() for name, cell in zip(net.cells, net._cells(), strict=True)}
        net.step(u=u, v=v)
        cells = dict(zip(net.cells, net._cells(), strict=True))
        moved = {name for name, cell in cells.items() if name[0] not in ":t" and not torch.equal(cell, before[name])}
        assert {name.rpartition(":")[2] for name in moved} == of[tick % 3 + 1]


def by_hand(order: str) -> Callable[[dict[str, float], float, float, int], dict[str, float]]:
    """One tick of a = next(w u), b' = −b + x a, y = b with the cost ½ (y − v)², written out."""
    eta, beta, tau = 0.25, 0.5, 0.5

    def tick(c: dict[str, float], u: float, v: float, layer: int) -> dict[str, float]:
        n = dict(c)
        first = layer == 1
        if first:
            n["a"] = c["w"] * u
        else:
            n["b"] = c["b"] + tau * (-c["b"] + c["x"] * c["a"])
        at = n if order == "sequential" else c
        if first:  # ∂f_b/∂a = x; of a `next` the old costate is used up
            n["za"] = -tau * eta * c["za"] + tau * c["x"] * c["zb"]
        else:
            n["zb"] = (1 - tau * eta) * c["zb"] + tau * (at["b"] - v) - tau * c["zb"]
        z = n if order == "sequential" else c
        if first:
            n["ww"] = (1 - tau * eta) * c["ww"] + z["za"] * u
            n["w"] = c["w"] - tau * beta * (c["ww"] if order == "simultaneous" else n["ww"])
        else:
            n["wx"] = (1 - tau * eta) * c["wx"] + tau * z["zb"] * c["a"]
            n["x"] = c["x"] - tau * beta * (c["wx"] if order == "simultaneous" else n["wx"])
        return n

    return tick


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit", "sequential"])
def test_ten_ticks_by_hand(order: str) -> None:
    text = (
        "ham 1\nmodel m\ninput u\ntarget v\nstate a = 0\nstate b = 0\nparam w = 0.7\nparam x = 0.4\n"
        "next a = w*u\nb' = -b + x*a\noutput y = b\ncost fit = 0.5*(y - v)^2\n"
        f"learn\n    order = {order}\n    schedule = layerwise\n    tau = 0.5\n    eta = 0.25\n    beta = 0.5\n"
    )
    net = hdsl.loads(text).compile()(batch=1, dtype=torch.float64)
    hand, cells = by_hand(order), {"a": 0.0, "b": 0.0, "za": 0.0, "zb": 0.0, "ww": 0.0, "wx": 0.0, "w": 0.7, "x": 0.4}
    names = {"a": "a", "b": "b", "z:a": "za", "z:b": "zb", "w:w": "ww", "w:x": "wx", "w": "w", "x": "x"}
    for tick in range(10):
        u, v = float(1 + tick % 3), 0.3 * tick
        cells = hand(cells, u, v, tick % 2 + 1)
        net.step(torch.tensor([u], dtype=torch.float64), torch.tensor([v], dtype=torch.float64))
        made = dict(zip(net.cells, net._cells(), strict=True))
        for name, own in names.items():
            assert float(made[name].detach().reshape(())) == pytest.approx(cells[own], rel=1e-13, abs=1e-15), (tick, name)


def test_a_stream_of_ticks_is_what_steps_make_of_it_and_the_clock_says_the_layer() -> None:
    """Also from the middle of a cycle: the layer is told by the clock, which is saved."""
    net, u, v = deep("sequential", eta="eta = 0.5", beta=0.1)
    other, _, _ = deep("sequential", eta="eta = 0.5", beta=0.1)
    ticks = {"u": u.expand(5, 2, 3), "v": v.expand(5, 2, 2)}
    net.run(ticks, hold=1)
    other.load_state_dict(net.state_dict())
    net.run(ticks, hold=1)
    for _ in range(5):
        other.step(u=u, v=v)
    for ours, theirs in zip(net._cells(), other._cells(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-15)  # a run adds up in another order than steps


def test_one_layer_is_what_an_online_step_is() -> None:
    text = (
        "ham 1\nmodel m\ninput u\ntarget v\nstate h = 0\nparam w = 1\nh' = -h + w*u\noutput y = h\ncost fit = (y - v)^2\n"
        "learn\n    eta = 1\n    schedule = "
    )
    compiled = [hdsl.loads(f"{text}{schedule}\n").product("program").learn.lines for schedule in ("online", "layerwise")]
    assert compiled[0] == compiled[1]
