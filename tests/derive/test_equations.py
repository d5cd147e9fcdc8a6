"""Hamilton's equations of a model of one state, written out by hand; their places in the text and their roots."""

from __future__ import annotations

import pytest
import sympy

import hdsl
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, slot, slots

TEXT = """
input u
target v
state h = 0.3
param w = 0
param spare = 0
{dynamics}
output y = h
cost fit = 1/2 * (y - v)^2
cost decay = spare^2
"""
FLOW, NEXT = "h' = -h + tanh(w * h + u)", "next h = tanh(w * h + u)"
tanh = ROWS["tanh"].function
u, v, h, w, z, tau, phi = (slot(name) for name in ("u", "v", "h", "w", "z:h", "tau", "learn:phi"))
S = tanh(w * h + u)


def equations_of(dynamics):
    return hdsl.loads(TEXT.format(dynamics=dynamics)).equations


def written_out(equations, definition):
    """An equation in terms of cells and sample alone; the mean over the streams is left out."""
    made = {d.name: d for d in equations.definitions}

    def put_in(expression):
        return expression.xreplace({s: value(made[str(s)]) for s in slots(expression) if str(s) in made})

    def value(d):
        if isinstance(d.body, Contraction):
            return put_in(d.body.coefficient * sympy.Mul(*d.body.factors))
        return put_in(d.body.expression)

    return value(definition)


def equal(found, expected):
    return sympy.simplify(sympy.expand(found - expected)) == 0


def test_a_flow():
    found = equations_of(FLOW)
    slope = phi * (h - v) + (w * (1 - S**2) - 1) * z  # ∂H′/∂h
    assert equal(written_out(found, found.state["h"]), S - h)
    assert equal(written_out(found, found.costate["h"]), slope - slot("learn:eta") * z)
    assert equal(written_out(found, found.costate["w"]), z * (1 - S**2) * h - slot("learn:eta") * slot("w:w"))
    assert equal(written_out(found, found.parameter["w"]), -slot("learn:beta") * slot("w:w"))


def test_a_state_that_moves_at_once_is_the_flow_by_which_one_euler_step_lands_there():
    found = equations_of(NEXT)
    slope = phi * (h - v) + (w * (1 - S**2) - 1) / tau * z
    assert equal(written_out(found, found.state["h"]), (S - h) / tau)
    assert equal(written_out(found, found.costate["h"]), slope - slot("learn:eta") * z)
    assert equal(written_out(found, found.costate["w"]), z / tau * (1 - S**2) * h - slot("learn:eta") * slot("w:w"))


def test_a_cost_reaches_a_parameter_directly():
    found = equations_of(FLOW)
    assert equal(written_out(found, found.costate["spare"]), 2 * phi * slot("spare") - slot("learn:eta") * slot("w:spare"))


@pytest.mark.parametrize("dynamics", [FLOW, NEXT])
def test_each_equation_says_which_statements_it_comes_from(dynamics):
    found = equations_of(dynamics)
    source = found.model.source
    lines = {d.name: {source.line_of(span) for span in d.spans} for d in found.all}
    assert lines == {
        "dot:h": {7},
        "dot:z:h": {7, 8, 9},
        "dot:w:w": {7},
        "dot:w:spare": {10},
        "dot:w": {5},
        "dot:spare": {6},
    }
    assert set(found.costate["h"].roots) == {"fit", "h"}
    assert found.costate["w"].roots == ("h",) and found.costate["spare"].roots == ("decay",)


def test_all_are_in_the_order_state_costate_parameter():
    names = [d.name for d in equations_of(FLOW).all]
    assert names == ["dot:h", "dot:z:h", "dot:w:w", "dot:w:spare", "dot:w", "dot:spare"]


def test_only_what_is_read_is_kept_and_stands_before_its_reader():
    found = equations_of(FLOW)
    reads = {name for d in (*found.definitions, *found.all) for name in d.reads()} | {"y", "fit", "decay"}
    assert {d.name for d in found.definitions} <= reads
    names = [d.name for d in found.definitions]
    for position, definition in enumerate(found.definitions):
        assert not set(names[position:]) & set(definition.reads())


def test_the_equations_keep_the_model_and_its_hamiltonian():
    found = equations_of(FLOW)
    assert found.hamiltonian.model is found.model


def test_two_states_may_move_by_one_definition():
    text = "input u\nstate a = 0\nstate b = 0\nparam w = 1\nlet f = w * u\na' = f\nb' = f\ncost c = a + 2*b\n"
    found = hdsl.loads(text).equations
    assert equal(written_out(found, found.costate["w"]), u * (slot("z:a") + slot("z:b")) - slot("learn:eta") * slot("w:w"))
