"""Branches in the judge: what a conditional did not choose has no part in a derivative of torch.autograd either.

Autograd multiplies the 0 that such a branch is handed by slopes, and 0 · nan is nan. So everything that a branch was worked
out by hands on 0 where it is handed 0: entry by entry in what is worked out entry by entry, else where all that it is handed
is 0. Part of the judge: it shares nothing with `hdsl.derive.branches`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

ENTRYWISE = frozenset(
    f"{name}Backward{number}"
    for name in (
        *("Add", "Sub", "Mul", "Div", "Reciprocal", "Neg", "Pow"),
        *("Where", "Minimum", "Maximum", "Clamp", "Abs", "Sgn", "Sign", "Relu"),
        *("Exp", "Log", "Sqrt", "Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Gelu", "Silu", "Logaddexp"),
    )
    for number in range(3)
)
"""What torch calls the derivative of an operation in which an entry of the result is made of the same entry of each operand."""


def guarded(branch: Tensor) -> Tensor:
    """The value of a branch, its derivatives 0 where its own adjoint is 0."""
    waiting: list[Any] = [branch.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or "guarded" in node.metadata or node.name().endswith("AccumulateGrad"):
            continue
        node.metadata["guarded"] = True
        node.register_hook(_entrywise if node.name() in ENTRYWISE else _whole)
        waiting.extend(following for following, _ in node.next_functions)
    return branch


def _entrywise(pulled: Sequence[Tensor | None], given: Sequence[Tensor | None]) -> tuple[Tensor | None, ...] | None:
    (adjoint,) = given
    if adjoint is None:
        return None
    zero = torch.zeros((), dtype=adjoint.dtype)
    return tuple(
        part if part is None or part.shape != adjoint.shape else torch.where(adjoint == 0, zero, part) for part in pulled
    )


def _whole(pulled: Sequence[Tensor | None], given: Sequence[Tensor | None]) -> tuple[Tensor | None, ...] | None:
    if any(adjoint is not None and bool((adjoint != 0).any()) for adjoint in given):
        return None
    return tuple(None if part is None else torch.zeros_like(part) for part in pulled)
