"""The method of a generated torch module that puts parameters back after a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdsl.emit.facts import Facts
from hdsl.emit.statement import turn_once
from hdsl.optimise.program import Program
from hdsl.terms.notation import Notation
from hdsl.terms.projected import how_often, put_back_to
from hdsl.terms.term import Contraction, Definition

COMMENT_COLUMN = 76


def put_back(projections: Mapping[int, Program], facts: Facts) -> Iterator[str]:
    """What is put back, an equation a line: ``W ← W / ‖W‖ every 10 steps``."""
    for every, program in projections.items():
        notation = facts.notation(program, ())
        for line in program.lines:
            yield f"{_equation(line, notation)}{f' {how_often(every)}' if line.name in program.results else ''}"


def projecting(projections: Mapping[int, Program], facts: Facts) -> str:
    """The whole method. Values are made first and put in last, so that every one of them reads what was there before."""
    head = [
        "def _project(self, cells, tick):",
        '    """Put back what is due after a step, by its number from 1: all of it from values before any."""',
        f"    {facts.unpack_cells()} = cells",
    ]
    body = ["    due = []"]
    for every, program in projections.items():
        pad = "    " if every == 1 else "        "
        body += [] if every == 1 else [f"    if tick % {every} == 0:"]
        body += [f"{pad}{line}" for line in _statements(program, facts)]
    body += ["    for parameter, value in due:", "        parameter.copy_(value)", ""]
    prologue = [f"    {line}" for line in facts.prologue("\n".join(body))]
    return "\n".join([*head, *prologue, *body])


def _statements(program: Program, facts: Facts) -> Iterator[str]:
    lines = facts.lines(program)
    statements = turn_once(lines.statements, facts.names.given)
    notation = facts.notation(program, lines.folded)
    for statement in statements:
        told = ", ".join(_equation(d, notation) for d in statement.definitions if d.name not in lines.folded)
        comment = f"# {told}{facts.place(statement.definitions, notation)}" if told else ""
        if comment and len(statement.text) >= COMMENT_COLUMN - 2:
            yield comment
            yield statement.text
        else:
            yield f"{statement.text:<{COMMENT_COLUMN}}{comment}".rstrip()
    for line in program.lines:
        if line.name in program.results:
            # A sum over an axis of one entry may be a view of a parameter that is put back before it is read.
            own = ".clone()" if isinstance(line.body, Contraction) else ""
            yield f"due.append(({facts.names[line.name.partition(':')[2]]}, {lines.name(line.name)}{own}))"


def _equation(line: Definition, notation: Notation) -> str:
    return put_back_to(line, notation) if line.name.startswith("P:") else notation.equation(line)
