"""Operations that move entries, written out entry by entry for `hdsl.terms.expand`, so that their pullbacks can be judged.

Attributes come as numbers. Entries are sympy expressions by their places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import prod
from typing import Any, TypeAlias

import sympy

Places: TypeAlias = tuple[int, ...]
Entries: TypeAlias = dict[Places, Any]
Operands: TypeAlias = list[tuple[Places, Entries]]
Attributes: TypeAlias = Mapping[str, Any]

ZERO = sympy.Integer(0)


def places(shape: Places) -> list[Places]:
    return list(product(*(range(n) for n in shape)))


def _taken(attributes: Attributes, at: Places) -> Places:
    """The place in the whole of what stands at a place of a slice."""
    rest = iter(at)
    return tuple(p[0] if len(p) == 1 else p[0] + p[2] * next(rest) for p in attributes["places"])


def _slice(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    return {at: operands[0][1][_taken(attributes, at)] for at in places(shape)}


def _place(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    own, x = operands[0]
    return dict.fromkeys(places(shape), ZERO) | {_taken(attributes, at): x[at] for at in places(own)}


def _flip(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    axis = len(shape) + attributes["axis"]
    turned = {at: (*at[:axis], shape[axis] - 1 - at[axis], *at[axis + 1 :]) for at in places(shape)}
    return {at: operands[0][1][there] for at, there in turned.items()}


def _concat(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    found: Entries = {}
    axis, start = len(shape) + attributes["axis"], 0
    for own, x in operands:
        found |= {(*at[:axis], at[axis] + start, *at[axis + 1 :]): x[at] for at in places(own)}
        start += own[axis]
    return found


def _stack(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    axis = len(shape) + attributes["axis"]
    return {
        (*at[:axis], k, *at[axis:]): entry for k, (_, x) in enumerate(operands) for at, entry in x.items()
    }


def _reshape(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    own, x = operands[0]
    assert prod(own) == prod(shape)
    return {at: x[there] for at, there in zip(places(shape), places(own), strict=True)}


def _diag(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    return {at: operands[0][1][at[:1]] if at[0] == at[1] else ZERO for at in places(shape)}


def _diagonal(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    return {at: operands[0][1][(*at, *at)] for at in places(shape)}


def _eye(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    return {at: sympy.Integer(int(at[0] == at[1])) for at in places(shape)}


def _pick(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (own, x), (_, chosen) = operands
    marks = {k: sympy.KroneckerDelta(chosen[()], k) for k in range(own[-1])}
    return {at: sympy.Add(*(x[(*at, k)] * mark for k, mark in marks.items())) for at in places(shape)}


def _embed(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (own, x), (_, chosen) = operands
    marks = {k: sympy.KroneckerDelta(chosen[()], k) for k in range(own[0])}
    return {at: sympy.Add(*(x[(k, *at)] * mark for k, mark in marks.items())) for at in places(shape)}


def _scatter(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (_, x), (_, chosen) = operands
    return {at: sympy.KroneckerDelta(chosen[()], at[0]) * x[at[1:]] for at in places(shape)}


def _one_hot(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    _, chosen = operands[0]
    return {at: sympy.KroneckerDelta(chosen[()], at[-1]) for at in places(shape)}


EXPANDED: Mapping[str, Callable[[Operands, Places, Attributes], Entries]] = {
    "slice": _slice,
    "place": _place,
    "flip": _flip,
    "concat": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "diag": _diag,
    "diagonal": _diagonal,
    "eye": _eye,
    "pick": _pick,
    "embed": _embed,
    "scatter": _scatter,
    "one_hot": _one_hot,
}
