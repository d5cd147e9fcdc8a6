"""Probing: what a second derivative against a probe says of how entries depend on one another."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from hdsl.model.sharing import depending_on
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, Structured, slot_indices, slot_name, slots


class Probing:
    """Looks into what was derived against a probe. ``lines`` are by name; ``at`` are the probe's own indices."""

    def __init__(self, lines: Mapping[str, Definition], probe: str, at: tuple[sympy.Symbol, ...]) -> None:
        self.lines = lines
        self.probe = probe
        self.at = at
        self._reading: dict[str, set[str]] = {}
        self._axes: dict[str, tuple[int, ...] | None] = {}

    def reads(self, expression: Scalar, name: str) -> bool:
        """Whether an expression depends on a name, be it through lines."""
        return any(self.reads_name(slot_name(occurrence), name) for occurrence in slots(expression))

    def reads_name(self, read: str, name: str) -> bool:
        """Whether something depends on a name."""
        if name not in self._reading:
            self._reading[name] = depending_on([name], {line.name: line.reads() for line in self.lines.values()})
        return read in self._reading[name]

    def opened(self, expression: Scalar) -> Scalar:
        """An expression with every elementwise line put into it that depends on the probe, multiplied out."""
        while True:
            swap = {}
            for occurrence in slots(expression):
                line = self.lines.get(slot_name(occurrence))
                if line is not None and isinstance(line.body, Elementwise) and self.reads(occurrence, self.probe):
                    at = dict(zip(line.indices, slot_indices(occurrence), strict=True))
                    swap[occurrence] = line.body.expression.xreplace(at)
            if not swap:
                return sympy.expand_mul(expression)
            expression = expression.xreplace(swap)

    def keeps_entries(self, expression: Scalar) -> bool:
        """Whether every entry of what the probe gives depends on the same entry of the probe alone."""
        if not self.at:
            return True
        found = self._axes_of(expression, self.at)
        return found is not None and found == tuple(range(len(self.at)))

    def _axes_of(self, expression: Scalar, at: tuple[sympy.Symbol, ...]) -> tuple[int, ...] | None:
        """The places among ``at`` of the axes of the probe in an expression; None where they are not one and the same."""
        found: set[tuple[int, ...] | None] = set()
        for occurrence in slots(expression):
            if not self.reads(occurrence, self.probe):
                continue
            axes = self._axes_in(slot_name(occurrence))
            own = slot_indices(occurrence)
            if axes is None or any(own[axis] not in at for axis in axes):
                return None
            found.add(tuple(at.index(own[axis]) for axis in axes))
        return found.pop() if len(found) == 1 else None

    def _axes_in(self, name: str) -> tuple[int, ...] | None:
        """The axes of a line that are those of the probe."""
        if name == self.probe:
            return tuple(range(len(self.at)))
        if name not in self._axes:
            line = self.lines[name]
            match line.body:
                case Structured():
                    self._axes[name] = None
                case Contraction(factors=factors, coefficient=coefficient):
                    self._axes[name] = self._axes_of(sympy.Mul(coefficient, *set(factors)), line.indices)
                case Elementwise(expression=expression):
                    self._axes[name] = self._axes_of(expression, line.indices)
        return self._axes[name]
