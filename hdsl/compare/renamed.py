"""Which quantities of one model are those of another under new names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hdsl.model.model import Model

MOST_TRIED = 24


@dataclass(frozen=True)
class Renamed:
    """A quantity, a cost or an output that is called otherwise."""

    role: str
    old: str
    new: str


def renamings(old: Model, new: Model, distance: Callable[[Mapping[str, str]], int]) -> tuple[Renamed, ...]:
    """The quantities that are surely the same: alike in role, sizes and beginning, and fewer equations differ for it.

    ``distance`` counts the equations that differ under a renaming.
    """
    gone = [q for q in old.quantities.values() if q.name not in new.quantities and q.name not in old.listed]
    come = [q for q in new.quantities.values() if q.name not in old.quantities and q.name not in new.listed]
    found: dict[str, str] = {}
    told: list[Renamed] = []
    least, tried = None, 0
    for before in gone:
        for after in come:
            alike = (before.role, before.sizes, before.initial, before.below) == (
                after.role, after.sizes, after.initial, after.below
            )  # fmt: skip
            if not alike or after.name in found.values() or tried >= MOST_TRIED:
                continue
            tried += 1
            least = distance(found) if least is None else least
            less = distance({**found, before.name: after.name})
            if less < least:
                found[before.name], least = after.name, less
                told.append(Renamed(before.role, before.name, after.name))
                break
    return tuple(told)
