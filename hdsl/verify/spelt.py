"""Spelt: the equations that a certificate judges, as people read them, by hdsl's own names."""

from __future__ import annotations

from collections.abc import Mapping

from hdsl.compiler import Compiler
from hdsl.derive.boundary import Endless
from hdsl.derive.layered import LAYER
from hdsl.show.page import worded
from hdsl.syntax.tree import Define
from hdsl.terms.notation import Notation
from hdsl.terms.projected import how_often, sides_of_projection
from hdsl.terms.spelling import Style
from hdsl.terms.term import Definition, setting_name
from hdsl.verify.judgement import Group

NUMBERS = ("t", "tau", setting_name("phi"), setting_name("first"), LAYER)
ARROW: Mapping[Style, str] = {"text": " ← ", "latex": r" \leftarrow "}
COUNTERS: Mapping[Style, Mapping[str, str]] = {
    "text": {
        "clock+": "clock⁺ = clock + 1",
        "time+": "t⁺ = t + τ",
        "ended+": "ended⁺ = boundary",
        "sample": "a sample by itself and in a stream of samples",
        "reset": "reset: states begin, costates and clock are 0",
    },
    "latex": {
        "clock+": r"\(\mathrm{clock}^{+} = \mathrm{clock} + 1\)",
        "time+": r"\(t^{+} = t + \tau\)",
        "ended+": r"\(\mathrm{ended}^{+} = \mathrm{boundary}\)",
        "sample": "a sample by itself and in a stream of samples",
        "reset": "reset: states begin, costates and clock are 0",
    },
}
"""What is no equation of the model: whose sequence ended, how many steps were made, and where `reset` goes back to."""


def spelt(compiler: Compiler, style: Style, pullback: bool) -> Mapping[Group, Mapping[str, str]]:
    """Every equation by its name, in the order in which they are shown; in LaTeX as words with formulas in them.

    Raises:
        ModelError: the text is wrong.
    """
    return {
        "equations": {**_equations(compiler, style), **_ends(compiler, style)},
        "step": _step(compiler, style),
        "pullback": _pullback(compiler, style) if pullback else {},
    }


def _notation(compiler: Compiler, definitions: tuple[Definition, ...], style: Style) -> Notation:
    model = compiler.model
    return Notation(
        style,
        definitions,
        written=[statement.name for statement in compiler.model.written.statements if isinstance(statement, Define)],
        shared=[*(q.name for q in model.quantities.values() if q.shared), *NUMBERS, *map(setting_name, model.learning.values)],
        order=tuple(model.quantities),
        states=tuple(model.dynamics),
        nexts=[name for name, dynamics in model.dynamics.items() if dynamics.kind == "next"],
        latex=model.latex,
    )


def _equations(compiler: Compiler, style: Style) -> dict[str, str]:
    """Each equation of continuous time."""
    equations, model = compiler.equations, compiler.model
    own = (*equations.slope.values(), *equations.control.values())
    by_name = {d.name: d for d in (*equations.definitions, *equations.all, *own)}
    notation = _notation(compiler, tuple(by_name.values()), style)
    shown = [*(d.name for d in (*equations.all, *own)), *model.outputs, *model.costs]
    return {name: worded(notation.equation(by_name[name]), style) for name in shown if name in by_name}


def _ends(compiler: Compiler, style: Style) -> dict[str, str]:
    """What holds at the end of a boundary problem."""
    boundary = compiler.boundary
    if compiler.model.learning.schedule != "boundary" or isinstance(boundary, Endless):
        return {}
    notation = _notation(compiler, boundary.end, style)
    finals = {final.definition for final in boundary.model.finals}
    shown = {*boundary.model.terminals, *finals} | {d.name for d in boundary.end if d.name.startswith("end:")}
    return {d.name: worded(notation.equation(d), style) for d in boundary.end if d.name in shown}


def _step(compiler: Compiler, style: Style) -> dict[str, str]:
    """Each new value of one step."""
    step = compiler.step.whole
    notation = _notation(compiler, step.lines, style)
    told = {d.name: worded(notation.equation(d), style) for d in step.lines}
    texts = {f"{cell}+": told[f"{cell}+"] for cell in step.cells if f"{cell}+" in told}
    texts |= {f"output {name}": told[line] for name, line in step.outputs.items() if line in told}
    texts |= {f"cost {name}": told[line] for name, line in step.costs.items() if line in told}
    put = _notation(compiler, compiler.model.projected, style)
    made = {definition.name: definition for definition in compiler.model.projected}
    for p in compiler.model.projections:
        put_back = ARROW[style].join(sides_of_projection(made[p.definition], put))
        texts[f"{p.param}+"] += f", then {worded(put_back, style)} {how_often(p.every)}"
    return texts | COUNTERS[style]


def _pullback(compiler: Compiler, style: Style) -> dict[str, str]:
    """The gradient of each input."""
    pullback = compiler.pullback
    notation = _notation(compiler, pullback.lines, style)
    told = {line.name: worded(notation.equation(line), style) for line in pullback.lines}
    return {line: told[line] for line in pullback.gradients.values()}
