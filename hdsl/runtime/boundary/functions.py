"""The functions of a boundary problem in numbers: how its cells lie in one vector, and its slopes and conditions by that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hdsl.derive.boundary import RUNNING, WHOLE
from hdsl.model.model import Model
from hdsl.runtime.boundary.two_point import Array, TwoPoint
from hdsl.terms.term import Definition

Given = Mapping[str, Any]
Function = Callable[[dict[str, Any]], dict[str, Any]]
COST = "J"


def nothing_arrives(t: Array) -> dict[str, Array]:
    """The inputs and targets of a model that has none."""
    return {}


@dataclass(frozen=True)
class Functions:
    """What a model was compiled to, with numbers for all that does not move.

    ``flow``, ``begin``, ``end`` are those of `hdsl.derive.boundary`; ``choose`` makes the controls from the rest,
    ``sloped`` the slopes of H′ by them. They take
    values by hdsl's names, points first, and give every line of theirs. ``shapes`` has the shape of each state and parameter,
    each ``mu:k`` and each control; ``first`` what states and parameters begin with; ``numbers`` consts, settings, sizes.
    ``signals`` gives inputs and targets at times; ``reads`` is what the flow reads, ``lines`` are its lines,
    ``eta`` is the dissipation.
    """

    model: Model
    flow: Function
    begin: Function
    end: Function
    choose: Function
    sloped: Function
    shapes: Mapping[str, tuple[int, ...]]
    first: Mapping[str, Array]
    numbers: Given
    signals: Callable[[Array], dict[str, Array]] = nothing_arrives
    reads: frozenset[str] = frozenset()
    lines: tuple[Definition, ...] = ()
    eta: float = 0.0
    places: Mapping[str, slice] = field(default_factory=dict)

    @classmethod
    def placed(cls, **given: Any) -> Functions:
        """The functions with a place in the vector for each cell: states, parameters, their costates, J."""
        model, shapes = given["model"], given["shapes"]
        moved = [*model.dynamics, *(param.name for param in model.of_role("param"))]
        marks = {name: f"z:{name}" if name in model.dynamics else f"w:{name}" for name in moved}
        places, count = {}, 0
        for cell, name in [*((n, n) for n in moved), *((marks[n], n) for n in moved)]:
            size = int(np.prod(shapes[name], dtype=int))
            places[cell] = slice(count, count + size)
            count += size
        places[COST] = slice(count, count + 1)
        return cls(**given, places=places)

    @property
    def size(self) -> int:
        return self.places[COST].stop

    @property
    def params(self) -> tuple[str, ...]:
        return tuple(param.name for param in self.model.of_role("param"))

    def costate(self, name: str) -> str:
        return f"z:{name}" if name in self.model.dynamics else f"w:{name}"

    def shape(self, cell: str) -> tuple[int, ...]:
        return self.shapes[cell if cell in self.shapes else cell.rpartition(":")[2]]

    # Along the path ---------------------------------------------------------------------------------------------------

    def cells(self, y: Array) -> dict[str, Any]:
        """The cells of points (size, m) by name, points first."""
        found = {}
        for name, place in self.places.items():
            if name != COST:
                found[name] = np.ascontiguousarray(y[place].T).reshape(-1, *self.shape(name))
        return found

    def given(self, t: Array, y: Array) -> dict[str, Any]:
        """Everything that the functions read at points, but controls."""
        return {**self.numbers, ":batch": len(t), "t": t, **self.signals(t), **self.cells(y)}

    def along(self, t: Array, y: Array, controls: Given | None = None) -> dict[str, Any]:
        """Every line of the flow at points, with what it has read; controls are chosen where they are not given."""
        given = self.given(t, y)
        given |= self.choose(given) if controls is None else controls
        return {**given, **self.flow(given)}

    def slope(self, t: Array, y: Array) -> Array:
        """ẏ (size, m)."""
        made = self.along(t, y)
        found = np.empty_like(y)
        for name, place in self.places.items():
            line = RUNNING if name == COST else f"dot:{name}"
            found[place] = np.asarray(made[line]).reshape(len(t), -1).T
        return found

    def rest(self, cell: str, points: int) -> Array:
        """What a state or a parameter begins with, (entries, points)."""
        return np.repeat(np.asarray(self.first[cell], float).reshape(-1, 1), points, axis=1)

    # The ends ---------------------------------------------------------------------------------------------------------

    @property
    def mus(self) -> tuple[str, ...]:
        return tuple(f"mu:{number}" for number in range(len(self.model.finals)))

    @property
    def unknowns(self) -> int:
        return sum(int(np.prod(self.shapes[mu], dtype=int)) for mu in self.mus)

    def named(self, p: Array) -> dict[str, Array]:
        """The unknowns (unknowns, m) by name, cases first."""
        found, count = {}, 0
        for mu in self.mus:
            size = int(np.prod(self.shapes[mu], dtype=int))
            found[mu] = np.ascontiguousarray(p[count : count + size].T).reshape(-1, *self.shapes[mu])
            count += size
        return found

    def at_end(self, last: Array, p: Array, end: Array) -> dict[str, Any]:
        """Every line at the end, of cases side by side."""
        given = {**self.given(end, last), "T": end, **self.named(p)}
        return {**given, **self.end(given)}

    def beginnings(self, first: Array) -> dict[str, Array]:
        """By the cell whose condition it is what is to be 0 at the beginning, (entries, cases)."""
        count, model = first.shape[1], self.model
        given = self.given(np.zeros(count), first)
        made = self.begin(given) if model.begun else {}
        found = {}
        for name in (*model.dynamics, *self.params):
            costate = self.costate(name)
            if name in model.free:
                passed = made.get(f"begin:{costate}")
                extra = 0.0 if passed is None else np.asarray(passed).reshape(count, -1).T
                found[costate] = first[self.places[costate]] + extra
            elif f"initial:{name}" in made:
                found[name] = first[self.places[name]] - np.asarray(made[f"initial:{name}"]).reshape(count, -1).T
            else:
                found[name] = first[self.places[name]] - self.rest(name, count)
        return {**found, COST: first[self.places[COST]]}

    def endings(self, last: Array, p: Array, end: Array, free: bool) -> dict[str, Array]:
        """The same at the end: transversality by costate, conditions by their ``mu:k``, and ``T`` where that is free."""
        made = self.at_end(last, p, end)
        found = {}
        for name in (*self.model.dynamics, *self.params):
            costate = self.costate(name)
            wanted = np.asarray(made[f"end:{costate}"]).reshape(len(end), -1).T
            found[costate] = last[self.places[costate]] - wanted
        for mu, final in zip(self.mus, self.model.finals, strict=True):
            found[mu] = np.asarray(made[final.definition], float).reshape(len(end), -1).T
        if free:
            whole = self.along(end, last)[WHOLE]
            found["T"] = np.reshape(whole + made["end:T"], (1, -1))
        return found

    def problem(self, free: bool, moved_in: Array | None = None) -> TwoPoint:
        """The two-point problem. ``moved_in`` is what the conditions at the end are to be instead of 0, (unknowns,)."""

        def ends(first: Array, last: Array, p: Array, end: Array) -> Array:
            endings = self.endings(last, p, end, free)
            if moved_in is not None:
                count = 0
                for mu in self.mus:
                    endings[mu] = endings[mu] - moved_in[count : count + len(endings[mu]), None]
                    count += len(endings[mu])
            return np.concatenate([*self.beginnings(first).values(), *endings.values()])

        return TwoPoint(self.size, self.unknowns, self.slope, ends, free)

