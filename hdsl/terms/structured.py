"""The table of structured operations: what is neither a sum of products nor elementwise.

One row each: its sizes, how its value is spelt in every backend, and its pullback. Axes are counted from the end (−1 is the
last), so that the batch axis, which leads, never matters. A newcomer adds an operation by adding a row and its pullback.
Rows that only move entries stand in `hdsl.terms.arranged`, those in which an index chooses in `hdsl.terms.chosen`,
those of matrices as a whole in `hdsl.terms.algebra`, those that slide a window over an image in `hdsl.terms.windows`.
"""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.terms.algebra import ALGEBRA
from hdsl.terms.arranged import ARRANGED, same_sizes
from hdsl.terms.chosen import CHOSEN
from hdsl.terms.row import Attributes, Maker, Sizes, StructuredRow
from hdsl.terms.term import Contraction, Definition, Scalar, Structured, indices, slot
from hdsl.terms.windows import WINDOWS

__all__ = ["STRUCTURED", "Maker", "StructuredRow", "is_view"]

def _without(rank: int, axis: int) -> tuple[int, ...]:
    """Positions of the axes that stay when ``axis`` (from the end) goes."""
    return tuple(k for k in range(rank) if k != rank + axis)


def _softmax_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    """With s = softmax(x): x̄ = s (s̄ − Σ s̄ s), the sum along the axis."""
    assert isinstance(definition.body, Structured)
    axis = dict(definition.body.attributes)["axis"]
    at, sizes = definition.indices, definition.sizes
    kept = _without(len(sizes), axis)
    s, s_bar = definition.slot, slot(adjoint, at)
    renamed = dict(zip((at[k] for k in kept), indices(len(kept)), strict=True))
    summed = indices(len(sizes))[-1]
    renamed[at[axis]] = summed
    product = Contraction((s_bar.xreplace(renamed), s.xreplace(renamed)), ((summed, sizes[axis]),))
    total = maker.add("c", product, tuple(sizes[k] for k in kept))
    return (s * (s_bar - slot(total, tuple(at[k] for k in kept))),)


def _logsumexp_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    """With l = logsumexp(x): x̄ = l̄ softmax(x)."""
    assert isinstance(definition.body, Structured)
    axis = dict(definition.body.attributes)["axis"]
    (operand,) = definition.body.operands
    sizes = maker.sizes_of(operand)
    at = indices(len(sizes))
    share = maker.add("s", Structured("softmax", (operand,), (("axis", axis),)), sizes)
    return (slot(adjoint, tuple(at[k] for k in _without(len(sizes), axis))) * slot(share, at),)


def _reduced(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    return tuple(operands[0][k] for k in _without(len(operands[0]), attributes["axis"]))


STRUCTURED: dict[str, StructuredRow] = {
    row.name: row
    for row in (
        StructuredRow(
            "softmax", 1, same_sizes, "softmax({0}, {axis})", "torch.softmax({0}, {axis})", _softmax_pullback
        ),
        StructuredRow(
            "logsumexp", 1, _reduced, "logsumexp({0}, {axis})", "torch.logsumexp({0}, {axis})", _logsumexp_pullback
        ),
        *ARRANGED,
        *CHOSEN,
        *ALGEBRA,
        *WINDOWS,
    )
}


def is_view(definition: Definition) -> bool:
    """True where torch may make the value as a view of the definition's first operand."""
    return isinstance(definition.body, Structured) and STRUCTURED[definition.body.row].view
