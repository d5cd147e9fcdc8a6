"""The value in torch of subscripts, named indices and calls that move entries: a part of the judge (`hdsl.verify.evaluate`).

Sizes in subscripts and in `reshape` are worked out as exact numbers. Where indices have names, every quantity is laid out
with one axis for each index that is bound, of length 1 where it is not read at it: torch's own broadcasting does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d

from hdsl.syntax.tree import At, Call, Expression, Index, IndexSum, ListLiteral, Name, Slice
from hdsl.verify.literals import whole

Lookup = Callable[[str], Tensor]
Evaluate = Callable[[Expression], Tensor]


@dataclass(frozen=True)
class ByIndex:
    """``y[i, k] = value``: what is defined entry by entry."""

    indices: tuple[str, ...]
    value: Expression


# Subscripts ---------------------------------------------------------------------------------------------------------


def subscripted(tree: Index, operand: Tensor, lookup: Lookup) -> Tensor:
    """``operand[subscripts]``, as numpy has it."""
    axis = 0
    for subscript in tree.subscripts:
        match subscript:
            case At(value=Name(name="None")):
                operand, axis = operand.unsqueeze(axis), axis + 1
            case At(value=value):
                operand = operand.select(axis, whole(value, lookup))
            case Slice(start=start, stop=stop, step=step):
                ends = [None if end is None else whole(end, lookup) for end in (start, stop, step)]
                taken = range(operand.shape[axis])[slice(*ends)]
                operand, axis = operand.index_select(axis, torch.tensor(list(taken))), axis + 1
    return operand


# Calls --------------------------------------------------------------------------------------------------------------


def _keyword(call: Call) -> int:
    axis = dict(call.keywords).get("axis")
    return 0 if axis is None else whole(axis, _nothing)


def _nothing(name: str) -> Tensor:
    raise ValueError(f"{name} cannot be read here")


def _whole_numbers(trees: tuple[Expression, ...], lookup: Lookup) -> list[int]:
    listed = trees[0].items if len(trees) == 1 and isinstance(trees[0], ListLiteral) else trees
    return [whole(tree, lookup) for tree in listed]


def _index(tree: Expression, lookup: Lookup) -> Tensor:
    assert isinstance(tree, Name)
    return lookup(tree.name)


def _one_hot(call: Call, evaluate: Evaluate, lookup: Lookup) -> Tensor:
    chosen = _index(call.arguments[0], lookup)
    assert isinstance(call.arguments[0], Name)
    below = int(lookup(f"index({call.arguments[0].name})"))
    return (torch.arange(below) == chosen).to(torch.float64)


def _eye(call: Call, evaluate: Evaluate, lookup: Lookup) -> Tensor:
    return torch.eye(*_whole_numbers(call.arguments, lookup), dtype=torch.float64)


def _numbers(call: Call, lookup: Lookup, **otherwise: int) -> dict[str, int]:
    """The whole numbers behind keywords, ``otherwise`` those of keywords that are not written."""
    return otherwise | {name: whole(tree, lookup) for name, tree in call.keywords}


def _conv2d(call: Call, evaluate: Evaluate, lookup: Lookup) -> Tensor:
    given = _numbers(call, lookup, stride=1, pad=0)
    return conv2d(*map(evaluate, call.arguments), stride=given["stride"], padding=given["pad"])


def _pool(pool: Callable[..., Tensor]) -> Callable[[Call, Evaluate, Lookup], Tensor]:
    def value(call: Call, evaluate: Evaluate, lookup: Lookup) -> Tensor:
        size = whole(call.arguments[1], lookup)
        given = _numbers(call, lookup, stride=size, pad=0)
        return pool(evaluate(call.arguments[0]), size, given["stride"], given["pad"])

    return value


MOVING: Mapping[str, Callable[[Call, Evaluate, Lookup], Tensor]] = {
    "concat": lambda call, evaluate, lookup: torch.cat(tuple(map(evaluate, call.arguments)), _keyword(call)),
    "stack": lambda call, evaluate, lookup: torch.stack(tuple(map(evaluate, call.arguments)), _keyword(call)),
    "reshape": lambda call, evaluate, lookup: evaluate(call.arguments[0]).reshape(
        _whole_numbers(call.arguments[1:], lookup)
    ),
    "permute": lambda call, evaluate, lookup: evaluate(call.arguments[0]).permute(
        _whole_numbers(call.arguments[1:], lookup)
    ),
    "outer": lambda call, evaluate, lookup: torch.outer(*map(evaluate, call.arguments)),
    "diag": lambda call, evaluate, lookup: torch.diag(evaluate(call.arguments[0])),
    "eye": _eye,
    "embed": lambda call, evaluate, lookup: evaluate(call.arguments[0])[_index(call.arguments[1], lookup)],
    "one_hot": _one_hot,
    # A singular matrix has values that are not finite: it may stand in a branch that is not taken, so nothing is raised.
    "inv": lambda call, evaluate, lookup: torch.linalg.inv_ex(evaluate(call.arguments[0])).inverse,
    "solve": lambda call, evaluate, lookup: torch.linalg.solve_ex(*map(evaluate, call.arguments)).result,
    "expm": lambda call, evaluate, lookup: torch.linalg.matrix_exp(evaluate(call.arguments[0])),
    "conv2d": _conv2d,
    "avgpool2d": _pool(avg_pool2d),
    "maxpool2d": _pool(max_pool2d),
}


# Named indices ------------------------------------------------------------------------------------------------------


def placed(operand: Tensor, tree: Index, bound: tuple[str, ...], lookup: Lookup) -> Tensor:
    """``operand[i, 0, j]``: an axis for each bound index, in their order."""
    own: list[str] = []
    for subscript in tree.subscripts:
        assert isinstance(subscript, At)
        if isinstance(subscript.value, Name) and subscript.value.name in bound:
            own.append(subscript.value.name)
        else:
            operand = operand.select(len(own), whole(subscript.value, lookup))
    order = sorted(range(len(own)), key=lambda axis: bound.index(own[axis]))
    lengths = dict(zip(own, operand.shape, strict=True))
    return operand.permute(order).reshape([lengths.get(name, 1) for name in bound])


def names_of(tree: IndexSum) -> tuple[str, ...]:
    return tuple(index.name for index in tree.indices)
