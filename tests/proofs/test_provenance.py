"""Why each summand of a derived equation is there: judged by torch.autograd of H′ with only those costs and dynamics in it.

The judge walks the text as it is written, with other cost terms struck out and the costates of other states at zero; it shares
no code with the derivation, and knows nothing of summands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
import torch

import hdsl
from hdsl.derive.provenance import root_of
from hdsl.resources import folder
from hdsl.syntax.tree import Define
from hdsl.terms.term import Definition, Elementwise, Summand
from hdsl.verify.interpret import interpret
from hdsl.verify.judgement import TOLERANCES, difference
from hdsl.verify.points import readings, sized, smooth_point
from tests.proofs.drawing import draw_model

SHIPPED = sorted(path.stem for path in folder("models").glob("*.ham"))

# Two costs of one output, a cost that reads a state and a parameter by itself, a state that only another reads.
TWO = """
dim n = 3
input u[n]
target v[n]
state a[n] = 0
state b[n] = 0
param W[n, n] = 0
param p = 0.3
a' = -a + tanh(W @ b + u)
next b = p * a * b
let s = a + p * b
output y = W @ s
cost fit = squared(y - v)
cost flat = squared(s)
cost decay = 0.1*squared(W) + squared(b) * p
learn
    eta = 0.5
    phi = 0.7
    order = {order}
