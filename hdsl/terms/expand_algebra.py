"""Operations on whole matrices written out entry by entry for `hdsl.terms.expand`, by sympy's own matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from hdsl.terms.elementwise import reciprocal
from hdsl.terms.expand_arranged import Attributes, Entries, Operands, Places, places


def _matrix(shape: Places, entries: Entries) -> Any:
    """A matrix of entries; a vector is one column."""
    rows, columns = shape if len(shape) == 2 else (*shape, 1)
    return sympy.Matrix(rows, columns, lambda i, j: entries[(i, j)[: len(shape)]])


def _entries(matrix: Any, shape: Places) -> Entries:
    return {at: matrix[at if len(at) == 2 else (*at, 0)] for at in places(shape)}


def _inverted(matrix: Any) -> Any:
    """The adjugate over the determinant, which may be 0: a matrix without an inverse may stand in a branch not taken."""
    determinant = matrix.det(method="berkowitz")
    return matrix.adjugate() * (reciprocal(determinant) if determinant == 0 else 1 / determinant)


def _inverse(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    return _entries(_inverted(_matrix(*operands[0])), shape)


def _solve(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    matrix, right = (_matrix(*operand) for operand in operands)
    return _entries(_inverted(matrix.T if attributes["turned"] else matrix) * right, shape)


def _exponential(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    """Two rows in closed form: e^s (cosh q + (A − s) sinh q / q) with s the half trace and q² = −det(A − s)."""
    matrix = _matrix(*operands[0])
    if matrix.rows != 2 or matrix.is_upper:
        return _entries(matrix.exp(), shape)
    half = matrix.trace() / 2
    rest = matrix - half * sympy.eye(2)
    root = sympy.sqrt(-rest.det())
    return _entries(sympy.exp(half) * (sympy.cosh(root) * sympy.eye(2) + rest * sympy.sinh(root) / root), shape)


def _integral(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    """φ₁(A) = (e^A − 1) A⁻¹, for a matrix that has an inverse."""
    matrix = _matrix(*operands[0])
    power = _matrix(shape, _exponential(operands, shape, attributes))
    return _entries((power - sympy.eye(matrix.rows)) * _inverted(matrix), shape)


EXPANDED: Mapping[str, Callable[[Operands, Places, Attributes], Entries]] = {
    "inv": _inverse,
    "solve": _solve,
    "expm": _exponential,
    "phi1m": _integral,
}
