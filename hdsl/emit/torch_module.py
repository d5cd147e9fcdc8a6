"""The pass ``emit``: the programs of a model as the text of a torch module that stands alone."""

from __future__ import annotations

import shlex
from dataclasses import replace

from hdsl.derive.pullback import Pullback
from hdsl.emit.advancing import advancing
from hdsl.emit.body import body_of
from hdsl.emit.constructor import constructor
from hdsl.emit.facts import Facts
from hdsl.emit.names import class_name, harmless, spell
from hdsl.emit.projecting import projecting, put_back
from hdsl.emit.pullback import THROUGH, stands_inside
from hdsl.emit.replaying import replay_docs, replaying
from hdsl.emit.skeleton import DRAW, HEADER, INSTANCES, METHODS
from hdsl.emit.torch_functions import used
from hdsl.model.model import Model
from hdsl.optimise.lower import Programs
from hdsl.optimise.program import Program

DOCS = {
    "learn": "One step: {how}. Moves every cell; returns outputs and what the costs are made of.",
    "observe": "The same step without learning: the states move, parameters and costates stay.",
    "predict": "The outputs that a step would return. Moves nothing.",
    "pullback": "The gradients of the inputs, from the adjoint of the output. Moves nothing.",
    "costs": "The costs of each stream, from what a step hands on. For many steps at once, their streams lie side by side.",
}


def emit_torch(programs: Programs, version: str, pullback: Pullback | None = None) -> str:
    """The text of the module, the same at every run for the same model; with ``pullback`` where the programs have one."""
    model = programs.learn.model
    if programs.called:
        programs = replace(programs, learn=programs.called)
    facts = Facts(programs)
    head = [
        HEADER.format(
            name=harmless(model.name),
            headline=harmless((model.doc.splitlines() or [_headline(model)])[0]),
            version=version,
            source=facts.file,
            content=facts.content,
            make=f"hdsl compile {shlex.quote(facts.file)} -o {spell(model.name)}.py{' --pullback' * bool(pullback)}",
        ),
        DRAW if facts.draws else "",
        INSTANCES if facts.dotted else "",
        THROUGH if pullback else "",
    ]
    parts = [
        f"\nclass {class_name(model.name)}({facts.base}):\n" + _indent(_class_docs(programs, facts), 1),
        _indent(facts.tables(), 1),
        _indent(constructor(facts), 1),
        _indent(METHODS.format(**facts.method_fields()), 1),
    ]
    for program in programs.steps:
        parts.append(_indent(_body(program, facts), 1))
    if programs.advance and programs.handed:
        parts.append(_indent(advancing(programs.advance, programs.handed, facts), 1))
    if pullback and programs.pullback:
        parts.append(_indent(stands_inside(pullback, facts), 1))
        parts.append(_indent(_body(programs.pullback, facts, pullback.adjoint), 1))
    if programs.replay:
        parts.append(_indent(replaying(programs.replay, facts), 1))
    if programs.projections:
        parts.append(_indent(projecting(programs.projections, facts), 1))
    head.append(used("\n".join(parts)))
    return "\n".join(part.rstrip() + "\n" for part in (*head, *parts) if part)


def _class_docs(programs: Programs, facts: Facts) -> str:
    model = programs.learn.model
    lines = [f'"""{harmless(model.name)}: {facts.how}{facts.at_a_time}, no autograd.', ""]
    lines += [harmless(line) for line in model.doc.splitlines()]
    lines += ["", "One step, in order:" if programs.replay is None else "A token, forward:", ""]
    folded = facts.lines(programs.learn).folded
    notation = facts.notation(programs.learn, folded)
    for line in programs.learn.lines:
        if line.name not in folded:
            lines.append(f"    {notation.equation(line)}")
    if programs.replay:
        lines += replay_docs(programs.replay, facts)
    if programs.projections:
        lines += ["", "Then, each from values before any of them:", ""]
        lines += [f"    {line}" for line in put_back(programs.projections, facts)]
    lines += ["", *facts.shapes(), '"""', ""]
    return "\n".join(lines)


def _headline(model: Model) -> str:
    return "learned by Hamiltonian Learning" if model.hamiltonian is None else "a mechanical system"


def _body(program: Program, facts: Facts, handed: str = "") -> str:
    """One of the bodies; ``handed`` is what it takes besides cells and sample."""
    if program.name == "costs":
        head = ["def _costs(self, made, sample):", f'    """{DOCS["costs"]}"""']
        if program.given:
            names = [facts.names[line.name] for line in program.given]
            head.append(f"    {', '.join(names)}{',' if len(names) == 1 else ''} = made")
    else:
        head = [
            f"def _{program.name}(self, cells, sample, tau{handed and ', '}{handed and facts.names[handed]}):",
            f'    """{DOCS[program.name].format(how=facts.how)}"""',
        ]
        head.append(f"    {facts.unpack_cells()} = cells")
    if facts.sample:
        head.append(f"    {facts.unpack_sample()} = sample")
    return "\n".join([*head, *body_of(program, facts, program.name == "costs"), ""])


def _indent(text: str, depth: int) -> str:
    pad = "    " * depth
    return "\n".join(pad + line if line else "" for line in text.splitlines()) + "\n"
