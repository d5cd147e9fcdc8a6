"""Which call a contraction becomes. The batch is one more axis here: summed where a per-stream product becomes shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from hdsl.emit.align import BATCH, Layout, slot_layout
from hdsl.terms.term import Contraction, Definition, Scalar

Spell = Callable[[Scalar], str]


@dataclass(frozen=True)
class Product:
    """A contraction as one matrix product: ``left @ right``, both as text, to be scaled by ``1/batch`` if ``mean``.

    ``kind`` is ``mm`` (matrix by matrix) or ``mv`` (matrix by vector).
    """

    kind: str
    left: str
    right: str
    mean: bool


@dataclass(frozen=True)
class Axes:
    """The axes of a contraction: of every factor, of the value, and whether the batch is averaged away."""

    factors: tuple[Layout, ...]
    value: Layout
    mean: bool


def axes_of(definition: Definition, shared: Callable[[str], bool]) -> Axes:
    """Read the axes off a contraction's indices."""
    assert isinstance(definition.body, Contraction)
    factors = tuple(slot_layout(factor, shared) for factor in definition.body.factors)
    mean = definition.shared and any(BATCH in factor.axes for factor in factors)
    per_stream = any(BATCH in factor.axes for factor in factors) and not definition.shared
    return Axes(factors, Layout.of(definition.indices, not per_stream), mean)


def as_product(
    definition: Definition, shared: Callable[[str], bool], spell: Spell, turn: Spell | None = None
) -> Product | None:
    """The matrix product that a contraction is, if it is one (two factors, one summed axis; or a mean of vectors).

    ``spell`` gives a factor's text, ``turn`` that of its transpose.
    """
    turn = turn or (lambda factor: f"{spell(factor)}.t()")
    assert isinstance(definition.body, Contraction)
    factors, axes = definition.body.factors, axes_of(definition, shared)
    if (
        len(factors) == 1
        and axes.mean
        and axes.factors[0].axes == (BATCH, *axes.value.axes)
        and len(axes.value.axes) == 1
    ):
        return Product("mv", turn(factors[0]), "share", False)
    if len(factors) != 2:
        return None
    if axes.mean and len(axes.value.axes) == 1 and all(f.axes == (BATCH, *axes.value.axes) for f in axes.factors):
        left, right = (spell(factor) for factor in factors)
        return Product("mv", f"({left} * {right}).t()", "share", False)
    for first, second in ((0, 1), (1, 0)):
        found = _ordered_product(axes, first, second)
        if found is not None:
            kind, turned, mean = found
            left, right = (turn(factors[k]) if t else spell(factors[k]) for k, t in zip((first, second), turned, strict=True))
            return Product(kind, left, right, mean)
    return None


def _ordered_product(axes: Axes, first: int, second: int) -> tuple[str, tuple[bool, bool], bool] | None:
    """The kind of a product of two factors in this order, which of them it takes transposed, and whether it is a mean."""
    left, right, value = axes.factors[first].axes, axes.factors[second].axes, axes.value.axes
    common = [axis for axis in left if axis in right]
    if len(common) != 1 or common[0] in value or len(left) != 2 or len(right) not in (1, 2):
        return None
    summed = common[0]
    (rows,) = (axis for axis in left if axis != summed)
    columns = tuple(axis for axis in right if axis != summed)
    if (rows, *columns) != value or rows in columns:
        return None
    mean = axes.mean and summed == BATCH
    if axes.mean and not mean:
        return None
    return "mm" if columns else "mv", (left != (rows, summed), right[0] != summed), mean


def einsum(definition: Definition, shared: Callable[[str], bool]) -> tuple[str, bool, tuple[int, ...]]:
    """The einsum pattern of a contraction, whether to divide by the batch, and which value axes no factor has."""
    axes = axes_of(definition, shared)
    letters: dict[sympy.Symbol, str] = {BATCH: "a"}
    for layout in (*axes.factors, axes.value):
        for axis in layout.axes:
            letters.setdefault(axis, "bcdefghijklmnop"[len(letters) - 1])
    present = {axis for factor in axes.factors for axis in factor.axes}
    value = [axis for axis in axes.value.axes if axis in present]
    missing = tuple(k for k, axis in enumerate(axes.value.axes) if axis not in present)
    inputs = ",".join("".join(letters[axis] for axis in factor.axes) for factor in axes.factors)
    return f"{inputs}->{''.join(letters[axis] for axis in value)}", axes.mean, missing
