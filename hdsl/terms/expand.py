"""Expansion: definitions as sympy objects of sympy's own, for people and for judges.

`as_sympy` gives one definition as an equation with explicit sums, at any size. `scalars` writes small models out to
plain scalar expressions in the entries ``h_0``, ``W_0_1`` of what is given, where `sympy.diff` is an independent judge
of every derivative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import sympy

from hdsl.terms import expand_algebra, expand_windows
from hdsl.terms.elementwise import ROWS, RowFunction
from hdsl.terms.expand_arranged import EXPANDED
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    slot_indices,
    slot_name,
    slots,
)

Entries = dict[tuple[int, ...], Any]

_PREFIXES = {"dot": "dot", "z": "z", "w": "omega", "adj": "adj", "seed": "phi", "present": "given", "f": "f", "learn": ""}


def readable_names(names: Iterable[str]) -> dict[str, str]:
    """Plain identifiers for names: ``z_h`` for ``z:h``, ``omega_W`` for ``w:W``, ``h_new`` for ``h+``; all different.

    A name that users write keeps its spelling (``eta.h`` becomes ``eta_h``); what hdsl made gets an underscore more
    wherever its identifier is taken.
    """
    chosen: dict[str, str] = {}
    ordered = sorted(set(names), key=lambda name: (any(mark in name for mark in ":+~"), "." in name, len(name), name))
    for name in ordered:
        identifier = _identifier(name)
        while identifier in chosen.values():
            identifier += "_"
        chosen[name] = identifier
    return chosen


def _identifier(name: str) -> str:
    head, colon, rest = name.partition(":")
    if colon:
        prefix = _PREFIXES.get(head, head)
        return f"{prefix}_{_identifier(rest)}" if prefix else _identifier(rest)
    return re.sub(r"\W", "_", name.replace("+", "_new"))


def as_sympy(definition: Definition, names: Mapping[str, str] | None = None) -> sympy.Eq:
    """A definition as an equation a user can print, substitute into and compare, written for one stream.

    Contractions are ``Sum``s from 0 to the size less one, functions are sympy's own, a row of the table of structured
    operations is an undefined function of its operands and indices.

    Args:
        names: identifiers for names, as `readable_names` gives them for a whole model; None: for this definition alone.
    """
    if names is None:
        names = readable_names((definition.name, *definition.reads()))
    body = definition.body
    match body:
        case Contraction(factors=factors, bound=bound, coefficient=coefficient):
            term = sympy.Mul(*(_renamed(factor, names) for factor in factors))
            if bound:
                term = sympy.Sum(term, *((i, 0, size - 1) for i, size in bound))
            right = _renamed(coefficient, names) * term
        case Elementwise(expression=expression):
            right = _renamed(expression, names)
        case Structured(row=row, operands=operands, attributes=attributes):
            read = [sympy.Symbol(names[operand]) for operand in operands]
            right = sympy.Function(row)(*read, *(_tuples(value) for _, value in attributes), *definition.indices)
    return sympy.Eq(_renamed(definition.slot, names), right, evaluate=False)


def _tuples(attribute: Any) -> Any:
    """An attribute as sympy has it."""
    return sympy.Tuple(*map(_tuples, attribute)) if isinstance(attribute, tuple) else attribute


def _renamed(expression: Scalar, names: Mapping[str, str]) -> Any:
    swap = {}
    for occurrence in slots(expression):
        at, name = slot_indices(occurrence), names[slot_name(occurrence)]
        swap[occurrence] = sympy.IndexedBase(name)[at] if at else sympy.Symbol(name)
    return in_plain_functions(expression.xreplace(swap))


def in_plain_functions(expression: Any) -> Any:
    """The same expression with sympy's own functions for the rows of the table of elementwise functions."""
    if not expression.args:
        return expression
    arguments = [in_plain_functions(argument) for argument in expression.args]
    if isinstance(expression, RowFunction):
        name = type(expression).__name__
        plain = ROWS[name].plain or _SLOPES[name]
        return plain(*arguments)
    return expression.func(*arguments)


def _where(condition: Any, value: Any = sympy.Integer(1), otherwise: Any = sympy.Integer(0)) -> Any:
    return sympy.Piecewise((value, condition), (otherwise, True))


def _of_turned(name: str, part: str, a: Any, b: Any) -> Any:
    """A part of φ₁, or of its slope, at a + ib, in real terms."""
    square, grown = a**2 + b**2, sympy.exp(a)
    if name == "phi1":
        real, turned = grown * sympy.cos(b) - 1, grown * sympy.sin(b)
        above, at_zero = (real * a + turned * b, real * b - turned * a), (sympy.Integer(1), sympy.Integer(0))
    else:
        real = grown * ((a - 1) * sympy.cos(b) - b * sympy.sin(b)) + 1
        turned = grown * ((a - 1) * sympy.sin(b) + b * sympy.cos(b))
        above = (real * (a**2 - b**2) + turned * 2 * a * b, real * 2 * a * b - turned * (a**2 - b**2))
        square, at_zero = square**2, (sympy.Rational(1, 2), sympy.Integer(0))
    value, other = (above[0], at_zero[0]) if part == "re" else (-above[1], at_zero[1])
    return _where(sympy.Ne(square, 0), value / square, other)


