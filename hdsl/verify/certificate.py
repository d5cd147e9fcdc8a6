"""Certificate: the proof of a derivation, shown to the user. One line an equation, with its largest error by every judge.

What is judged is what the compiler holds: its equations, and the torch and numpy texts that it printed. What judges is the
walk of the written text (`hdsl.verify.walk`), which shares no code with what it judges.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from hdsl.compiler import Compiler
from hdsl.syntax.tree import Define
from hdsl.terms.notation import Notation
from hdsl.terms.projected import how_often, put_back_to
from hdsl.terms.term import Definition, setting_name
from hdsl.verify.continuous import BATCHES, judge_equations, judge_scalars, too_large
from hdsl.verify.generated import judge_step
from hdsl.verify.judgement import REASONS, TOLERANCES, Errors, Group, Judge, Row
from hdsl.verify.points import NoPoint, Sized, sized, smallest
from hdsl.verify.pullback import judge_pullback

TITLES: Mapping[Group, str] = {
    "equations": "Hamilton's equations",
    "step": "one step of the generated module",
    "pullback": "the gradient to its inputs",
}
WIDTH = 64
NUMBERS = ("t", "tau", setting_name("phi"), setting_name("first"))


@dataclass(frozen=True)
class Certificate:
    """What every judge says of every equation of a model.

    ``sizes`` are those at which it was judged; ``notes`` tell what was judged otherwise than in the file, or left out;
    ``faults`` what kept it from being judged at all.
    """

    model: str
    order: str
    sizes: Mapping[str, int]
    seed: int
    points: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True if something was judged, and nothing found wrong."""
        return bool(self.rows) and not self.faults and all(row.ok for row in self.rows)

    @property
    def lines(self) -> tuple[str, ...]:
        """The certificate as text."""
        return tuple(_lines(self))

    def as_json(self) -> str:
        """The same as one JSON object; an error that is no number is null."""
        rows = [
            {
                "group": row.group,
                "name": row.name,
                "equation": row.equation,
                "judge": row.judge,
                "error": row.error if math.isfinite(row.error) else None,
                "tolerance": row.tolerance,
                "ok": row.ok,
                "remark": row.remark,
            }
            for row in self.rows
        ]
        told = {"model": self.model, "ok": self.ok, "order": self.order, "sizes": dict(self.sizes), "seed": self.seed}
        told |= {"rows": rows, "notes": list(self.notes), "faults": list(self.faults)}
        return json.dumps(told, ensure_ascii=False, indent=2)


def certify(compiler: Compiler, *, seed: int = 0, points: int = 3, pullback: bool = False) -> Certificate:
    """Judge the derivation, the printed torch module and the numpy reference of a model, as loaded.

    Args:
        compiler: the model with its sizes and settings.
        seed: of every random number.
        points: random points a batch size, for the equations of continuous time.
        pullback: also judge the gradient to the inputs.

    Raises:
        ModelError: the text is wrong.
        ValueError: there is no pullback.
    """
    model, text = compiler.model, compiler.model.written
    errors, steps, pulled = Errors(), Errors(), Errors()
    inside = compiler.torch_with_pullback if pullback else ""
    notes: list[str] = []
    faults: list[str] = []
    sizes: dict[str, int] = {}
    try:
        found = sized(model, text, compiler.dims, compiler.settings)
        sizes = found.sizes
        if found.changed:
            told = ", ".join(f"{name} = {number}" for name, number in found.changed.items())
            notes.append(f"judged at {told}: the file gives no size, or one so large that it would take long")
        judge_equations(found, compiler.equations, errors, seed, points)
        notes += _scalars(smallest(model, text, compiler.settings), compiler, errors, seed)
        judge_step(found, compiler.torch, compiler.numpy, steps, seed)
        if inside:
            judge_pullback(found, compiler.pullback, inside, pulled, seed)
    except NoPoint as fault:
        faults.append(str(fault))
    rows = (*errors.rows("equations", _equations(compiler)), *steps.rows("step", _step(compiler)))
    rows += pulled.rows("pullback", _pullback(compiler)) if inside else ()
    return Certificate(model.name, model.learning.order, sizes, seed, points, rows, tuple(notes), tuple(faults))


def _scalars(small: Sized | None, compiler: Compiler, errors: Errors, seed: int) -> list[str]:
    """Judge by sympy where the model is small enough; what is to be said of it."""
    if small is None or too_large(small):
        return ["sympy is left out: too large to be written out in scalars"]
    judge_scalars(small, compiler.equations, errors, seed)
    at = ", ".join(f"{name} = {number}" for name, number in small.sizes.items())
    return [f"sympy at {at}"] if at else []


# Equations as text ----------------------------------------------------------------------------------------------------


