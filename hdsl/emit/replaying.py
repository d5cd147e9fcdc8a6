"""The methods of a generated torch module that keep the tokens of a sequence and go back through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdsl.derive.replay import EVERY, FIRST
from hdsl.emit.body import body_of
from hdsl.emit.facts import Facts
from hdsl.emit.skeleton_replay import AGAIN, CHAIN, REPLAY, SHARED, STORING, UNDOING
from hdsl.optimise.program import Program
from hdsl.optimise.replay import ReplayPrograms

BLOCK, BLOCK_UNDONE = 512, 128
"""The most tokens whose values are worked out at once: what is not kept is of so many at any time. Where states are recomputed,
they are among these."""

DOCS = {
    "undo": "A token, from the last to the first: the states before it from those after it.",
    "turn": "Once a replay, before its last token: what the parameters' costates keep of sequences before.",
    "before": "Of many tokens at once, all that their costates are made of and that is not one.",
    "back": "One token, from the last to the first: its costates, and what it hands back to the token before.",
    "after": "Of many tokens at once: what the parameters' costates take in.",
    "move": "Once a replay, after its first token: the parameters.",
}


def replay_docs(replay: ReplayPrograms, facts: Facts) -> Iterator[str]:
    """The equations of the way back, for the docstring of a class."""
    often = f"after {replay.tokens} tokens or a boundary" if replay.tokens else "after a boundary"
    yield from ("", f"The way back, {often}: first, once,", "")
    yield from _equations(replay.turn, facts)
    if replay.undo:
        yield from ("", "with the states before each token, marked ⁻, from those after it,", "")
        yield from _equations(replay.undo, facts)
    yield from ("", "with z = 0; then for each token from the last to the first,", "")
    for program in replay.parts:
        yield from _equations(program, facts)
    yield from ("", "and at the end", "")
    yield from _equations(replay.move, facts)


def _equations(program: Program, facts: Facts) -> Iterator[str]:
    folded = facts.lines(program).folded
    notation = facts.notation(program, folded)
    return (f"    {notation.equation(line)}" for line in program.lines if line.name not in folded)


def replaying(replay: ReplayPrograms, facts: Facts) -> str:
    """The fixed methods, then the bodies; no chain where no state has a costate."""
    bodies = []
    for program in (replay.turn, *((replay.undo,) if replay.undo else ()), *replay.parts, replay.move):
        if program is replay.back and not replay.chain:
            continue
        bodies.append("\n".join([*_head(program, replay, facts), *body_of(program, facts), ""]))
    kept = (UNDOING if replay.undo else STORING).format(**_keeping(replay, facts))
    return kept + REPLAY.format(**_fields(replay, facts)) + "\n" + "\n".join(bodies)


def _head(program: Program, replay: ReplayPrograms, facts: Facts) -> list[str]:
    """The head of a body: what it is handed, and the names of it."""
    names = facts.names
    rows = [f"{names_of} = {given}" for names_of, given in (
        (facts.unpack_cells(), "cells"),
        (facts.unpack_sample(), "sample") if facts.sample else ("", ""),
        (_unpacked([names[n] for n in _moved(facts)]), "moved"),
    ) if names_of]  # fmt: skip
    given = _unpacked([names[line.name] for line in program.given])
    match program.name:
        case "undo":
            arguments = "cells, sample, moved, tau"
            rows[-1] = f"{_unpacked([names[f'{state}+'] for state in facts.states])} = moved"
        case "before":
            arguments = "cells, sample, moved, tau"
        case "after":
            arguments, rows = "cells, sample, moved, given, tau", [*rows, *([f"{given} = given"] if given else [])]
        case "back":
            arguments, rows = "cells, chain, given, tau", rows[:1]
            rows.append(f"{_unpacked([names[cell] for cell in replay.chain])} = chain")
            given = _unpacked([names[name] for name in _handed(replay)])
            rows += [f"{given} = given"] if given else []
            rows += [f"{names[f'column:{n}']} = {names[n]}.unsqueeze(-1)" for n in replay.apart if n.startswith("present:")]
        case _:
            arguments, rows = "cells, tau", rows[:1]
    head = [f"def _{program.name}(self, {arguments}):", f'    """{DOCS[program.name]}"""']
    return [*head, *(f"    {row}" for row in rows)]


def _unpacked(names: list[str]) -> str:
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)


def _moved(facts: Facts) -> list[str]:
    """What a token reads besides cells and sample: the states that it has moved to, and two marks."""
    return [*(f"{state}+" for state in facts.states), EVERY, FIRST]


def _handed(replay: ReplayPrograms) -> tuple[str, ...]:
    """What the chain is handed at each token."""
    return (*(line.name for line in replay.back.given), *replay.apart)


def _fields(replay: ReplayPrograms, facts: Facts) -> dict[str, str]:
    model, cells = facts.model, [name for name, _ in facts.cells]
    shared = {state for state in facts.states if model.quantities[state].shared}
    places = {name: f"cells[{k}]" for k, name in enumerate(facts.states)}
    places |= {f"initial:{h}": f"cells[{cells.index(f'initial:{h}')}]" for h in facts.anew}
    places |= {name: f"sample[{k}]" for k, name in enumerate(facts.sample)}
    places |= {name: f"moved[{k}]" for k, name in enumerate(_moved(facts))}
    places |= {line.name: f"given[{k}]" for k, line in enumerate(replay.handed)}
    one_a_stream = tuple(k for k, state in enumerate(facts.states) if state in shared)
    anew = [f"    cells[{cells.index(f'initial:{h}')}] = {facts.at('initial', h)}.expand(steps * batch{_axes(facts, h)})\n"
            for h in facts.anew]
    zeros = [_zero(facts, cell.partition(":")[2]) for cell in replay.chain]
    costates = [(cells.index(cell), cell.removeprefix("z:") in shared) for cell in replay.chain if cell.startswith("z:")]
    return {
        "tokens": repr(replay.tokens),
        "states": str(len(facts.states)),
        "shared": SHARED.format(places=one_a_stream) if one_a_stream else "",
        "anew": "".join(anew),
        "zeros": f"({', '.join(zeros)}{',' * (len(zeros) == 1)})",
        "costates": repr(tuple(costates)),
        "block": str(BLOCK if replay.undo is None else BLOCK_UNDONE),
        "after": "\n    after, self.drift = self._path[-1], 0.0" if replay.undo else "",
        "again": AGAIN if replay.undo else "",
        "chain": _chain(replay, places),
        "project": "\n    self.ticks += 1\n    self._project(cells, self.ticks)" if facts.programs.projections else "",
    }


def _chain(replay: ReplayPrograms, places: Mapping[str, str]) -> str:
    """The loop over tokens, empty where no state has a costate."""
    if not replay.chain:
        return ""
    same = {line.name for line in replay.back.given if line.shared}
    handed = _handed(replay)
    rows = [f"[{places[n]}] * steps" if n in same else f"{places[n]}.unflatten(0, (steps, batch)).unbind(0)" for n in handed]
    gathered = f"list(zip({', '.join(f'handed[{k}]' for k in range(len(handed)))}))" if handed else "[()] * steps"
    told = len(replay.back.results) - len(replay.chain)
    return CHAIN.format(handed="".join(f"{row}, " for row in rows).strip(), rows=gathered, told=told)


def _keeping(replay: ReplayPrograms, facts: Facts) -> dict[str, str]:
    """What the text of keeping leaves open, and of going back where states are recomputed."""
    kept = tuple(k for k, state in enumerate(facts.states) if state not in replay.undone)
    every = replay.stored_every
    merged = [f"before[{replay.undone.index(h)}]" if h in replay.undone else f"cells[{k}]" for k, h in enumerate(facts.states)]
    return {
        "states": str(len(facts.states)),
        "names": repr(tuple(facts.states)),
        "kept": repr(kept),
        "kept_names": repr(tuple(facts.states[k] for k in kept)),
        "first": replay.undone[0] if replay.undone else "",
        "merged": ", ".join(merged),
        "which": f"one in {every}" if every else "the first one alone",
        "goes_on": f"len(self._path) % {every}" if every else "self._path",
        "every": repr(every) if every else "max(count, 1)",
    }


def _axes(facts: Facts, state: str) -> str:
    return "".join(f", {facts.size(n, 'self.')}" for n in facts.model.quantities[state].sizes)


def _zero(facts: Facts, state: str) -> str:
    return f"self.share.new_zeros((self.batch{_axes(facts, state) or ','}))"
