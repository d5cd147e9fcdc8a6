"""Deep nets in .ham for the measurements of layers that move by ticks, and what torch.autograd says of them.

A net of L layers tanh(W h) and a linear output, its layers states: behind a delay each, moved a layer a tick, or leaky. The
gradient of the cost is torch's on the same net written as a plain feed-forward one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

import hdsl

Kind = Literal["delayed", "layerwise", "leaky"]


def text_of(
    depth: int, kind: Kind, learn: Mapping[str, object], width: int = 8, outputs: int = 4, rate: float = 1.0
) -> str:
    """The text of a net; ``learn`` are its settings, ``rate`` the c of leaky layers."""
    lines = ["ham 1", f"model {kind}_{depth}", f"dim n = {width}, k = {outputs}", "input u[n]", "target v[k]"]
    below = "u"
    for layer in range(1, depth + 1):
        lines.append(f"param W{layer}[n, n] = orthogonal(1)")
        inside = f"tanh(W{layer} @ {below})"
        below = f"h{layer}"
        if kind == "delayed":
            lines.append(f"let {below} = delay({inside})")
        else:
            motion = f"next {below} = {inside}" if kind == "layerwise" else f"{below}' = {rate}*({inside} - {below})"
            lines += [f"state {below}[n] = 0", motion]
    lines += ["param C[k, n] = normal(0, 1)", f"output y = C @ {below}", "cost fit = 0.5*squared(y - v)", "learn"]
    settings = {"schedule": "layerwise" if kind == "layerwise" else "online", **learn}
    return "\n".join([*lines, *(f"    {path} = {value}" for path, value in settings.items())]) + "\n"


def made(text: str, seed: int = 0, batch: int = 1) -> Any:
    """A module of a text in float64."""
    return hdsl.loads(text).compile()(batch=batch, seed=seed, dtype=torch.float64)


def sample(seed: int, width: int = 8, outputs: int = 4, batch: int = 1) -> tuple[Tensor, Tensor]:
    """An input and a target, (batch, width) and (batch, outputs)."""
    source = torch.Generator().manual_seed(seed)
    u = torch.randn(batch, width, generator=source, dtype=torch.float64)
    return u, torch.randn(batch, outputs, generator=source, dtype=torch.float64)


def layers_of(parameters: Mapping[str, Tensor], u: Tensor) -> list[Tensor]:
    """The layers of the feed-forward net."""
    found, h = [], u
    for layer in range(1, len(parameters)):
        h = torch.tanh(h @ parameters[f"W{layer}"].T)
        found.append(h)
    return found


def gradients(net: Any, u: Tensor, v: Tensor) -> dict[str, Tensor]:
    """torch's gradient of the mean cost by each parameter of a net, by backpropagation through the feed-forward net."""
    parameters = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    y = layers_of(parameters, u)[-1] @ parameters["C"].T
    cost = 0.5 * ((y - v) ** 2).sum(1).mean()
    return dict(zip(parameters, torch.autograd.grad(cost, tuple(parameters.values())), strict=True))


def cell(net: Any, name: str) -> Tensor:
    """What a net has in a cell by hdsl's name (``h1``, ``w:W1``), as it is now."""
    return net._cells()[net.cells.index(name)].detach()  # type: ignore[no-any-return]


def signals(net: Any) -> dict[str, Tensor]:
    """The weight signals ω by parameter; with ``eta.param = 1/tau`` they are what the last tick gave."""
    cells = net._cells()
    return {name: cells[net.cells.index(f"w:{name}")].detach() for name, _ in net.named_parameters()}


def apart(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> float:
    """The largest difference over all parameters, each relative to the largest entry of what it should be."""
    return max(float((found[name] - value).abs().max() / value.abs().max()) for name, value in wanted.items())
