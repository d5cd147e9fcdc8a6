"""Generated text to a class, with `run` and the way back to its equations."""

from __future__ import annotations

import functools
import types
from typing import Any

from torch import nn

from hdsl.runtime.choice import Choice
from hdsl.runtime.native import Native
from hdsl.runtime.native_step import step_of
from hdsl.runtime.origin import Origin
from hdsl.runtime.run import Runner
from hdsl.runtime.text import load_text

TORCH = Choice("torch")
_CLASSES: dict[tuple[Any, ...], type[nn.Module]] = {}


def load_class(
    text: str, origin: Origin, place: tuple[Any, Any] = (None, None), choice: Choice = TORCH, keeps: bool = False
) -> type[nn.Module]:
    """The module class that generated torch text defines, with `run` added; the same class for the same arguments.

    ``place`` is the (dtype, device) that instances use where they are not told otherwise; ``choice`` is its backend. Where it
    ``keeps``, bytecode is taken from the cache, and put there.
    """
    key = (text, origin, place, choice)
    if key not in _CLASSES:
        module = load_text(text, origin.model, keeps)
        made = class_of(module)

        @functools.wraps(made.__init__)
        def begin(self: Any, *arguments: Any, dtype: Any = None, device: Any = None, **keywords: Any) -> None:
            made.__init__(self, *arguments, dtype=dtype or place[0], device=device or place[1], **keywords)

        body = {"source": text, "origin": origin, "place": place, "choice": choice, "__doc__": made.__doc__}
        bases = (Runner, made) if choice.backend == "torch" else (Native, Runner, made)
        body |= {} if choice.backend == "torch" else {"step": step_of(made)}
        _CLASSES[key] = type(made.__name__, bases, {**body, "__init__": begin, "__reduce_ex__": _reduce})
    return _CLASSES[key]


def class_of(module: types.ModuleType) -> type[nn.Module]:
    """The one torch module class that generated text defines."""
    own = [m for m in vars(module).values() if isinstance(m, type) and m.__module__ == module.__name__]
    (made,) = (m for m in own if issubclass(m, nn.Module) and m.__name__ != "_Module")
    return made


def _reduce(net: Any, protocol: Any = 4) -> Any:
    """Instances pickle and copy by their text, since the class stands in no file."""
    state = net.__getstate__() if "_views" in net.__dict__ else net.__dict__  # without what a step keeps of the parameters
    return _rebuild, (net.source, net.origin, net.place, type(net).choice), state


def _rebuild(text: str, origin: Origin, place: tuple[Any, Any], choice: Choice = TORCH) -> Any:
    made = load_class(text, origin, place, choice)
    return made.__new__(made)
