"""A program as the body of a method: its numbers bound first, an equation a line with its place, what it returns last."""

from __future__ import annotations

from collections.abc import Iterable

from hdsl.emit.facts import Facts
from hdsl.emit.statement import Statement, bind_numbers, turn_once
from hdsl.emit.torch_lines import TorchLines
from hdsl.optimise.program import Program
from hdsl.terms.notation import Notation
from hdsl.terms.term import Definition

COMMENT_COLUMN = 76


def body_of(program: Program, facts: Facts, alone: bool = False) -> list[str]:
    """The lines of a method below its head; ``alone`` where it is handed neither cells nor τ."""
    lines = facts.lines(program)
    bindings, statements = bind_numbers(turn_once(lines.statements, facts.names.given), facts.names.given)
    notation = facts.notation(program, lines.folded)
    results = [handed_out(program, name, lines) for name in program.results]
    text = "\n".join([*bindings, *(s.text for s in statements), *results])
    made = [*facts.prologue(text, alone), *bindings]
    made += [line for s in statements for line in commented(s, facts, notation)]
    if results or program.name not in ("turn", "after", "move"):
        made.append(f"return ({', '.join(results)}{',' if len(results) == 1 else ''})")
    return [f"    {line}" for line in made]


def handed_out(program: Program, name: str, lines: TorchLines) -> str:
    """What is handed out is the caller's to keep: never a cell or a sample itself."""
    text = lines.name(name)
    made = {line.name for line in (*program.lines, *(program.given if program.name == "handed" else ()))}
    if name not in made or (name.endswith("+") and name[:-1] in program.cells):
        return f"{text}.clone()"
    return text


def commented(statement: Statement, facts: Facts, notation: Notation) -> Iterable[str]:
    """The statement with its equation and the lines of the .ham file that it comes from."""
    if not statement.definitions:
        yield statement.text
        return
    told: list[Definition] = []
    names = [d.name for d in statement.definitions]
    for definition in statement.definitions:
        if (
            not any(definition.name in other.reads() for other in statement.definitions)
            or definition.name not in notation.inlined
        ):
            told.append(definition)
    if len(names) > 1 and statement.text.startswith("torch._foreach"):
        told = list(statement.definitions)
    equations = ", ".join(dict.fromkeys(notation.equation(d) for d in told))
    comment = f"# {equations}{facts.place(statement.definitions, notation)}"
    if len(statement.text) < COMMENT_COLUMN - 2 and len(comment) < 76 and "\n" not in statement.text:
        yield f"{statement.text:<{COMMENT_COLUMN}}{comment}"
    else:
        yield comment
        yield from statement.text.splitlines()
