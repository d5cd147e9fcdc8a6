"""Which parameters of a run's step lie side by side: [W | U | b] meets [h | u | 1] in one product, and one goes back.

A pack is the parameters of one such sum; a row holds what they meet at one point, each stream's quantities one after another.
A quantity lives in the first row that it stands in, and is copied into others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy

from hdsl.emit.align import BATCH, slot_layout
from hdsl.emit.taken_in import TakenIn, scaled_slot
from hdsl.optimise.program import Program, read_through
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, slot_indices, slot_name

COPY, BIAS = 0.8, 0.4
"""What a copy into a row costs, and what a vector beside the matrices saves, where a product is 1."""


@dataclass(frozen=True)
class Sum:
    """A sum ``rest + alpha (W h + U u + b)``: its line, the parameters, what each meets (None is 1), the contractions."""

    line: Definition
    parameters: tuple[str, ...]
    operands: tuple[str | None, ...]
    taken: tuple[str, ...]
    alpha: Scalar
    rest: Scalar


@dataclass(frozen=True)
class Row:
    """What a pack's parameters meet at one point, by the names of where it is kept; ``own`` lives here."""

    parameters: tuple[str, ...]
    operands: tuple[str | None, ...]
    own: frozenset[str]

    @property
    def copied(self) -> tuple[str, ...]:
        return tuple(x for x in self.operands if x is not None and x not in self.own)


@dataclass
class Packs:
    """``rows`` by the line whose sum a row is met in; ``sums`` are those lines as sums."""

    sums: dict[str, Sum] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[tuple[str, ...], ...]:
        """The parameters of each pack."""
        return tuple(dict.fromkeys(row.parameters for row in self.rows.values()))

    @property
    def distinct(self) -> tuple[Row, ...]:
        return tuple(dict.fromkeys(self.rows.values()))


def sums_of(
    program: Program, taken: TakenIn, matrices: frozenset[str], vectors: frozenset[str],
    shared: Callable[[str], bool], is_number: Callable[[Scalar], bool],
) -> dict[str, Sum]:
    """The sums whose parameters may lie side by side, by line. What they take in is then read where they stand.

    ``matrices`` and ``vectors`` are parameters.
    """
    reader = _Reader(program, matrices, vectors, shared, is_number)
    found = {s.line.name: s for line in program.lines if (s := reader.sum_of(line)) is not None}
    found = _told_apart(found)
    readers: dict[str, set[str]] = {}
    for line in program.lines:
        for name in line.reads():
            readers.setdefault(name, set()).add(line.name)
    dropped = True
    while dropped:  # a contraction that something else reads has to be made, and so is not taken in
        bad = {s.parameters for s in found.values() if any(not readers[c] <= found.keys() for c in s.taken)}
        dropped = bool(bad)
        found = {name: s for name, s in found.items() if s.parameters not in bad}
    if set(program.results) & {c for s in found.values() for c in s.taken}:
        return {}
    through = read_through(program.lines)
    places = {line.name: place for place, line in enumerate(program.lines)}
    for s in found.values():
        for c in s.taken:
            for name in through[c]:
                taken.last_read[name] = max(taken.last_read[name], places[s.line.name])
    return found


def _told_apart(found: dict[str, Sum]) -> dict[str, Sum]:
    """A parameter lies in one pack: that of the first sum that it stands in."""
    pack: dict[str, tuple[str, ...]] = {}
    for s in found.values():
        if not any(p in pack for p in s.parameters):
            pack.update(dict.fromkeys(s.parameters, s.parameters))
    return {name: s for name, s in found.items() if all(pack.get(p) == s.parameters for p in s.parameters)}


