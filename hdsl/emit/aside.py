"""Old values put aside, so that cells move in place: ``h_old.copy_(h)``, then ``h.lerp_(s, tau)``; below it h_old is the old h.

Cells whose old value is read below the new one are made beside themselves, and put in at the end of the step. Where the call
that makes the new value copies the old one first (``torch.addmm(h, …, out=h_new)``), or where old and new each stand in
a row into which the sample is copied, old values aside are a copy less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from hdsl.emit.stacks import Gathering
from hdsl.emit.statement import Statement


@dataclass
class Aside:
    """What the layout of a run has to know of it.

    ``swap`` has the identifiers that are others there now, ``after`` those that are others below the step. ``moved`` are
    cells that lie where their new values lay, ``beside`` the old values of such as lay in no room before, ``old`` all old
    values; lines that begin as in ``left_out`` are needed no more.
    """

    swap: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    old: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def laid(self, made: list[str]) -> list[str]:
        """The lines of a layout, as they are then."""
        lines = [f"{old} = torch.empty_like({cell})" for cell, old in self.beside.items()]
        for line in made:
            text = swapped(line.partition("  # ")[0], self.swap)
            name = text.partition(" = ")[0]
            if name in self.old:
                text = text.removesuffix(f".copy_({name})")  # nothing is old yet
            text += f".copy_({name})" if name in self.moved else ""
            if not text.startswith(tuple(self.left_out)):
                lines.append(text + _comment(line, self.swap if name in self.old else self.after))
        return lines


@dataclass
class _Group:
    """Cells that move together: their new values by the cells, what both lie in if it is a row, what puts the new values in."""

    row: str | None
    row_new: str | None
    pairs: dict[str, str] = field(default_factory=dict)
    cells: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)


def put_aside(maker: Gathering) -> Aside:
    """Put old values aside where that is a copy less."""
    found = Aside()
    for group in _groups(maker):
        _put_aside(maker, group, found)
    return found


def _groups(maker: Gathering) -> list[_Group]:
    """What is put in at the end of the step; cells of one row together."""
    groups: dict[object, _Group] = {}
    for statement in maker.statements:
        copy = _COPY.fullmatch(statement.text)
        if copy is None or statement.definitions:
            continue
        cells, news = (maker.found.together.get(name, (name,)) for name in copy.groups())
        if not all(c in maker.cells and not maker.lines.shared(maker.cells[c]) for c in cells):
            continue
        if tuple(maker.lines.names[f"{maker.cells[c]}+"] for c in cells) != news:
            continue
        row, row_new = _row(maker, cells), _row(maker, news)
        group = groups.setdefault((row, row_new) if row and row_new else copy[1], _Group(row, row_new))
        group.pairs |= dict(zip((copy[1], *cells), (copy[2], *news), strict=True))
        group.cells += cells
        group.copies.append(statement.text)
    return list(groups.values())


def _row(maker: Gathering, names: tuple[str, ...]) -> str | None:
    """The row in which all of these live."""
    return next((ident for ident, row in maker.rows.items() if {*names} <= {maker.lines.name(x) for x in row.own}), None)


def _put_aside(maker: Gathering, group: _Group, found: Aside) -> None:
    statements, views = maker.statements, maker.lines.views
    parts = _parts(maker, group) if group.row and group.row_new else {}
    if parts is None:
        return
    new = {*group.pairs.values(), *([group.row_new] if group.row_new else [])}
    new |= {views[name] for name in new if name in views}
    filled = {c.groups() for s in statements if (c := _COPY.fullmatch(_code(s)))}
    taken = {_COPY.fullmatch(_code(s)): s for s in statements}
    into = [s for c, s in taken.items() if c is not None and c[1] in parts and (parts[c[1]], c[2]) in filled]
    first = next(k for k, s in enumerate(statements) if s not in into and new & _words(s))
    call = _OUT.fullmatch(statements[first].text)
    if not into and (call is None or call[1] not in COPYING or group.pairs.get(call[2]) != call[4]):
        return
    if group.row and not group.row_new and any({group.row, views.get(group.row)} & _words(s) for s in statements[first:]):
        return  # what is aside would have to be a row too
    old, moved = _swaps(maker, group, {word for s in statements[first:] for word in _words(s)})
    whole = [group.row] if group.row and group.row_new else [c.partition(".")[0] for c in group.copies]
    made = [replace(s, text=_code(s) + _comment(s.text, moved)) for s in statements[:first] if s not in into]
    made += [Statement(f"{old[name]}.copy_({name})", ()) for name in whole]
    below = (s for s in statements[first:] if s not in into and s.text not in group.copies)
    maker.statements = [*made, *(_in_place(replace(s, text=swapped(s.text, {**old, **moved})), old) for s in below)]
    found.after |= moved
    found.old += old.values()
    if group.row is None and group.row_new is not None:
        found.swap |= {**old, **moved}
        found.moved += group.cells
        found.beside |= {c: old[c] for c in group.cells if not any(c in names for names in maker.found.cells.values())}
    else:
        found.swap |= {name: old[cell] for name, cell in moved.items() if cell in old}
        found.left_out += [f"{place} = " for place in parts] + [f"{old[group.row]}[" for _ in into[:1] if group.row]


def _parts(maker: Gathering, group: _Group) -> dict[str, str] | None:
    """The places of the sample in the row of new values, by those in the row of old ones; None where rows are not alike."""
    one, other, lines = maker.rows[group.row or ""], maker.rows[group.row_new or ""], maker.lines
    parts: dict[str, str] = {}
    for a, b in zip(one.operands, other.operands, strict=False):
        if a in one.own and b in other.own and group.pairs.get(lines.name(str(a))) == lines.name(str(b)):
            continue
        if a != b or (a is not None and not a.startswith(":")):
            return None
        if a is not None and b is not None:
            parts[lines.parts[other, b]] = lines.parts[one, a]
    return parts if one.parameters == other.parameters else None


def _swaps(maker: Gathering, group: _Group, words: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Below the first new value: old values by the cells, and the cells by what new values were called; views too."""
    names, views = maker.lines.names, maker.lines.views
    pairs = dict(group.pairs)
    if group.row and group.row_new:
        pairs[group.row] = group.row_new
    old = {cell: names[f"old:{cell}"] for cell in pairs}
    moved = {new: cell for cell, new in pairs.items()}
    if group.row_new and not group.row:
        first = maker.rows[group.row_new].operands[0]
        row = names[f"row:{(first or '').removesuffix('+')}"]
        moved[group.row_new] = group.row_new if row in maker.rows else row
    for swap in (old, moved):
        swap |= {views[name]: maker.turned(told) for name, told in swap.items() if views.get(name) in words}
    for name in moved:
        views.pop(name, None)
    return old, moved


