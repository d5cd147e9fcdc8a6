"""Pieces: the adjoint of what was cut into slices that cover it, as one concatenation in place of a sum of padded parts.

The gates of an LSTM are four slices of one vector: its adjoint is those of the gates behind one another.
"""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.derive.workspace import Workspace
from hdsl.syntax.source import Span
from hdsl.terms.arranged import whole_axis
from hdsl.terms.term import Definition, Scalar, Size, Structured, is_slot, slot, slot_indices, slot_name


def put_together(
    workspace: Workspace,
    definition: Definition,
    parts: Sequence[Scalar],
    spans: tuple[Span, ...],
    roots: tuple[str, ...],
) -> Scalar | None:
    """The adjoint of a definition as a slot, where its parts are pieces that cover it once; None where they do not."""
    if len(parts) < 2:
        return None
    pieces: dict[Size, tuple[Size, Definition]] = {}
    axes = set()
    for part in parts:
        as_it_lies = is_slot(part) and slot_indices(part) == definition.indices
        source = workspace.line(slot_name(part)) if as_it_lies else None
        cut = _cut(source) if source is not None else None
        if source is None or cut is None:
            return None
        axis, start, stop = cut
        axes.add(axis)
        pieces[start] = (stop, source)
    if len(axes) != 1 or len(pieces) < len(parts):
        return None
    (axis,) = axes
    ordered = _in_order(pieces, definition.sizes[axis])
    if ordered is None:
        return None
    operands = tuple(d.body.operands[0] for d in ordered if isinstance(d.body, Structured))
    body = Structured("concat", operands, (("axis", axis - len(definition.sizes)),))
    workspace.take_out(d.name for d in ordered)
    shared = definition.shared or workspace.reads_only_shared(body)
    name = workspace.fresh(f"adj:{definition.name}")
    workspace.append(Definition(name, body, definition.sizes, shared, spans, roots))
    return slot(name, definition.indices)


def _cut(source: Definition) -> tuple[int, Size, Size] | None:
    """The axis along which a piece was cut, with its start and stop; None for what is no piece or another one."""
    if not isinstance(source.body, Structured) or source.body.row != "place":
        return None
    places = dict(source.body.attributes)["places"]
    cut = [k for k, (p, size) in enumerate(zip(places, source.sizes, strict=True)) if p != whole_axis(size)]
    if len(cut) != 1 or len(places[cut[0]]) != 3 or places[cut[0]][2] != 1:
        return None
    start, stop, _ = places[cut[0]]
    return cut[0], start, stop


def _in_order(pieces: dict[Size, tuple[Size, Definition]], size: Size) -> list[Definition] | None:
    """The pieces from 0 to the size, each where the one before it ends; None where they leave gaps."""
    ordered: list[Definition] = []
    at: Size = 0
    for _ in pieces:
        if at not in pieces:
            return None
        at, source = pieces[at]
        ordered.append(source)
    return ordered if at == size else None