class _Reader:
    """Reads sums off the lines of a program."""

    def __init__(
        self, program: Program, matrices: frozenset[str], vectors: frozenset[str],
        shared: Callable[[str], bool], is_number: Callable[[Scalar], bool],
    ) -> None:
        self.lines = {line.name: line for line in program.lines}
        self.matrices, self.vectors, self.shared, self.is_number = matrices, vectors, shared, is_number
        self.places = {line.name: place for place, line in enumerate(program.lines)}
        self.through = read_through(program.lines)
        self.cells = frozenset(program.cells)

    def sum_of(self, line: Definition) -> Sum | None:
        if line.shared or len(line.indices) != 1 or not isinstance(line.body, Elementwise):
            return None
        parts = [(term, *scaled_slot(term, self.is_number)) for term in sympy.Add.make_args(line.body.expression)]
        products = [(term, number, self._product(x, line)) for term, number, x in parts if x is not None]
        met = [(term, number, p) for term, number, p in products if p is not None]
        matrices = sorted((m for m in met if m[2][1] is not None), key=lambda m: m[2][2])
        if not matrices or any(number != matrices[0][1] for _, number, _ in matrices):
            return None
        alpha = matrices[0][1]
        vectors = [m for m in met if m[2][1] is None and m[1] == alpha][:1]
        every = [*matrices, *vectors]
        rest = line.body.expression - sympy.Add(*(term for term, _, _ in every))
        parameters = tuple(p for _, _, (p, _, _) in every)
        operands = tuple(x for _, _, (_, x, _) in every)
        if len(every) < 2 or len(set(parameters)) < len(every) or len(set(operands)) < len(every):
            return None
        if (rest == 0 and alpha != 1) or (rest != 0 and scaled_slot(rest, self.is_number)[1] is None):
            return None
        return Sum(line, parameters, operands, tuple(c for _, _, (_, _, c) in matrices), alpha, rest)

    def _product(self, occurrence: Scalar, line: Definition) -> tuple[str, str | None, str] | None:
        """The parameter, what it meets, and the contraction: of a matrix times a vector, or of a vector that meets 1."""
        name = slot_name(occurrence)
        if slot_indices(occurrence) != line.indices:
            return None
        if name in self.vectors:
            return name, None, ""
        source = self.lines.get(name)
        if source is None or not isinstance(source.body, Contraction) or len(source.body.factors) != 2:
            return None
        if source.body.coefficient != 1 or source.shared:
            return None
        for matrix, vector in (source.body.factors, source.body.factors[::-1]):
            if slot_name(matrix) not in self.matrices or len(slot_indices(vector)) != 1:
                continue
            (row, column), (met,) = slot_indices(matrix), slot_indices(vector)
            if (row,) != source.indices or column != met or slot_layout(vector, self.shared).axes != (BATCH, met):
                continue
            return None if self._overtaken(source, line) else (slot_name(matrix), slot_name(vector), name)
        return None

    def _overtaken(self, source: Definition, line: Definition) -> bool:
        """Whether a cell that the contraction reads gets its new value before the sum stands there."""
        here, there = self.places[source.name], self.places[line.name]
        return any(here <= self.places.get(f"{n}+", -1) < there for n in self.through[source.name] if n in self.cells)


def packs_of(sums: dict[str, Sum], kept_at: Callable[[str], str | None]) -> Packs:
    """The packs that save more than their copies cost. ``kept_at`` names where a run keeps a quantity; None: nowhere."""
    packs = Packs()
    homes: set[str] = set()
    for parameters in dict.fromkeys(s.parameters for s in sums.values()):
        mine = [s for s in sums.values() if s.parameters == parameters]
        rows: dict[tuple[str | None, ...], Row] = {}
        taken = set(homes)
        for s in mine:
            places = tuple(_place(x, kept_at) for x in s.operands)
            if places not in rows:
                own = frozenset(x for x in places if x is not None and not x.startswith(":") and x not in taken)
                taken |= own
                rows[places] = Row(parameters, places, own)
        if _saved(mine, list(rows.values())) > 0:
            homes = taken
            packs.sums |= {s.line.name: s for s in mine}
            packs.rows |= {s.line.name: rows[tuple(_place(x, kept_at) for x in s.operands)] for s in mine}
    return packs


def _place(operand: str | None, kept_at: Callable[[str], str | None]) -> str | None:
    """Where an operand is kept; a colon before the name of what must be copied wherever it is met."""
    return None if operand is None else kept_at(operand) or f":{operand}"


def _saved(sums: list[Sum], rows: list[Row]) -> float:
    """In products: those forward, those back, less the copies."""
    weights = [BIAS if x is None else 1.0 for x in sums[0].operands]
    apart = sum(weights) - 1
    return apart * len(sums) + (len(weights) - 1) - COPY * sum(len(row.copied) for row in rows)


