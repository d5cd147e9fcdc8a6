"""Statements on parameters that lie side by side: their outer products as one, and what is added to them as one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hdsl.emit.statement import Statement


@dataclass(frozen=True)
class Side:
    """The identifiers of a pack, of its costates, of what lies in both, and of its rows by what lies in these (None is 1).

    ``parts`` are the identifiers of the places in a row that something is copied into.
    """

    pack: str
    costates: str
    parameters: tuple[str, ...]
    costates_of: tuple[str, ...]
    rows: Mapping[tuple[str | None, ...], str]
    parts: Mapping[str, tuple[str, ...]]


def gather_products(statements: list[Statement], sides: list[Side]) -> list[Statement]:
    """``w_W.addmm_(q_t, h, …)``, ``w_U.addmm_(q_t, u, …)``, ``w_b.addmv_(q_t, share, …)`` are one outer product with a row."""
    for side in sides:
        statements = _together(statements, side)
        mine = set(zip(side.parameters, side.costates_of, strict=True))
        statements = [one_addition(s, mine, side.pack, side.costates) for s in statements]
    return statements


def _together(statements: list[Statement], side: Side) -> list[Statement]:
    places: list[int] = []
    for costate in side.costates_of:
        found = [k for k, s in enumerate(statements) if s.text.startswith(f"{costate}.")]
        if len(found) != 1:
            return statements
        places += found
    calls = [_PRODUCT.fullmatch(statements[k].text) for k in places]
    if not all(calls):
        return statements
    parts = [(m[3], None if m[2] == "addmv_" else m[4], m[5] or "", _scale(m)) for m in calls if m is not None]
    row = side.rows.get(tuple(met for _, met, _, _ in parts))
    same = len({(left, kept, scale) for left, _, kept, scale in parts}) == 1
    between = statements[min(places) : max(places)]
    words = {word for k, s in enumerate(between, min(places)) if k not in places for word in re.findall(r"\w+", s.text)}
    if row is None or not same or words & {*side.costates_of, *side.parameters}:
        return statements
    met = tuple(name for _, name, _, _ in parts if name is not None)
    if _written(statements[min(places) :], side.parts[row]) or _written(between, met):  # the row is not whole yet
        return statements
    definitions = tuple(d for k in places for d in statements[k].definitions)
    left, _, kept, scale = parts[0]
    one = Statement(f"{side.costates}.addmm_({left}, {row}{kept}, alpha={scale})", definitions)
    return [one if k == min(places) else s for k, s in enumerate(statements) if k == min(places) or k not in places]


def _written(statements: list[Statement], names: tuple[str, ...]) -> bool:
    """Whether one of these is written by a statement."""
    calls = "|".join(names)
    writes = re.compile(rf"^(?:{calls})(?:\.\w+_\(| = )|out=(?:{calls})\b")
    return bool(names) and any(writes.search(s.text) for s in statements)


def _scale(match: re.Match[str]) -> str:
    """The factor of a product, with the streams' mean; a product with ``share`` has it already."""
    scale = match[6] or ""
    if match[2] == "addmm_":
        return scale
    return f"{scale} * mean" if scale else "mean"


def one_addition(statement: Statement, mine: set[tuple[str, str]], whole: str, costates: str) -> Statement:
    """A call that adds to each of some parameters its costate adds what these lie in to what those lie in."""
    found = _LISTS.fullmatch(statement.text)
    if found is None:
        return statement
    pairs = list(zip(found[1].split(", "), found[2].split(", "), strict=True))
    if not mine <= set(pairs):
        return statement
    left = [(whole, costates), *(pair for pair in pairs if pair not in mine)]
    if len(left) == 1:
        return replace(statement, text=f"{whole}.add_({costates}, alpha={found[3]})")
    lists = (", ".join(names) for names in zip(*left, strict=True))
    return replace(statement, text=f"torch._foreach_add_(({'), ('.join(lists)}), alpha={found[3]})")


_PRODUCT = re.compile(r"(\w+)\.(addmm_|addmv_)\((\w+(?:\.t\(\))?), (\w+)(, beta=.+?)?(?:, alpha=(.+))?\)")
_LISTS = re.compile(r"torch\._foreach_add_\(\((.+?)\), \((.+?)\), alpha=(.+)\)")
