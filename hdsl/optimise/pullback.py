"""The pullback of an output as one more program of a module, by the rewrites that its step takes."""

from __future__ import annotations

from dataclasses import replace

from hdsl.derive.pullback import Pullback
from hdsl.optimise.lower import Programs, forward, fuse, share
from hdsl.optimise.program import Program, check_program
from hdsl.terms.term import keep_needed


def with_pullback(programs: Programs, pullback: Pullback) -> Programs:
    """The programs with that of the pullback, which moves no cell and returns the gradients.

    Raises:
        ValueError: the model has no output, or no real input that its output depends on.
    """
    model = pullback.model
    if pullback.output is None:
        raise ValueError(f"the model {model.name} has no output, so nothing can be pulled back from it")
    if not pullback.gradients:
        raise ValueError(f"the output `{pullback.output}` of {model.name} depends on no real input, so nothing is pulled back")
    wanted = set(pullback.gradients.values())
    swap: dict[str, str] = {}
    lines = forward(keep_needed(pullback.lines, wanted), wanted, swap)
    lines = fuse(share(lines, wanted, swap), wanted)
    program = Program("pullback", model, lines, (), frozenset(), tuple(pullback.gradients.values()))
    check_program(program)
    return replace(programs, pullback=program)
