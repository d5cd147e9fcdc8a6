"""Readings: the forms of the definitions of a model in chosen quantities, by one entry for all or entry by entry.

`Alike` takes all entries of a quantity as one, at any size: ``h' = -k*h`` moves each entry by itself. Where a sum, a list or a
cut makes entries differ it knows no number, and names the definition among the ``uneven``; `Entrywise` works these out at
small sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product
from typing import Any

import sympy

from hdsl.model.locality import MOVES
from hdsl.model.model import Quantity
from hdsl.stability.forms import Form, Leaf, Number, form_of, gathered, times, total
from hdsl.stability.numbers import CERTAIN, UNEVEN, Numbers
from hdsl.terms.expand_arranged import EXPANDED
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, Structured, slot, slot_indices, slot_name
from hdsl.terms.term import indices as canonical

Place = tuple[int, ...]
Given = Callable[[Quantity, Place | None], Number]  # the number of an entry; without a place, that of all entries

MOST_ENTRIES = 64
"""Entries, of states or of parameters, beyond which they are not told one from another."""

SUMMED = "_"  # where an index stood that was summed over
CHOOSES = frozenset(("pick", "embed", "scatter", "one_hot"))  # entries that move by an index that arrives
BOUNDED_OPERATIONS = frozenset(("softmax",))


class Reading:
    """What both ways of reading know of a model: ``leaves`` move, and ``given`` has numbers of parameters, if they have any."""

    def __init__(self, numbers: Numbers, leaves: Collection[str], given: Given | None = None) -> None:
        self.numbers, self.leaves, self.given = numbers, frozenset(leaves), given

    def begin(self, name: str, place: Place | None, at: Any) -> Form:
        """The form of an entry of what is not defined."""
        quantity, value = self.numbers.model.quantities.get(name), None
        if quantity is None:  # the time, or tau
            return Form(self.numbers.value(slot(name)))
        if quantity.role == "const" and (quantity.initial is None or quantity.initial.kind in CERTAIN):
            value = self.numbers.begins(quantity, place)
        elif quantity.role in ("param", "const") and self.given is not None:
            value = self.given(quantity, place)
        return Form(value, {(name, at): 1.0} if name in self.leaves else {})


class Alike(Reading):
    """Forms with one entry for all. A leaf's place are the indices at which it stands; None where it is moved as a whole."""

    def read(self, definitions: Iterable[Definition]) -> Alike:
        self.forms: dict[str, Form] = {}
        self.uneven: set[str] = set()  # definitions in which entries differ, or behind which they do
        self.bends: Definition | None = None  # the first that is not linear
        for definition in definitions:
            self.differs = not self.uneven.isdisjoint(definition.reads())
            form = self.forms[definition.name] = self._of(definition)
            if self.differs:
                self.uneven.add(definition.name)
            if self.bends is None and not form.is_linear:
                self.bends = definition
        return self

    def _of(self, definition: Definition) -> Form:
        match definition.body:
            case Elementwise(expression=expression):
                return form_of(expression, self._slot, self.numbers.known)
            case Contraction(factors=factors, bound=bound, coefficient=coefficient):
                form = reduce(Form.times, map(self._slot, factors), form_of(coefficient, self._slot, self.numbers.known))
                for i, size in bound:
                    form = self._summed(form, i, self.numbers.value(size))
                return form
            case Structured(row=row, operands=operands):
                self.differs = self.differs or row in MOVES
                return arranged(row, [self.forms[o] if o in self.forms else self._begin(o, None) for o in operands])

    def _begin(self, name: str, at: Any) -> Form:
        quantity = self.numbers.model.quantities.get(name)
        if quantity is not None and quantity.initial is not None and quantity.initial.kind in UNEVEN:
            self.differs = True
        return self.begin(name, None, at)

    def _slot(self, occurrence: Scalar) -> Form:
        name, at = slot_name(occurrence), slot_indices(occurrence)
        own = canonical(len(at))
        if name not in self.forms:
            return self._begin(name, at)
        return self.forms[name] if at == own else _renamed(self.forms[name], dict(zip(own, at, strict=True)))

    def _summed(self, form: Form, i: sympy.Symbol, count: Number) -> Form:
        """A sum over an index: what has it in its place is summed up, what has not is there ``count`` times."""

        def summed(value: Number, *leaves: Leaf) -> Number:
            held = [at is None or i in at for _, at in leaves]  # type: ignore[operator]
            if not any(held):
                return times(value, count)
            if len(leaves) == 2 and leaves[0] == leaves[1]:
                return value  # squares of one entry each
            self.differs = self.differs or value is not None
            return None

        slope = {leaf: summed(value, leaf) for leaf, value in form.slope.items()}
        square = {pair: summed(value, *pair) for pair, value in form.square.items()}
        return _renamed(replace(form, value=times(form.value, count), slope=slope, square=square), {i: SUMMED})


