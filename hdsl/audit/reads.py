"""Reads: what each update of a step reads, and from where, off the indices of the step's lines.

A line that the derivation made is opened, down to what stands by itself: what the last step left (states, costates,
parameters), what has moved already in this step, what arrived, and the values of the model's own definitions. Those are opened
too for the update of a state, which is where the network itself reads other units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, TypeAlias

import sympy

from hdsl.derive.step import Step
from hdsl.model.locality import BROADCASTS, MIXES
from hdsl.model.sharing import depending_on
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    index,
    slot_indices,
    slot_name,
    slots,
)

From: TypeAlias = Literal["own", "places", "all", "other"]
"""Its own unit or the ends of its synapse; these at every place where a parameter is used; what all share; other units."""

_FARTHER: dict[From, int] = {"own": 0, "places": 1, "all": 2, "other": 3}
_MARKS: dict[From, sympy.Symbol] = {far: sympy.Symbol(f"<{far}>") for far in _FARTHER if far != "own"}
_SUMMED = sympy.Symbol("<summed>")
"""What is summed while other indices stay: of other units, unless what reads the sum has more indices (then of all)."""
_NO_INDEX = {_SUMMED, *_MARKS.values()}
_NO_QUANTITY = ("learn:", "present:", "begins:", "token:", "seed:")


@dataclass(frozen=True)
class Read:
    """One quantity that an update reads.

    ``at`` are the update's own indices at which it is read, where they can be told; ``by`` the parameters, or the values,
    through which it comes from other units; ``transposed`` that these stand between the units the other way round than where
    the network uses them (weight transport); ``before`` that it is what the last step left.
    """

    name: str
    where: From
    at: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    transposed: bool = False
    before: bool = False


@dataclass(frozen=True)
class _Reach:
    """A read seen from the indices of the line that is being opened.

    ``at`` are those at which it is read, or, where entries have been moved and it is not ``told``, may be read.
    """

    name: str
    at: tuple[Any, ...]
    far: From = "own"
    by: tuple[str, ...] = ()
    told: bool = True

    @property
    def where(self) -> From:
        marks = [far for far, mark in _MARKS.items() if mark in self.at]
        summed: list[From] = ["other"] if _SUMMED in self.at else []
        return max([self.far, *marks, *summed], key=_FARTHER.__getitem__)


class Reads:
    """The reads of every update of a step, by cell."""

    def __init__(self, step: Step) -> None:
        self.step = step
        model = step.model
        self._lines = {line.name: line for line in step.lines}
        forward = {d.name for d in model.definitions}
        self._forward = forward | {f"{name}+" for name in forward} | {f"{name}+" for name in model.dynamics}
        self._forward |= {line.name for line in step.lines if line.name.startswith("begun:")}
        moving = {name for name, q in model.quantities.items() if q.role not in ("param", "const")}
        reads = {line.name: tuple(line.reads()) if line.name in self._forward else _weighing(line) for line in step.lines}
        credit = {name for name in (*reads, *chain(*reads.values())) if name.startswith(("z:", "w:", "back:", "adj:", "seed:"))}
        self._made_of = {d.name: tuple(d.reads()) for d in model.definitions}
        self._moving = depending_on((*moving, "t", "tau"), self._made_of)
        begin = (f"initial:{state}" for state in model.dynamics)  # read in place of what begins each sample anew
        self._of_a_step = depending_on((*self._moving, *credit, *begin, "t", "tau"), reads)
        self._opened: dict[tuple[str, bool, bool], tuple[_Reach, ...]] = {}

    def of(self, cell: str) -> tuple[Read, ...]:
        """What the update of a cell reads: its own unit first, then farther and farther."""
        opens = cell in self.step.model.dynamics
        line = self._lines[f"{cell}+"]
        by: dict[tuple[str, From, tuple[str, ...]], dict[str, None]] = {}
        of_own = depending_on((cell.partition(":")[2],), self._made_of)
        weights: dict[str, None] = {}  # by which numbers alone come from other units
        for reach in self._open(line, cell.startswith("w:"), opens):
            where = "places" if reach.name in reach.by and reach.name in of_own else reach.where
            where = "all" if not opens and self._gathered(reach.name, cell) else where
            through = [name for name in reach.by if where == "other" and not name.startswith("adj:")]
            if reach.name.startswith(_NO_QUANTITY) or reach.name in ("t", "tau"):
                weights |= dict.fromkeys(through)
                continue
            at = tuple(i.name for i in reach.at) if where == "own" and reach.told else ()
            by.setdefault((reach.name, where, at), {}).update(dict.fromkeys(through))
        if not any(where == "other" for _, where, _ in by):
            by |= {(name, "other", ()): {name: None} for name in weights}
        closest = sorted(by, key=lambda key: _FARTHER[key[1]])
        return tuple(
            Read(name, where, at, tuple(by[name, where, at]), where == "other" and not opens, name in self.step.cells)
            for name, where, at in closest
        )

    def _gathered(self, name: str, cell: str) -> bool:
        """Whether a name is a number that a definition makes of many units, read by an update that has units of its own."""
        if name not in self._forward or self._rank(name) > 0 or self._rank(f"{cell}+") == 0:
            return False
        waiting, seen = [name], set[str]()
        while waiting:
            one = waiting.pop()
            if self._rank(one) > 0:
                return True
            if one not in seen and one in self._lines:
                waiting += self._lines[one].reads()
            seen.add(one)
        return False

    def _stands(self, name: str, opens: bool) -> bool:
        """Whether a name is read as it is, and not opened."""
        if name not in self._lines:
            return True
        if name.removesuffix("+") in self.step.cells and name.endswith("+"):
            return True
        return name in self._forward and not opens

    def _of(self, name: str, gradient: bool, opens: bool) -> tuple[_Reach, ...]:
        """The reads of a line, each at the canonical indices of the line."""
        key = (name, gradient, opens)
        if key not in self._opened:
            together: dict[_Reach, dict[str, None]] = {}
            for reach in self._open(self._lines[name], gradient, opens):  # by whatever way: ways are too many to tell apart
                together.setdefault(replace(reach, by=()), {}).update(dict.fromkeys(reach.by))
            self._opened[key] = tuple(replace(reach, by=tuple(by)) for reach, by in together.items())
        return self._opened[key]

    def _open(self, line: Definition, gradient: bool, opens: bool) -> Iterable[_Reach]:
        """``gradient`` is true on the way from a parameter's costate to what moves: sums there are over its uses."""
        gradient = gradient and not self._is_credit_of_a_unit(line.name)
        match line.body:
            case Elementwise(expression=expression):
                for occurrence in slots(expression):
                    yield from self._slot(line, occurrence, {}, (), gradient, opens)
            case Contraction(factors=factors, coefficient=coefficient):
                bound = {i for i, _ in line.body.bound}
                for place, factor in enumerate(factors):
                    others = (*factors[:place], *factors[place + 1 :])
                    yield from self._factor(line, factor, others, bound, gradient, opens)
                for occurrence in slots(coefficient):
                    yield from self._slot(line, occurrence, {}, (), gradient, opens)
            case Structured():
                yield from self._operands(line, line.body, gradient, opens)

    def _factor(
        self, line: Definition, factor: Scalar, others: tuple[Scalar, ...], bound: set[Any], gradient: bool, opens: bool
    ) -> Iterator[_Reach]:
        own = slot_indices(factor)
        summed = [i for i in own if i in bound]
        if self._is_parameter(factor) and summed and any(set(summed) & set(slot_indices(o)) for o in others):
            return  # it is what others are read by
        marks: dict[Any, Any] = {}
        by: list[str] = []
        if self._is_parameter(factor) and summed and len(summed) < len(own):  # all that one unit weighs by others
            by.append(slot_name(factor))
            marks.update(dict.fromkeys(summed, _MARKS["other"]))
            summed = []
        for i in summed:
            ties = [o for o in others if i in slot_indices(o) and any(
                j in slot_indices(o) and j not in own for j in line.indices)]
            if gradient:
                ties = [o for o in ties if self._is_parameter(o)]
            beside = [o for o in others if i in slot_indices(o) and self._is_parameter(o) and len(slot_indices(o)) > 1]
            marks[i] = _MARKS["other" if ties else "places" if gradient else "all"]
            if line.indices and not ties and not gradient:
                marks[i] = _SUMMED
            by += [slot_name(o) for o in ties or beside]
        yield from self._slot(line, factor, marks, tuple(dict.fromkeys(by)), gradient, opens)

    def _operands(self, line: Definition, body: Structured, gradient: bool, opens: bool) -> Iterator[_Reach]:
        for place, operand in enumerate(body.operands):
            mixed = place in MIXES.get(body.row, ())
            by = tuple(o for o in body.operands if o != operand and self._is_parameter(sympy.Symbol(o)))
            if body.row in MIXES and not mixed and not gradient and self._is_parameter(sympy.Symbol(operand)):
                continue  # the kernel by which the image is read
            mark = _MARKS["other"] if mixed else _MARKS["places"] if gradient and body.row in MIXES else None
            for reach in self._reach_of(operand, gradient, opens):
                if mark is None and body.row not in BROADCASTS:
                    moved = (*line.indices, *(i for i in reach.at if i in _NO_INDEX))
                    yield replace(reach, at=moved, told=False)
                    continue
                at = reach.at if mark is None else (mark,)
                yield _Reach(reach.name, at, reach.where, (*by, *reach.by) if mark == _MARKS["other"] else reach.by)
                if body.row in BROADCASTS:
                    yield _Reach(reach.name, (_MARKS["all"],), reach.where, reach.by)

    def _reach_of(self, name: str, gradient: bool, opens: bool) -> tuple[_Reach, ...]:
        if self._stands(name, opens):
            return (_Reach(name, tuple(index(k) for k in range(self._rank(name)))),)
        return self._of(name, gradient, opens)

    def _slot(
        self,
        line: Definition,
        occurrence: Scalar,
        marks: Mapping[Any, Any],
        by: tuple[str, ...],
        gradient: bool,
        opens: bool,
    ) -> Iterator[_Reach]:
        """What a line reads by one slot, at the indices of the line."""
        name, own = slot_name(occurrence), slot_indices(occurrence)
        outer = tuple(marks.get(i, i) for i in own)
        if self._stands(name, opens):
            yield _Reach(name, outer, "own", by)
            return
        swap: dict[Any, Any] = dict(zip(self._lines[name].indices, outer, strict=True))
        if not gradient and set(line.indices) - set(own):  # one number for many of them
            swap[_SUMMED] = _MARKS["all"]
        for reach in self._of(name, gradient, opens):
            at, far = tuple(swap.get(i, i) for i in reach.at), reach.far
            if not at:  # a number: as far as what it comes through, but a sum of it hears of no other unit
                at = tuple(i for i in outer if i in _MARKS.values())
            if _MARKS["other"] in outer:  # all that comes through other units is theirs
                far = "other"
            yield replace(reach, at=at, far=far, by=tuple(dict.fromkeys((*by, *reach.by))))

    def _is_credit_of_a_unit(self, name: str) -> bool:
        """Whether a line is the adjoint of what moves: of a unit, and not of a parameter or of what is made of parameters."""
        kind, _, of = name.partition(":")
        return kind == "adj" and (of.startswith("initial:") or of.removesuffix("+") in self._moving)

    def _is_parameter(self, occurrence: Scalar) -> bool:
        """Whether a slot is of a parameter or a const, or made of these alone."""
        name = slot_name(occurrence)
        return name not in self._of_a_step and not name.startswith(_NO_QUANTITY)

    def _rank(self, name: str) -> int:
        bare = name.removesuffix("+")
        for prefix in ("z:", "w:", "back:", "begun:"):
            bare = bare.removeprefix(prefix)
        if name in self._lines:
            return len(self._lines[name].sizes)
        known = self.step.model.quantities.get(bare)
        return len(known.sizes) if known is not None else 0


def _weighing(line: Definition) -> tuple[str, ...]:
    """What a line of the derivation is made of: a weight behind a branch is that weight, whatever asks for the branch."""
    body = line.body
    if isinstance(body, Elementwise) and type(body.expression).__name__.startswith("where_"):
        branches = tuple(slot_name(s) for branch in body.expression.args[2:] for s in slots(branch))
        return branches or tuple(line.reads())
    return tuple(line.reads())
