"""Dot products: what goes forward by torch against what comes back by the equations."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy
import torch

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.term import Contraction, Elementwise, indices, slot
from hdsl.verify.judgement import Errors
from hdsl.verify.points import sized, smooth_point
from hdsl.verify.products import judge_products

TEXT = """
dim n = 3
input u[n]
target v[n]
state h[n] = 0
state s[n] = 0
state m = 0
param W[n, n] = 0
param p[n] = 0
h' = -h + tanh(W @ h + u) + s
s' = p - s * s
next m = sum(h) * m
let e = h + m - v
cost fit = 1/2 * squared(e)
cost decay = 1/2 * squared(p) + squared(s)
learn
    phi = 1.3
    eta = 0.4
"""


def judged(change=lambda equations: equations, batch=3):
    compiler = Compiler(Source(TEXT, "products.ham"))
    found = sized(compiler.model, compiler.text, {}, {})
    generator, errors = torch.Generator().manual_seed(2), Errors()
    judge_products(found, change(compiler.equations), smooth_point(found, batch, generator), errors, generator)
    return {name: error for (name, _), error in errors.largest.items()}


@pytest.mark.parametrize("batch", [1, 3])
def test_every_costate_has_both_products(batch):
    errors = judged(batch=batch)
    assert errors.keys() == {f"dot:{z}" for z in ("z:h", "z:s", "z:m", "w:W", "w:p")}
    assert max(errors.values()) < 1e-14


def turned(equations):
    """W where its transpose belongs: what goes forward cannot be wrong in the same way."""
    i, j = indices(2)
    swap = {slot("W", (j, i)): slot("W", (i, j))}

    def passed(d):
        if isinstance(d.body, Contraction) and sorted(d.reads()) == ["W", "adj:a"]:
            return replace(d, body=replace(d.body, factors=tuple(f.xreplace(swap) for f in d.body.factors)))
        return d

    changed = tuple(map(passed, equations.definitions))
    return replace(equations, definitions=changed)


def test_a_weight_that_is_not_transposed_is_found():
    assert {name for name, error in judged(turned).items() if error > 1e-3} == {"dot:z:h"}


def scaled(name, factor):
    def change(equations):
        costate = equations.costate[name]
        body = Elementwise(factor * costate.body.expression)
        return replace(equations, costate={**equations.costate, name: replace(costate, body=body)})

    return change


@pytest.mark.parametrize("name", ["h", "s", "m", "W", "p"])
@pytest.mark.parametrize("factor", [-1, sympy.Rational(1, 3)])
def test_what_is_off_is_found_where_it_stands(name, factor):
    errors = judged(scaled(name, factor))
    assert {equation.rpartition(":")[2] for equation, error in errors.items() if error > 1e-3} == {name}