def _renamed(form: Form, swap: Mapping[Any, Any]) -> Form:
    """A form at other indices."""

    def leaf(one: Leaf) -> Leaf:
        return one[0], tuple(swap.get(i, i) for i in one[1]) if isinstance(one[1], tuple) else None

    slope = gathered((leaf(one), value) for one, value in form.slope.items())
    return replace(form, slope=slope, square=gathered(((leaf(a), leaf(b)), v) for (a, b), v in form.square.items()))


class Entrywise(Reading):
    """Forms of every entry. A leaf's place are its numbers."""

    def read(self, definitions: Iterable[Definition], most: int | None = None) -> dict[str, dict[Place, Form]]:
        """The forms by names and places; ``most`` is a bound to which sizes are cut down."""
        self.forms: dict[str, dict[Place, Form]] = {}
        self.shapes: dict[str, Place] = {}
        self.blank: set[str] = set()  # quantities that stand still and have no number
        self.most = most
        for definition in definitions:
            for name in definition.reads():
                if name not in self.forms:
                    quantity = self.numbers.model.quantities.get(name)
                    self.shapes[name] = () if quantity is None else self._shape(quantity.sizes)
                    self.forms[name] = {at: self.begin(name, at, at) for at in places(self.shapes[name])}
                    if all(form == Form() for form in self.forms[name].values()):
                        self.blank.add(name)
            shape = self.shapes[definition.name] = self._shape(definition.sizes)
            self.forms[definition.name] = self._of(definition, places(shape))
        return self.forms

    def _shape(self, sizes: Sequence[Any]) -> Place:
        found = [self.numbers.value(one) for one in sizes]
        return tuple(self.most or 0 if one is None else min(int(one), self.most or int(one)) for one in found)

    def _of(self, definition: Definition, own: list[Place]) -> dict[Place, Form]:
        match definition.body:
            case Elementwise(expression=expression):
                return {at: self._value(expression, dict(zip(definition.indices, at, strict=True))) for at in own}
            case Contraction(factors=factors) if not self.blank.isdisjoint(map(slot_name, factors)):
                form = self._contracted(definition, definition.body, own[0], first=True)
                return dict.fromkeys(own, form.scaled(None))
            case Contraction():
                return {at: self._contracted(definition, definition.body, at) for at in own}
            case Structured(row=row, operands=operands, attributes=attributes):
                if row not in MOVES - CHOOSES:
                    return dict.fromkeys(own, arranged(row, [f for name in operands for f in self.forms[name].values()]))
                given = [(self.shapes[name], self.forms[name]) for name in operands]
                found = EXPANDED[row](given, self.shapes[definition.name], {n: self._numbered(a) for n, a in attributes})
                return {at: form if isinstance(form, Form) else Form(float(form)) for at, form in found.items()}

    def _contracted(self, definition: Definition, body: Contraction, at: Place, first: bool = False) -> Form:
        """One entry of a contraction; of the sum the first term alone, where no number is known of any."""
        terms = []
        for inner in places(self._shape([size for _, size in body.bound]))[: 1 if first else None]:
            where = dict(zip((*definition.indices, *(i for i, _ in body.bound)), (*at, *inner), strict=True))
            factors = (self._slot(factor, where) for factor in body.factors)
            terms.append(reduce(Form.times, factors, self._value(body.coefficient, where)))
        return total(terms)

    def _value(self, expression: Scalar, where: Mapping[Any, int]) -> Form:
        return form_of(expression, lambda occurrence: self._slot(occurrence, where), self.numbers.known)

    def _slot(self, occurrence: Scalar, where: Mapping[Any, int]) -> Form:
        return self.forms[slot_name(occurrence)][tuple(where[i] for i in slot_indices(occurrence))]

    def _numbered(self, attribute: Any) -> Any:
        several = isinstance(attribute, tuple)
        return tuple(map(self._numbered, attribute)) if several else int(self.numbers.value(attribute) or 0)


def too_many(numbers: Numbers, needed: Iterable[Definition], counted: Collection[str]) -> str:
    """Why definitions are not worked out entry by entry; nothing where they are."""
    quantities, whole = numbers.model.quantities, 0.0
    sizes = {definition.name: definition.sizes for definition in needed}
    sizes |= {name: quantities[name].sizes for d in needed for name in d.reads() if name in quantities}
    for name, own in sizes.items():
        count = numbers.value(sympy.Mul(*own))
        if count is None:
            return "a size has no number"
        whole += count if name in counted else 0
        if count > MOST_ENTRIES**2 or whole > MOST_ENTRIES:
            return f"there are more than {MOST_ENTRIES} entries"
    return ""


def arranged(row: str, forms: Iterable[Form]) -> Form:
    """What a structured operation makes of operands, as far as it is told without looking at entries."""
    moving = total(forms)
    if row in MOVES or not moving.moves:
        return moving.scaled(None)
    return Form(within=moving.names) if row in BOUNDED_OPERATIONS else Form(bent=moving.names)


def places(shape: Place) -> list[Place]:
    return list(product(*map(range, shape)))
