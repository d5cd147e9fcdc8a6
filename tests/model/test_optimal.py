"""Controls, costates by name, ends of time and constraints: what a model holds of them. Their mistakes stand in tests/bad."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from hdsl.model.model import Horizon
from hdsl.syntax.tree import Define
from hdsl.terms.term import slot

TEXT = """ham 1
dim n = 2
input u[n]
const m = 3
const Q[n, n] = [[1, 2], [3, 4]]
state x[n] = [1, 0]
state y = 0.5
param w = 2
## The force.
control a[n] in [-m, inf]
costate p of x
def clipped(x) = clip(x, -1, 1)
let e = p + u
control b[n] given clipped(-e)
control c in [-1, 1] gradient
x' = -x + w*a + b + u
y' = c - y
cost effort = squared(a) + c^2
terminal goal = dot(x, Q @ x) + y*T
final x == [1, 0]
final y == t
horizon 5*m
constraint cap = x <= 1/9 soft 100*m
constraint low = y >= 0 soft 4
learn
    beta.c = 0.5
"""


GIVEN: dict[str, Any] = {
    **{"z:x": [0, 0], "u": [0, 0], "x": [1, 1], "a": [1, 1], "b": [1, 1], "Q": [[1, 2], [3, 4]]},
    **{"y": 0.5, "c": 1, "w": 2, "m": 3, "T": 2, "t": 7},
}


def test_how_controls_are_chosen(checked: Any) -> None:
    model = checked(TEXT)
    told = {name: (c.lower, c.upper, c.rule, c.definition) for name, c in model.controls.items()}
    assert told == {
        "a": (-slot("m"), None, "stationarity", None),
        "b": (None, None, "given", "given:b"),
        "c": (-1, 1, "gradient", None),
    }
    assert [(q.name, q.sizes, q.shared, q.doc) for q in model.of_role("control")] == [
        ("a", model.quantities["x"].sizes, False, "The force."),
        ("b", model.quantities["x"].sizes, False, ""),
        ("c", (), False, ""),
    ]
    assert model.learning.beta == {"w": "beta", "c": "beta.c"}


def test_a_rule_reads_costates_by_name(checked: Any, numbers: Any) -> None:
    model = checked(TEXT)
    assert model.costate_names == {"p": "x"}
    found = numbers(model, GIVEN | {"z:x": [0.25, -4.0], "u": [0.5, 0.5]})
    assert found["given:b"].tolist() == [-0.75, 1.0]


def test_the_ends(checked: Any, numbers: Any) -> None:
    model = checked(TEXT)
    assert model.terminals == ("goal",)
    assert model.horizon == Horizon(5 * slot("m"), None, None, None, model.horizon.span)
    assert [final.definition for final in model.finals] == ["final:1", "final:2"]
    found = numbers(model, GIVEN | {"x": [3.0, 1.0]})
    assert found["goal"] == 9 + 2 * 3 + 3 * 3 + 4 + 0.5 * 2
    assert found["final:1"].tolist() == [2.0, 1.0] and found["final:2"] == -6.5
    assert np.allclose(found["constraint:cap"], [3 - 1 / 9, 1 - 1 / 9]) and found["constraint:low"] == -0.5
    assert np.isclose(found["cap"], 150 * ((3 - 1 / 9) ** 2 + (1 - 1 / 9) ** 2)) and found["low"] == 0


def test_a_soft_constraint_is_a_cost_of_its_name(checked: Any) -> None:
    model = checked(TEXT)
    assert model.costs == ("effort", "cap", "low")
    assert [(c.name, c.kind, c.weight) for c in model.constraints] == [("cap", "soft", 100 * slot("m")), ("low", "soft", 4)]
    written = [s.name for s in model.written.statements if isinstance(s, Define) and s.role == "cost"]
    assert written == ["effort", "cap", "low"]


def test_a_penalty_is_none(checked: Any) -> None:
    model = checked(TEXT + "    schedule = boundary\nconstraint top = y <= 1 penalty\n")
    assert model.costs == ("effort", "cap", "low")
    assert model.constraints[-1].kind == "penalty" and model.constraints[-1].weight is None


def test_a_free_end(checked: Any) -> None:
    plain = "ham 1\nstate x = 1\nx' = -x\ncost c = x^2\nhorizon free"
    assert checked(plain + " = 2 in [0.5, inf]\n").horizon.upper is None
    found = checked(plain + " = 2 in [0.5, 10]\n").horizon
    assert (found.end, found.guess, found.lower, found.upper) == (None, 2, sympy.Rational(1, 2), 10)
    assert checked(plain + "\n").horizon.guess == 1


def test_functions_are_written_out(checked: Any) -> None:
    text = "ham 1\nstate x = 1\nx' = -x\ndef sq(x) = x^2\nterminal goal = sq(x)\nfinal sq(x) == 1\nhorizon 5\n"
    model = checked(text + "constraint cap = sq(x) <= 1 soft 2\n")
    assert len(model.finals) == len(model.terminals) == len(model.constraints) == 1


def test_what_the_end_alone_reads_is_of_use(checked: Any, found: Any) -> None:
    text = "ham 1\nparam w = 1\nconst k = 2\nstate x = 1\nx' = -w*x\nterminal goal = k*x^2\nhorizon k\n"
    assert [one.code for one in found(text)] == ["no-cost"]  # a run forward does not learn from the end
    assert found(text + "learn\n    schedule = boundary\n") == []
