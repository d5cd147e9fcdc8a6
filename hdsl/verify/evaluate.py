"""The value of one written expression, in torch: every operation of the language beside the torch function it means.

Part of the judge (`hdsl.verify.walk`): it reads the tree of the text and nothing else of the compiler, and knows no
derivative. Derivatives, and their values at kinks, are those of torch.autograd. There is no batch axis anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import gelu, log_softmax, silu

from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Transpose,
)
from hdsl.verify.branches import guarded
from hdsl.verify.literals import literal
from hdsl.verify.parts import MOVING, ByIndex, names_of, placed, subscripted

DTYPE = torch.float64

Lookup = Callable[[str], Tensor]


def number(value: object) -> Tensor:
    """A value as a float64 tensor, cut off from any graph."""
    return torch.as_tensor(value, dtype=DTYPE).detach()


@lru_cache(maxsize=512)
def written_number(value: float) -> Tensor:
    """A number of the text. What reads it changes nothing of it, and meets it thousands of times."""
    return number(value)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp x) everywhere; torch's own softplus turns into x above a threshold."""
    return torch.logaddexp(x, torch.zeros_like(x))


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """−log softmax at an index, or −Σ p log softmax for a real target p of the logits' shape."""
    if target.dtype != torch.long:
        return -(target * log_softmax(logits, dim=-1)).sum()
    if logits.ndim != 1 or target.ndim != 0:
        raise ValueError("an index target needs a vector of logits")
    return -log_softmax(logits, dim=-1)[target]


ONE_ARGUMENT: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "gelu": gelu,
    "silu": silu,
    "softplus": softplus,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "abs": torch.abs,
    "sign": torch.sign,
    "erf": torch.erf,
    "squared": lambda x: (x * x).sum(),
}

MORE_ARGUMENTS: Mapping[str, Callable[..., Tensor]] = {
    "min": torch.minimum,
    "max": torch.maximum,
    "clip": lambda x, low, high: torch.clamp(x, min=low, max=high),
    "dot": lambda x, y: (x * y).sum(),
}

ELEMENTWISE = frozenset({*ONE_ARGUMENT, *MORE_ARGUMENTS} - {"squared", "dot"})

# With an axis, which is written second or as `axis=`. Without one, sums run over everything and softmax over the last.
WITH_AXIS: Mapping[str, Callable[[Tensor, int | None], Tensor]] = {
    "sum": lambda x, axis: x.sum() if axis is None else x.sum(dim=axis),
    "mean": lambda x, axis: x.mean() if axis is None else x.mean(dim=axis),
    "softmax": lambda x, axis: torch.softmax(x, dim=-1 if axis is None else axis),
    "norm2": lambda x, axis: torch.linalg.vector_norm(x, dim=axis),
    "logsumexp": lambda x, axis: torch.logsumexp(x, dim=-1 if axis is None else axis),
}

ARITHMETIC: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+": torch.add,
    "-": torch.sub,
    "*": torch.mul,
    "/": torch.div,
    "@": torch.matmul,
}

COMPARISONS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "<": torch.lt,
    ">": torch.gt,
    "<=": torch.le,
    ">=": torch.ge,
    "==": torch.eq,
    "!=": torch.ne,
}


