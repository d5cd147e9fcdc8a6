"""Signs: what can be said of the sign of an expression from how it is built and from the numbers of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import sympy

from hdsl.model.evaluate import evaluate
from hdsl.model.model import Initial, Model
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    is_slot,
    setting_name,
    size,
    slot,
    slot_indices,
    slot_name,
    slots,
)

Sign: TypeAlias = Literal["above", "at least", "zero", "at most", "below", "unknown"]

TURNED: Mapping[Sign, Sign] = {
    "above": "below", "below": "above", "at least": "at most", "at most": "at least", "zero": "zero", "unknown": "unknown",
}  # fmt: skip
ABOVE = frozenset({"exp", "sigmoid", "softplus", "phi1", "phi1_slope"})
AT_LEAST = frozenset({"abs", "relu", "sqrt", "positive", "inside", "less"})


@dataclass
class Signs:
    """Tells signs. ``definitions`` are by name what expressions may read besides quantities."""

    model: Model
    definitions: Mapping[str, Definition]

    def of(self, expression: Scalar) -> Sign:
        """``above`` 0, ``at least`` 0, and so on; ``unknown`` where the stream or what is learned decides."""
        number = evaluate(expression, self.known)
        if number is not None:
            return _of_number(number)
        if is_slot(expression):
            return self._slot(expression)
        if expression.is_number:
            return _of_number(float(expression))
        if isinstance(expression, sympy.Symbol):  # a size
            return "above"
        if isinstance(expression, sympy.Add):
            return _sum([self.of(term) for term in expression.args])
        if isinstance(expression, sympy.Mul):
            return _product([self.of(factor) for factor in expression.args])
        if isinstance(expression, sympy.Pow):
            return self._power(*expression.args)
        return self._function(expression) if isinstance(expression, RowFunction) else "unknown"

    @cached_property
    def known(self) -> dict[Scalar, float]:
        """The numbers of sizes, scalar consts and settings that are known."""
        model = self.model
        found = {size(name): float(value) for name, value in model.dims.items() if value is not None and value.is_number}
        for quantity in model.of_role("const"):
            initial = quantity.initial
            if not quantity.sizes and initial is not None and initial.kind == "number":
                value = evaluate(initial.arguments[0], found)
                if value is not None:
                    found[slot(quantity.name)] = value
        for path, setting in (*model.learning.values.items(), ("phi", model.learning.phi)):
            value = evaluate(setting, found)
            if value is not None:
                found[slot(setting_name(path))] = value
        return found

    def _slot(self, occurrence: Scalar) -> Sign:
        name = slot_name(occurrence)
        if name in ("tau", setting_name("phi"), setting_name("first")):  # φ is at least 0 by its meaning; 0 alone is written
            return "above"
        if name in self.definitions:
            return self._definition(self.definitions[name])
        quantity = self.model.quantities.get(name)
        if quantity is None or quantity.role != "const" or quantity.initial is None:
            return "unknown"
        return self._initial(quantity.initial)

    def _initial(self, initial: Initial) -> Sign:
        """The sign that every entry of a const has."""
        if initial.kind in ("zeros", "ones", "eye"):
            told: Mapping[str, Sign] = {"zeros": "zero", "ones": "above", "eye": "at least"}
            return told[initial.kind]
        entries = _flat(initial.values) if initial.kind == "list" else list(initial.arguments[:1])
        if initial.kind not in ("list", "number"):
            return "unknown"
        signs = {self.of(entry) for entry in entries}
        return signs.pop() if len(signs) == 1 else _every(signs)

    def _definition(self, definition: Definition) -> Sign:
        if isinstance(definition.body, Elementwise):
            return self.of(definition.body.expression)
        if not isinstance(definition.body, Contraction):
            return "unknown"
        return self.of(definition.body.coefficient * sympy.Mul(*map(self._opened, definition.body.factors)))

    def _opened(self, occurrence: Scalar) -> Scalar:
        """What an occurrence of an elementwise definition is, so that a square is seen as one."""
        definition = self.definitions.get(slot_name(occurrence))
        if definition is None or not isinstance(definition.body, Elementwise):
            return occurrence
        moved = definition.body.expression.xreplace(dict(zip(definition.indices, slot_indices(occurrence), strict=True)))
        return moved.xreplace({s: self._opened(s) for s in slots(moved)})

    def _power(self, base: Scalar, exponent: Scalar) -> Sign:
        sign = self.of(base)
        if exponent.is_Integer and exponent % 2 == 0:
            return "above" if sign in ("above", "below") else "zero" if sign == "zero" and exponent > 0 else "at least"
        if sign in ("above", "at least"):
            return sign
        return sign if exponent.is_Integer and exponent > 0 else "unknown"

    def _function(self, expression: RowFunction) -> Sign:
        name, signs = type(expression).__name__, [self.of(argument) for argument in expression.args]
        if name in ABOVE:
            return "above"
        if name == "max" and "above" in signs:
            return "above"
        if name == "max" and "at least" in signs:
            return "at least"
        if name == "clip" and signs[1] in ("above", "at least"):
            return signs[1]
        if name in AT_LEAST:
            return "above" if name in ("abs", "sqrt") and signs[0] == "above" else "at least"
        if name in ("tanh", "erf", "sign"):
            return signs[0]
        return "unknown"


def _of_number(value: float) -> Sign:
    return "above" if value > 0 else "below" if value < 0 else "zero" if value == 0 else "unknown"


def _every(signs: set[Sign]) -> Sign:
    if signs <= {"above", "at least", "zero"}:
        return "at least"
    return "at most" if signs <= {"below", "at most", "zero"} else "unknown"


def _sum(signs: list[Sign]) -> Sign:
    held: set[Sign] = {sign for sign in signs if sign != "zero"}
    if not held:
        return "zero"
    if "above" in held and held <= {"above", "at least"}:
        return "above"
    if "below" in held and held <= {"below", "at most"}:
        return "below"
    return _every(held)


def _product(signs: list[Sign]) -> Sign:
    if "zero" in signs:
        return "zero"
    if "unknown" in signs:
        return "unknown"
    negative = sum(sign in ("below", "at most") for sign in signs) % 2
    whole: Sign = "above" if set(signs) <= {"above", "below"} else "at least"
    return TURNED[whole] if negative else whole


def _flat(values: tuple[object, ...]) -> list[Scalar]:
    return [entry for value in values for entry in (_flat(value) if isinstance(value, tuple) else [value])]
