"""Which matrices of a run's step lie below one another: [W | U | b] and C meet the same h, so that one product gives a and y.

Where their outer products have one factor, one call takes both back, and one addition moves them. It works on the
statements: each call that it gathers is one that stood there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hdsl.emit.room_lines import RoomLines
from hdsl.emit.side import one_addition
from hdsl.emit.statement import Statement


@dataclass(frozen=True)
class Member:
    """A pack of parameters, or one matrix, by its identifiers: all of it, its costates, its transpose, its first matrix."""

    parameter: str
    whole: str
    costates: str
    turned: str
    head: str


@dataclass(frozen=True)
class Stack:
    """Members below one another, the widest first; of all, ``turned`` is the transpose and ``heads`` are the first columns."""

    members: tuple[Member, ...]
    whole: str
    costates: str
    turned: str
    heads: str


@dataclass
class Stacks:
    """What lies together, by the identifier of all of it.

    ``joined`` are values side by side, ``cells`` are cells, ``within`` those that lie so in a row, which is told, ``heads`` the
    matrices of a pack. ``sides`` are values that are copied into columns, ``rests`` what a stack's costates have beside those
    of its narrower members.
    """

    stacks: list[Stack] = field(default_factory=list)
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cells: dict[str, tuple[str, ...]] = field(default_factory=dict)
    within: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    heads: dict[str, tuple[str, str]] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
    rests: dict[str, str] = field(default_factory=dict)

    @property
    def together(self) -> dict[str, tuple[str, ...]]:
        """All that lies side by side."""
        return {**self.joined, **self.cells, **{whole: names for whole, (_, names) in self.within.items()}}


@dataclass(frozen=True)
class _Product:
    """``torch.mm(met, turned, out=made)`` at a place."""

    place: int
    met: str
    member: Member
    made: str


def stacked(maker: Gathering) -> None:
    """Gather products and additions."""
    while maker.gathered():
        pass
    for stack in maker.found.stacks:
        maker.statements = [_one_back(s, stack, maker) for s in maker.statements]


def moved_together(maker: Gathering) -> None:
    """Gather what moves the members of a stack: outer products of one factor, and the addition of all costates."""
    for stack in maker.found.stacks:
        maker.statements = _one_outer(maker.statements, stack, maker)
        maker.statements = _one_with_a_row(maker.statements, stack, maker)
        mine = {(m.whole, m.costates) for m in stack.members}
        maker.statements = [one_addition(s, mine, stack.whole, stack.costates) for s in maker.statements]


class Gathering:
    """Statements whose products are gathered, and what has to lie together for it.

    Args:
        columns: where results are written, by identifier.
        may_join: tells of an identifier whether its place is free.
    """

    def __init__(
        self, statements: list[Statement], lines: RoomLines, columns: dict[str, str], may_join: Callable[[str], bool]
    ) -> None:
        self.statements, self.lines, self.columns, self.found = statements, lines, columns, Stacks()
        self._may_join = may_join
        self.cells = {lines.names[cell]: cell for cell in lines.program.cells}
        self.rows = {lines.row(row): row for row in lines.packs.distinct}
        self.members = {m.turned: m for m in self._members()}

    def may_join(self, name: str) -> bool:
        """Whether a value may lie beside others: its place is free, and it lies beside none yet."""
        return self._may_join(name) and not any(name in names for names in self.found.together.values())

    def _members(self) -> list[Member]:
        names, lines = self.lines.names, self.lines
        packed = {p for parameters in lines.packs.parameters for p in parameters}
        made = [
            Member(p[0], lines.pack(p), lines.pack(p, "w:"), names[f"turned:side:{p[0]}"], names[p[0]])
            for p in lines.packs.parameters
        ]
        alone = [w for w in lines.program.cells if w in lines.matrices - lines.apart and w not in packed]
        return [*made, *(Member(w, names[w], names[f"w:{w}"], names[f"turned:{w}"], names[w]) for w in alone)]

    def gathered(self) -> bool:
        """Gather one more group of products, if there is one."""
        met: dict[str, list[_Product]] = {}
        for place, statement in enumerate(self.statements):
            call = _MM.fullmatch(statement.text)
            if call and call[2] in self.members and (self.may_join(call[3]) or call[3] in self.columns):
                met.setdefault(self.head_of(call[1]), []).append(_Product(place, call[1], self.members[call[2]], call[3]))
        for products in met.values():
            wide = [p for p in products if p.met in self.rows]
            group = [*wide, *(p for p in products if p.met not in self.rows)]
            if len({p.member for p in group}) == len(group) > 1 and len({p.met for p in wide}) <= 1 and self._gather(group):
                return True
        return False

    def head_of(self, met: str) -> str:
        """What lies at the beginning of a row, if it lives there."""
        row = self.rows.get(met)
        first = row.operands[0] if row is not None else None
        return self.lines.name(first) if row is not None and first in row.own else met

    def _gather(self, group: list[_Product]) -> bool:
        """One product in the place of several, if nothing between them says otherwise."""
        members = tuple(p.member for p in group)
        if not self.stackable(members):
            return False
        stack = next((s for s in self.found.stacks if s.members == members), None)
        first, last = min(p.place for p in group), max(p.place for p in group)
        row = self.rows.get(group[0].met)
        parts = {group[0].met, self.head_of(group[0].met), *(v for (r, _), v in self.lines.parts.items() if r == row)}
        words = {name for m in members for name in (m.whole, m.head, m.turned)} | parts
        between = [s for k, s in enumerate(self.statements[first:last], first) if k not in {p.place for p in group}]
        if any(words & set(_WORD.findall(s.text.partition("#")[0])) for s in between):
            return False
        stack = stack or self.stack(members)
        made = []
        for p in group:
            side = self.lines.names[f"side:{self.columns[p.made]}"] if p.made in self.columns else p.made
            made.append(side)
            if side != p.made:
                self.found.sides[side] = p.made
        definitions = tuple(d for p in group for d in self.statements[p.place].definitions)
        one = Statement(f"torch.mm({group[0].met}, {stack.turned}, out={self.join(made)})", definitions)
        for p, side in zip(group, made, strict=True):
            copied = Statement(f"{p.made}.copy_({side})", ())
            self.statements[p.place] = copied if side != p.made else Statement("", ())
        self.statements.insert(first, one)
        self.statements = [s for s in self.statements if s.text]
        return True

    def stackable(self, members: tuple[Member, ...]) -> bool:
        """Whether members lie below one another already, or none of them lies in a stack."""
        known = [s.members for s in self.found.stacks]
        return members in known or not any(m in stack for stack in known for m in members)

    def stack(self, members: tuple[Member, ...]) -> Stack:
        """The stack of these members, made if it is not there."""
        for known in self.found.stacks:
            if known.members == members:
                return known
        names, first = self.lines.names, members[0].parameter
        heads = names[",".join(m.parameter for m in members)]
        made = Stack(members, names[f"stack:{first}"], names[f"w:stack:{first}"], names[f"turned:stack:{first}"], heads)
        self.found.stacks.append(made)
        return made

    def heads(self, first: str, second: str) -> str:
        """The identifier of the first two matrices of a pack."""
        whole = self.lines.names[f"{first},{second}"]
        self.found.heads[whole] = (first, second)
        return whole

    def beside(self, pair: tuple[str, ...]) -> str | None:
        """The identifier of two cells, or of their new values, that lie side by side from here on; None where they cannot."""
        whole = self.lines.names[",".join(pair)]
        if self.found.together.get(whole) == pair:
            return whole
        for ident, row in self.rows.items():
            if tuple(self.lines.name(x) for x in row.operands[:2] if x is not None and x in row.own) == pair:
                self.found.within[whole] = (ident, pair)
                return whole
        if not all(map(self.may_join, pair)):
            return None
        (self.found.cells if pair[0] in self.cells else self.found.joined)[whole] = pair
        return whole

    def apart(self, whole: str) -> None:
        """Let values lie where they lay."""
        for known in (self.found.cells, self.found.within, self.found.joined):
            known.pop(whole, None)

    def turned(self, name: str) -> str:
        """The identifier of a transpose, a view that is made once."""
        return self.lines.views.setdefault(name, self.lines.names[f"turned:view:{name}"])

    def join(self, made: list[str]) -> str:
        """The identifier of values that lie side by side from here on."""
        whole = self.lines.names[",".join(made)]
        self.found.joined[whole] = tuple(made)
        return whole


def _one_back(statement: Statement, stack: Stack, maker: Gathering) -> Statement:
    """``z.addmm_(ē, C, …).addmm_(ā, W, …)`` as one product with the rows of W above those of C."""
    calls = list(_ADDMM.finditer(statement.text))
    by_head = {call[2]: call for call in calls}
    heads = [m.head for m in stack.members]
    if len(by_head) < len(calls) or not by_head.keys() >= set(heads):
        return statement
    mine = sorted((by_head[head] for head in heads), key=lambda call: call.start())
    joint = all(a.end() == b.start() for a, b in pairwise(mine))
    same = len({call[4] for call in mine}) == 1 and not any(call[3] for call in mine[1:])
    made = [by_head[head][1] for head in heads]
    if not joint or not same or not all(map(maker.may_join, made)) or len(set(made)) < len(made):
        return statement
    if not maker.cells.keys().isdisjoint(made):  # a costate has a value before the first step: its place is not free
        return statement
    one = f".addmm_({maker.join(made)}, {stack.heads}{mine[0][3] or ''}{mine[0][4] or ''})"
    return replace(statement, text=statement.text[: mine[0].start()] + one + statement.text[mine[-1].end() :])


def _one_outer(statements: list[Statement], stack: Stack, maker: Gathering) -> list[Statement]:
    """``w_A.addmm_(a_t, u, …)``, ``w_B.addmm_(b_t, u, …)`` of matrices that are as wide, a and b side by side."""
    turned = {view: name for name, view in maker.lines.views.items()}
    calls = {c[1]: (k, c) for k, s in enumerate(statements) if (c := _OUTER.fullmatch(s.text))}
    if any(m.whole != m.head or m.costates not in calls for m in stack.members):
        return statements
    mine = [calls[m.costates] for m in stack.members]
    pair = tuple(turned.get(call[2], "") for _, call in mine)
    whole = next((whole for whole, names in maker.found.together.items() if names == pair), None)
    places = sorted(k for k, _ in mine)
    words = {*pair, *(m.costates for m in stack.members), mine[0][1][3]}
    between = (s for k, s in enumerate(statements[places[0] : places[-1]], places[0]) if k not in places)
    if whole is None or len({call.group(3, 4) for _, call in mine}) > 1:
        return statements
    if any(words & set(_WORD.findall(s.text)) for s in between):
        return statements
    definitions = tuple(d for k in places for d in statements[k].definitions)
    call = mine[0][1]
    one = Statement(f"{stack.costates}.addmm_({maker.turned(whole)}, {call[3]}{call[4]})", definitions)
    return [one if k == places[0] else s for k, s in enumerate(statements) if k == places[0] or k not in places]


def _one_with_a_row(statements: list[Statement], stack: Stack, maker: Gathering) -> list[Statement]:
    """``w_P.addmm_(a_t, row, …)``, ``w_C.addmm_(e_t, h, …)`` with h first in the row, a and e side by side, are one product.

    It writes beside w_C too, where C has nothing: that is put back to nothing, which is a call of a third.
    """
    turned = {view: name for name, view in maker.lines.views.items()}
    calls = {c[1]: (k, c) for k, s in enumerate(statements) if (c := _OUTER.fullmatch(s.text))}
    first, *others = stack.members
    narrow = first.whole != first.head and all(m.whole == m.head for m in others)
    if not narrow or any(m.costates not in calls for m in stack.members):
        return statements
    mine = [calls[m.costates] for m in stack.members]
    pair, row = tuple(turned.get(call[2], "") for _, call in mine), mine[0][1][3]
    whole = next((whole for whole, names in maker.found.together.items() if names == pair), None)
    places, head = sorted(k for k, _ in mine), maker.head_of(row)
    if whole is None or {call[3] for _, call in mine[1:]} != {head} or len({call[4] for _, call in mine}) > 1:
        return statements
    parts = {part for (of, _), part in maker.lines.parts.items() if of == maker.rows.get(row)}
    words = {*pair, *(m.costates for m in stack.members), row, head, *parts}
    between = (s for k, s in enumerate(statements[places[0] : places[-1]], places[0]) if k not in places)
    if any(words & set(_WORD.findall(s.text)) for s in between):
        return statements
    rest = maker.found.rests.setdefault(stack.whole, maker.lines.names[f"w:left:{first.parameter}"])
    definitions = tuple(d for k in places for d in statements[k].definitions)
    one = Statement(f"{stack.costates}.addmm_({maker.turned(whole)}, {row}{mine[0][1][4]})", definitions)
    made = [(k, s) for k, s in enumerate(statements) if k == places[0] or k not in places]
    told = " and ".join(m.whole for m in others)
    clear = Statement(f"{rest}.zero_()  # {told} meet{'s' * (len(others) == 1)} {head} alone", ())
    return [x for k, s in made for x in ((one, clear) if k == places[0] else (s,))]


_OUTER = re.compile(r"(\w+)\.addmm_\((\w+), (\w+)((?:, \w+=[\w.]+)*)\)")
_WORD = re.compile(r"\w+")
_MM = re.compile(r"torch\.mm\((\w+), (\w+), out=(\w+)\)")
_ADDMM = re.compile(r"\.addmm_\((\w+), (\w+)(, beta=[\w.]+)?(, alpha=[\w.]+)?\)")
