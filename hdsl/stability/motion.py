"""Motions: the matrices by which states move that move together, as far as their dynamics are linear and numbers tell.

Of the flow ``h' = A h + rest`` it is A, of ``next h = A h + rest`` the step itself; the rest may be anything that stays within
bounds. Eigenvalues of A are the poles of a flow.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

from hdsl.stability.forms import Form, Leaf
from hdsl.stability.numbers import UNEVEN, Numbers
from hdsl.stability.reading import MOST_ENTRIES, Alike, Entrywise, Given, too_many
from hdsl.terms.term import Definition, Structured, indices, keep_needed

FEW = 3  # entries of a size at which what holds at any size shows itself
DIGITS = 12  # what differs behind them is rounding


@dataclass(frozen=True)
class Motion:
    """States that move together: ``matrix`` has a row for each of the ``entries``, and is None where no numbers tell.

    ``entries`` names the state of each; where there is one of a state, it stands for all of its entries. ``flows`` tells of
    each whether it is a flow. ``within`` is true where the rest stays within bounds whatever the states do, ``whole`` where no
    state is in it.
    """

    states: tuple[str, ...]
    entries: tuple[str, ...]
    flows: tuple[bool, ...]
    matrix: tuple[tuple[float, ...], ...] | None
    within: bool
    whole: bool

    @cached_property
    def poles(self) -> tuple[complex, ...]:
        """The eigenvalues of the matrix."""
        return tuple(eigenvalues(self.matrix or ()))

    def step(self, tau: float) -> list[list[float]]:
        """J = ∂h⁺/∂h of a step: 1 + τA for flows, the matrix itself for what moves by ``next``."""
        rows = enumerate(zip(self.matrix or (), self.flows, strict=True))
        return [[(k == m) + tau * a if flow else a for m, a in enumerate(row)] for k, (row, flow) in rows]


@dataclass(frozen=True)
class Motions:
    """The motions of a model. ``bends`` is the first definition that is not linear in the states, ``untold`` says why entries
    were not worked out one by one where they differ."""

    all: tuple[Motion, ...]
    bends: Definition | None = None
    untold: str = ""


def motions(numbers: Numbers, given: Given | None = None) -> Motions:
    """The motions of the states that last from one sample to the next; ``given`` has numbers of parameters."""
    states, needed = _lasting(numbers)
    alike = Alike(numbers, states, given).read(needed)
    ranks = {state: len(numbers.model.quantities[state].sizes) for state in states}
    rows: dict[Leaf, Form] = {(s, indices(ranks[s])): alike.forms[made] for s, made in states.items()}
    found = tuple(_motions(numbers, rows, alike))
    untold = [state for one in found if one.matrix is None and one.within for state in one.states]
    if alike.uneven.isdisjoint(states[state] for state in untold):
        return Motions(found, alike.bends)
    why = too_many(numbers, needed, states)
    return Motions(found if why else _by_entries(numbers, given), alike.bends, why)


def _by_entries(numbers: Numbers, given: Given | None, most: int | None = None) -> tuple[Motion, ...]:
    """The motions with every entry worked out; ``most`` is a bound to which sizes are cut down."""
    states, needed = _lasting(numbers)
    forms = Entrywise(numbers, states, given).read(needed, most)
    rows: dict[Leaf, Form] = {(state, at): form for state, made in states.items() for at, form in forms[made].items()}
    return tuple(_motions(numbers, rows, None))


def _lasting(numbers: Numbers) -> tuple[dict[str, str], tuple[Definition, ...]]:
    """The states that are not reset at each sample, each with the definition of its dynamics, and all that these need."""
    model = numbers.model
    states = {name: moved.definition for name, moved in model.dynamics.items() if model.resets[name] != "sample"}
    return states, keep_needed(model.definitions, states.values())


def _motions(numbers: Numbers, rows: Mapping[Leaf, Form], alike: Alike | None) -> Iterator[Motion]:
    """States that bind one another, with the matrices of their rows."""
    model = numbers.model
    of: dict[str, list[Leaf]] = {}
    for leaf in rows:
        of.setdefault(leaf[0], []).append(leaf)
    for group in _bound({leaf: [name for name, _ in form.slope] for leaf, form in rows.items()}):
        own = {leaf: rows[leaf] for name in group for leaf in of[name]}
        told = all(leaf in own for form in own.values() for leaf in form.slope)
        uneven = not told or len(own) > MOST_ENTRIES or len({model.quantities[name].sizes for name in group}) > 1
        if alike is not None and uneven:  # entries take others' places
            alike.uneven.update(model.dynamics[name].definition for name in group)
            told = False
        matrix = tuple(tuple(form.slope.get(leaf, 0.0) for leaf in own) for form in own.values()) if told else ()
        known = tuple(tuple(value for value in row if value is not None) for row in matrix)
        yield Motion(
            states=group,
            entries=tuple(name for name, _ in own),
            flows=tuple(model.dynamics[name].kind == "flow" for name, _ in own),
            matrix=known if told and known == matrix else None,
            within=not any(form.bent or form.square for form in own.values()),
            whole=all(form.is_linear for form in own.values()),
        )


def _bound(reads: Mapping[Leaf, Iterable[str]]) -> list[tuple[str, ...]]:
    """The states that bind one another, in the order of the text."""
    group = {name: [name] for name, _ in reads}
    for (name, _), others in reads.items():
        for other in others:
            if group[other] is not group[name]:
                group[name] += group[other]
                group |= dict.fromkeys(group[other], group[name])
    order = {name: place for place, name in enumerate(group)}
    each = {id(own): own for own in group.values()}
    return [tuple(sorted(own, key=order.__getitem__)) for own in each.values()]


# What turns, whatever the parameters are ------------------------------------------------------------------------------


def turning(numbers: Numbers, states: tuple[str, ...]) -> tuple[Motion, bool] | None:
    """The motion of flows whose matrix is minus its transpose but for a leak, whatever their parameters are; else None.

    Each parameter counts with the largest number that it begins with. The second is false where one has none, or where they
    cancel when all entries are as large: then the motion tells of the leak alone.
    """
    lasting, needed = _lasting(numbers)
    read = {name for definition in needed for name in definition.reads()}
    begins = [q.initial.kind for q in numbers.model.quantities.values() if q.name in read and q.initial is not None]
    rigid = any(isinstance(definition.body, Structured) for definition in needed) or not set(UNEVEN).isdisjoint(begins)
    if len(states) > MOST_ENTRIES or (rigid and too_many(numbers, needed, lasting)):
        return None

    def drawn(draw: int) -> Motion | None:
        """At numbers from 0.5 to 1.5; without lists and cuts a few entries tell of any number of them."""
        most = None if rigid else FEW
        found = _by_entries(numbers, lambda q, at: 0.5 + crc32(f"{q.name} {at} {draw}".encode()) / 2**32, most)
        return next((one for one in found if one.states == states), None)

    first, second = drawn(1), drawn(2)
    if first is None or second is None or _leaks(first) is None or _leaks(first) != _leaks(second):
        return None
    reach = next((one for one in motions(numbers, lambda q, _: numbers.reach(q)).all if one.states == states), first)
    certain = reach.matrix is not None and any(a for k, row in enumerate(reach.matrix) for a in (*row[:k], *row[k + 1 :]))
    return (reach if certain else first), certain


def _leaks(motion: Motion) -> list[float] | None:
    """The diagonal of a matrix that is minus its transpose but for it."""
    rows = motion.matrix or ()
    bent = [rows[k][m] + rows[m][k] for k in range(len(rows)) for m in range(k)]
    return [round(row[k], DIGITS) for k, row in enumerate(rows)] if rows and not any(round(a, DIGITS) for a in bent) else None


def eigenvalues(rows: Sequence[Sequence[float]]) -> list[complex]:
    """The eigenvalues of a square matrix; by numpy, which is loaded for it, from three rows on."""
    if len(rows) < 2:
        return [complex(row[0]) for row in rows]
    if len(rows) == 2:
        (a, b), (c, d) = rows
        middle, root = (a + d) / 2, cmath.sqrt(((a - d) / 2) ** 2 + b * c)
        return [middle + root, middle - root]
    from numpy import asarray, isfinite
    from numpy.linalg import eigvals

    matrix = asarray(rows, float)
    return [complex(value) for value in eigvals(matrix)] if isfinite(matrix).all() else []
