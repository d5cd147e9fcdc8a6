"""Numbers: what sizes, consts and settings of a model come to, where its file tells; exact, and as floats."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import isnan
from typing import Any

import sympy

from hdsl.model.evaluate import evaluate
from hdsl.model.model import Model, Quantity
from hdsl.terms.term import Scalar, setting_name, size, slot

CERTAIN = ("number", "list", "zeros", "ones", "eye")
"""Kinds of initial values that are no draws."""

UNEVEN = ("list", "eye")
"""Those of them that are not one number for all entries."""


class Numbers:
    """The numbers of one model at its own spacing of samples."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @cached_property
    def written(self) -> Mapping[Scalar, Any]:
        """Sizes, scalar consts and tau as the file has them, by their slots."""
        found = {size(name): default for name, default in self.model.dims.items() if default is not None}
        for const in self.model.of_role("const"):
            if const.initial is not None and const.initial.kind == "number" and not const.sizes:
                found[slot(const.name)] = const.initial.arguments[0]
        return found | {slot(setting_name("tau")): self.model.learning.values["tau"]}

    @cached_property
    def known(self) -> Mapping[Scalar, float]:
        """The same as floats, as far as they come to numbers."""
        found = {key: evaluate(self.of(value), {}) for key, value in self.written.items()}
        return {key: number for key, number in found.items() if number is not None and not isnan(number)}

    def value(self, expression: Scalar) -> float | None:
        """An expression as a float, None where it reads what has no number."""
        number = evaluate(sympy.sympify(expression, strict=True), self.known)
        return None if number is None or isnan(number) else number

    def of(self, expression: Scalar) -> Any:
        """The expression with every number in it that is known, sizes among them; an exact number where all are."""
        value = sympy.sympify(expression, strict=True)
        for _ in range(len(self.written) + 1):
            put_in = value.xreplace({s: self.written[s] for s in value.free_symbols if s in self.written})
            if put_in == value:
                break
            value = put_in
        return value

    def setting(self, path: str) -> Any:
        """A setting of ``learn`` by its path, ``phi`` among them."""
        learning = self.model.learning
        return self.of(learning.phi if path == "phi" else learning.values[path])

    @property
    def tau(self) -> Any:
        return self.setting("tau")

    @property
    def phi(self) -> Any:
        return self.setting("phi")

    def eta(self, name: str) -> Any:
        """The dissipation of a state or a parameter."""
        return self.setting(self.model.learning.eta[name])

    def beta(self, name: str) -> Any:
        """The velocity of a parameter."""
        return self.setting(self.model.learning.beta[name])

    def begins(self, quantity: Quantity, place: tuple[int, ...] | None = None) -> float | None:
        """The number with which an entry begins; without a place that of all entries, None where they differ."""
        initial = quantity.initial
        if initial is None:
            return None
        match initial.kind:
            case "zeros" | "ones":
                return float(initial.kind == "ones")
            case "number":
                return self.value(initial.arguments[0])
            case "eye" if place is not None:
                return float(place[0] == place[1])
            case "list" if place is not None:
                entry: Any = initial.values
                for k in place:
                    entry = entry[k]
                return self.value(entry)
        return None

    def reach(self, quantity: Quantity) -> float | None:
        """The largest number with which a quantity begins, in absolute value; |mean| + deviation of a normal one."""
        initial = quantity.initial
        if initial is None or initial.kind not in ("number", "uniform", "normal", "ones"):
            return None
        numbers = [self.value(scalar) for scalar in initial.arguments or (sympy.Integer(1),)]
        values = [abs(number) for number in numbers if number is not None]
        return None if len(values) < len(numbers) else sum(values) if initial.kind == "normal" else max(values)
