"""Differences: what two models have derived from them that is not the same, summand by summand.

Everything is compared by content (`hdsl.compare.content`): names of definitions, their order and how formulas are cut into
them are no differences. What reads a definition that has changed is told to have changed by way of it, and the
definition is compared in its turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import sympy

from hdsl.compare.content import Contents, Table
from hdsl.compare.declared import Declared, declared, settings
from hdsl.compare.renamed import Renamed, renamings
from hdsl.derive.accumulate import accumulate, total
from hdsl.derive.equations import Equations
from hdsl.derive.hamiltonian import SIGN
from hdsl.derive.seeds import PHI, seed_cost
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.syntax.source import Span
from hdsl.terms.naming import owner
from hdsl.terms.term import Definition, Elementwise, merge_spans

Kind = Literal["definition", "adjoint", "state", "costate", "parameter", "beginning", "output", "cost", "project"]
ORDER: tuple[Kind, ...] = (
    "cost", "output", "beginning", "definition", "adjoint", "state", "costate", "parameter", "project",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One of the two models, with how its equations are shown.

    ``pieces`` cuts a definition into its summands, each a definition of its own; ``text`` spells one; ``reads`` has the
    names of definitions that a reader sees in it.
    """

    equations: Equations
    pieces: Callable[[Definition], Sequence[Definition]]
    text: Callable[[Definition], str]
    reads: Callable[[Definition], Sequence[str]]

    @property
    def model(self) -> Model:
        return self.equations.model


