"""Tableaus by the conditions of their order, and stages of flows whose solutions are known."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import hdsl
from hdsl.derive.integrators import TABLEAUS, Flow, at_stage, integrate, summed
from hdsl.derive.workspace import Workspace
from hdsl.model.learning import STAGED
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Definition, Elementwise, Summand, slot
from hdsl.verify.interpret import Readings, interpret

TAU, x, y, t = (slot(name) for name in ("tau", "x", "y", "t"))


def conditions(tableau):
    """The order conditions by trees, order by order (Hairer, Nørsett, Wanner, II.2)."""
    count = len(tableau.weights)
    a = sympy.Matrix(count, count, lambda i, j: tableau.rows[i][j] if j < len(tableau.rows[i]) else 0)
    b, c = sympy.Matrix([tableau.weights]), sympy.Matrix(tableau.nodes)
    one, power = sympy.ones(count, 1), lambda k: c.applyfunc(lambda value: value**k)
    both = sympy.diag(*tableau.nodes)
    values = {
        1: [(b * one, 1)],
        2: [(b * c, 2)],
        3: [(b * power(2), 3), (b * a * c, 6)],
        4: [(b * power(3), 4), (b * both * a * c, 8), (b * a * power(2), 12), (b * a * a * c, 24)],
        5: [(b * power(4), 5)],
    }
    return {p: all(left[0] == sympy.Rational(1, right) for left, right in own) for p, own in values.items()}


@pytest.mark.parametrize("name", TABLEAUS)
def test_a_tableau_has_its_order_and_no_higher(name):
    held, order = conditions(TABLEAUS[name]), TABLEAUS[name].order
    assert all(held[p] for p in range(1, order + 1)) and not held[order + 1]
    assert [len(row) for row in TABLEAUS[name].rows] == list(range(len(TABLEAUS[name].weights)))


def test_every_tableau_is_a_word_of_the_language():
    assert set(TABLEAUS) == set(STAGED)


# Stages ---------------------------------------------------------------------------------------------------------------

MODEL = hdsl.loads("state x = 1\nstate y = 0\nx' = y\ny' = -x\noutput o = x\n").product("model")


def because(expression):
    return Summand(expression, (), ())


def new_values(flow, tableau, given, **options):
    """X⁺ by number, and the lines that were made for it."""
    workspace = Workspace(MODEL)
    made = integrate(workspace, flow, TABLEAUS[tableau], **options)
    for name, summands in made.items():
        workspace.append(summed(workspace, f"{name}+", name if name in ("x", "y") else "x", summands))
    numbers = {name: np.asarray(value, float) for name, value in given.items()}
    found = interpret(workspace.added, Readings(numbers, ()), {})
    return {name: float(found.shared[f"{name}+"]) for name in made}, workspace.added


def turning():
    lines = (Definition("force", Elementwise(-x), (), True),)
    return Flow(lines, {"x": [because(y)], "y": [because(slot("force"))]}, {"x": because(x), "y": because(y)})


@pytest.mark.parametrize("name", TABLEAUS)
def test_a_rotation_is_turned_by_the_first_terms_of_the_exponential(name):
    tau, start = 0.3, np.array([0.7, -1.1])
    matrix = tau * np.array([[0.0, 1.0], [-1.0, 0.0]])
    wanted = sum(np.linalg.matrix_power(matrix, k) @ start / float(sympy.factorial(k)) for k in range(TABLEAUS[name].order + 1))
    found, _ = new_values(turning(), name, {"x": start[0], "y": start[1], "tau": tau})
    assert np.allclose([found["x"], found["y"]], wanted, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("name", "power"), [("midpoint", 1), ("rk4", 3)])
def test_a_slope_that_reads_the_time_alone_is_integrated_exactly_to_its_degree(name, power):
    flow = Flow((Definition("f", Elementwise(t**power), (), True),), {"x": [because(slot("f"))]}, {"x": because(x)})
    found, lines = new_values(flow, name, {"x": 2.0, "t": 0.4, "tau": 0.5})
    assert found["x"] == pytest.approx(2 + (0.9 ** (power + 1) - 0.4 ** (power + 1)) / (power + 1), abs=1e-15)
    assert "t@2" in {line.name for line in lines}


@pytest.mark.parametrize("name", TABLEAUS)
def test_what_decays_by_a_factor_does_so_exactly(name):
    flow = Flow((), {"x": [because(sympy.Integer(0))]}, {"x": because(x)}, decays={"x": slot("learn:eta")})
    found, _ = new_values(flow, name, {"x": 3.0, "tau": 2.0, "learn:eta": 1.7})
    assert found["x"] == pytest.approx(3 * np.exp(-3.4), rel=1e-15)


@pytest.mark.parametrize("name", TABLEAUS)
def test_decay_beside_a_slope_keeps_the_order(name):
    """ẋ = cos t − η x, whose solution is known: the error of a step falls as τ^(p+1)."""
    f = Definition("f", Elementwise(ROWS["cos"].function(t)), (), True)
    flow, eta = Flow((f,), {"x": [because(slot("f"))]}, {"x": because(x)}, decays={"x": slot("learn:eta")}), 0.8

    def exact(start, tau):
        settled, at_first = ((eta * np.cos(time) + np.sin(time)) / (1 + eta**2) for time in (tau, 0.0))
        return settled + (start - at_first) * np.exp(-eta * tau)

    def error(tau):
        return abs(new_values(flow, name, {"x": 0.3, "t": 0.0, "tau": tau, "learn:eta": eta})[0]["x"] - exact(0.3, tau))

    assert np.log2(error(0.2) / error(0.1)) == pytest.approx(TABLEAUS[name].order + 1, abs=0.25)


def test_what_is_held_is_read_as_it_stands_and_its_slopes_are_summed():
    flow = Flow((), {"x": [because(y)], "y": [because(-x)]}, {"x": because(x)}, held=frozenset({"y"}))
    found, lines = new_values(flow, "rk4", {"x": 1.0, "y": 2.0, "tau": 0.5})
    assert found["x"] == pytest.approx(2.0) and found["y"] == pytest.approx(-0.5 * (1 + 0.5 * 2 / 2))
    assert "y@2" not in {line.name for line in lines}


def test_a_cell_that_begins_elsewhere_or_at_nothing():
    plain, _ = new_values(turning(), "rk4", {"x": 0.5, "y": 0.0, "tau": 0.4})
    shorter = Flow(turning().lines, {"x": [], "y": turning().slopes["y"]}, turning().at)
    given = {"z:x": 0.5, "tau": 0.4}
    found, _ = new_values(turning(), "rk4", given, start={"x": "z:x", "y": None}, first=shorter)
    assert found == pytest.approx(plain)


def test_what_reads_no_cell_is_worked_out_once():
    lines = (Definition("still", Elementwise(slot("w:x") ** 2)), Definition("f", Elementwise(slot("still") * x), (), True))
    flow = Flow(lines, {"x": [because(slot("f"))]}, {"x": because(x)})
    _, made = new_values(flow, "rk4", {"x": 1.0, "w:x": 2.0, "tau": 0.1})
    names = [line.name for line in made]
    assert names.count("still") == 1 and not [name for name in names if name.startswith("still@")]
    assert [at_stage("f", stage) for stage in (1, 2, 3, 4)] == ["f", "f@2", "f@3", "f@4"]
    assert {"f", "f@2", "f@3", "f@4"} <= set(names)
