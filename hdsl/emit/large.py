"""Which matrices a run does not lay beside others, in copies: they would take as much memory again."""

from __future__ import annotations

from collections.abc import Collection

from hdsl.model.model import Model
from hdsl.optimise.extent import numbers_of

MANY = 2**20
"""Numbers that a run copies at most, as `hdsl.runtime.loop` has it."""


def too_large(model: Model, matrices: Collection[str]) -> frozenset[str]:
    """The largest matrices, until the other parameters are, with their costates, few enough to be copied.

    By the sizes that the model has as it is compiled; a size without a number counts as nothing.
    """
    sizes = {p.name: 2 * numbers_of(p.sizes, model.dims) for p in model.of_role("param")}
    left, found = sum(sizes.values()), set[str]()
    for name in sorted(matrices, key=lambda name: -sizes[name]):
        if left <= MANY:
            break
        found.add(name)
        left -= sizes[name]
    return frozenset(found)