_SLOPES: Mapping[str, Callable[..., Any]] = {
    "positive": lambda x: _where(x > 0),
    "less": lambda x, y: sympy.Piecewise((sympy.Rational(1, 2), sympy.Eq(x, y)), (1, x < y), (0, True)),
    "inside": lambda x, low, high: _where(sympy.And(x >= low, x <= high)),
    "clipped_low": lambda x, low, high: _where(sympy.And(x < low, low < high)),
    "clipped_high": lambda x, low, high: _where(sympy.Or(x > high, low > high)),
    "reciprocal": lambda x: _where(sympy.Ne(x, 0), 1 / x),
    "root": sympy.sqrt,
    "phi1": lambda x: _where(sympy.Ne(x, 0), (sympy.exp(x) - 1) / x, sympy.Integer(1)),
    "phi1_slope": lambda x: _where(sympy.Ne(x, 0), (sympy.exp(x) * (x - 1) + 1) / x**2, sympy.Rational(1, 2)),
    **{f"{name}_{part}": partial(_of_turned, name, part) for name in ("phi1", "phi1_slope") for part in ("re", "im")},
    "power_slope": lambda x, y: _where(sympy.Ne(y, 0), y * x ** (y - 1)),
    "power_log": lambda x, y: _where(sympy.Not(sympy.And(sympy.Eq(x, 0), y >= 0)), x**y * sympy.log(x)),
}
"""What the rows mean that occur in derivatives only and have no plain form in the table."""


def scalars(
    definitions: Sequence[Definition],
    dims: Mapping[str, int],
    *,
    batch: int | None = None,
    shared: Collection[str] = (),
    sizes: Mapping[str, tuple[Size, ...]] | None = None,
) -> dict[str, sympy.Array]:
    """Every definition, and every name that they read, as an array of plain scalar expressions.

    The entries of what nothing defines are symbols: ``h_0``, ``W_0_1``, with a batch ``h_s0_1`` for entry 1 of stream 0.
    A class index ``c`` is one symbol, in Kronecker deltas.

    Args:
        dims: a number for each named size.
        batch: the number of streams; an array of what is per stream then has a first axis of that length. None: one
            stream, without an axis.
        shared: with a batch, the undefined names that are one for all streams.
        sizes: sizes of undefined names where they cannot be told from an indexed occurrence (operands of structured
            operations).

    Returns:
        by name, arrays of shape sizes or (batch, *sizes).

    Raises:
        KeyError: a size has no number, or an operand no sizes.
    """
    expansion = _Expansion(definitions, dims, batch, shared, sizes or {})
    for definition in definitions:
        expansion.define(definition)
    return {name: expansion.array(name) for name in expansion.shapes}


