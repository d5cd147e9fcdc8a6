"""How far exact steps are from the flow, at any τ, and how long a turning state keeps its length.

    python -m benchmarks.exact_steps [--quick]

Errors are those of the state after a time of 8, relative to its largest entry, against scipy's exponential of the flow together
with its input as one linear system. An input that stands still is followed without error; one that moves is held in a step.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.linalg import expm

import hdsl

END = 8.0
STEPS = (8, 32, 128, 512)
TURNS = 100_000

MATRIX = """ham 1
dim n = 4
input u[n]
state h[n] = 1
param A[n, n] = zeros
h' = A @ h + u
output y = h
cost none = 0*sum(h)
learn
    beta = 0
    eta = 1
    step.h = exact
"""
ENTRIES = MATRIX.replace("A[n, n]", "A[n]").replace("A @ h", "A*h")
PAIR = """ham 1
dim n = 2
input u[n]
state x[n] = 1
state y[n] = 1
param a[n] = 0
param b[n] = 0
x' = a*x + b*y + u
y' = a*y - b*x + 0.5*u
output o = concat(x, y)
cost none = 0*sum(x)
learn
    beta = 0
    eta = 1
    step.x = exact
    step.y = exact
"""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Flow:
    """A model, its parameters, and the matrices of ḣ = A h + B u that it comes to."""

    name: str
    text: str
    parameters: Mapping[str, Array]
    matrix: Array
    inputs: Array


def flows() -> tuple[Flow, ...]:
    drawn = np.random.default_rng(0).normal(size=(4, 4)) / 2
    turns = np.array([0.9, 0.0])
    fades = np.array([-0.3, 0.0])
    turning = np.block([[np.diag(fades), np.diag(turns)], [-np.diag(turns), np.diag(fades)]])
    rates = np.array([-2.0, -0.1, 0.0, 0.05])
    both = np.vstack([np.eye(2), 0.5 * np.eye(2)])
    matrices = {"skew": drawn - drawn.T, "singular": -drawn @ drawn.T * [0, 1, 1, 1], "nilpotent": np.triu(drawn, 1)}
    found = [Flow(f"matrix, {name}", MATRIX, {"A": value}, value, np.eye(4)) for name, value in matrices.items()]
    found.append(Flow("entries", ENTRIES, {"A": rates}, np.diag(rates), np.eye(4)))
    found.append(Flow("pairs that turn, one by 0", PAIR, {"a": fades, "b": turns}, turning, both))
    return tuple(found)


def net_of(flow: Flow, text: str | None = None) -> Any:
    net = hdsl.loads(text or flow.text).compile(dtype=torch.float64)(batch=1, seed=0)
    with torch.no_grad():
        for name, value in flow.parameters.items():
            getattr(net, name).copy_(torch.from_numpy(value))
    return net


def error(flow: Flow, steps: int, moves: bool, text: str | None = None) -> float:
    """The error at the end, with u = cos(t), or 1 where it does not move, in every entry."""
    tau = END / steps
    times = tau * np.arange(steps)
    net = net_of(flow, text)
    wide = flow.inputs.shape[1]
    u = np.repeat((np.cos(times) if moves else np.ones(steps))[:, None], wide, 1)
    given = {"u": torch.from_numpy(u)[:, None], "tau": torch.full((steps,), tau, dtype=torch.float64)}
    net.run(given)
    names = ("x", "y") if hasattr(net.state, "x") else ("h",)
    made = torch.cat([getattr(net.state, name)[0] for name in names]).numpy()
    # h, cos t and sin t as one linear system
    size = len(flow.matrix)
    whole = np.zeros((size + 2, size + 2))
    whole[:size, :size], whole[:size, size] = flow.matrix, flow.inputs.sum(1)
    if moves:
        whole[size, size + 1], whole[size + 1, size] = -1, 1
    exact = (expm(END * whole) @ np.array([*np.ones(size), 1.0, 0.0]))[:size]
    return float(np.abs(made - exact).max() / np.abs(exact).max())


def drift(flow: Flow, steps: int) -> float:
    """How far the length of an undisturbed state has gone from 1, at most, in so many steps of 0.3."""
    text = "\n".join(line for line in flow.text.splitlines() if not line.startswith("input"))
    net = net_of(flow, text.replace(" + u", "").replace(" + 0.5*u", "") + "\n    tau = 0.3\n")
    lengths = net.run(steps)[net.outputs[0]].reshape(steps, -1).norm(dim=-1) / 2
    return float((lengths - 1).abs().max())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few steps")
    quick = parser.parse_args(arguments).quick
    counts = STEPS[:2] if quick else STEPS
    print("| flow | input | step | " + " | ".join(f"τ = {END / n:g}" for n in counts) + " |")
    print("|---" * (3 + len(counts)) + "|")
    for flow in flows():
        for moves in (False, True):
            for word in ("exact", "euler") if moves else ("exact",):
                plain = [line for line in flow.text.splitlines() if "= exact" not in line]
                text = flow.text if word == "exact" else "\n".join(plain) + "\n"
                sizes = " | ".join(f"{error(flow, n, moves, text):.0e}" for n in counts)
                print(f"| {flow.name} | {'cos t' if moves else '1'} | {word} | {sizes} |")
    print()
    turns = 1000 if quick else TURNS
    pair = flows()[-1]
    still = Flow("pairs that turn", PAIR, {"a": np.zeros(2), "b": np.array([0.9, 0.2])}, pair.matrix, pair.inputs)
    for flow in (flows()[0], still):
        print(f"{flow.name}: the length of the state is kept to {drift(flow, turns):.0e} over {turns} steps of 0.3")


if __name__ == "__main__":
    main()