@dataclass(frozen=True)
class Summand:
    """A summand that one side has alone; ``roots`` are the costs and states that it comes from, ``spans`` their places."""

    definition: Definition
    roots: tuple[str, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Change:
    """One equation. ``old`` or ``new`` is None where it is there on one side only; ``through`` names changed definitions."""

    kind: Kind
    name: str
    old: Definition | None
    new: Definition | None
    lost: tuple[Summand, ...] = ()
    gained: tuple[Summand, ...] = ()
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differences:
    """What two models do not have in common; ``unchanged`` are the equations that they have."""

    renamed: tuple[Renamed, ...]
    declared: tuple[Declared, ...]
    settings: tuple[Declared, ...]
    changes: tuple[Change, ...]
    unchanged: tuple[tuple[Kind, str], ...]

    @property
    def none(self) -> bool:
        return not (self.renamed or self.declared or self.settings or self.changes)


def compare(old: Side, new: Side) -> Differences:
    """The differences from one model to another."""
    names = renamings(old.model, new.model, lambda renamed: _distance(old, new, renamed))
    comparison = _Comparison(old, new, {one.old: one.new for one in names})
    changes = comparison.changes()
    names = (*names, *comparison.renamed)
    changed = {(one.kind, one.name) for one in changes}
    unchanged = tuple(key for key in comparison.common if key not in changed)
    return Differences(
        renamed=names,
        declared=tuple(declared(old.model, new.model, {one.old: one.new for one in names})),
        settings=tuple(settings(old.model, new.model, {one.old: one.new for one in names})),
        changes=tuple(sorted(changes, key=lambda one: ORDER.index(one.kind))),
        unchanged=unchanged,
    )


def _distance(old: Side, new: Side, renamed: Mapping[str, str]) -> int:
    """How many equations differ under a renaming."""
    comparison = _Comparison(old, new, renamed)
    return len(comparison.differing()) + len(comparison.alone)


class _Comparison:
    def __init__(self, old: Side, new: Side, renamed: Mapping[str, str]) -> None:
        self.old, self.new = old, new
        table = Table()
        # What is put back is made of definitions of its own, whose names may be those of others.
        sides = ((old, renamed), (new, dict[str, str]()))
        self.contents = tuple(_contents(side.model, side.equations.definitions, table, swap) for side, swap in sides)
        self.projected = tuple(_contents(side.model, side.model.projected, table, swap) for side, swap in sides)
        self.by_name = tuple({d.name: d for d in side.equations.definitions} for side in (old, new))
        left = {(kind, renamed.get(name, name)): made for (kind, name), made in equations_of(old.equations).items()}
        right = equations_of(new.equations)
        self.renamed = tuple(self._pair_by_content(left, right))
        self.left, self.right = left, right
        self.common = tuple(key for key in left if key in right)
        self.alone = tuple(key for key in (*left, *right) if not (key in left and key in right))

    def _pair_by_content(self, left: dict[Any, Definition], right: dict[Any, Definition]) -> Iterator[Renamed]:
        """Costs and outputs of one side alone that say the same are one, under another name."""
        for kind, name in [key for key in left if key[0] in ("cost", "output") and key not in right]:
            for other in [key for key in right if key[0] == kind and key not in left]:
                if self.contents[0].of(left[kind, name]) == self.contents[1].of(right[other]):
                    left[other] = left.pop((kind, name))
                    yield Renamed(kind, name, other[1])
                    break

    def differing(self) -> list[tuple[Kind, str]]:
        return [key for key in self.common if self._differ(key)]

    def _differ(self, key: tuple[Kind, str]) -> bool:
        first, second = self.projected if key[0] == "project" else self.contents
        return bool(first.of(self.left[key]) != second.of(self.right[key]))

    def changes(self) -> list[Change]:
        """Every equation that differs, with the definitions by way of which it does."""
        found = [Change(kind, name, self.left.get((kind, name)), self.right.get((kind, name))) for kind, name in self.alone]
        waiting: list[tuple[Kind, str, Definition, Definition]] = [
            (*key, self.left[key], self.right[key]) for key in self.differing()
        ]
        met: set[str] = {name for kind, name in self.common if kind in ("cost", "output")}
        while waiting:
            kind, name, before, after = waiting.pop(0)
            change = self._change(kind, name, before, after)
            found.append(change)
            for other in (*change.through, *self._unknown(change)):
                if other in met:
                    continue
                met.add(other)
                of: Kind = "adjoint" if other.startswith("adj:") else "definition"
                one, two = (by_name.get(other) for by_name in self.by_name)
                if one is not None and two is not None:
                    waiting.append((of, other, one, two))
                else:
                    found.append(Change(of, other, one, two))
        return found

    def _unknown(self, change: Change) -> Iterator[str]:
        """What a reader sees in summands of one side and would not find on the other, or not the same."""
        if change.kind == "project":
            return
        sides = ((change.lost, self.old, 0), (change.gained, self.new, 1))
        for summands, side, place in sides:
            for name in (name for one in summands for name in side.reads(one.definition)):
                made, other = self.by_name[place].get(name), self.by_name[1 - place].get(name)
                if made is None or name in (*side.model.costs, *side.model.outputs):
                    continue
                content = self.contents[place].of(made)
                same = other is not None and self.contents[1 - place].of(other) == content
                if not same and content not in self._said[1 - place]:
                    yield name

    @cached_property
    def _said(self) -> tuple[set[Any], ...]:
        """The contents of all definitions of each side."""
        return tuple(
            {contents.of(made) for made in own.values()}
            for contents, own in zip(self.contents, self.by_name, strict=True)
        )

    def _change(self, kind: Kind, name: str, before: Definition, after: Definition) -> Change:
        if kind == "project":  # as a whole: it has no summands that come from elsewhere
            whole = (Summand(one, (), one.spans) for one in (before, after))
            return Change(kind, name, before, after, (next(whole),), (next(whole),))
        lost, gained = self._alone(before, after)
        through: dict[str, None] = {}
        for one in list(lost):
            text = self.old.text(one)
            same = next((other for other in gained if self.new.text(other) == text), None)
            seen = self._changed(one, same) if same is not None else []
            if same is not None and seen:
                through |= dict.fromkeys(seen)
                lost.remove(one)
                gained.remove(same)
        return Change(
            kind, name, before, after,
            tuple(self._summand(self.old, 0, one, before) for one in lost),
            tuple(self._summand(self.new, 1, one, after) for one in gained),
            tuple(through),
        )  # fmt: skip

    def _alone(self, before: Definition, after: Definition) -> tuple[list[Definition], list[Definition]]:
        """The summands that each side has alone, as often as it has more of them."""
        pieces = [side.pieces(one) for side, one in ((self.old, before), (self.new, after))]
        keys = [[contents.of(piece) for piece in own] for contents, own in zip(self.contents, pieces, strict=True)]
        rest = Counter(keys[0]) & Counter(keys[1])
        found: tuple[list[Definition], list[Definition]] = ([], [])
        for alone, own, mine in zip(found, pieces, keys, strict=True):
            left = rest.copy()
            for piece, key in zip(own, mine, strict=True):
                if left[key]:
                    left[key] -= 1
                else:
                    alone.append(piece)
        return found

    def _changed(self, one: Definition, other: Definition) -> list[str]:
        """The definitions that a reader sees in both and that do not say the same."""
        first, second = self.by_name
        names = [name for name in self.old.reads(one) if name in self.new.reads(other)]
        both = [name for name in names if name in first and name in second]
        return [name for name in both if self.contents[0].of(first[name]) != self.contents[1].of(second[name])]

    def _summand(self, side: Side, place: int, piece: Definition, equation: Definition) -> Summand:
        roots = self._roots(side, place, piece, equation)
        dynamics = {state: made.span for state, made in side.model.dynamics.items()}
        places = {d.name: d.spans for d in side.model.definitions if d.name in side.model.costs}
        places |= {state: (span,) for state, span in dynamics.items()}
        known = [places[root] for root in roots if root in places]
        return Summand(piece, roots, merge_spans(*known) if known else equation.spans if not roots else ())

    def _roots(self, side: Side, place: int, piece: Definition, equation: Definition) -> tuple[str, ...]:
        """The costs and states that a summand comes from.

        What it reads tells, where that is derived. What holds φ comes from a cost, and of several from that which gives it
        when it is derived alone; what holds a costate z comes from that state.
        """
        by_name = self.by_name[place]
        names = tuple(piece.reads())
        told = [root for name in names if name in by_name for root in by_name[name].roots]
        costs = [root for root in equation.roots if root in side.model.costs]
        if not told and any(name == "learn:phi" or name.startswith("seed:") for name in names):
            told = [cost for cost in costs if len(costs) == 1 or self._gives(side, place, cost, piece, equation)] or costs
        if not told and not any(name.startswith("learn:eta") for name in names):
            told = [name.removeprefix("z:") for name in names if name.startswith("z:")]
        return tuple(dict.fromkeys(told))

    def _gives(self, side: Side, place: int, cost: str, piece: Definition, equation: Definition) -> bool:
        """Whether a cost by itself gives an equation this summand."""
        model, contents = side.model, self.contents[place]
        of = owner(equation.name)
        workspace = Workspace(model)
        seeds = {cost: seed_cost(workspace, cost, self.by_name[place][cost], PHI)}
        parts = accumulate(workspace, model.definitions, seeds, (of,))[of]
        alone = _contents(model, (*model.definitions, *workspace.added), contents.table, contents.renamed)
        given = sympy.Add.make_args(-SIGN * total(parts))
        return contents.of(piece) in [alone.of(replace(piece, body=Elementwise(term))) for term in given]


def _contents(model: Model, made: Iterable[Definition], table: Table, renamed: Mapping[str, str]) -> Contents:
    return Contents(made, table, {q.name: q.shared for q in model.quantities.values()}, renamed)


def equations_of(equations: Equations) -> dict[tuple[Kind, str], Definition]:
    """Everything that is compared, by kind and name."""
    model = equations.model
    by_name = {d.name: d for d in equations.definitions}
    projected = {d.name: d for d in model.projected}
    found: dict[tuple[Kind, str], Definition] = {("cost", cost): by_name[cost] for cost in model.costs}
    found |= {("output", name): by_name[name] for name in model.outputs}
    found |= {("beginning", name): by_name[f"initial:{name}"] for name in model.begun}
    found |= {("state", name): made for name, made in equations.state.items()}
    for name, made in equations.costate.items():
        found["costate" if name in equations.state else "parameter", name] = made
    found |= {("project", made.param): projected[made.definition] for made in model.projections}
    return found
