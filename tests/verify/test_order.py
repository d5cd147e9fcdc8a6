"""The order of the integrator: one where the step is Euler's, none where nothing flows, less where the step is wrong."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.judgement import TOLERANCES, Errors
from hdsl.verify.order import INTEGRATORS, judge_order, steps_of, why_no_order
from hdsl.verify.points import sized

TEXT = """
input u[2]
target v[3]
state h[3] = 0.5
state s[3] = 0
param W[3, 3] = 0
param C[3, 3] = 0
param idle = 0
h' = -h + tanh(W @ h) + u[0]
s' = 0.3 * (C[0] - s)
output y = C @ h
cost fit = 1/2 * squared(y + s - v) + exp(-t) * squared(W)
learn
    tau = 0.5
    eta = 0.8
    phi = 1.2 + t
    beta = 0.3
    beta.C = 0
"""


def measured(text=TEXT, change=lambda text: text, **settings):
    compiler = Compiler(Source(text, "order.ham"), settings=settings)
    found = sized(compiler.model, compiler.model.written, {}, settings)
    errors = Errors()
    told = judge_order(found, change(compiler.torch), errors, 0)
    return errors, told


@pytest.mark.parametrize("order", ["simultaneous", "sequential", "semi-implicit"])
def test_euler_is_of_order_one_in_every_order_of_update(order):
    errors, told = measured(order=order)
    shown = {row.name: row.shown for row in errors.rows("step", {})}
    cells = ("h", "s", "W", "C", "idle")
    assert shown.keys() == {f"{name}+" for name in (*cells, *(f"{'zw'[k > 1]}:{name}" for k, name in enumerate(cells)))}
    assert shown.pop("C+") == "exact"  # it does not move
    assert set(shown.values()) <= {"1.00", "0.99", "1.01", "exact"} and shown["h+"] != "exact"
    assert max(errors.largest.values()) < 0.02
    assert told == "euler is of order 1"


@pytest.mark.parametrize("dissipation", ["euler", "exact"])
@pytest.mark.parametrize(("step", "order"), [("midpoint", 2), ("rk4", 4)])
def test_steps_of_several_stages_have_their_order_where_the_flow_reads_t(step, order, dissipation):
    """φ reads t, the costs do, and the dynamics of s here."""
    text = TEXT.replace("(C[0] - s)", "(C[0] - s) + sin(3*t)")
    errors, told = measured(text, step=step, dissipation=dissipation)
    shown = {row.name: row.shown for row in errors.rows("step", {})}
    assert shown.pop("C+") == "exact"
    assert all(float(shown[name]) < order + 0.3 for name in ("h+", "s+", "z:h+", "z:s+", "w:W+", "W+"))
    assert not wrong(errors) and told == f"{step} is of order {order}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("h_3 = 0.5 * tau *", "h_3 = 0.51 * tau *"),  # a stage that has gone too far
        ("t_2 = t + 0.5 * tau", "t_2 = t + 0.5 * tau * 0"),  # the time of the step's beginning
        ("(h_3, alpha=0.6666666666666666)", "(h_3, alpha=0.666)"),  # another weight
    ],
)
def test_stages_that_are_wrong_lower_the_order(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new)

    assert wrong(measured(change=change, step="rk4")[0])


def test_a_kink_keeps_the_order_of_several_stages_from_being_measured():
    text = TEXT.replace("tanh(W @ h)", "relu(W @ h)")
    errors, told = measured(text, step="rk4")
    assert told == "no order is measured: relu has a kink, which a step of several stages may cross" and not errors.largest
    assert measured(text)[1] == "euler is of order 1"


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_step_errs_by_as_much_at_the_smallest_tau_of_every_order(order):
    taus = steps_of(order)
    assert taus[0] ** (order + 1) == pytest.approx(2.0**-30) and taus[-1] <= 0.5 and len(taus) > 8
    ratio = 2 if order == 1 else 2**0.5
    assert all(after == pytest.approx(before * ratio) for before, after in pairwise(taus))


def wrong(errors):
    return {name for (name, judge), error in errors.largest.items() if error > TOLERANCES[judge]}


def test_a_step_that_does_not_follow_the_flow_has_no_order():
    errors, _ = measured(change=lambda text: text.replace("1 - eta * tau", "1 + eta * tau"))
    assert {"w:W+", "w:C+"} <= wrong(errors) and "h+" not in wrong(errors)
    shown = {row.name: row.shown for row in errors.rows("step", {})}
    assert shown["w:W+"] == "0.00"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("h' = -h +", "next h =", "h moves at once"),
        ("eta = 0.8", "eta = 0.8/tau", "eta reads tau"),
        ("s' = 0.3 *", "s' = tau *", "s reads tau"),
        ("state s[3] = 0", "state s[3] = C[0]\nreset s each sample", "s begins anew with each sample"),
        ("learn\n", "project W = W / norm2(W)\nlearn\n", "W is put back after every step"),
    ],
)
def test_what_has_no_order_says_why(old, new, why):
    text = TEXT.replace(old, new)
    assert text != TEXT
    errors, told = measured(text)
    assert told == f"no order is measured: {why}" and not errors.largest


def test_flows_of_several_layers_take_turns_and_those_of_one_do_not():
    errors, told = measured(TEXT.replace("C[0] - s)", "C[0] + h - s)"), schedule="layerwise")
    assert told == "no order is measured: a tick moves one layer, and the others wait" and not errors.largest
    assert measured(schedule="layerwise")[1] == "euler is of order 1"


def test_what_is_put_back_now_and_then_is_measured_in_between():
    errors, told = measured(TEXT.replace("learn\n", "project W = W / norm2(W) every 3\nlearn\n"))
    assert told == "euler is of order 1" and max(errors.largest.values()) < 0.02


def test_a_beginning_in_the_middle_of_a_sequence_counts_for_nothing():
    text = TEXT.replace("state s[3] = 0", "state s[3] = C[0]")
    compiler = Compiler(Source(text))
    assert why_no_order(sized(compiler.model, compiler.model.written, {}, {}).walk.written) == ""


def test_every_integrator_has_an_order():
    assert all(order >= 1 for order in INTEGRATORS.values())
