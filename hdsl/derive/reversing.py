"""The inverse of a step: the states before a token from those after it, where the text has one that keeps every digit.

A step is a map of all states at once. It is undone state by state, each from an equation in which it alone is not known yet:

- ``next h = ±y + e``, where e reads nothing but what is known: y = ±(h₊ − e). So ``step = two-step`` goes back, h first, for
  ``h.before₊ = h``, then h.before = h₊ − (τ + h.tau) f(h).
- some such equations at once, linear in as many states, entry by entry, whose coefficients are orthogonal: a rotation by cos
  and sin is undone by its transpose.
- ``next h = expm(A) @ h + e`` with A skew: undone by the transpose of the exponential.

A state that takes only what came with the sample (`previous(u)`, the τ of two-step) is kept, as the sample is. Nothing else has
an inverse here: that of a map that is not orthogonal magnifies round-off from token to token.

Source: Hairer, Lubich, Wanner, *Geometric Numerical Integration*, V.1 and XV.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sympy

from hdsl.derive.seeds import TAU
from hdsl.diagnostics.catalogue_replay import no_inverse
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.model.order import in_order
from hdsl.model.sharing import depending_on
from hdsl.terms.elementwise import ROWS
from hdsl.terms.renaming import rename
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    indices,
    keep_needed,
    multiplied_out,
    slot,
    slot_indices,
    slot_name,
    slots,
)

WAS = "was:"
MOST_TERMS, MOST_OPERATIONS, MOST_AT_ONCE = 64, 400, 4
COS, SIN, SQRT = (ROWS[name].function for name in ("cos", "sin", "sqrt"))


@dataclass(frozen=True)
class Reversal:
    """The way from the states after a token to those before it.

    ``lines`` read the states after it, ``h+``, the sample, and of the states before it those that are ``kept``; they make
    ``was:h`` of every state in ``undone``.
    """

    lines: tuple[Definition, ...]
    undone: tuple[str, ...]
    kept: tuple[str, ...]


def refusals(model: Model) -> list[Diagnostic]:
    """That the states of a model cannot be recomputed; empty where they can, or need not."""
    if model.learning.states == "stored":
        return []
    undoing = _Undoing(model)
    stuck = undoing.run()
    causes = [name for name in stuck if not undoing.waits(name)] or stuck
    told = []
    for name in causes:
        why = "sample" if model.resets[name] == "sample" else model.dynamics[name].kind
        told.append((name, why, model.dynamics[name].span))
    return [no_inverse(model.learning.spans["states"], told)] if told else []


def reversal_of(model: Model) -> Reversal:
    """The inverse of the step of a model. Raises ValueError where it has none; `refusals` says so before."""
    undoing = _Undoing(model)
    if stuck := undoing.run():
        raise ValueError(f"{model.name}: the step of {', '.join(stuck)} has no inverse")
    return undoing.reversal()


@dataclass
class _Undoing:
    """Solves for one state after another. ``unknown`` are those that are left, ``open`` the equations."""

    model: Model
    made: list[Definition] = field(default_factory=list)
    by_name: dict[str, Definition] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    open: dict[str, Definition] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.model
        self.by_name = {d.name: d for d in model.definitions}
        self.reads = {d.name: tuple(d.reads()) for d in model.definitions}
        for name, dynamics in model.dynamics.items():
            at = indices(len(model.quantities[name].sizes))
            f = slot(dynamics.definition, at)
            value = f if dynamics.kind == "next" else slot(name, at) + TAU * f
            quantity = model.quantities[name]
            self.open[name] = Definition(f"{name}+", Elementwise(value), quantity.sizes, quantity.shared, (dynamics.span,))
        self.unknown = set(model.dynamics)
        while told := {name for name in self.unknown if not self._states_in(self.open[name])}:
            self.unknown -= told  # what came with samples, and what is made of nothing else
        self.kept = tuple(name for name in model.dynamics if name not in self.unknown)
        for name in self.kept:
            del self.open[name]

    def run(self) -> list[str]:
        """The states that are left: none where all could be undone."""
        anew = [name for name in self.unknown if self.model.resets[name] == "sample"]
        while not anew and self.unknown and any(self._solved(names) for names in self._candidates()):
            pass
        return [name for name in self.model.dynamics if name in self.unknown]

    def waits(self, name: str) -> bool:
        """Whether a state that is left could be undone by its own equation if the others were known."""
        alone = _Undoing(self.model)
        alone.unknown = {name}
        return self.model.resets[name] != "sample" and alone._solved(([name], [name]))

    def reversal(self) -> Reversal:
        swap = {name: f"{WAS}{name}" for name in self.model.dynamics if name not in self.kept}
        taken = [rename(d, swap) for d in self.model.definitions if not d.name.startswith("initial:")]
        every = {line.name: line for line in (*taken, *(rename(line, swap) for line in self.made))}
        order = in_order({name: tuple(n for n in line.reads() if n in every) for name, line in every.items()})[0]
        undone = tuple(swap)
        lines = keep_needed((every[name] for name in order), swap.values())
        return Reversal(lines, undone, self.kept)

    # --- which equations -----------------------------------------------------------------------------------------------------

    def _states_in(self, definition: Definition) -> frozenset[str]:
        """The states that are not known and stand in an equation, be it through definitions."""
        found: set[str] = set()
        waiting, seen = list(definition.reads()), set[str]()
        while waiting:
            name = waiting.pop()
            if name in self.unknown:
                found.add(name)
            elif name in self.reads and name not in seen:
                seen.add(name)
                waiting += self.reads[name]
        return frozenset(found)

    def _candidates(self) -> Iterator[tuple[list[str], list[str]]]:
        """Equations, as many as there are states in them that are not known: the fewest first."""
        groups: dict[frozenset[str], list[str]] = {}
        for name, equation in self.open.items():
            groups.setdefault(self._states_in(equation), []).append(name)
        for states, names in sorted(groups.items(), key=lambda pair: len(pair[0])):
            if 0 < len(states) <= MOST_AT_ONCE and len(states) == len(names):
                yield names, [name for name in self.model.dynamics if name in states]
            elif len(states) == 1:  # one of them may be such that it can be solved
                yield from (([name], list(states)) for name in names)

    def _solved(self, candidate: tuple[list[str], list[str]]) -> bool:
        names, states = candidate
        made = self._entry_by_entry(names, states) or (self._by_exponential(names[0], states[0]) if len(names) == 1 else None)
        if made is None:
            return False
        self.made += made
        for name in names:
            del self.open[name]
        self.unknown -= set(states)
        return True

    # --- how ---------------------------------------------------------------------------------------------------------------

    def _terms(self, name: str) -> tuple[Scalar, ...] | None:
        """The right side of an equation as a sum, with all definitions put in that hold what is not known."""
        holding = depending_on(self.unknown, self.reads)
        expression = self._put_in(self.open[name].body.expression, holding)  # type: ignore[union-attr]
        whole = None if expression is None else multiplied_out(expression, MOST_TERMS)
        return None if whole is None else sympy.Add.make_args(whole)

    def _put_in(self, expression: Scalar, holding: frozenset[str] | set[str] | None) -> Scalar | None:
        """An expression with the elementwise definitions put in that are among ``holding``, or all; None where that is long."""
        while True:
            swap: dict[Scalar, Scalar] = {}
            for found in slots(expression):
                definition = self.by_name.get(slot_name(found))
                among = holding is None or slot_name(found) in holding
                if definition is not None and among and isinstance(definition.body, Elementwise):
                    at = dict(zip(definition.indices, slot_indices(found), strict=True))
                    swap[found] = definition.body.expression.xreplace(at)
            if not swap:
                return expression
            expression = expression.xreplace(swap)
            if sympy.count_ops(expression) > MOST_OPERATIONS:
                return None

    def _entry_by_entry(self, names: list[str], states: list[str]) -> list[Definition] | None:
        """Equations that are linear in the states, entry by entry, with orthogonal coefficients: undone by their transpose."""
        sizes = {self.model.quantities[name].sizes for name in (*names, *states)}
        if len(sizes) > 1:
            return None
        at = indices(len(sizes.pop()))
        holding = depending_on(self.unknown, self.reads) | self.unknown
        matrix: list[list[Scalar]] = []
        rests: list[Scalar] = []
        for name in names:
            terms = self._terms(name)
            if terms is None:
                return None
            row, rest = [sympy.Integer(0)] * len(states), sympy.Integer(0)
            for term in terms:
                held = [s for s in slots(term) if slot_name(s) in holding]
                if not held:
                    rest += term
                    continue
                own = held[0]
                coefficient = term / own
                if len(held) > 1 or slot_indices(own) != at or slot_name(own) not in states or own in slots(coefficient):
                    return None
                row[states.index(slot_name(own))] += coefficient
            matrix.append(row)
            rests.append(rest)
        if not self._is_orthogonal(matrix):
            return None
        left = [slot(f"{name}+", at) - rest for name, rest in zip(names, rests, strict=True)]
        return [
            self._was(state, Elementwise(sympy.Add(*(row[k] * e for row, e in zip(matrix, left, strict=True)))), names)
            for k, state in enumerate(states)
        ]

    def _was(self, state: str, body: Elementwise | Contraction, names: list[str]) -> Definition:
        quantity, spans = self.model.quantities[state], tuple(self.model.dynamics[name].span for name in names)
        return Definition(f"{WAS}{state}", body, quantity.sizes, quantity.shared, tuple(sorted(set(spans))))

    def _is_orthogonal(self, matrix: list[list[Scalar]]) -> bool:
        """Whether A Aᵀ = 1, by cos² + sin² = 1 and √x √x = x, with the numbers of consts."""
        rows: list[list[Scalar]] = [[self._put_in(entry, None) for entry in row] for row in matrix]
        if any(entry is None for row in rows for entry in row):
            return False
        numbers = self._numbers()
        for i, row in enumerate(rows):
            for k, other in enumerate(rows[: i + 1]):
                product = sympy.Add(*(a * b for a, b in zip(row, other, strict=True))) - int(i == k)
                if _plain(product.xreplace(numbers)) != 0:
                    return False
        return True

    def _numbers(self) -> Mapping[Scalar, Scalar]:
        found = {}
        for const in self.model.of_role("const"):
            if not const.sizes and const.initial is not None and const.initial.kind == "number":
                found[slot(const.name)] = const.initial.arguments[0]
        return found

    def _by_exponential(self, name: str, state: str) -> list[Definition] | None:
        """``next h = expm(A) @ y + e``: y = expm(A)ᵀ (h₊ − e) where Aᵀ = −A."""
        terms = self._terms(name)
        holding = depending_on(self.unknown, self.reads) | self.unknown
        held = [term for term in terms or () if any(slot_name(s) in holding for s in slots(term))]
        if len(held) != 1 or held[0] not in slots(held[0]) or len(slot_indices(held[0])) != 1:
            return None
        product = self.by_name.get(slot_name(held[0]))
        if product is None or not isinstance(product.body, Contraction) or product.body.coefficient != 1:
            return None
        matrix = next((f for f in product.body.factors if len(slot_indices(f)) == 2), None)
        vector = next((f for f in product.body.factors if slot_name(f) == state), None)
        if matrix is None or vector is None or len(product.body.factors) != 2 or not self._is_rotation(slot_name(matrix)):
            return None
        own, summed = product.indices[0], product.body.bound[0][0]
        rest = f"rest:{name}"
        quantity = self.model.quantities[name]
        value = slot(f"{name}+", (own,)) - sympy.Add(*(term for term in terms or () if term is not held[0]))
        turned = slot(slot_name(matrix), tuple(summed if i == own else own for i in slot_indices(matrix)))
        body = Contraction((turned, slot(rest, (summed,))), ((summed, quantity.sizes[0]),))
        spans = (self.model.dynamics[name].span,)
        return [Definition(rest, Elementwise(value), quantity.sizes, quantity.shared, spans), self._was(state, body, [name])]

    def _is_rotation(self, name: str) -> bool:
        """Whether a matrix is the exponential of one that is skew."""
        definition = self.by_name.get(name)
        if definition is None or not isinstance(definition.body, Structured) or definition.body.row != "expm":
            return False
        row, column = indices(2)
        whole = self._put_in(slot(definition.body.operands[0], (row, column)), None)
        if whole is None:
            return False
        turned = whole.xreplace({row: column, column: row})
        return bool(sympy.expand(whole + turned) == 0)


def _plain(expression: Scalar) -> Scalar:
    """An expression in cos, sin and roots, multiplied out, in which no sin and no root has a power of 2 or more."""
    if sympy.count_ops(expression) > MOST_OPERATIONS:
        return expression

    def lower(power: Scalar) -> Scalar:
        base, exponent = power.args
        whole, over = divmod(int(exponent), 2)
        square = 1 - COS(*base.args) ** 2 if isinstance(base, SIN) else base.args[0]
        return square**whole * base**over

    def is_square(e: Scalar) -> bool:
        high = e.is_Pow and e.exp.is_Integer and abs(int(e.exp)) >= 2
        return bool(high and (isinstance(e.base, SQRT) or (isinstance(e.base, SIN) and e.exp > 0)))

    return sympy.cancel(sympy.expand(sympy.expand(expression).replace(is_square, lower)))
