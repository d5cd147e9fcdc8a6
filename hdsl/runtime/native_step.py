"""`net.step` of a native module: one call of C, or the generated step where C cannot make it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from hdsl.runtime.native import KINDS, library_of
from hdsl.runtime.native_build import BuildError
from hdsl.runtime.prepared import Steps, Told, prepare


def step_of(made: Any) -> Callable[..., Any]:
    """`net.step` of a generated class: one call of C where that can make all of it, and the generated step elsewhere."""
    generated, arguments, known = made.step, tuple(made.arguments.values()), frozenset(made.arguments.values())

    @functools.wraps(generated)
    def step(self: Any, *given: Any, tau: Any = None, boundary: Any = None, **named: Any) -> Any:
        left = arguments[len(given) :] if given else arguments
        plain = len(given) + len(left) == len(arguments) and (named.keys() <= known if not given else named.keys() <= {*left})
        if plain and self.choice.backend == "native" and not torch.compiler.is_compiling():
            told = _stepped(self, [*given, *map(named.get, left)], tau, boundary)
            if told is not None:
                return told
        return generated(self, *given, tau=tau, boundary=boundary, **named)

    return step  # type: ignore[no-any-return]


def _stepped(net: Any, given: Sequence[Any], tau: Any, boundary: Any) -> Told | None:
    """A step as it is prepared, or prepared anew: a module's tensors may have been moved."""
    own = vars(net)
    body, steps = "learn" if own["training"] else "observe", own.get("_steps", {})
    told = steps[body].step(net, given, tau, boundary) if body in steps else None
    if told is not None or net.share.device.type != "cpu" or net.share.dtype not in KINDS:
        return told
    try:
        library = library_of(net)
    except BuildError:  # `call` says so
        return None
    made = prepare(net, library.text, library.functions[f"{body}_step"])
    if made is None:
        return None
    own.setdefault("_steps", Steps())[body] = made
    return made.step(net, given, tau, boundary)
