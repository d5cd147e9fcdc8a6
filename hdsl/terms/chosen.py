"""Rows in which an index of the stream chooses: an entry of a vector, a row of a table, a one among zeros."""

from __future__ import annotations

from hdsl.terms.row import Maker, StructuredRow, Written
from hdsl.terms.term import Definition, Scalar, Structured, indices, slot


def _operands(definition: Definition) -> tuple[str, ...]:
    assert isinstance(definition.body, Structured)
    return definition.body.operands


def _pick_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    """With p = x[c]: x̄ = p̄ one_hot(c)."""
    operand, chosen = _operands(definition)
    sizes = maker.sizes_of(operand)
    mark = maker.add("o", Structured("one_hot", (chosen,), (("below", sizes[0]),)), sizes)
    return (slot(adjoint, ()) * slot(mark, indices(1)), None)


def _embed_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    """With e = E[k]: Ē is ē in the row k and 0 elsewhere; the mean over the streams is taken on the rows alone."""
    table, chosen = _operands(definition)
    sizes = maker.sizes_of(table)
    shared = True if maker.is_shared(table) else None
    made = maker.add("c", Structured("scatter", (adjoint, chosen), (("below", sizes[0]),)), sizes, shared)
    return (slot(made, indices(2)), None)


def _scatter_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    vector, chosen = _operands(definition)
    made = maker.add("x", Structured("embed", (adjoint, chosen)), maker.sizes_of(vector))
    return (slot(made, indices(1)), None)


def _no_pullback(definition: Definition, adjoint: str, maker: Maker) -> tuple[Scalar | None, ...]:
    return (None,)


def scattered(written: Written) -> tuple[str, str]:
    """The rows to add and where, for ``index_add_``: a row for each stream."""
    rows, chosen = written.operands
    return chosen, rows if written.own[0] else f"{rows}.expand({chosen}.shape[0], -1)"


def _torch_scatter(written: Written) -> str:
    sizes = ", ".join(map(written.size, written.sizes))
    chosen, rows = scattered(written)
    if written.crosses:
        return f"torch.zeros({sizes}, dtype=dtype, device=device).index_add_(0, {chosen}, {rows}, alpha=mean)"
    # One table for each stream: laid one below the other.
    rows = rows if written.own[0] else f"{rows}.contiguous()"
    text = f"torch.zeros({chosen}.shape[0], {sizes}, dtype=dtype, device=device)"
    last = written.size(written.sizes[-1])
    return f"{text}.scatter_(1, {chosen}[:, None, None].expand(-1, 1, {last}), {rows}.unsqueeze(1))"


def _numpy_scatter(written: Written) -> str:
    vector, chosen = written.operands
    text = f"scattered({vector}, {chosen}, {written.size(written.sizes[0])}, {written.size(written.sizes[1])})"
    return f"{text}.sum(0) / batch" if written.crosses else text


CHOSEN: tuple[StructuredRow, ...] = (
    StructuredRow(
        "pick",
        2,
        lambda operands, given: (),
        "np.take_along_axis({0}, {1}[:, None], -1)[:, 0]",
        "{0}.gather(-1, {1}.unsqueeze(-1)).squeeze(-1)",
        _pick_pullback,
        numpy_shared="{0}[{1}]",
        torch_shared="{0}[{1}]",
    ),
    StructuredRow(
        "embed",
        2,
        lambda operands, given: operands[0][1:],
        "{0}[np.arange(len({1})), {1}]",
        "torch.take_along_dim({0}, {1}[:, None, None], 1).squeeze(1)",
        _embed_pullback,
        numpy_shared="{0}[{1}]",
        torch_shared="{0}.index_select(0, {1})",
    ),
    StructuredRow(
        "scatter",
        2,
        lambda operands, given: (given["below"], *operands[0]),
        _numpy_scatter,
        _torch_scatter,
        _scatter_pullback,
    ),
    StructuredRow(
        "one_hot",
        1,
        lambda operands, given: (given["below"],),
        "np.eye({size}, dtype=dtype)[{0}]",
        "torch.zeros({0}.shape[0], {size}, dtype=dtype, device=device).scatter_(1, {0}.unsqueeze(1), 1.0)",
        _no_pullback,
    ),
)
