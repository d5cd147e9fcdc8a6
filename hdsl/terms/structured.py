"""The table of structured operations: what is neither a sum of products nor elementwise.

One row each: how its value is spelt in every backend, and its pullback. Axes are counted from the end (−1 is the last), so
that the batch axis, which leads, never matters. A newcomer adds an operation by adding a row and its pullback.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hdsl.terms.term import Body, Contraction, Definition, Scalar, Size, Structured, indices, slot


class Maker(Protocol):
    """What a pullback may do: add definitions, and ask for sizes."""

    def sizes_of(self, name: str) -> tuple[Size, ...]: ...

    def add(self, stem: str, body: Body, sizes: tuple[Size, ...]) -> str:
        """Add a definition under a name of that stem and return the name."""


@dataclass(frozen=True)
class StructuredRow:
    """One structured operation.

    ``pullback(definition, adjoint, maker)`` gives for each operand its part of the adjoint: an expression in slots at the
    indices of that operand (further indices of the definition are not allowed: contract them by ``maker.add``), or None for
    an operand that has no derivative. ``adjoint`` is the *name* of the definition's adjoint.
    ``numpy`` and ``torch`` are spellings with operands at ``{0}``, ``{1}``, attributes by name, the definition's last size at
    ``{size}``. ``torch_shared`` is the spelling where the first operand is shared and the value is not.
    """

    name: str
    arity: int
    numpy: str
    torch: str
    pullback: Callable[[Definition, str, Maker], tuple[Scalar | None, ...]]
    numpy_shared: str | None = None
    torch_shared: str | None = None


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


def _pick_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    """With p = x[c]: x̄ = p̄ one_hot(c)."""
    assert isinstance(definition.body, Structured)
    operand, chosen = definition.body.operands
    sizes = maker.sizes_of(operand)
    at = indices(len(sizes))
    mark = maker.add("o", Structured("one_hot", (chosen,)), sizes)
    return (slot(adjoint, ()) * slot(mark, at), None)


def _no_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    return (None,)


STRUCTURED: dict[str, StructuredRow] = {
    row.name: row
    for row in (
        StructuredRow("softmax", 1, "softmax({0}, {axis})", "torch.softmax({0}, {axis})", _softmax_pullback),
        StructuredRow("logsumexp", 1, "logsumexp({0}, {axis})", "torch.logsumexp({0}, {axis})", _logsumexp_pullback),
        StructuredRow(
            "pick",
            2,
            "np.take_along_axis({0}, {1}[:, None], -1)[:, 0]",
            "{0}.gather(-1, {1}.unsqueeze(-1)).squeeze(-1)",
            _pick_pullback,
            numpy_shared="{0}[{1}]",
            torch_shared="{0}[{1}]",
        ),
        StructuredRow(
            "one_hot",
            1,
            "np.eye({size}, dtype=dtype)[{0}]",
            "torch.zeros({0}.shape[0], {size}, dtype=dtype, device=device).scatter_(1, {0}.unsqueeze(1), 1.0)",
            _no_pullback,
        ),
    )
}
