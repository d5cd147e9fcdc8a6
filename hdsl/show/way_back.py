"""The way back: the sections of a derivation whose model goes forward through a sequence and then back through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hdsl.derive.replay import Replay
from hdsl.derive.step import Step
from hdsl.show.page import Row, Section
from hdsl.terms.term import Definition

Rows = Callable[[Iterable[Definition]], tuple[Row, ...]]


def way_back(
    step: Step,
    replay: Replay,
    lines: Sequence[Definition],
    turn: Sequence[Row],
    rows_of: Rows,
    undoing: tuple[Row, ...] = (),
) -> tuple[Section, ...]:
    """A token forward, the turn, a token on the way back, and what moves at its end.

    Args:
        lines: of the whole step, those that are needed.
        turn: the rows of the turn.
        rows_of: makes the rows of some lines.
        undoing: the rows of the states before a token, where they are recomputed.
    """
    forward = {line.name for line in step.lines}
    moved = {line.name for line in replay.move}
    back = [line for line in lines if line.name not in forward | moved]
    often = f"after {replay.tokens} tokens at the latest, and " if replay.tokens else ""
    kept = "forward; what came is kept, and of the states the first" if undoing else "forward; what came is kept"
    undo = Section("undo", "undone", undoing, "each token, from the last to the first: states before it from those after it")
    return (
        Section("step", "a token", rows_of(line for line in lines if line.name in forward), kept),
        Section("turn", "the turn", tuple(turn), f"{often}where a sequence ends; z = 0"),
        *((undo,) if undoing else ()),
        Section("back", "back", rows_of(back), "each token, from the last to the first"),
        Section("move", "then", rows_of(replay.move), "once, with the model's own τ"),
    )