def _notation(compiler: Compiler, definitions: tuple[Definition, ...]) -> Notation:
    model = compiler.model
    return Notation(
        "text",
        definitions,
        written=[statement.name for statement in compiler.model.written.statements if isinstance(statement, Define)],
        shared=[*(q.name for q in model.quantities.values() if q.shared), *NUMBERS, *map(setting_name, model.learning.values)],
        order=tuple(model.quantities),
        states=tuple(model.dynamics),
        nexts=[name for name, dynamics in model.dynamics.items() if dynamics.kind == "next"],
    )


def _equations(compiler: Compiler) -> dict[str, str]:
    """The text of each equation of continuous time, in the order in which they are shown."""
    equations, model = compiler.equations, compiler.model
    by_name = {d.name: d for d in (*equations.definitions, *equations.all)}
    notation = _notation(compiler, tuple(by_name.values()))
    shown = [*(d.name for d in equations.all), *model.outputs, *model.costs]
    return {name: notation.equation(by_name[name]) for name in shown if name in by_name}


def _step(compiler: Compiler) -> dict[str, str]:
    """The text of each new value of one step, in the order in which they are shown."""
    step = compiler.step
    notation = _notation(compiler, step.lines)
    told = {d.name: notation.equation(d) for d in step.lines}
    texts = {f"{cell}+": told[f"{cell}+"] for cell in step.cells if f"{cell}+" in told}
    texts |= {f"output {name}": told[line] for name, line in step.outputs.items() if line in told}
    texts |= {f"cost {name}": told[line] for name, line in step.costs.items() if line in told}
    put = _notation(compiler, compiler.model.projected)
    made = {definition.name: definition for definition in compiler.model.projected}
    for p in compiler.model.projections:
        texts[f"{p.param}+"] += f", then {put_back_to(made[p.definition], put)} {how_often(p.every)}"
    return texts | {"clock+": "clock⁺ = clock + 1"}


def _pullback(compiler: Compiler) -> dict[str, str]:
    """The text of the gradient of each input."""
    pullback = compiler.pullback
    notation = _notation(compiler, pullback.lines)
    told = {line.name: notation.equation(line) for line in pullback.lines}
    return {line: told[line] for line in pullback.gradients.values()}


# Rendering ------------------------------------------------------------------------------------------------------------


def _lines(certificate: Certificate) -> list[str]:
    rows = certificate.rows
    sizes = "".join(f", {name} = {number}" for name, number in certificate.sizes.items())
    batches = " and ".join(map(str, BATCHES))
    lines = [
        f"{certificate.model}: {certificate.order} order{sizes}",
        f"float64, batches of {batches}, {certificate.points} random points each, seed {certificate.seed}",
    ]
    for group, title in TITLES.items():
        own = [row for row in rows if row.group == group]
        if own:
            lines += ["", *_table(title, own)]
    used = [judge for judge in TOLERANCES if any(row.judge == judge for row in rows)]
    lines.append("")
    if used:
        lines.append("relative errors, the largest of all points, judged by")
    lines += [f"  {judge:<12} at most {TOLERANCES[judge]:.0e}   {REASONS[judge]}" for judge in used]
    lines += [f"  {note}" for note in certificate.notes]
    lines += [f"  not judged: {fault}" for fault in certificate.faults]
    wrong = [row for row in rows if not row.ok]
    for row in wrong:
        lines.append(f"  wrong: {row.equation}  by {row.judge} {_number(row.error)}{row.remark and ': '}{row.remark}")
    names = {(row.group, row.name) for row in rows}
    bad = {(row.group, row.name) for row in wrong}
    if certificate.ok:
        lines += ["", f"{certificate.model}: all {len(names)} equations hold"]
    elif not names:
        lines += ["", f"{certificate.model}: no equation was judged"]
    elif not bad:
        lines += ["", f"{certificate.model}: not all equations were judged"]
    else:
        lines += ["", f"{certificate.model}: {len(bad)} of {len(names)} equations do not hold"]
    return lines


def _table(title: str, rows: list[Row]) -> list[str]:
    """A line an equation, a column a judge; a long equation has a line before its errors."""
    judges = [judge for judge in TOLERANCES if any(row.judge == judge for row in rows)]
    errors: dict[str, dict[Judge, Row]] = {}
    for row in rows:
        errors.setdefault(row.name, {})[row.judge] = row
    width = min(WIDTH, max(len(title), *(len(row.equation) + 2 for row in rows)))
    lines = [f"{title:<{width}}" + "".join(f"{judge:>13}" for judge in judges)]
    for found in errors.values():
        equation = "  " + next(iter(found.values())).equation
        if len(equation) > width:
            lines.append(equation)
            equation = ""
        told = [_number(found[judge].error) if judge in found else "·" for judge in judges]
        mark = "" if all(row.ok for row in found.values()) else "   wrong"
        lines.append(f"{equation:<{width}}" + "".join(f"{text:>13}" for text in told) + mark)
    return lines


def _number(error: float) -> str:
    return "0" if error == 0 else f"{error:.0e}" if math.isfinite(error) else "no value"
