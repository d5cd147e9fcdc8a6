"""Following: a flow that is linear in its state over a whole step, all else held: ḣ = A h + r.

Nothing is differentiated: a flow that is linear tells its matrix by its values, column by column A eₖ = f(eₖ) − f(0), and r is
f(0). Then h⁺ = h + τ φ (A h + r) with φ the upper right block of exp [[τA, 1], [0, 0]], singular or not.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from hdsl.verify.evaluate import DTYPE, evaluate
from hdsl.verify.written import Written

Point = Callable[[str], Tensor]


def followed(written: Written, state: str, point: Point) -> Tensor:
    """h⁺ of a state with ``step.h = exact``, from where ``point`` has it. Shape: the state's."""
    shape, tau = written.shape(state), point("tau")
    rest = flow_at(written, state, point, torch.zeros(shape, dtype=DTYPE)).reshape(-1)
    entries = torch.eye(len(rest), dtype=DTYPE)
    columns = [flow_at(written, state, point, one.reshape(shape)).reshape(-1) - rest for one in entries]
    matrix, start, n = torch.stack(columns, 1), point(state).reshape(-1), len(rest)
    # With the identity in it the block is never small: torch's e^X loses digits of e^X − 1 where X is.
    block = torch.cat((torch.cat((tau * matrix, entries), 1), torch.zeros(n, 2 * n, dtype=DTYPE)))
    part = torch.linalg.matrix_exp(block)[:n, n:]
    return (start + tau * part @ (matrix @ start + rest)).reshape(shape)


def flow_at(written: Written, state: str, point: Point, value: Tensor) -> Tensor:
    """ḣ at a point where the state is another; what reads it is worked out anew."""
    known = {state: value}

    def value_of(name: str) -> Tensor:
        if name not in known:
            known[name] = evaluate(written.defined[name], value_of) if name in written.defined else point(name)
        return known[name]

    return evaluate(written.dynamics[state].value, value_of).broadcast_to(value.shape)
