"""Following: a flow that is linear in its state over a whole step, all else held: ḣ = A h + r.

Nothing is differentiated: a flow that is linear tells its matrix by its values, column by column A eₖ = f(eₖ) − f(0), and r is
f(0). States that read one another in a circle are one. Then h⁺ = h + τ φ (A h + r) with φ the upper right block of
exp [[τA, 1], [0, 0]], singular or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hdsl.verify.evaluate import DTYPE, evaluate
from hdsl.verify.written import Written

Point = Callable[[str], Tensor]


def followed(written: Written, state: str, point: Point) -> Tensor:
    """h⁺ of a state with ``step.h = exact``, from where ``point`` has it. Shape: the state's."""
    states = together(written, state)
    start = torch.cat([point(name).reshape(-1) for name in states])
    tau, n = point("tau"), len(start)
    rest = flows_at(written, states, point, torch.zeros(n, dtype=DTYPE))
    entries = torch.eye(n, dtype=DTYPE)
    matrix = torch.stack([flows_at(written, states, point, one) - rest for one in entries], 1)
    # With the identity in it the block is never small: torch's e^X loses digits of e^X − 1 where X is.
    block = torch.cat((torch.cat((tau * matrix, entries), 1), torch.zeros(n, 2 * n, dtype=DTYPE)))
    part = torch.linalg.matrix_exp(block)[:n, n:]
    return parted(written, states, start + tau * part @ (matrix @ start + rest))[state]


def together(written: Written, state: str) -> list[str]:
    """The exact states that read a state and that it reads, be it through others of them; with itself."""
    reads = {name: written.reads(written.dynamics[name].value) & written.exact for name in written.exact}

    def behind(name: str) -> set[str]:
        found: set[str] = set()
        waiting = [name]
        while waiting:
            waiting += (new := reads[waiting.pop()] - found)
            found |= new
        return found

    return [name for name in written.states if name == state or (name in behind(state) and state in behind(name))]


def flows_at(written: Written, states: Sequence[str], point: Point, values: Tensor) -> Tensor:
    """ḣ of states, one behind another, where they have other values; what reads them is worked out anew."""
    known = parted(written, states, values)

    def value_of(name: str) -> Tensor:
        if name not in known:
            known[name] = evaluate(written.defined[name], value_of) if name in written.defined else point(name)
        return known[name]

    laws = [evaluate(written.dynamics[name].value, value_of).broadcast_to(written.shape(name)) for name in states]
    return torch.cat([law.reshape(-1) for law in laws])


def parted(written: Written, states: Sequence[str], values: Tensor) -> dict[str, Tensor]:
    """The states by name, each in its shape, of what has them one behind another."""
    shapes = [written.shape(name) for name in states]
    parts = torch.split(values, [math.prod(shape) for shape in shapes])
    return {name: part.reshape(shape) for name, part, shape in zip(states, parts, shapes, strict=True)}
