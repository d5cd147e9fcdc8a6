"""Numbers: what the settings of a model come to, where its sizes and consts are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy

from hdsl.diagnostics.catalogue_model import and_list
from hdsl.model.model import Model
from hdsl.terms.spelling import decimal
from hdsl.terms.term import Scalar, setting_name, size, slot

MOST_NAMES = 4


class Numbers:
    """The numbers of one model at its own spacing of samples, exact where they were written so."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @cached_property
    def known(self) -> Mapping[Scalar, Any]:
        """Sizes and scalar consts whose numbers the file gives, and tau."""
        found: dict[Scalar, Any] = {size(name): default for name, default in self.model.dims.items() if default is not None}
        for const in self.model.of_role("const"):
            if const.initial is not None and const.initial.kind == "number":
                found[slot(const.name)] = const.initial.arguments[0]
        found[slot(setting_name("tau"))] = self.model.learning.values["tau"]
        return found

    def of(self, expression: Scalar) -> Any:
        """The expression with every number in it that is known, sizes among them; a sympy number where all are."""
        value = sympy.sympify(expression, strict=True)
        for _ in range(len(self.known) + 1):
            put_in = value.xreplace({s: self.known[s] for s in value.free_symbols if s in self.known})
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


def written(value: Any) -> str:
    """A number as one writes it, to six digits where it has no short decimal; what is no number as a formula."""
    if value.is_Rational:
        return decimal(Fraction(int(value.p), int(value.q))) or f"{float(value):.6g}"
    return f"{float(value):.6g}" if value.is_number and value.is_real else str(value).replace("learn:", "")


def some(names: Sequence[str]) -> str:
    """The names, or where there are many the first of them and how many more."""
    return and_list(names) if len(names) <= MOST_NAMES else f"{names[0]} and {len(names) - 1} more"
