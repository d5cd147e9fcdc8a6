"""How a value is laid out: the batch axis first where it is per stream, then one axis an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from hdsl.terms.term import Scalar, slot_indices, slot_name

BATCH = sympy.Symbol("B")


@dataclass(frozen=True)
class Layout:
    """The axes of a value: `BATCH` first if per stream, then its indices."""

    axes: tuple[sympy.Symbol, ...]

    @classmethod
    def of(cls, at: tuple[sympy.Symbol, ...], shared: bool) -> Layout:
        return cls(at if shared else (BATCH, *at))


def slot_layout(occurrence: Scalar, shared: Callable[[str], bool]) -> Layout:
    """The layout in which a slot's quantity lies, under the slot's own indices."""
    return Layout.of(slot_indices(occurrence), shared(slot_name(occurrence)))


def view(
    text: str, source: Layout, target: Layout, *, batched_transpose: str = ".mT", permute: str = ".permute"
) -> str:
    """Text that views a value of one layout so that it broadcasts against another."""
    wanted = [axis for axis in target.axes if axis in source.axes]
    have = list(source.axes)
    if wanted != have:
        moves = [have.index(axis) for axis in wanted]
        if moves == [1, 0]:
            text = f"{text}.T"
        elif moves == [0, 2, 1]:
            text = f"{text}{batched_transpose}"
        else:
            text = f"{text}{permute}({', '.join(map(str, moves))})"
    # Missing axes in front need nothing: broadcasting adds them.
    seen = False
    places = []
    for position, axis in enumerate(target.axes):
        if axis in source.axes:
            seen = True
        elif seen:
            places.append(position - len(target.axes))
    first = next((k for k, axis in enumerate(target.axes) if axis in source.axes), len(target.axes))
    if places and len(places) == 1:
        # Counted from the end, so that missing axes in front do not matter.
        return (
            f"{text}.unsqueeze({places[0]})"
            if batched_transpose == ".mT"
            else f"{text}[{_pick(target, source, first)}]"
        )
    if places:
        return f"{text}[{_pick(target, source, first)}]"
    return text


def _pick(target: Layout, source: Layout, first: int) -> str:
    return ", ".join(":" if axis in source.axes else "None" for axis in target.axes[first:])
