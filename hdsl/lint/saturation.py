"""Initial values that saturate: tanh, sigmoid or softmax of sums that begin far out, where their slope is nothing.

Sizes of entries are followed from what params begin with, entries taken as independent. What is not known counts as
nothing, so that a deviation told is one that there is at least; inputs and states count as of the size 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod, sqrt

import sympy

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Model, Quantity
from hdsl.stability.numbers import Numbers
from hdsl.syntax.tree import Declare
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, Structured, is_slot, slot_name

FAR = 10.0  # of the argument's deviation: nine of ten units of tanh have then a slope below 0.01
SATURATES = ("tanh", "sigmoid")
SIZES = {"tanh": 1.0, "sigmoid": 1.0, "sin": 1.0, "cos": 1.0, "relu": 1 / sqrt(2)}
"""The most that a function makes of an argument of the size 1; tanh, sigmoid, sin and cos of any argument."""


def saturated(model: Model) -> Iterator[Diagnostic]:
    """Functions that begin where they have no slope, each with the param that takes most part in it."""
    reading = _Reading(model)
    places = {s.name: s for s in model.written.statements if isinstance(s, Declare)}
    told: set[str] = set()
    for definition in model.definitions:
        for function, deviation, param in reading.of(definition):
            if deviation >= FAR and param not in told:
                told.add(param)
                value = places[param].value
                span = value.span if value is not None else places[param].name_span
                count = reading.count.get(param, 1)  # 1: it is summed up with nothing
                yield catalogue.saturated(span, param, function, deviation, count, definition.spans[0])


class _Reading:
    """Follows sizes of entries through the definitions: ``size`` by name, 0 where nothing is known of it."""

    def __init__(self, model: Model) -> None:
        self.known = Numbers(model).known
        self.size: dict[str, float] = {}
        self.random: dict[str, str] = {}  # by definition, the param that makes most of its size
        self.count: dict[str, int] = {}  # by param, how many entries are summed up with it
        for quantity in model.quantities.values():
            self.size[quantity.name] = self._begins(quantity)

    def _begins(self, quantity: Quantity) -> float:
        """The deviation with which a param begins where its mean is 0; 1 for what arrives and for states."""
        if quantity.role in ("input", "state"):
            return 1.0 if quantity.below is None else 0.0
        initial = quantity.initial
        if quantity.role == "target" or initial is None:
            return 0.0
        numbers = [evaluate(argument, self.known) for argument in initial.arguments]
        counts = [evaluate(one, self.known) for one in quantity.sizes]
        if None in numbers or None in counts:
            return 0.0
        values, sizes = [float(n or 0.0) for n in numbers], [float(n or 0.0) for n in counts]
        match initial.kind:
            case "number" if quantity.role == "const":
                return abs(values[0])
            case "normal" if values[0] == 0:
                found = values[1]
            case "uniform" if values[0] == -values[1]:
                found = values[1] / sqrt(3)
            case "glorot":
                found = sqrt(2 / (sum(sizes[:2]) * prod(sizes[2:])))
            case "he":
                found = sqrt(2 / prod(sizes[1:]))
            case "orthogonal":
                found = values[0] / sqrt(max(sizes))
            case _:
                return 0.0
        self.random[quantity.name] = quantity.name
        return found

    def of(self, definition: Definition) -> Iterator[tuple[str, float, str]]:
        """Take in a definition; each function in it that saturates, with the deviation before it and the param behind it."""
        match definition.body:
            case Elementwise(expression=expression):
                for call in expression.atoms(RowFunction):
                    name = type(call).__name__
                    if name in SATURATES:
                        size, param = self._expression(call.args[0])
                        if param:
                            yield name, size, param
                self._keep(definition.name, *self._expression(expression))
            case Contraction():
                self._keep(definition.name, *self._contraction(definition.body))
            case Structured(row=row, operands=operands):
                size, param = self._operand(operands[0]) if operands else (0.0, "")
                if row == "softmax" and param:
                    yield row, size, param
                same = row in ("slice", "reshape", "permute", "embed")
                self._keep(definition.name, *((size, param) if same else (0.0, "")))

    def _keep(self, name: str, size: float, param: str) -> None:
        self.size[name] = size
        if param:
            self.random[name] = param

    def _operand(self, name: str) -> tuple[float, str]:
        return self.size.get(name, 0.0), self.random.get(name, "")

    def _contraction(self, body: Contraction) -> tuple[float, str]:
        """√count times the sizes, where a param of mean 0 takes part and no factor twice: independent summands."""
        names = [slot_name(factor) for factor in body.factors]
        count = evaluate(sympy.Mul(*(size for _, size in body.bound)), self.known)
        scale = evaluate(body.coefficient, self.known)
        params = [self.random[name] for name in names if name in self.random]
        if not params or len(set(names)) < len(names) or count is None or scale is None:
            return 0.0, ""
        found = abs(scale) * sqrt(count)
        for name in names:
            found *= self.size.get(name, 0.0)
        for param in params:
            self.count[param] = max(self.count.get(param, 1), int(count))
        return found, max(params, key=lambda param: self.size[param])

    def _expression(self, expression: Scalar) -> tuple[float, str]:
        """The size of an expression, and the param that makes most of it."""
        if is_slot(expression):
            return self._operand(slot_name(expression))
        if isinstance(expression, sympy.Add):
            parts = [self._expression(term) for term in expression.args]
            return sqrt(sum(size * size for size, _ in parts)), max(parts)[1]
        if isinstance(expression, sympy.Mul):
            parts = [self._expression(factor) for factor in expression.args]
            size = 1.0
            for part, _ in parts:
                size *= part
            return size, next((param for _, param in parts if param), "")
        number = evaluate(expression, self.known)
        if number is not None:
            return abs(number), ""
        if isinstance(expression, RowFunction) and type(expression).__name__ in SIZES:
            size, param = self._expression(expression.args[0])
            most = SIZES[type(expression).__name__]
            return (most * size if most < 1 else min(most, size)), param
        return 0.0, ""