def evaluate(expression: Expression | ByIndex, lookup: Lookup, bound: tuple[str, ...] = ()) -> Tensor:
    """The value of an expression, float64; ``lookup`` gives the value of each name.

    ``bound`` are the named indices in force: then the value has an axis for each, of length 1 where it does not depend on it.

    Raises ValueError for what the language does not have, and whatever torch raises where shapes disagree: the text is
    supposed to have been checked.
    """

    def part(tree: Expression) -> Tensor:
        return evaluate(tree, lookup, bound)

    match expression:
        case Number(value=value):
            return written_number(float(value))
        case Name(name=name):
            found = lookup(name)
            if not found.is_floating_point():
                raise ValueError(f"the index {name} is not a number")
            return found
        case Negate(operand=operand):
            return -part(operand)
        case Transpose(operand=operand):
            matrix = part(operand)
            return matrix.permute(tuple(reversed(range(matrix.ndim))))
        case ListLiteral(items=items):
            return torch.stack([part(item) for item in items])
        case Index(operand=operand, subscripts=subscripts):
            if any(isinstance(s, At) and isinstance(s.value, Name) and s.value.name in bound for s in subscripts):
                return placed(evaluate(operand, lookup), expression, bound, lookup)
            return subscripted(expression, evaluate(operand, lookup), lookup)
        case IndexSum(value=value):
            within = (*bound, *names_of(expression))
            summed = evaluate(value, lookup, within).sum(tuple(range(len(bound), len(within))))
            return summed
        case ByIndex(indices=indices, value=value):
            return evaluate(value, lookup, indices)
        case Binary(operator="^", left=left, right=right):
            return _power(part(left), right, lookup, bound)
        case Binary(operator=operator, left=left, right=right):
            sides = part(left), part(right)
            return ARITHMETIC[operator](*(sides if operator == "@" else torch.broadcast_tensors(*sides)))
        case Call():
            return _call(expression, lookup, bound)
        case Compare():
            return _holds(expression, part).to(DTYPE)
        case Conditional(value=value, condition=condition, other=other):
            return torch.where(_holds(condition, part), guarded(part(value)), guarded(part(other)))
    raise ValueError(f"{type(expression).__name__} is not an expression")


def _holds(condition: Expression, part: Callable[[Expression], Tensor]) -> Tensor:
    """Where a condition holds: a comparison, or any other value where it is not 0."""
    if isinstance(condition, Compare):
        return COMPARISONS[condition.operator](part(condition.left).detach(), part(condition.right).detach())
    return part(condition).detach() != 0


def _power(base: Tensor, exponent: Expression, lookup: Lookup, bound: tuple[str, ...]) -> Tensor:
    """A written exponent is a number to torch, not a tensor: then x^2 has a derivative for negative x and at 0."""
    written = literal(exponent)
    if written is None:
        return torch.pow(*torch.broadcast_tensors(base, evaluate(exponent, lookup, bound)))
    return torch.pow(base, int(written) if written.denominator == 1 else float(written))


def _call(call: Call, lookup: Lookup, bound: tuple[str, ...]) -> Tensor:
    # Around named indices only elementwise functions stand; what has no index in it is worked out without them.
    def part(tree: Expression) -> Tensor:
        return evaluate(tree, lookup, bound if call.function in ELEMENTWISE else ())

    if call.function in WITH_AXIS:
        return WITH_AXIS[call.function](part(call.arguments[0]), _axis(call))
    if call.function in MOVING:
        return MOVING[call.function](call, part, lookup)
    if call.keywords:
        raise ValueError(f"{call.function} takes no {call.keywords[0][0]}=")
    if call.function == "cross_entropy":
        logits, target = call.arguments
        # The one place where an index may stand.
        return cross_entropy(part(logits), lookup(target.name) if isinstance(target, Name) else part(target))
    arguments = [part(argument) for argument in call.arguments]
    if call.function in ONE_ARGUMENT:
        (argument,) = arguments
        return ONE_ARGUMENT[call.function](argument)
    if call.function in MORE_ARGUMENTS:
        meets = call.function in ELEMENTWISE
        return MORE_ARGUMENTS[call.function](*(torch.broadcast_tensors(*arguments) if meets else arguments))
    raise ValueError(f"{call.function} is not a function of the language")


def _axis(call: Call) -> int | None:
    written = [*call.arguments[1:], *(value for keyword, value in call.keywords if keyword == "axis")]
    if not written:
        return None
    axis = literal(written[0])
    if len(written) > 1 or axis is None or axis.denominator != 1:
        raise ValueError(f"the axis of {call.function} is one written integer")
    return int(axis)
