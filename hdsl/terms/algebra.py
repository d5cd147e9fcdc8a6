"""Rows of matrices as a whole: inverse, solution of linear equations, exponential and its integral.

A singular matrix has an inverse and solutions of infinities and nans: no backend raises, so that a run can name the line.
"""

from __future__ import annotations

import sympy

from hdsl.terms.arranged import Pulled, along, body_of
from hdsl.terms.elementwise import reciprocal, root
from hdsl.terms.row import Maker, StructuredRow, Written
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, slot

ROW, COLUMN, SUMMED = indices(3)


def _inverse_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    """With Y = A⁻¹: Ā = −Yᵀ Ȳ Yᵀ."""
    name, sizes = definition.name, definition.sizes
    bound = ((SUMMED, sizes[0]),)
    left = Contraction((slot(name, (SUMMED, ROW)), slot(adjoint, (SUMMED, COLUMN))), bound)
    made = maker.add("c", left, sizes)
    right = Contraction((slot(made, (ROW, SUMMED)), slot(name, (COLUMN, SUMMED))), bound, sympy.Integer(-1))
    return (slot(maker.add("x", right, sizes), (ROW, COLUMN)),)


def _solve_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    """With A y = b: b̄ solves Aᵀ b̄ = ȳ, and Ā = −b̄ yᵀ."""
    body = body_of(definition)
    matrix, _ = body.operands
    turned = dict(body.attributes)["turned"]
    sizes = definition.sizes
    b_bar = maker.add("b", Structured("solve", (matrix, adjoint), (("turned", 1 - turned),)), sizes)
    answer = slot(b_bar, indices(len(sizes)))
    if not maker.wants(matrix):
        return (None, answer)
    rows, columns = (definition.name, b_bar) if turned else (b_bar, definition.name)
    if len(sizes) == 1:
        return (-slot(rows, (ROW,)) * slot(columns, (COLUMN,)), answer)
    factors = (slot(rows, (ROW, SUMMED)), slot(columns, (COLUMN, SUMMED)))
    outer = Contraction(factors, ((SUMMED, sizes[1]),), sympy.Integer(-1))
    shared = True if maker.averages(matrix) else None
    return (slot(maker.add("c", outer, maker.sizes_of(matrix), shared), (ROW, COLUMN)), answer)


def _function_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    """With Y = f(A) of a power series f: Ā is the upper right block of f([[Aᵀ, Ȳ], [0, Aᵀ]]) (Higham, *Functions of
    Matrices*, (3.16)).

    Ā is linear in Ȳ, which is put in with norm 1: a large one would cost the digits of A.
    """
    (matrix,) = body_of(definition).operands
    n = definition.sizes[0]
    wide = (n, 2 * n)
    turned = maker.add("x", Elementwise(slot(matrix, (COLUMN, ROW))), (n, n))
    g = slot(adjoint, (ROW, COLUMN))
    square = maker.add("c", Contraction((slot(adjoint, (ROW, COLUMN)),) * 2, ((ROW, n), (COLUMN, n))), ())
    norm = slot(maker.add("c", Elementwise(root(slot(square, ()))), ()), ())
    unit = maker.add("x", Elementwise(g * reciprocal(norm)), (n, n))
    upper = maker.add("x", Structured("concat", (turned, unit), (("axis", -1),)), wide)
    behind = along(-1, wide, (n, 2 * n, 1))
    lower = maker.add("x", Structured("place", (turned,), (("places", behind), ("of", wide))), wide)
    both = (2 * n, 2 * n)
    block = maker.add("x", Structured("concat", (upper, lower), (("axis", -2),)), both)
    power = maker.add("x", Structured(body_of(definition).row, (block,)), both)
    places = ((sympy.Integer(0), n, 1), (n, 2 * n, 1))
    part = maker.add("x", Structured("slice", (power,), (("places", places), ("of", both))), (n, n))
    return (norm * slot(part, (ROW, COLUMN)),)


# Spellings ----------------------------------------------------------------------------------------------------------


def _torch_solve(written: Written) -> str:
    (matrix, right), (own, each) = written.operands, written.own
    turned = written.attributes["turned"]
    a = f"{matrix}.mT" if turned else matrix
    if len(written.sizes) == 1 and not own:
        if not each:
            return f"torch.linalg.solve_ex({a}, {right})[0]"
        # One matrix for all streams is factored once: the streams are the rows of the right side.
        a = matrix if turned else f"{matrix}.mT"
        return f"torch.linalg.solve_ex({a}, {right}, left=False)[0]"
    lead = ".unsqueeze(0)" if own and not each else ""  # else a matrix could be taken for a vector of each stream
    if len(written.sizes) == 1:
        return f"torch.linalg.solve_ex({a}, {right}.unsqueeze(-1){lead})[0].squeeze(-1)"
    return f"torch.linalg.solve_ex({a}, {right}{lead})[0]"


def _numpy_solve(written: Written) -> str:
    matrix, right = written.operands
    a = f"np.swapaxes({matrix}, -1, -2)" if written.attributes["turned"] else matrix
    if len(written.sizes) == 1:
        return f"solved({a}, {right}[..., None])[..., 0]"
    return f"solved({a}, {right})"


ALGEBRA: tuple[StructuredRow, ...] = (
    StructuredRow(
        "inv",
        1,
        lambda operands, given: operands[0],
        "inverse({0})",
        "torch.linalg.inv_ex({0})[0]",
        _inverse_pullback,
        may_fail=True,
    ),
    StructuredRow("solve", 2, lambda operands, given: operands[1], _numpy_solve, _torch_solve, _solve_pullback, may_fail=True),
    StructuredRow(
        "expm",
        1,
        lambda operands, given: operands[0],
        "matrix_exponential({0})",
        "torch.linalg.matrix_exp({0})",
        _function_pullback,
        may_fail=True,
    ),
    # φ₁(A) = ∫₀¹ e^{sA} ds, which no user writes: `step.h = exact` makes it.
    StructuredRow(
        "phi1m",
        1,
        lambda operands, given: operands[0],
        "matrix_phi1({0})",
        "matrix_phi1({0})",
        _function_pullback,
        may_fail=True,
    ),
)
