"""Cells whose new values begin with one product: [a | b] ← k [a | b] + τ u [Ba; Bb]ᵀ is one call, what else each has follows.

Cells that read one another's old value are made beside themselves together, and are put in by one call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from hdsl.emit.stacks import Gathering, Member
from hdsl.emit.statement import Statement


@dataclass(frozen=True)
class _New:
    """``cell ← beta cell + alpha left right``, then what ``rest`` says; ``held`` where it is made beside its cell."""

    place: int
    cell: str
    left: str
    right: str
    beta: str
    alpha: str
    held: bool
    rest: str


def twinned(maker: Gathering) -> None:
    """Gather the new values of cells, two at a time."""
    while any(_joined(maker, one, other) for one, other in combinations(list(_new_values(maker)), 2)):
        pass


def _new_values(maker: Gathering) -> Iterator[_New]:
    for place, statement in enumerate(maker.statements):
        held, made = _HELD.fullmatch(statement.text), _MADE.fullmatch(statement.text)
        found = held or made
        if found is not None and found[1] in maker.cells:
            yield _New(place, found[1], found[2], found[3], found[4], found[5], held is not None, found["rest"])


def _joined(maker: Gathering, one: _New, other: _New) -> bool:
    """Make two as one, if they can be."""
    if (one.left, one.beta, one.alpha) != (other.left, other.beta, other.alpha) or one.cell == other.cell:
        return False
    names = maker.lines.names
    new = tuple(names[f"{maker.cells[each.cell]}+"] for each in (one, other))
    right = _right(maker, one.right, other.right)
    between = [s.text for s in maker.statements[one.place + 1 : other.place]]
    held = one.held or other.held or _mentions(maker, other.cell, [one.rest, *between])
    told = {one.left, one.right, other.right, *(m.whole for m in maker.members.values())}
    if right is None or any(told & set(_WORD.findall(text)) for text in between):
        return False
    swap = {each.cell: name for each, name in zip((one, other), new, strict=True) if held and not each.held}
    known = set(maker.found.together)
    late = any(_met_after(maker, each) for each in (one, other) if each.cell in swap)
    cells = None if late else maker.beside((one.cell, other.cell))
    beside = maker.beside(new) if held and cells is not None else ""
    if cells is None or beside is None:
        for whole in maker.found.together.keys() - known:
            maker.apart(whole)
        return False
    right = right if isinstance(right, str) else maker.stack(right).turned
    product = f"{one.left}, {right}, beta={one.beta}, alpha={one.alpha}"
    text = f"torch.addmm({cells}, {product}, out={beside})" if held else f"{cells}.addmm_({product})"
    definitions = tuple(d for each in (one, other) for d in maker.statements[each.place].definitions)
    made: list[Statement] = [*maker.statements[: one.place], Statement(text, definitions)]
    first, second = new if held else (one.cell, other.cell)
    early = {cell: name for cell, name in swap.items() if cell == one.cell}
    made.append(Statement(f"{first}{one.rest}" if one.rest else "", ()))
    made += [_swapped(s, early, maker) for s in maker.statements[one.place + 1 : other.place]]
    made.append(_swapped(Statement(f"{second}{other.rest}" if other.rest else "", ()), early, maker))
    copies = {f"{each.cell}.copy_({name})" for each, name in zip((one, other), new, strict=True)}
    made += [_swapped(s, swap, maker) for s in maker.statements[other.place + 1 :] if s.text not in copies]
    made += [Statement(f"{cells}.copy_({beside})", ())] if held else []
    maker.statements = [s for s in made if s.text]
    return True


def _met_after(maker: Gathering, value: _New) -> bool:
    """Whether something reads, below a new value, what its cell lies in: it would read the old value there."""
    return any(around(maker, value.cell) & set(_WORD.findall(s.text)) for s in maker.statements[value.place + 1 :])


def _mentions(maker: Gathering, cell: str, texts: list[str]) -> bool:
    """Whether some text reads a cell, a view of it, or what it lies in."""
    words = {cell, maker.lines.views.get(cell, cell), *around(maker, cell)}
    return any(words & set(_WORD.findall(text)) for text in texts)


def around(maker: Gathering, cell: str) -> set[str]:
    """What a cell lies in, with the views of that."""
    rows = {ident for ident, row in maker.rows.items() if cell in {maker.lines.name(x) for x in row.own}}
    wholes = rows | {whole for whole, names in maker.found.together.items() if cell in names}
    return wholes | {maker.lines.views[whole] for whole in wholes if whole in maker.lines.views}


def _swapped(statement: Statement, swap: dict[str, str], maker: Gathering) -> Statement:
    """A statement that reads new values where they are made now; a view of one is a view of the other."""
    views = maker.lines.views
    for old, new in swap.items():
        text = re.sub(rf"\b{old}\b", new, statement.text)
        if old in views and re.search(rf"\b{views[old]}\b", text):
            text = re.sub(rf"\b{views[old]}\b", maker.turned(new), text)
        statement = replace(statement, text=text)
    return statement


def _right(maker: Gathering, one: str, other: str) -> str | tuple[Member, ...] | None:
    """The first two matrices of a pack as one, or the members of a stack whose transpose it is; None where there is none."""
    for parameters in maker.lines.packs.parameters:
        first, second, *_ = (*parameters, "", "")
        if (maker.lines.names[first], maker.lines.names[second]) == (one, other) and second in maker.lines.matrices:
            return maker.heads(first, second)
    members = tuple(maker.members[name] for name in (one, other) if name in maker.members)
    alone = len(members) == 2 and all(m.whole == m.head for m in members)
    return members if alone and maker.stackable(members) else None


_WORD = re.compile(r"\w+")
_HELD = re.compile(r"torch\.addmm\((\w+), (\w+), (\w+), beta=([\w.]+), alpha=([\w.]+), out=\w+\)(?P<rest>.*)")
_MADE = re.compile(r"(\w+)\.addmm_\((\w+), (\w+), beta=([\w.]+), alpha=([\w.]+)\)(?P<rest>.*)")
