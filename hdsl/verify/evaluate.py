"""The value of one written expression, in torch: every operation of the language beside the torch function it means.

Part of the judge (`hdsl.verify.walk`): it reads the tree of the text and nothing else of the compiler, and knows no
derivative. Derivatives, and their values at kinks, are those of torch.autograd. There is no batch axis anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn.functional import gelu, log_softmax, silu

from hdsl.syntax.tree import Binary, Call, Compare, Conditional, Expression, ListLiteral, Name, Negate, Number, Transpose

DTYPE = torch.float64

Lookup = Callable[[str], Tensor]


def number(value: object) -> Tensor:
    """A value as a float64 tensor, cut off from any graph."""
    return torch.as_tensor(value, dtype=DTYPE).detach()


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

# With an axis, which is written second or as `axis=`. Without one, sums run over everything and softmax over the last.
WITH_AXIS: Mapping[str, Callable[[Tensor, int | None], Tensor]] = {
    "sum": lambda x, axis: x.sum() if axis is None else x.sum(dim=axis),
    "mean": lambda x, axis: x.mean() if axis is None else x.mean(dim=axis),
    "softmax": lambda x, axis: torch.softmax(x, dim=-1 if axis is None else axis),
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


def literal(expression: Expression) -> Fraction | None:
    """The exact number that an expression of digits alone stands for, else None."""
    match expression:
        case Number(value=value):
            return value
        case Negate(operand=operand):
            inner = literal(operand)
            return None if inner is None else -inner
        case Binary(operator="/", left=left, right=right):
            above, below = literal(left), literal(right)
            return None if above is None or not below else above / below
        case _:
            return None


def evaluate(expression: Expression, lookup: Lookup) -> Tensor:
    """The value of an expression, float64; ``lookup`` gives the value of each name.

    Raises ValueError for what the language does not have, and whatever torch raises where shapes disagree: the text is
    supposed to have been checked.
    """
    match expression:
        case Number(value=value):
            return number(float(value))
        case Name(name=name):
            found = lookup(name)
            if not found.is_floating_point():
                raise ValueError(f"the index {name} is not a number")
            return found
        case Negate(operand=operand):
            return -evaluate(operand, lookup)
        case Transpose(operand=operand):
            matrix = evaluate(operand, lookup)
            return matrix.permute(tuple(reversed(range(matrix.ndim))))
        case ListLiteral(items=items):
            return torch.stack([evaluate(item, lookup) for item in items])
        case Binary(operator="^", left=left, right=right):
            return _power(evaluate(left, lookup), right, lookup)
        case Binary(operator=operator, left=left, right=right):
            return ARITHMETIC[operator](evaluate(left, lookup), evaluate(right, lookup))
        case Call():
            return _call(expression, lookup)
        case Compare():
            return _holds(expression, lookup).to(DTYPE)
        case Conditional(value=value, condition=condition, other=other):
            return torch.where(_holds(condition, lookup), evaluate(value, lookup), evaluate(other, lookup))
    raise ValueError(f"{type(expression).__name__} is not an expression")


def _holds(condition: Expression, lookup: Lookup) -> Tensor:
    """Where a condition holds: a comparison, or any other value where it is not 0."""
    if isinstance(condition, Compare):
        sides = evaluate(condition.left, lookup).detach(), evaluate(condition.right, lookup).detach()
        return COMPARISONS[condition.operator](*sides)
    return evaluate(condition, lookup).detach() != 0


def _power(base: Tensor, exponent: Expression, lookup: Lookup) -> Tensor:
    """A written exponent is a number to torch, not a tensor: then x^2 has a derivative for negative x and at 0."""
    written = literal(exponent)
    if written is None:
        return torch.pow(base, evaluate(exponent, lookup))
    return torch.pow(base, int(written) if written.denominator == 1 else float(written))


def _call(call: Call, lookup: Lookup) -> Tensor:
    if call.function in WITH_AXIS:
        return WITH_AXIS[call.function](evaluate(call.arguments[0], lookup), _axis(call))
    if call.keywords:
        raise ValueError(f"{call.function} takes no {call.keywords[0][0]}=")
    if call.function == "cross_entropy":
        logits, target = call.arguments
        # The one place where an index may stand.
        return cross_entropy(
            evaluate(logits, lookup), lookup(target.name) if isinstance(target, Name) else evaluate(target, lookup)
        )
    arguments = [evaluate(argument, lookup) for argument in call.arguments]
    if call.function in ONE_ARGUMENT:
        (argument,) = arguments
        return ONE_ARGUMENT[call.function](argument)
    if call.function in MORE_ARGUMENTS:
        return MORE_ARGUMENTS[call.function](*arguments)
    raise ValueError(f"{call.function} is not a function of the language")


def _axis(call: Call) -> int | None:
    written = [*call.arguments[1:], *(value for keyword, value in call.keywords if keyword == "axis")]
    if not written:
        return None
    axis = literal(written[0])
    if len(written) > 1 or axis is None or axis.denominator != 1:
        raise ValueError(f"the axis of {call.function} is one written integer")
    return int(axis)
