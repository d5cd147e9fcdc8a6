"""The judge of the ends passes what is derived, and finds each line that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hdsl.compiler import Compiler
from hdsl.derive.boundary import Boundary, Endless
from hdsl.syntax.source import Source
from hdsl.terms.term import Definition, Elementwise
from hdsl.verify.certificate import certify
from hdsl.verify.ends import judge_ends
from hdsl.verify.judgement import TOLERANCES, Errors
from hdsl.verify.points import sized

MODEL = """ham 1
dim n = 3
state h[n] = 1
param W[n, n] = eye
param q = free
control a in [-1, 1]
const s = 0.5
h' = tanh(W @ h) + a
cost fit = squared(h) + a^2
terminal goal = s*T*squared(W @ h) + sin(q)
terminal more = h[0]^3
final h[1] == q*T
final h[0:2] == 1
horizon free = 2
learn
    schedule = boundary
    eta = 0.3
"""


def judged(change: Callable[[Boundary], Boundary] = lambda b: b, text: str = MODEL) -> dict[str, float]:
    compiler = Compiler(Source(text, "ends.ham"))
    boundary = compiler.boundary
    assert isinstance(boundary, Boundary)
    errors = Errors()
    judge_ends(sized(compiler.model, compiler.model.written, {}, {}), change(boundary), compiler.model.written, errors, 1, 2)
    return {name: error for (name, judge), error in errors.largest.items() if error > TOLERANCES[judge]}


def test_what_is_derived_passes_and_every_line_is_judged() -> None:
    assert judged() == {}
    compiler = Compiler(Source(MODEL, "ends.ham"))
    found = {row.name for row in certify(compiler).rows}
    assert {"end:z:h", "end:w:W", "end:w:q", "end:T", "goal", "more", "final:1", "final:2"} <= found
    certificate = certify(compiler)
    assert certificate.ok, [row for row in certificate.rows if not row.ok]
    assert any("s = +1" in note for note in certificate.notes)


@pytest.mark.parametrize("name", ["end:z:h", "end:w:W", "end:w:q", "end:T", "goal", "final:1"])
def test_a_line_that_is_wrong_is_found(name: str) -> None:
    def wrong(line: Definition) -> Definition:
        if line.name != name:
            return line
        body = line.body
        return replace(line, body=Elementwise(1.01 * body.expression + 0.01)) if isinstance(body, Elementwise) else line

    found = judged(lambda b: replace(b, end=tuple(map(wrong, b.end))))
    assert name in found


def test_a_model_without_an_end_has_none_to_judge() -> None:
    compiler = Compiler(Source("ham 1\nstate x = 1\nx' = -x\ncost c = x^2\n", "a.ham"))
    errors = Errors()
    assert isinstance(compiler.boundary, Endless)
    judge_ends(sized(compiler.model, compiler.model.written, {}, {}), compiler.boundary, compiler.model.written, errors, 1, 2)
    assert errors.largest == {}
