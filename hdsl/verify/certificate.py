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
from hdsl.runtime.threads import using
from hdsl.verify.continuous import judge_equations, judge_scalars, too_large
from hdsl.verify.ends import judge_ends
from hdsl.verify.generated import judge_step
from hdsl.verify.judgement import TOLERANCES, Errors, Group, Judge, Row
from hdsl.verify.order import judge_order
from hdsl.verify.points import NoPoint, Sized, sized, smallest
from hdsl.verify.pullback import judge_pullback
from hdsl.verify.spelt import spelt


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
    def judges(self) -> tuple[Judge, ...]:
        """Those that judged anything."""
        return tuple(judge for judge in TOLERANCES if any(row.judge == judge for row in self.rows))

    @property
    def verdict(self) -> str:
        """A sentence."""
        names = {(row.group, row.name) for row in self.rows}
        bad = {(row.group, row.name) for row in self.rows if not row.ok}
        if self.ok:
            return f"all {len(names)} equations hold"
        if not names:
            return "no equation was judged"
        return f"{len(bad)} of {len(names)} equations do not hold" if bad else "not all equations were judged"

    def as_json(self) -> str:
        """The same as one JSON object; an error that is no number is null, and so is an exponent that no judge measures."""
        rows = [
            {
                "group": row.group,
                "name": row.name,
                "equation": row.equation,
                "judge": row.judge,
                "error": row.error if math.isfinite(row.error) else None,
                "measured": row.measured or None,
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
    with using(1):  # many small operations, which a second thread only makes wait
        return _certified(compiler, seed, points, pullback)


def _certified(compiler: Compiler, seed: int, points: int, pullback: bool) -> Certificate:
    model, text = compiler.model, compiler.model.written
    errors: dict[Group, Errors] = {"equations": Errors(), "step": Errors(), "pullback": Errors()}
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
        judge_equations(found, compiler.equations, errors["equations"], seed, points)
        # A const that is a list holds its size: then sympy is asked at the sizes of the file.
        small = smallest(model, text, compiler.settings) or found
        notes += _scalars(small, compiler, errors["equations"], seed)
        if model.learning.schedule == "boundary":
            judge_ends(found, compiler.boundary, text, errors["equations"], seed, points)
            notes.append("there is no step to judge: the problem is solved as a whole, with s = +1")
        else:
            judge_step(found, compiler.torch, compiler.numpy, errors["step"], seed)
            notes += _order(found, compiler.torch, errors["step"], seed)
        if inside:
            judge_pullback(found, compiler.pullback, inside, errors["pullback"], seed)
    except NoPoint as fault:
        faults.append(str(fault))
    texts = spelt(compiler, "text", pullback)
    rows = tuple(row for group, own in errors.items() for row in own.rows(group, texts[group]))
    return Certificate(model.name, model.learning.order, sizes, seed, points, rows, tuple(notes), tuple(faults))


def _scalars(small: Sized, compiler: Compiler, errors: Errors, seed: int) -> list[str]:
    """Judge by sympy where the model is small enough; what is to be said of it."""
    if too_large(small):
        return ["sympy is left out: too large to be written out in scalars"]
    judge_scalars(small, compiler.equations, errors, seed)
    at = ", ".join(f"{name} = {number}" for name, number in small.sizes.items())
    return [f"sympy at {at}"] if at else []


def _order(found: Sized, text: str, errors: Errors, seed: int) -> list[str]:
    """Judge the order of the integrator; what is to be said of it."""
    try:
        return [judge_order(found, text, errors, seed)]
    except Exception as fault:  # whatever stops the generated text is a finding, not a crash
        errors.stop("the generated step", "order", fault)
        return []
