"""Matrix form: a sum of products over indices as products of matrices and vectors, where it is one.

The factors are a graph: an index is a node, a vector sits on its node, a matrix is an edge. What is a tree reads as
matrix notation: a path is a product, a branch a Hadamard product, a loose end a vector of ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from hdsl.terms.spelling import Spelling

CHOICE, SUM, HADAMARD, CHAIN, POWER, ATOM = range(6)
"""How tightly a piece of a formula holds together: x if a < b else y, a + b, x ⊙ y, W h, s², e."""


class NoMatrixForm(Exception):
    """The product has a cycle or a tensor of three indices and more: it must be written with its indices."""


@dataclass(frozen=True)
class Piece:
    """A finished part of a formula. ``raise_`` spells it with one more superscript where it has superscripts itself;
    ``summands`` are the texts that it is joined of, signs included, each with what it spells."""

    text: str
    level: int
    raise_: Callable[[str], str] | None = field(default=None, compare=False)
    summands: tuple[tuple[str, Any], ...] = field(default=(), compare=False)


Factor = tuple[Piece, tuple[sympy.Symbol, ...]]


class Layout:
    """Puts pieces together in one spelling."""

    def __init__(self, spelling: Spelling) -> None:
        self.spelling = spelling

    def within(self, piece: Piece, level: int) -> str:
        """The text of a piece, in brackets unless it holds together at least that tightly."""
        return piece.text if piece.level >= level else self.spelling.brackets(piece.text)

    def power(self, base: Piece, exponent: str) -> Piece:
        level = ATOM if base.raise_ is None else ATOM + 1
        return Piece(self.spelling.power(self.within(base, level), exponent), POWER)

    def transpose(self, piece: Piece) -> Piece:
        if piece.raise_ is not None:
            return Piece(piece.raise_("ᵀ" if self.spelling.style == "text" else r"\top"), POWER)
        return Piece(self.spelling.transpose(self.within(piece, ATOM)), POWER)

    def chain(self, pieces: Sequence[Piece]) -> Piece:
        """Juxtaposed: a matrix product, or scalars before what they scale."""
        if len(pieces) == 1:
            return pieces[0]
        text = ""
        for before, piece in zip((Piece("", ATOM), *pieces), pieces, strict=False):
            text += self._glue(before.text, piece.text) + self.within(piece, CHAIN)
        return Piece(text, CHAIN)

    def _glue(self, left: str, right: str) -> str:
        """What stands between two factors: LaTeX needs a space where a word meets another factor."""
        if not left:
            return ""
        if self.spelling.style == "text":
            return "" if left.endswith("ᵀ") else " "
        return r" \, " if right and ("mathrm" in left or "mathrm" in right) else " "

    def hadamard(self, pieces: Sequence[Piece]) -> Piece:
        """Elementwise product; a piece that stands there several times is a power."""
        counts: dict[Piece, int] = {}
        for piece in pieces:
            counts[piece] = counts.get(piece, 0) + 1
        merged = [piece if n == 1 else self.power(piece, str(n)) for piece, n in counts.items()]
        if len(merged) == 1:
            return merged[0]
        # Brackets around W h: whether ⊙ or the matrix product binds tighter is no convention that a reader has.
        texts = [self.within(piece, POWER) for piece in merged]
        return Piece(self.spelling.hadamard.join(texts), HADAMARD)

    def call(self, name: str, *arguments: Piece) -> Piece:
        return Piece(self.spelling.function(name, [a.text for a in arguments]), ATOM)


class Graph:
    """The factors of one product over the nodes ``out`` (kept) and all others (summed)."""

    def __init__(self, layout: Layout, factors: Sequence[Factor], nodes: Sequence[sympy.Symbol]) -> None:
        self.layout = layout
        self.vectors: dict[sympy.Symbol, list[Piece]] = {node: [] for node in nodes}
        self.edges: dict[sympy.Symbol, dict[sympy.Symbol, list[Factor]]] = {node: {} for node in nodes}
        for piece, at in factors:
            if len(at) == 1:
                self.vectors[at[0]].append(piece)
            elif len(at) == 2:
                for here, there in (at, at[::-1]):
                    self.edges[here].setdefault(there, []).append((piece, at))
            else:
                raise NoMatrixForm

    def matrix(self, row: sympy.Symbol, column: sympy.Symbol) -> Piece:
        """All factors between two nodes, as one matrix with these axes."""
        pieces = self.edges[row][column]
        if len(pieces) > 1 and all(at == (column, row) for _, at in pieces):
            return self.layout.transpose(self.layout.hadamard([p for p, _ in pieces]))
        oriented = [p if at == (row, column) else self.layout.transpose(p) for p, at in pieces]
        return self.layout.hadamard(oriented)

    def branches(self, node: sympy.Symbol, seen: set[sympy.Symbol]) -> list[Piece]:
        """The vectors on a node and the matrix-vector products that end on it."""
        seen.add(node)
        found = list(self.vectors[node])
        for other in self.edges[node]:
            if other not in seen:
                inner = self.column(other, seen)
                found.append(self.layout.chain([self.matrix(node, other), inner]))
        return found

    def column(self, node: sympy.Symbol, seen: set[sympy.Symbol]) -> Piece:
        branches = self.branches(node, seen)
        return self.layout.hadamard(branches) if branches else Piece(self.layout.spelling.ones, ATOM)

    def component(self, node: sympy.Symbol) -> set[sympy.Symbol]:
        """The nodes that hang together with this one; raises NoMatrixForm for a cycle."""
        found, waiting = {node}, [node]
        while waiting:
            for other in self.edges[waiting.pop()]:
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        if sum(len(self.edges[n]) for n in found) // 2 != len(found) - 1:
            raise NoMatrixForm
        return found

    def scalar(self, nodes: Sequence[sympy.Symbol]) -> Piece:
        """A component with every index summed."""
        layout = self.layout
        ends = [n for n in nodes if self.vectors[n] and len(self.edges[n]) <= 1]
        root = (ends or [n for n in nodes if len(self.edges[n]) <= 1])[0]
        here, there = self.vectors[root], list(self.edges[root])
        if not there:
            return self.pair([(piece, (root,)) for piece in here])
        if len(nodes) == 2 and not here and not self.vectors[there[0]]:
            return self.pair(self.edges[root][there[0]])
        left = layout.transpose(layout.hadamard(here) if here else Piece(layout.spelling.ones, ATOM))
        seen = {root}
        right = [layout.chain([self.matrix(root, other), self.column(other, seen)]) for other in there]
        return layout.chain([left, layout.hadamard(right)])

    def pair(self, factors: Sequence[Factor]) -> Piece:
        """The sum of all entries of one elementwise product: a squared norm, an inner product or a plain sum."""
        layout, spelling = self.layout, self.layout.spelling
        aligned = [p if at == factors[0][1] else layout.transpose(p) for p, at in factors]
        if len(aligned) == 2 and aligned[0] == aligned[1]:
            return Piece(spelling.norm_squared(aligned[0].text), ATOM)
        if len(aligned) > 1:
            return Piece(spelling.inner(aligned[0].text, layout.hadamard(aligned[1:]).text), ATOM)
        return layout.call("sum", layout.hadamard(aligned))

    def path(self, start: sympy.Symbol, end: sympy.Symbol) -> list[sympy.Symbol]:
        """The nodes from one to the other in a tree, or nothing."""
        came: dict[sympy.Symbol, sympy.Symbol | None] = {start: None}
        waiting = [start]
        while waiting:
            node = waiting.pop()
            for other in self.edges[node]:
                if other not in came:
                    came[other] = node
                    waiting.append(other)
        if end not in came:
            return []
        found: list[sympy.Symbol] = []
        node_: sympy.Symbol | None = end
        while node_ is not None:
            found.append(node_)
            node_ = came[node_]
        return found[::-1]

    def plane(self, row: sympy.Symbol, column: sympy.Symbol) -> Piece:
        """A matrix: an outer product, or a path of matrices with diagonals where vectors hang on it."""
        layout, path = self.layout, self.path(row, column)
        if not path:
            return layout.chain([self.column(row, set()), layout.transpose(self.column(column, set()))])
        pieces, seen = [], set(path)
        for position, node in enumerate(path):
            hanging = self.branches(node, seen)
            if hanging:
                pieces.append(layout.call("diag", layout.hadamard(hanging)))
            if position + 1 < len(path):
                pieces.append(self.matrix(node, path[position + 1]))
        return layout.chain(pieces)


def matrix_form(
    layout: Layout, factors: Sequence[Factor], out: Sequence[sympy.Symbol], bound: Sequence[sympy.Symbol]
) -> list[Piece]:
    """The factors of a product in matrix form: scalar pieces first, then the piece that has the indices ``out``.

    Raises NoMatrixForm where only indices will do.
    """
    if not factors and not bound:
        return []
    if not bound and all(at == tuple(out) for _, at in factors):
        return [layout.hadamard([piece for piece, _ in factors])]
    if len(out) > 2:
        raise NoMatrixForm
    nodes = (*out, *bound)
    graph = Graph(layout, factors, nodes)
    reached: set[sympy.Symbol] = set()
    for node in out:
        reached |= graph.component(node)
    with_axes = any(reached & set(at) for _, at in factors)
    pieces = []
    for node in bound:
        if node not in reached:
            members = graph.component(node)
            reached |= members
            pieces.append(graph.scalar([n for n in nodes if n in members]))
    if with_axes:
        pieces.append(graph.column(out[0], set()) if len(out) == 1 else graph.plane(out[0], out[1]))
    return pieces
