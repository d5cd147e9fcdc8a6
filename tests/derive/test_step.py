"""Every order's step for a model of one state and one parameter, against the same equations written out by hand."""

from __future__ import annotations

import math

import pytest
import sympy
import torch

import hdsl
from hdsl.derive.seeds import setting, weight_of
from hdsl.derive.step import ORDERS
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, slot, slots

TEXT = """
input u
target v
state h = 0.3
param w = 0
{dynamics}
output y = h
cost fit = 1/2 * (y - v)^2
{more}
learn
    order = {order}
    tau   = 0.5
    eta   = 0.1
    beta  = 0.2
    {setting}
"""
FLOW, NEXT = "h' = -h + tanh(w * h + u)", "next h = tanh(w * h + u)"
tanh, mean = ROWS["tanh"].function, sympy.Function("mean")
u, v, h, w, z, omega, tau, eta, beta, there = (
    slot(name) for name in ("u", "v", "h", "w", "z:h", "w:w", "tau", "learn:eta", "learn:beta", "present:v")
)


def step_of(dynamics=FLOW, order="sequential", more="", setting=""):
    text = TEXT.format(dynamics=dynamics, order=order, more=more, setting=setting)
    return hdsl.loads(text).product("step")


def written_out(step, name):
    """The new value of a cell in terms of the old cells and the sample alone; ``mean`` is the one over the streams."""
    lines = {line.name: line for line in step.lines}

    def put_in(expression):
        return expression.xreplace({s: value(str(s)) for s in slots(expression) if str(s) in lines})

    def value(name):
        line = lines[name]
        if isinstance(line.body, Contraction):
            product = put_in(line.body.coefficient * sympy.Mul(*line.body.factors))
            crosses = line.shared and any(not (n == "w" or n.startswith("w:")) for n in line.reads())
            return mean(product) if crosses else product
        return put_in(line.body.expression)

    return value(name)


def equal(found, expected):
    return sympy.expand(found - expected) == 0 or sympy.simplify(found - expected) == 0


def same_mean(found, rest, inside, scale):
    """found = rest + scale·mean(inside), where numbers may stand inside or outside of the mean."""
    outside = found.replace(mean, lambda argument: argument)
    return found.has(mean) and equal(outside, rest + scale * inside) and equal(found.replace(mean, lambda x: 0), rest)


def s_at(state):
    return tanh(w * state + u)


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit"])
def test_a_flow_from_old_values(order):
    step, s = step_of(order=order), s_at(h)
    assert equal(written_out(step, "h+"), h + tau * (s - h))
    new_z = (1 - tau * eta) * z + tau * (there * (h - v) + (w * (1 - s**2) - 1) * z)
    assert equal(written_out(step, "z:h+"), new_z)
    new_omega = written_out(step, "w:w+")
    assert same_mean(new_omega, (1 - tau * eta) * omega, z * (1 - s**2) * h, tau)
    assert equal(written_out(step, "w+"), w - tau * beta * (omega if order == "simultaneous" else new_omega))
    assert (step.outputs, step.costs) == ({"y": "y"}, {"fit": "fit"})


def test_a_flow_in_sequence():
    step = step_of()
    new_h = h + tau * (s_at(h) - h)
    new_z = (1 - tau * eta) * z + tau * (there * (new_h - v) + (w * (1 - s_at(new_h) ** 2) - 1) * z)
    assert equal(written_out(step, "h+"), new_h)
    assert equal(written_out(step, "z:h+"), new_z)
    new_omega = written_out(step, "w:w+")
    assert same_mean(new_omega, (1 - tau * eta) * omega, new_z * (1 - s_at(h) ** 2) * h, tau)
    assert equal(written_out(step, "w+"), w - tau * beta * new_omega)
    assert equal(written_out(step, "y+"), new_h)
    assert (step.outputs, step.costs) == ({"y": "y+"}, {"fit": "fit+"})


def test_a_state_that_moves_at_once_from_old_values():
    step, s = step_of(NEXT, "simultaneous"), s_at(h)
    assert equal(written_out(step, "h+"), s)
    assert equal(written_out(step, "z:h+"), -tau * eta * z + tau * there * (h - v) + w * (1 - s**2) * z)
    assert same_mean(written_out(step, "w:w+"), (1 - tau * eta) * omega, z * (1 - s**2) * h, 1)


def test_a_state_that_moves_at_once_in_sequence():
    step, new_h = step_of(NEXT), s_at(h)
    new_z = -tau * eta * z + tau * there * (new_h - v) + w * (1 - s_at(new_h) ** 2) * z
    assert equal(written_out(step, "z:h+"), new_z)
    assert same_mean(written_out(step, "w:w+"), (1 - tau * eta) * omega, new_z * (1 - s_at(h) ** 2) * h, 1)


def test_a_state_that_begins_each_sample_anew_reads_its_initial_value_and_no_old_costate():
    step, start = step_of(NEXT, more="reset h each sample"), slot("initial:h")
    new_h = tanh(w * start + u)
    assert equal(written_out(step, "h+"), new_h)
    assert equal(written_out(step, "z:h+"), tau * there * (new_h - v))
    inside = tau * there * (new_h - v) * (1 - new_h**2) * start
    assert same_mean(written_out(step, "w:w+"), (1 - tau * eta) * omega, inside, 1)
    assert not {"h", "z:h"} & {name for line in step.lines for name in line.reads()}


def test_begun_anew_with_old_values_the_parameters_of_the_dynamics_are_never_taught():
    step = step_of(FLOW, "simultaneous", more="reset h each sample")
    assert equal(written_out(step, "w:w+"), (1 - tau * eta) * omega)


