"""Lifted: the matrix of what is linear in a vector, from how it is derived: M[i, k] = ∂(M v)[i]/∂v[k]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import isfinite, sqrt

import sympy

from hdsl.derive.workspace import Workspace
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Initial, Model
from hdsl.terms.expand import scalars
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    index,
    keep_needed,
    slot,
    slot_indices,
    slot_name,
    slots,
)

MOST_ENTRIES = 256  # of a matrix that is asked whether it is positive definite
LEAST_PIVOT = 1e-12


class NoMatrix(Exception):
    """What depends on a vector is not made of sums and products alone."""


class Lifted:
    """Gives what depends on the vector ``probe`` one more axis, the last: the entry of the vector.

    ``reads`` says of a name whether it depends on the vector. Raises NoMatrix for a structured operation of it.
    """

    def __init__(
        self, workspace: Workspace, lines: Mapping[str, Definition], probe: str, reads: Callable[[str], bool]
    ) -> None:
        self.workspace, self.lines, self.probe, self.reads = workspace, lines, probe, reads
        self.extra: Size = workspace.sizes_of(probe)[0]
        self._made: dict[str, str] = {}

    def matrix(self, expression: Scalar) -> str:
        """The name of the matrix of a vector that is linear in the probe."""
        return self._add(self._raised(expression, 1), self.workspace.sizes_of(self.probe), "x")

    def _add(self, expression: Scalar, sizes: tuple[Size, ...], stem: str) -> str:
        body, whole = Elementwise(expression), (*sizes, self.extra)
        made = Definition(self.workspace.fresh(stem), body, whole, self.workspace.reads_only_shared(body))
        return self.workspace.append(made).name

    def _raised(self, expression: Scalar, rank: int) -> Scalar:
        """An expression of ``rank`` indices with one more; every summand of it holds one factor that depends on the vector."""
        swap = {}
        for occurrence in slots(expression):
            if self.reads(slot_name(occurrence)):
                swap[occurrence] = slot(self._of(slot_name(occurrence)), (*slot_indices(occurrence), index(rank)))
        return expression.xreplace(swap)

    def _of(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = self._eye() if name == self.probe else self._line(self.lines[name])
        return self._made[name]

    def _eye(self) -> str:
        sizes = (self.extra, self.extra)
        return self.workspace.append(
            Definition(self.workspace.fresh("x"), Structured("eye", (), (("sizes", sizes),)), sizes, True)
        ).name

    def _line(self, line: Definition) -> str:
        rank = len(line.sizes)
        match line.body:
            case Elementwise(expression=expression):
                return self._add(self._raised(expression, rank), line.sizes, "x")
            case Contraction():
                return self._contraction(line, line.body)
        raise NoMatrix(line.name)

    def _contraction(self, line: Definition, body: Contraction) -> str:
        """One factor depends on the vector; where it is the vector itself, at a summed index, that index is no more summed."""
        rank, extra = len(line.sizes), index(len(line.sizes))
        up = {i: index(rank + 1 + place) for place, (i, _) in enumerate(body.bound)}
        factors, bound = [], {up[i]: size for i, size in body.bound}
        for factor in body.factors:
            moved = factor.xreplace(up)
            if not self.reads(slot_name(factor)):
                factors.append(moved)
            elif slot_name(factor) == self.probe and slot_indices(moved)[0] in bound and len(body.factors) > 1:
                (summed,) = slot_indices(moved)
                del bound[summed]
                factors = [other.xreplace({summed: extra}) for other in factors]
                up = {i: extra if j == summed else j for i, j in up.items()}
            else:
                factors.append(slot(self._of(slot_name(factor)), (*slot_indices(moved), extra)))
        # What is left of the sums stands at the next indices, in order.
        order = {i: index(rank + 1 + place) for place, i in enumerate(bound)}
        made = Contraction(
            tuple(factor.xreplace(order) for factor in factors),
            tuple((order[i], size) for i, size in bound.items()),
            body.coefficient,
        )
        sizes = (*line.sizes, self.extra)
        if not made.bound:
            whole: Contraction | Elementwise = Elementwise(made.coefficient * sympy.Mul(*made.factors))
        else:
            whole = made
        name = self.workspace.fresh("c")
        shared = self.workspace.reads_only_shared(whole)
        return self.workspace.append(Definition(name, whole, sizes, shared)).name


def is_positive(model: Model, definitions: tuple[Definition, ...], matrix: str, known: Mapping[Scalar, float]) -> bool | None:
    """Whether a symmetric matrix of consts is positive definite, by its pivots; None where its numbers are not known."""
    needed = keep_needed(definitions, [matrix])
    dims = {name: int(value) for name, value in model.dims.items() if value is not None and value.is_Integer}
    reads = {name for line in needed for name in line.reads()} - {line.name for line in needed}
    consts = {name: model.quantities[name] for name in reads if name in model.quantities}
    scalar = {name for name in reads if slot(name) in known}
    if any(q.role != "const" or q.initial is None for q in consts.values()) or reads - scalar - consts.keys():
        return None
    try:
        entries = sympy.Mul(*needed[-1].sizes)
        if entries.subs({symbol: dims[str(symbol)] for symbol in entries.free_symbols}) > MOST_ENTRIES:
            return None
        arrays = scalars(needed, dims, sizes={name: q.sizes for name, q in consts.items()})
    except KeyError:
        return None
    swap = {arrays[name][()]: known[slot(name)] for name in scalar}
    for name, quantity in consts.items():
        if name in scalar or quantity.initial is None:
            continue
        filled = _entries(quantity.initial, arrays[name].shape, known)
        if filled is None:
            return None
        swap |= {arrays[name][place]: entry for place, entry in filled.items()}
    rows = [[arrays[matrix][i, k].subs(swap) for k in range(arrays[matrix].shape[1])] for i in range(arrays[matrix].shape[0])]
    if any(entry.free_symbols for row in rows for entry in row):
        return None
    return _by_pivots([[float(entry) for entry in row] for row in rows])


def _entries(initial: Initial, shape: tuple[int, ...], known: Mapping[Scalar, float]) -> dict[tuple[int, ...], float] | None:
    """The numbers of a const of some axes; None where they are drawn at random, or read what is not known."""
    places: list[tuple[int, ...]] = list(product(*(range(n) for n in shape)))
    found: dict[tuple[int, ...], float] = {}
    for place in places:
        match initial.kind:
            case "zeros" | "ones":
                value: float | None = float(initial.kind == "ones")
            case "eye":
                value = float(place[0] == place[1])
            case "list":
                entry: object = initial.values
                for k in place:
                    assert isinstance(entry, tuple)
                    entry = entry[k]
                value = evaluate(entry, known)
            case "number":
                value = evaluate(initial.arguments[0], known)
            case _:
                value = None
        if value is None or not isfinite(value):
            return None
        found[place] = value
    return found


def _by_pivots(rows: list[list[float]]) -> bool:
    """Cholesky's pivots: all above 0 where a symmetric matrix is positive definite."""
    size = len(rows)
    if any(abs(rows[i][k] - rows[k][i]) > 1e-9 * (1 + abs(rows[i][k])) for i in range(size) for k in range(i)):
        return False
    factor = [[0.0] * size for _ in range(size)]
    for k in range(size):
        pivot = rows[k][k] - sum(factor[k][j] ** 2 for j in range(k))
        if pivot <= LEAST_PIVOT * max(abs(rows[k][k]), 1e-300):
            return False
        factor[k][k] = sqrt(pivot)
        for i in range(k + 1, size):
            factor[i][k] = (rows[i][k] - sum(factor[i][j] * factor[k][j] for j in range(k))) / factor[k][k]
    return True