class _Expansion:
    def __init__(
        self,
        definitions: Sequence[Definition],
        dims: Mapping[str, int],
        batch: int | None,
        shared: Collection[str],
        sizes: Mapping[str, tuple[Size, ...]],
    ) -> None:
        self.dims, self.batch = dims, batch
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.alone: set[str] = set()  # what has one value for all streams, and no axis for them
        self.values: dict[str, list[Entries]] = {}
        found = dict(sizes)
        for definition in definitions:
            for name, at in _leaf_sizes(definition):
                found.setdefault(name, at)
        defined = {d.name for d in definitions}
        self.names = readable_names([*found, *defined])
        for name, at in found.items():
            if name not in defined:
                self._place_leaf(name, self.numbers(at), batch is None or name in shared)

    def numbers(self, sizes: Iterable[Size]) -> tuple[int, ...]:
        """Sizes as numbers."""
        return tuple(int(self.number(sympy.sympify(size, strict=True))) for size in sizes)

    def number(self, size: Size) -> Any:
        """One size as a number."""
        return size.subs({symbol: self.dims[str(symbol)] for symbol in size.free_symbols})

    def _numbered(self, attribute: Any) -> Any:
        """An attribute with numbers for the sizes in it."""
        if isinstance(attribute, tuple):
            return tuple(map(self._numbered, attribute))
        return int(self.number(sympy.sympify(attribute, strict=True)))

    def _place_leaf(self, name: str, shape: tuple[int, ...], alone: bool) -> None:
        self.shapes[name] = shape
        self.values[name] = []
        if alone:
            self.alone.add(name)
        for stream in range(1 if alone else self.batch or 1):
            mark = "" if alone else f"_s{stream}"
            at = {place: "".join(f"_{k}" for k in place) for place in _places(shape)}
            own = self.names[name] + mark
            self.values[name].append({place: sympy.Symbol(own + tail) for place, tail in at.items()})

    def entries(self, name: str, stream: int) -> Entries:
        """The entries of a name in one stream; those of what is shared are the same in all."""
        values = self.values[name]
        return values[0 if name in self.alone else stream]

    def define(self, definition: Definition) -> None:
        shape, name = self.numbers(definition.sizes), definition.name
        streams = 1 if self.alone.issuperset(definition.reads()) else self.batch or 1
        each = [self._value(definition, shape, stream) for stream in range(streams)]
        if definition.shared or self.batch is None:
            # A shared definition that reads what is per stream is the mean over the streams.
            sums = {place: sympy.Add(*(own[place] for own in each)) for place in _places(shape)}
            each = [{place: value / streams for place, value in sums.items()}]
            self.alone.add(name)
        elif streams == 1:
            each = each * self.batch
        self.shapes[name], self.values[name] = shape, each

    def _value(self, definition: Definition, shape: tuple[int, ...], stream: int) -> Entries:
        body = definition.body
        if isinstance(body, Structured):
            operands = [(self.shapes[name], self.entries(name, stream)) for name in body.operands]
            return _STRUCTURED[body.row](operands, shape, {name: self._numbered(n) for name, n in body.attributes})
        result = {}
        for place in _places(shape):
            at = dict(zip(definition.indices, place, strict=True))
            if isinstance(body, Elementwise):
                result[place] = self._read(body.expression, at, stream)
                continue
            ranges = self.numbers(size for _, size in body.bound)
            terms = []
            for inner in _places(ranges):
                at |= dict(zip((i for i, _ in body.bound), inner, strict=True))
                terms.append(sympy.Mul(*(self._read(factor, at, stream) for factor in body.factors)))
            result[place] = self._read(body.coefficient, at, stream) * sympy.Add(*terms)
        return result

    def _read(self, expression: Scalar, at: Mapping[sympy.Symbol, int], stream: int) -> Any:
        """An expression with every slot replaced by the entry that stands there, and every size by its number."""
        swap: dict[Any, Any] = {}
        for occurrence in slots(expression):
            place = tuple(at[i] for i in slot_indices(occurrence))
            swap[occurrence] = self.entries(slot_name(occurrence), stream)[place]
        for symbol in sympy.sympify(expression, strict=True).free_symbols:
            if symbol.is_integer and str(symbol) in self.dims:
                swap.setdefault(symbol, sympy.Integer(self.dims[str(symbol)]))
        return in_plain_functions(expression.xreplace(swap))

    def array(self, name: str) -> sympy.Array:
        shape, values = self.shapes[name], self.values[name]
        flat = [entries[place] for entries in values for place in _places(shape)]
        return sympy.Array(flat, shape if name in self.alone else (len(values), *shape))


def _places(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(product(*(range(n) for n in shape)))


def _leaf_sizes(definition: Definition) -> list[tuple[str, tuple[Size, ...]]]:
    """Names that a definition reads at indices, with the sizes of these."""
    body = definition.body
    sized = dict(zip(definition.indices, definition.sizes, strict=True))
    match body:
        case Contraction(factors=factors, bound=bound, coefficient=coefficient):
            sized |= dict(bound)
            read = [*factors, *slots(coefficient)]
        case Elementwise(expression=expression):
            read = list(slots(expression))
        case Structured(row=row, operands=operands):
            known = {"softmax": definition.sizes, "pick": (), "one_hot": (), "embed": (), "scatter": ()}
            if row in ("slice", "reshape"):
                return [(operands[0], dict(body.attributes)["of"])] if row == "slice" else []
            return [(operands[-1], known[row])] if row in known else []
    return [(slot_name(s), tuple(sized[i] for i in slot_indices(s))) for s in read]


# Structured operations, written out once more and by hand, so that their pullbacks can be judged

Operands = list[tuple[tuple[int, ...], Entries]]


def _softmax(operands: Operands, shape: tuple[int, ...], attributes: Mapping[str, int]) -> Entries:
    _, x = operands[0]
    axis = len(shape) + attributes["axis"]
    places = {at: [(*at[:axis], k, *at[axis + 1 :]) for k in range(shape[axis])] for at in _places(shape)}
    return {at: sympy.exp(x[at]) / sympy.Add(*(sympy.exp(x[p]) for p in along)) for at, along in places.items()}


def _logsumexp(operands: Operands, shape: tuple[int, ...], attributes: Mapping[str, int]) -> Entries:
    own, x = operands[0]
    axis = len(own) + attributes["axis"]
    places = {at: [(*at[:axis], k, *at[axis:]) for k in range(own[axis])] for at in _places(shape)}
    return {at: sympy.log(sympy.Add(*(sympy.exp(x[p]) for p in along))) for at, along in places.items()}


_STRUCTURED: Mapping[str, Callable[[Operands, tuple[int, ...], Mapping[str, int]], Entries]] = {
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    **EXPANDED,
    **expand_algebra.EXPANDED,
    **expand_windows.EXPANDED,
}