"""
DRAWN = [seed for seed in range(12) if seed not in (2, 10)]  # these two are at a kink wherever one looks
MODELS = [*SHIPPED, "two", *DRAWN]
FEW = {*SHIPPED[::4], "two", *DRAWN[:5]}  # daily where autograd is asked root by root


@cache
def model_of(which: str | int) -> hdsl.api.Model:
    if isinstance(which, int):
        return hdsl.loads(draw_model(which).text)
    return hdsl.loads(TWO.format(order="sequential")) if which == "two" else hdsl.load(which)


def derived(model: hdsl.api.Model) -> Iterator[Definition]:
    """Every line that says of its summands why they are there."""
    step, program = model.product("step"), model.product("program")
    programs = (line for each in program.all for line in each.lines)
    every = (*model.equations.definitions, *model.equations.all, *step.lines, *programs)
    return (line for line in every if line.summands)


@pytest.mark.parametrize("which", MODELS)
def test_the_summands_add_up_to_the_equation_and_each_has_a_root(which: str | int) -> None:
    model = model_of(which)
    for line in derived(model):
        assert isinstance(line.body, Elementwise)
        assert sympy.Add(*(summand.expression for summand in line.summands)) == line.body.expression, line.name
        for summand in line.summands:
            roots = [root_of(model.compiler.model, name) for name in summand.roots]
            assert roots and set(summand.spans) <= {span for root in roots for span in root.spans}
            assert set(summand.spans) >= {s for root in roots if root.kind != "learn" for s in root.spans}


@pytest.mark.parametrize("which", MODELS)
def test_every_equation_and_every_new_value_has_summands(which: str | int) -> None:
    model = model_of(which)
    assert all(model.equations.summands.values())
    assert model.equations.summands.keys() == {equation.name for equation in model.equations.all}
    step = model.product("step")
    assert step.summands.keys() == {f"{cell}+" for cell in step.cells}
    zero = {line.name for line in step.lines if isinstance(line.body, Elementwise) and line.body.expression == 0}
    assert {name for name, summands in step.summands.items() if not summands} == zero & step.summands.keys()


def groups(summands: tuple[Summand, ...], known: set[str]) -> list[set[str]]:
    """The roots that stand in some summand together; the settings, which are in no H′, left out."""
    found: list[set[str]] = []
    for summand in summands:
        own = set(summand.roots) & known
        if own:
            together = [group for group in found if group & own]
            found = [group for group in found if not group & own] + [own.union(*together)]
    return found


@pytest.mark.parametrize("which", [pytest.param(m, marks=[pytest.mark.slow] * (m not in FEW)) for m in MODELS])
def test_autograd_of_what_has_a_root_alone_is_the_sum_of_the_summands_that_have_it(which: str | int) -> None:
    model = model_of(which)
    checked, equations, text = model.compiler.model, model.equations, model.compiler.model.written
    known = {*checked.costs, *checked.taught}
    whole = sized(checked, text, {}, {})
    point = smooth_point(whole, 2, torch.Generator().manual_seed(1))
    told = {name: (line, groups(line.summands, known)) for name, line in equations.costate.items()}
    sums = [
        replace(line, name=f"{name}:{k}", body=Elementwise(_sum_of(line, group)), summands=())
        for name, (line, found) in told.items()
        for k, group in enumerate([set[str](), *found])
    ]
    made = interpret((*equations.definitions, *sums), readings(whole, point), whole.sizes)
    judged = 0
    for name, (_, found) in told.items():
        eta = whole.walk.written.rate("eta", name, point.tau)
        left = made.of(f"{name}:0") + eta * point.costates[name].numpy()
        assert np.abs(left).max() <= 1e-12, name  # with no root but a setting: −ηz alone
        for k, group in enumerate(found, 1):
            gradients = _gradients(checked, text, whole, point, group)
            found_here = made.of(f"{name}:{k}") * (-1 if checked.learning.schedule == "boundary" else 1)  # −s
            assert difference(found_here, gradients[name].numpy(), 1e-3) <= TOLERANCES["autograd"], (name, group)
            judged += 1
        for root in known - {root for group in found for root in group}:
            assert not _gradients(checked, text, whole, point, {root})[name].any(), (name, root)
    assert judged or not known


def _sum_of(line: Definition, group: set[str]) -> Any:
    """What of an equation has roots in a group; for no group, what has none but settings."""
    learned = [s.expression for s in line.summands if all(":" in root for root in s.roots)]
    if not group:
        return sympy.Add(*learned)
    return sympy.Add(*(s.expression for s in line.summands if group & set(s.roots)))


def _gradients(checked: Any, text: Any, whole: Any, point: Any, group: set[str]) -> dict[str, torch.Tensor]:
    """∂H′ of the text without other costs, the costates of other states at zero."""
    kept = [s for s in text.statements if not (isinstance(s, Define) and s.role == "cost" and s.name not in group)]
    alone = sized(checked, replace(text, statements=tuple(kept)), whole.sizes, {})
    walk = alone.walk
    costates = point.of(walk.written.states)
    costates = {name: value if name in group else torch.zeros_like(value) for name, value in costates.items()}
    return walk.gradients(point.values, costates, point.samples, point.t, point.tau)


@pytest.mark.parametrize("order", ["sequential", "simultaneous"])
@pytest.mark.parametrize("cost", ["fit", "flat", "decay"])
def test_a_cost_struck_out_of_the_text_takes_from_the_step_what_has_it_as_a_root(cost: str, order: str) -> None:
    text = TWO.format(order=order)
    model = hdsl.loads(text)
    line = next(line for line in text.splitlines() if line.startswith(f"cost {cost} "))
    without = hdsl.loads(text.replace(line + "\n", ""))
    found = sized(model.compiler.model, model.compiler.model.written, {}, {})
    given = readings(found, smooth_point(found, 2, torch.Generator().manual_seed(2)))
    steps = [each.product("step") for each in (model, without)]
    (before, after) = (interpret(step.lines, given, found.sizes) for step in steps)
    for name in ("z:a+", "z:b+"):
        new = next(line for line in steps[0].lines if line.name == name)
        (group,) = [g for g in groups(new.summands, {"fit", "flat", "decay"}) if cost in g] or [set[str]()]
        gone = replace(new, name="gone", body=Elementwise(_sum_of(new, group) if group else sympy.S.Zero), summands=())
        if group <= {cost}:
            taken = interpret((*steps[0].lines, gone), given, found.sizes).of("gone")
            assert np.abs(before.of(name) - after.of(name) - taken).max() <= 1e-12
        else:
            assert cost in group and len(group) > 1