def _code(statement: Statement) -> str:
    return statement.text.partition("#")[0].rstrip()


def _words(statement: Statement) -> set[str]:
    return set(_WORD.findall(_code(statement)))


def _comment(text: str, swap: dict[str, str]) -> str:
    """The comment of a line or a statement, by the names that are meant by now."""
    _, mark, comment = text.partition("  # ")
    return mark + swapped(comment, swap)


def swapped(text: str, swap: dict[str, str]) -> str:
    """A text with some names in the place of others, all at once; words of calls (``.add_(``, ``alpha=``) are no names."""
    return _NAME.sub(lambda word: swap.get(word[0], word[0]), text)


def _in_place(statement: Statement, old: dict[str, str]) -> Statement:
    """``torch.lerp(h_old, s, tau, out=h)`` is ``h.lerp_(s, tau)``, since h is what h_old is a copy of."""
    call = _OUT.fullmatch(statement.text)
    if call is None or call[1] not in IN_PLACE or call[2] != old.get(call[4]):
        return statement
    return replace(statement, text=f"{call[4]}.{call[1]}_({call[3]}){call[5]}")


COPYING = frozenset({"addmm", "addmv"})
"""Calls that copy what they add to, where that is not their place."""
IN_PLACE = COPYING | {"lerp", "add", "sub", "mul", "addcmul"}
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<![\w.])\w+\b(?!=)")
_COPY = re.compile(r"(\w+)\.copy_\((\w+)\)")
_OUT = re.compile(r"torch\.(\w+)\((\w+), ([^()]*), out=(\w+)\)(.*)")
