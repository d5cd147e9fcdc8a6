"""Scalar expressions that are worked out once, when a module is made: settings, sizes and initial values, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hdsl.emit.expression import Printer
from hdsl.terms.term import Scalar

SPELLING = {
    "tanh": "math.tanh({0})",
    "sigmoid": "0.5 * (1 + math.tanh(0.5 * {0}))",
    "relu": "max({0}, 0.0)",
    "gelu": "0.5 * {0} * (1 + math.erf({0} / math.sqrt(2)))",
    "silu": "0.5 * {0} * (1 + math.tanh(0.5 * {0}))",
    "softplus": "max({0}, 0.0) + math.log1p(math.exp(-abs({0})))",
    "exp": "math.exp({0})",
    "log": "math.log({0})",
    "sqrt": "math.sqrt({0})",
    "sin": "math.sin({0})",
    "cos": "math.cos({0})",
    "abs": "abs({0})",
    "sign": "math.copysign(float({0} != 0), {0})",
    "erf": "math.erf({0})",
    "min": "min({0}, {1})",
    "max": "max({0}, {1})",
    "clip": "min(max({0}, {1}), {2})",
    "power": "{0} ** {1}",
    "where_less": "{2} if {0} < {1} else {3}",
    "where_at_most": "{2} if {0} <= {1} else {3}",
    "where_equal": "{2} if {0} == {1} else {3}",
}


class ScalarPrinter(Printer):
    """Prints with `math`; ``spell`` gives the text of sizes and settings."""

    def __init__(self, spell: Callable[[Scalar], str]) -> None:
        super().__init__("numpy", spell)

    def function(self, call: Scalar, arguments: tuple[str, ...] | None = None) -> str:
        texts: list[str] = [self(argument) for argument in call.args]
        template = SPELLING[type(call).__name__]
        bracketed = [t if t.isidentifier() or _one_word(t) else f"({t})" for t in texts]
        text = template.format(*bracketed)
        return text if template.endswith(")") and template.count("(") == 1 else f"({text})"

    def square_root(self, base: Scalar) -> str:
        return f"math.sqrt({self(base)})"


def _one_word(text: str) -> bool:
    return text.replace(".", "").replace("_", "").isalnum()


def nested(values: Any, spell: Callable[[Scalar], str]) -> str:
    """A nested tuple of scalar expressions as a list literal."""
    if isinstance(values, tuple):
        return f"[{', '.join(nested(value, spell) for value in values)}]"
    return spell(values)