def test_every_cell_has_a_new_value_and_keeps_its_layout():
    for order in ORDERS:
        step = step_of(order=order)
        made = {line.name: line for line in step.lines}
        assert step.cells == ("h", "z:h", "w:w", "w")
        assert [made[f"{cell}+"].shared for cell in step.cells] == [False, False, True, True]


def test_every_line_reads_only_what_stands_above_it():
    for order in ORDERS:
        step = step_of(order=order)
        names = [line.name for line in step.lines]
        assert len(names) == len(set(names))
        for position, line in enumerate(step.lines):
            assert not set(names[position:]) & set(line.reads())


def test_new_values_say_where_they_come_from():
    step = step_of()
    source = step.model.source
    lines = {line.name: {source.line_of(span) for span in line.spans} for line in step.lines}
    assert lines["h+"] == {6} and lines["w+"] == {5}
    assert lines["z:h+"] >= {6, 8} and lines["w:w+"] == {6}
    roots = {line.name: set(line.roots) for line in step.lines}
    assert roots["z:h+"] == {"fit", "h"} and roots["w:w+"] == {"h"}


@pytest.mark.parametrize(
    "line, weight",
    [
        ("phi = 1", there),
        ("phi = 0.4", slot("learn:phi") * there),
        ("phi = 1 + t", (1 + slot("t")) * there),
        ("phi = 1/tau", there / tau),
    ],
)
def test_a_cost_weighs_phi_where_its_target_is_there(line, weight):
    assert equal(weight_of(step_of(setting=line).model, "fit"), weight)


def test_undamped_the_first_sample_weighs_one_over_tau():
    model = step_of(setting="phi = 0.4\n    first = undamped").model
    first = slot("learn:first")
    assert equal(weight_of(model, "fit"), (first / tau + (1 - first) * slot("learn:phi")) * there)


def test_a_cost_without_a_target_is_always_there():
    assert weight_of(step_of(more="cost decay = w^2").model, "decay") == 1


def test_a_setting_is_a_name_unless_it_reads_tau():
    model = step_of(setting="beta.w = 0.3*tau").model
    assert setting(model, "eta") == slot("learn:eta")
    assert equal(setting(model, "beta.w"), sympy.Rational(3, 10) * tau)


def test_a_momentum_written_by_tau_stays_over_uneven_gaps():
    text = TEXT.format(dynamics=FLOW, order="sequential", more="", setting="eta.param = 0.25/tau")
    step = hdsl.loads(text).product("step")
    assert written_out(step, "w:w+").coeff(omega) == sympy.Rational(3, 4)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dynamics", [FLOW, NEXT])
def test_exact_dissipation_takes_the_place_of_the_euler_factor_and_of_nothing_else(order, dynamics):
    euler, exact = (step_of(dynamics, order, setting=f"dissipation = {how}") for how in ("euler", "exact"))
    gone = ROWS["exp"].function(-tau * eta) - (1 - tau * eta)
    change = {name: written_out(exact, name) - written_out(euler, name) for name in ("h+", "z:h+", "w:w+")}
    assert change["h+"] == 0 and equal(change["z:h+"], gone * z)
    # Under `sequential` ω⁺ reads z⁺, within the mean over the streams.
    assert order == "sequential" or equal(change["w:w+"], gone * omega)
    assert equal(change["w:w+"].replace(mean, lambda x: 0), gone * omega)


@pytest.mark.parametrize("step", ["euler", "midpoint", "rk4"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dynamics", ["h' = 0*h", "next h = h"])
def test_a_costate_under_dissipation_alone_is_an_exponential(order, step, dynamics):
    """e^{−ηt} to round-off however long the steps, where Euler's factor is O(τ) off after the same time."""
    if step != "euler" and order != "simultaneous":
        return
    text = f"state h = 1\nparam w = 1\n{dynamics}\noutput y = w*h\ncost c = h*w\nlearn\n    phi = 0\n    beta = 0\n"
    off = {}
    for dissipation in ("exact", "euler"):
        for spacing in (0.5, 0.25, 0.125):
            settings = {"tau": spacing, "eta": 0.7, "order": order, "step": step, "dissipation": dissipation}
            net = hdsl.loads(text, settings=settings).compile(dtype=torch.float64)(batch=1)
            with torch.no_grad():
                for cell in (net.costate.h, net.costate.w):
                    cell.fill_(2.0)
                while float(net.clock) * spacing < 3:
                    net.step()
            wanted = 2 * math.exp(-0.7 * 3)
            # of a state that is read as the costate of its own h goes on to w besides, under f = 0 nothing does
            found = [float(net.costate.h)] + ([float(net.costate.w)] if dynamics.startswith("h'") else [])
            off[dissipation, spacing] = max(abs(value / wanted - 1) for value in found)
    assert max(off["exact", spacing] for spacing in (0.5, 0.25, 0.125)) < 1e-14
    power = {"euler": 1, "midpoint": 2, "rk4": 4}[step] if dynamics.startswith("h'") else 1
    ratio = off["euler", 0.25] / off["euler", 0.125]
    assert off["euler", 0.125] > 1e-6 and 0.8 * 2**power < ratio < 1.25 * 2**power


def test_the_last_input_keeps_no_costate():
    made = hdsl.loads("input u\ntarget v\nparam w = 1\noutput y = w*(u - previous(u) + delay(u, 2))\ncost c = (y - v)^2\n")
    cells = made.product("step").cells
    assert cells == ("u.previous", "y.delay.1", "y.delay.2", "w:w", "w")
    net = made.compile()(batch=1)
    assert not [name for name in net.state_dict() if name.startswith("costate") and name != "costate.w"]
    assert list(made.product("equations").costate) == ["w"]
