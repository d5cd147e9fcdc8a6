"""Calls of torch that write their result where they are told to."""

from __future__ import annotations

import re

OUT = frozenset(
    (
        *("mm", "mv", "addmm", "addmv", "add", "sub", "mul", "addcmul", "lerp", "softmax"),
        *("tanh", "sigmoid", "exp", "log", "sin", "cos", "sqrt", "sign", "abs", "erf"),
    )
)
"""The calls that write where they are told to."""


def put_into(text: str, name: str) -> str | None:
    """A call, and what follows it in place, with its result written where a name stands; None where it cannot be."""
    head = re.match(r"torch\.(\w+)\(", text)
    if head is None or head[1] not in OUT:
        return None
    end = _close(text, head.end())
    if not in_place(text[end + 1 :]):
        return None
    return f"{text[:end]}, out={name}{text[end:]}"


def in_place(text: str) -> bool:
    """Whether a text is calls in place, one after another."""
    while text:
        head = re.match(r"\.\w+_\(", text)
        if head is None:
            return False
        text = text[_close(text, head.end()) + 1 :]
    return True


def _close(text: str, start: int) -> int:
    """Where the bracket that was opened before ``start`` is closed."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"brackets do not close: {text}")
