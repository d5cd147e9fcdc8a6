"""What is one for all streams, and what each stream has its own of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hdsl.terms.term import Definition


def depending_on(names: Iterable[str], reads: Mapping[str, Iterable[str]]) -> set[str]:
    """The names that depend on some of ``names``, by whatever way, circles included, with these themselves.

    ``reads`` has for each definition what it reads, and for each state what its dynamics reads.
    """
    readers: dict[str, list[str]] = {}
    for name, sources in reads.items():
        for source in sources:
            readers.setdefault(source, []).append(name)
    found = set(names)
    waiting = list(found)
    while waiting:
        for name in readers.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def settle(
    definitions: Sequence[Definition],
    dynamics: Mapping[str, str],
    streamed: Iterable[str],
    written: Mapping[str, Iterable[str]],
) -> tuple[tuple[Definition, ...], set[str]]:
    """The definitions with ``shared`` as what they read has it, and the names that each stream has its own of.

    ``dynamics`` gives for each state the definition of its dynamics. A state and what it begins from are alike. What is
    ``written`` in a definition or in the dynamics of a state counts, though nothing be left of it: `u - u` is of each stream.
    """
    reads = {d.name: (*d.reads(), *written.get(d.name, ())) for d in definitions}
    for state, definition in dynamics.items():
        reads[f"z:{state}"] = (state,)
        initial = f"initial:{state}"
        reads[state] = (definition, *written.get(state, ()), *([initial] if initial in reads else []))
        if initial in reads:
            reads[initial] = (*reads[initial], state)
    own = {name for name in depending_on(streamed, reads) if not name.startswith("z:")}
    return tuple(replace(definition, shared=definition.name not in own) for definition in definitions), own
