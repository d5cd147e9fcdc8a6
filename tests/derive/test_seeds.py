"""What stands for each cost term and each dynamics in H′ = φ L + ⟨z, f⟩."""

from __future__ import annotations

import sympy

import hdsl
from hdsl.derive.seeds import PHI, TAU, seed_cost, seed_dynamics
from hdsl.derive.workspace import Workspace
from hdsl.terms.term import Elementwise, indices, slot

TEXT = """
dim n = 2
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = 0
h' = -h + W @ u
output y = h
cost fit = squared(y - v)
"""
(ROW,) = indices(1)


def made():
    model = hdsl.loads(TEXT).product("model")
    return model, Workspace(model), {d.name: d for d in model.definitions}


def test_a_number_or_one_symbol_weighs_a_cost_as_it_stands():
    _, workspace, named = made()
    for weight in (PHI, sympy.Integer(1), slot("present:v")):
        (part,) = seed_cost(workspace, "fit", named["fit"], weight)
        assert part.expression == weight and part.roots == ("fit",) and part.spans == named["fit"].spans
    assert workspace.added == []


def test_another_weight_is_a_definition_of_its_own():
    _, workspace, named = made()
    weight = TAU * PHI * slot("present:v")
    (part,) = seed_cost(workspace, "fit", named["fit"], weight)
    (definition,) = workspace.added
    assert part.expression == slot(definition.name) and definition.body == Elementwise(weight)
    assert not definition.shared and definition.sizes == ()
    seed_cost(workspace, "other", named["fit"], TAU * PHI)
    assert workspace.added[-1].shared


def test_dynamics_enter_with_their_costate_and_the_statements_place():
    model, workspace, named = made()
    definition = named[model.dynamics["h"].definition]
    (part,) = seed_dynamics(workspace, "h", "z:h+", definition, TAU)
    assert part.expression == TAU * slot("z:h+", (ROW,)) and part.roots == ("h",)
    (span,) = part.spans
    assert model.source.text[span.start : span.end].startswith("h'")
