"""Forms: how a value moves with chosen quantities, by numbers: in the first degree, in the second, and in other ways.

``h' = -2*h + tanh(W @ h)`` is the form −2 h with a rest within bounds, whatever W is; ``cost decay = 3*squared(w)`` is 3 w².
Coefficients are numbers, or None where they are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from math import isnan
from typing import Any, TypeAlias

import sympy

from hdsl.model.evaluate import evaluate
from hdsl.terms.term import Scalar, slots

Number: TypeAlias = float | None
Leaf: TypeAlias = tuple[str, Hashable]  # an entry of a quantity: its name and its place

BOUNDED_ROWS = frozenset(("tanh", "sigmoid", "sin", "cos", "erf", "sign"))


ZERO: Number = 0.0


def plus(a: Number, b: Number) -> Number:
    return None if a is None or b is None else a + b


def times(a: Number, b: Number) -> Number:
    """0 times what is not known is 0."""
    return 0.0 if a == 0 or b == 0 else None if a is None or b is None else a * b


@dataclass(frozen=True)
class Form:
    """``value + Σ slope·x + Σ square·x·y + rest`` about the point at which the leaves x, y have the values that are known.

    ``within`` names the quantities in the rest if it stays within bounds whatever they do, ``bent`` those of another rest.
    """

    value: Number = None
    slope: Mapping[Leaf, Number] = field(default_factory=dict)
    square: Mapping[tuple[Leaf, Leaf], Number] = field(default_factory=dict)
    within: frozenset[str] = frozenset()
    bent: frozenset[str] = frozenset()

    @property
    def moves(self) -> bool:
        return bool(self.slope or self.square or self.within or self.bent)

    @property
    def names(self) -> frozenset[str]:
        """The quantities that it moves with."""
        leaves = [*self.slope, *(leaf for pair in self.square for leaf in pair)]
        return self.within.union(self.bent, (name for name, _ in leaves))

    @property
    def is_linear(self) -> bool:
        return not (self.square or self.within or self.bent)

    @property
    def is_bounded(self) -> bool:
        return not (self.slope or self.square or self.bent)

    def times(self, other: Form) -> Form:
        if not (self.moves and other.moves):
            return self.scaled(other.value) if self.moves else other.scaled(self.value)
        if self.is_bounded and other.is_bounded:
            return Form(within=self.within | other.within)
        if not (self.is_linear and other.is_linear):
            return Form(bent=self.names | other.names)
        slopes = (*self.scaled(other.value).slope.items(), *other.scaled(self.value).slope.items())
        pairs = [((x, y), times(a, b)) for x, a in self.slope.items() for y, b in other.slope.items()]
        return Form(times(self.value, other.value), gathered(slopes), gathered(pairs))

    def scaled(self, number: Number) -> Form:
        if number == 0:
            return Form(0.0)
        slope = {leaf: times(number, value) for leaf, value in self.slope.items()}
        square = {pair: times(number, value) for pair, value in self.square.items()}
        return Form(times(self.value, number), slope, square, self.within, self.bent)


def total(forms: Iterable[Form]) -> Form:
    """The sum."""
    every = tuple(forms)
    return Form(
        reduce(plus, (form.value for form in every), ZERO),
        gathered(term for form in every for term in form.slope.items()),
        gathered(term for form in every for term in form.square.items()),
        frozenset().union(*(form.within for form in every)),
        frozenset().union(*(form.bent for form in every)),
    )


def gathered(terms: Iterable[tuple[Any, Number]]) -> dict[Any, Number]:
    """The sums of what has one key, without those that are 0."""
    found: dict[Any, Number] = {}
    for key, value in terms:
        found[key] = plus(found.get(key, 0.0), value)
    return {key: value for key, value in found.items() if value != 0}


def form_of(expression: Scalar, read: Callable[[Scalar], Form], known: Mapping[Scalar, float]) -> Form:
    """The form of a scalar expression; ``read`` has those of its slots, ``known`` the numbers of sizes."""
    forms = {occurrence: read(occurrence) for occurrence in slots(expression)}
    values = {**known, **{occurrence: form.value for occurrence, form in forms.items() if form.value is not None}}

    def of(node: Scalar) -> Form:
        if node in forms:
            return forms[node]
        if not any(forms[occurrence].moves for occurrence in slots(node)):
            number = evaluate(node, values)
            return Form(None if number is None or isnan(number) else number)
        arguments = [of(argument) for argument in node.args]
        if isinstance(node, sympy.Add):
            return total(arguments)
        if isinstance(node, sympy.Mul):
            return reduce(Form.times, arguments)
        if isinstance(node, sympy.Pow) and node.exp.is_Integer and node.exp > 0:
            return reduce(Form.times, [arguments[0]] * min(int(node.exp), 3))  # the third degree is any other way already
        names = total(arguments).names
        return Form(within=names) if _is_within(node, arguments) else Form(bent=names)

    return of(expression)


def _is_within(call: Scalar, arguments: list[Form]) -> bool:
    """Whether a function stays within bounds whatever moves."""
    name = type(call).__name__
    sides = arguments[1:] if name == "clip" else arguments
    return name in BOUNDED_ROWS or (name in ("clip", "min", "max") and all(side.is_bounded for side in sides))
