"""The way back of a replay as programs: what needs no costate is worked out for many tokens at once, as if they were streams.

From the last token to the first there is a chain of costates alone. So the lines of a token are parted in three: ``before``
the chain, all that it reads of states and sample; ``back``, the chain itself, run once a token; ``after`` it, what the
parameters' costates take in. ``token`` is all of it at once, for the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hdsl.derive.replay import Replay
from hdsl.derive.reversing import WAS, Reversal
from hdsl.model.model import Model
from hdsl.optimise.arrange import arrange, held
from hdsl.optimise.program import Program
from hdsl.terms.renaming import rename
from hdsl.terms.term import Definition, keep_needed, setting_name

Rewrite = Callable[[Iterable[Definition], set[str]], tuple[Definition, ...]]


@dataclass(frozen=True)
class ReplayPrograms:
    """``turn`` and ``move`` run once a replay. ``handed`` are the lines that ``before`` returns.

    ``back`` is handed the cells ``chain`` as the token after left them, the lines of its ``given`` and, of what is not the same
    at every token, the quantities ``apart``; it returns what ``after`` takes of it, then the new values of the chain.
    ``after`` is handed the lines of its ``given``. ``undo`` gives the states before a token from those after it, those of
    ``undone``; it is None where all states are kept. They are kept of the first token, and of every ``stored_every``.
    """

    turn: Program
    before: Program
    back: Program
    after: Program
    move: Program
    token: Program
    handed: tuple[Definition, ...]
    chain: tuple[str, ...]
    apart: tuple[str, ...]
    tokens: int | None
    undo: Program | None = None
    undone: tuple[str, ...] = ()
    stored_every: int | None = None

    @property
    def once(self) -> tuple[Program, Program]:
        return self.turn, self.move

    @property
    def parts(self) -> tuple[Program, Program, Program]:
        """What a token does, in the order in which it runs."""
        return self.before, self.back, self.after


def lower_replay(model: Model, replay: Replay, plain: Rewrite, fuse: Rewrite) -> ReplayPrograms:
    """The programs of the way back. ``plain`` is run on all lines of a token together, ``fuse`` on each part."""
    chain = tuple(cell for cell in replay.cells if not cell.startswith("w:"))
    omegas = tuple(cell for cell in replay.cells if cell.startswith("w:"))
    lines = plain(_as_kept(model, replay.token), {f"{cell}+" for cell in replay.cells})
    needed = keep_needed(lines, [f"{cell}+" for cell in chain])
    moving = _behind(needed, chain)
    inside = {line.name for line in needed}
    before = tuple(line for line in needed if line.name not in moving)
    back = tuple(line for line in needed if line.name in moving)
    after = tuple(line for line in lines if line.name not in inside)
    of_after = _read(after)
    handed = {line.name for line in before if line.name in _read(back) | of_after}
    kept = {line.name for line in back if line.name in of_after}
    before, back, after = fuse(before, handed), fuse(back, kept | _new(chain)), fuse(after, set(_new(omegas)))
    given = tuple(line for line in before if line.name in handed)
    told = tuple(line for line in back if line.name in kept)
    returned = (*(line.name for line in told), *_moved(chain))
    apart = _apart(model, back, {line.name for line in (*given, *back)}, chain)
    return ReplayPrograms(
        turn=_moves("turn", model, replay.turn, omegas),
        before=Program("before", model, before, (), frozenset(), tuple(line.name for line in given)),
        back=Program("back", model, back, (), frozenset(), returned, tuple(line for line in given if line.name in _read(back))),
        after=_moves("after", model, after, omegas, (*given, *told)),
        move=_moves("move", model, replay.move, tuple(p.name for p in model.of_role("param"))),
        token=Program("token", model, lines, replay.cells, _new(replay.cells), ()),
        handed=given,
        chain=chain,
        apart=apart,
        tokens=replay.tokens,
        undo=_undo(model, replay.reversal, plain, fuse),
        undone=replay.reversal.undone if replay.reversal else (),
        stored_every=model.learning.stored_every,
    )


def _undo(model: Model, reversal: Reversal | None, plain: Rewrite, fuse: Rewrite) -> Program | None:
    """A step back of the states."""
    if reversal is None or not reversal.undone:
        return None
    results = tuple(f"{WAS}{state}" for state in reversal.undone)
    lines = fuse(plain(reversal.lines, set(results)), set(results))
    return Program("undo", model, lines, (), frozenset(), results)


def _moves(
    name: str,
    model: Model,
    lines: tuple[Definition, ...],
    cells: tuple[str, ...],
    given: tuple[Definition, ...] = (),
) -> Program:
    arranged = arrange(lines, cells)
    return Program(name, model, arranged, cells, held(arranged, cells), (), given)


def _moved(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{cell}+" for cell in cells)


def _new(cells: Iterable[str]) -> frozenset[str]:
    return frozenset(_moved(cells))


def _read(lines: Iterable[Definition]) -> set[str]:
    return {name for line in lines for name in line.reads()}


def _behind(lines: Iterable[Definition], chain: Iterable[str]) -> set[str]:
    """The lines that a costate is behind."""
    found = {*chain, *_new(chain)}
    for line in lines:
        if found.intersection(line.reads()):
            found.add(line.name)
    return found


def _as_kept(model: Model, lines: Iterable[Definition]) -> tuple[Definition, ...]:
    """What a ``next`` state moves to is the state that was kept, and need not be worked out again.

    Unless it is the same at every token: a state has a row for each.
    """
    lines = tuple(lines)
    moving = {line.name for line in lines if not line.shared}
    nexts = {d.definition: f"{name}+" for name, d in model.dynamics.items() if d.kind == "next"}
    swap = {name: kept for name, kept in nexts.items() if name in moving}
    return tuple(line if line.name in swap else rename(line, {n: swap[n] for n in line.reads() if n in swap}) for line in lines)


def _apart(model: Model, back: Iterable[Definition], made: set[str], chain: Iterable[str]) -> tuple[str, ...]:
    """What the chain reads of a token beside the lines that it is given."""
    same = {q.name for role in ("param", "const") for q in model.of_role(role)} | {"tau", setting_name("phi"), *made, *chain}
    same |= set(map(setting_name, model.learning.values))
    return tuple(dict.fromkeys(name for line in back for name in line.reads() if name not in same))
