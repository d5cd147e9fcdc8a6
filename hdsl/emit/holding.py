"""How moves are held back in native code: over how many steps, and of which matrices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Holding:
    """How moves are held back: over ``steps`` steps, of matrices of ``least`` numbers and more.

    ``room`` is the part of a matrix's shorter side that vectors may take which stand for its costate; ``most`` bounds them.
    ``least_pair`` is ``least`` where there is no room, so that the costate is read too. ``turns`` is how often a run has to
    write what it holds back.
    """

    steps: int
    least: int
    least_pair: int
    room: float
    most: int
    turns: int


WHERE_IT_PAYS = Holding(16, 2**18, 2**20, 1 / 4, 512, 2)


def holding_of(steps: int | None) -> Holding:
    """What a user asks for: None for what pays, 0 for nothing, or so many steps of any matrix, whether it pays or not."""
    return WHERE_IT_PAYS if steps is None else Holding(steps, 1, 1, 512, 512, 0)
