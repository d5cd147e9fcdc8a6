"""Hamilton's equations under their judges: each judge alone finds what is wrong, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.term import Contraction, Elementwise
from hdsl.verify.continuous import judge_equations, judge_scalars, too_large
from hdsl.verify.judgement import TOLERANCES, Errors
from hdsl.verify.points import sized, smallest

# A state that is shared and one that is not, a `next`, kinks, a power, a softmax, an index, a decay that is shared, time.
MODEL = """
dim n = 3, m = 2
input u[m]
target v
target c : index(n)
state h[n] = 0
state g[n] = 0
state s = 1
param W[n, n] = 0
param U[n, m] = 0
param p = 0
param idle[m] = 0
const alpha = 0.3
next g = tanh(W @ h + U @ u) * s
h' = -alpha*h + relu(g) + clip(W.T @ h, -0.4, 0.4) + softmax(g)*sin(t)
s' = -p*s + 1/n
output y = sum(max(h, g)) + abs(p)
cost fit = (y - v)^2 / 2
cost class = cross_entropy(h, c)
cost decay = 0.1*squared(W)
learn
    tau = 0.4
    eta = 0.6
    eta.p = 0.1
    phi = 1 + t/2
    beta = 0.2
    beta.U = 0.05
"""

DIFFERENTIATE = {"autograd", "differences", "change", "remainder", "products", "sympy"}


def judged(text=MODEL, change=None, points=1):
    compiler = Compiler(Source(text, "judged.ham"))
    equations = compiler.equations
    if change is not None:
        equations = change(equations)
    errors = Errors()
    found = sized(compiler.model, compiler.text, {}, {})
    judge_equations(found, equations, errors, 3, points)
    small = smallest(compiler.model, compiler.text, {})
    assert small is not None and not too_large(small)
    judge_scalars(small, equations, errors, 3)
    return errors


def wrong(errors):
    return {key for key, error in errors.largest.items() if error > TOLERANCES[key[1]]}


def test_all_is_well():
    errors = judged(points=3)
    assert not wrong(errors)
    names = {name for name, _ in errors.largest}
    assert names == (
        {f"dot:{x}" for x in ("h", "g", "s", "W", "U", "p", "idle")}
        | {f"dot:z:{x}" for x in ("h", "g", "s")}
        | {f"dot:w:{x}" for x in ("W", "U", "p", "idle")}
        | {"y", "fit", "class", "decay"}
    )
    for name in names:
        costate = name.startswith(("dot:z:", "dot:w:"))
        expected = DIFFERENTIATE if costate else {"walk"}
        assert {judge for other, judge in errors.largest if other == name} == expected
    loose = {"differences", "change", "remainder"}
    assert max(error for (_, judge), error in errors.largest.items() if judge not in loose) < 1e-12


def doubled(definition):
    body = definition.body
    if isinstance(body, Elementwise):
        return replace(definition, body=Elementwise(2 * body.expression))
    if isinstance(body, Contraction):
        return replace(definition, body=replace(body, coefficient=2 * body.coefficient))
    return definition


@pytest.mark.parametrize("name", ["h", "s", "g"])
def test_every_judge_of_a_costate_finds_a_fault_by_itself(name):
    def change(equations):
        return replace(equations, costate={**equations.costate, name: doubled(equations.costate[name])})

    own = f"dot:z:{name}"
    assert wrong(judged(change=change)) == {(own, judge) for judge in DIFFERENTIATE - {"change"}}


@pytest.mark.parametrize("part", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 2))])
def test_every_derived_line_counts(part):
    """Each line that the derivation added is doubled in turn; no such fault passes."""
    compiler = Compiler(Source(MODEL))
    equations, found = compiler.equations, sized(compiler.model, compiler.text, {}, {})
    own = {d.name for d in equations.model.definitions}
    lines = [d for d in equations.definitions if d.name not in own and doubled(d) != d]
    assert len(lines) > 15
    passed = []
    for line in lines[part::3]:
        changed = tuple(doubled(d) if d is line else d for d in equations.definitions)
        errors = Errors()
        judge_equations(found, replace(equations, definitions=changed), errors, 3, 1)
        if not wrong(errors):
            passed.append(line.name)
    assert passed == []


def test_a_rate_of_the_wrong_parameter_is_found():
    """β of W in place of U's own, and η of the rest in place of p's."""

    def change(equations):
        beta, eta = sympy.Symbol("learn:beta.U"), sympy.Symbol("learn:eta.p")
        moved = equations.parameter["U"]
        moved = replace(moved, body=Elementwise(moved.body.expression.xreplace({beta: sympy.Symbol("learn:beta")})))
        faded = equations.costate["p"]
        faded = replace(faded, body=Elementwise(faded.body.expression.xreplace({eta: sympy.Symbol("learn:eta")})))
        return replace(
            equations,
            parameter={**equations.parameter, "U": moved},
            costate={**equations.costate, "p": faded},
        )

    assert wrong(judged(change=change)) == {
        ("dot:U", "walk"),
        *(("dot:w:p", judge) for judge in DIFFERENTIATE - {"change"}),
    }


def test_definitions_that_cannot_be_read_are_told():
    def change(equations):
        return replace(equations, definitions=equations.definitions[1:])

    compiler = Compiler(Source(MODEL, "judged.ham"))
    errors = Errors()
    judge_equations(sized(compiler.model, compiler.text, {}, {}), change(compiler.equations), errors, 3, 1)
    assert wrong(errors) == {("the derived definitions", "walk")}
    assert "KeyError" in errors.remarks["the derived definitions", "walk"]


def test_too_large_counts_numbers_and_definitions():
    def large(text):
        compiler = Compiler(Source(text))
        return too_large(sized(compiler.model, compiler.text, {}, {}))

    assert not large(MODEL)
    assert large(MODEL.replace("n = 3", "n = 9"))
    assert large(MODEL + "".join(f"let x{k} = tanh(h*{k})\n" for k in range(60)) + "cost more = sum(x1)\n")


def test_the_exponential_of_a_larger_matrix_is_not_written_out():
    def large(rows):
        text = f"input b[{rows}]\nparam C[{rows}, {rows}] = eye\noutput y = expm(C) @ b\ncost e = squared(y)"
        compiler = Compiler(Source(text))
        return too_large(sized(compiler.model, compiler.text, {}, {}))

    assert not large(2)
    assert large(3)
