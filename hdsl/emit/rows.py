"""How large matrices move in a run's step: by blocks of rows.

A matrix that no cache holds is moved by its costate, and that by an outer product: five passes over memory. Block by block of
rows the costate's is still in the cache where it is added, and so is the matrix's, where a product went back through it
just before: four passes, the product's among them. It works on the statements: each call stood there, over all rows.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hdsl.emit.aside import swapped
from hdsl.emit.stacks import Gathering
from hdsl.emit.statement import Statement
from hdsl.emit.twins import around
from hdsl.terms.term import Definition

BLOCK = 2**17
"""Numbers of a block: those of a matrix and of its costate are a MiB of float32."""


def by_rows(maker: Gathering) -> dict[str, list[str]]:
    """Move each matrix that is apart by blocks of its rows. Returns what makes the blocks, by their identifiers."""
    made: dict[str, list[str]] = {}
    for matrix in (cell for cell in maker.lines.program.cells if cell in maker.lines.apart):
        _by_rows(matrix, maker, made)
    return made


def _by_rows(matrix: str, maker: Gathering, made: dict[str, list[str]]) -> None:
    """``w.addmm_(q_t, h, …)`` and ``W.add_(w, …)`` as one loop, where the former stood; before them, where it may,
    ``….addmm_(q, W, …)``."""
    lines, statements = maker.lines, maker.statements
    names, of = lines.names, {view: name for name, view in lines.views.items()}
    whole, costate = names[matrix], names[f"w:{matrix}"]
    places = [k for k, s in enumerate(statements) if costate in _words([s])]
    outer = next((k for k in places if _OUTER.fullmatch(statements[k].text)), None)
    if len(places) != 2 or outer is None:
        return
    addition = places[0] if outer == places[1] else places[1]
    call, added = _OUTER.fullmatch(statements[outer].text), _without(statements[addition], whole, costate, f"{matrix}+")
    views = {whole, names[f"turned:{matrix}"], lines.views.get(whole, whole)}
    if call is None or call[2] not in of or added is None or views & _words(statements[places[0] + 1 : places[1]]):
        return
    rest, alpha, moved = added
    without = [rest if k == addition else s for k, s in enumerate(statements)]
    before, q, blocks = without[:outer], of[call[2]], {name: names[f"block:{name}"] for name in (whole, costate, call[2])}
    moves = f"{whole}.add_({costate}, alpha={alpha})"
    calls = [moves, call[0]] if addition < outer else [call[0], moves]
    if back := _back(before, whole, q, maker):
        before, first = back
        calls, blocks[q] = [first, *calls], names[f"block:{q}"]
    rows = names[f"rows:{matrix}"]
    inside = (swapped(call, blocks) for call in calls)
    text = "\n    ".join([f"for {', '.join(blocks.values())} in {rows}:", *inside])
    one = Statement(text, (*statements[outer].definitions, *moved))
    maker.statements = [s for s in (*before, one, *without[outer + 1 :]) if s.text]
    parts = ", ".join(f"{name}.split(block{', 1' * (name == q)})" for name in blocks)
    made[rows] = [
        f"block = max(1, {BLOCK} // {whole}.shape[1])  # rows: of a MiB, with their costate's",
        f"{rows} = list(zip({parts}))",
    ]


def _without(
    statement: Statement, whole: str, costate: str, moved: str
) -> tuple[Statement, str, tuple[Definition, ...]] | None:
    """An addition without that of one matrix, the factor of that, and what it defines."""
    mine = tuple(d for d in statement.definitions if d.name == moved)
    left = tuple(d for d in statement.definitions if d.name != moved)
    if alone := _ADDITION.fullmatch(statement.text):
        return (Statement("", ()), alone[3], mine) if alone.group(1, 2) == (whole, costate) else None
    lists = _LISTS.fullmatch(statement.text)
    pairs = list(zip(lists[1].split(", "), lists[2].split(", "), strict=True)) if lists else []
    if lists is None or (whole, costate) not in pairs:
        return None
    pairs.remove((whole, costate))
    if len(pairs) == 1:
        return Statement(f"{pairs[0][0]}.add_({pairs[0][1]}, alpha={lists[3]})", left), lists[3], mine
    both = (", ".join(names) for names in zip(*pairs, strict=True))
    return Statement(f"torch._foreach_add_(({'), ('.join(both)}), alpha={lists[3]})", left), lists[3], mine


def _back(statements: list[Statement], whole: str, q: str, maker: Gathering) -> tuple[list[Statement], str] | None:
    """The statements without the ``.addmm_(q, W, …)`` of ``z.addmm_(…).addmm_(q, W, …)``, and that call by itself, if it
    may be made below them all. A factor of z goes over to the product that comes next."""
    call = re.compile(rf"\.addmm_\({q}, {whole}(, beta=[\w.]+)?(, alpha=[\w.]+)?\)")
    found = [(k, m) for k, s in enumerate(statements) if (m := call.search(s.text))]
    if len(found) != 1:
        return None
    ((place, at),) = found
    before, after = statements[place].text[: at.start()], statements[place].text[at.end() :]
    into = _IN_PLACE.match(f"{before}.") or _OUT.search(before)
    if into is None or not _SUMS.fullmatch(after) or before + after == into[1] or (at[1] and not after):
        return None
    if at[1]:
        after = _NEXT.sub(rf"\1{at[1]}", after, count=1)
    below = statements[place + 1 :]
    lasting = {into[1], maker.lines.views.get(into[1], into[1]), *around(maker, into[1]), *around(maker, q)}
    written = re.compile(rf"^\s*{q}(?:\.\w+_\(| = )|out={q}\b", re.MULTILINE)
    if lasting & _words(below) or any(written.search(s.text) for s in below):
        return None
    shorter = replace(statements[place], text=before + after)
    return [*statements[:place], shorter, *below], f"{into[1]}.addmm_({q}, {whole}{at[2] or ''})"


def _words(statements: list[Statement]) -> set[str]:
    return {word for s in statements for word in _WORD.findall(s.text.partition("#")[0])}


_WORD = re.compile(r"\w+")
_OUTER = re.compile(r"(\w+)\.addmm_\((\w+), (\w+)(?:, \w+=[\w.]+)*\)")
_ADDITION = re.compile(r"(\w+)\.add_\((\w+), alpha=([\w.]+)\)")
_LISTS = re.compile(r"torch\._foreach_add_\(\((.+?)\), \((.+?)\), alpha=([\w.]+)\)")
_IN_PLACE = re.compile(r"(?!torch\b)(\w+)\.")
_OUT = re.compile(r"^torch\.(?:mm|addmm|mul|add)\([\w., =]+, out=(\w+)\)")
_NEXT = re.compile(r"^(\.addmm_\(\w+, \w+)")
_SUMS = re.compile(r"(?:\.addmm_\(\w+, \w+(?:, alpha=[\w.]+)?\))*")
