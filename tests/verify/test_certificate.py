"""A certificate passes on models that ship; faults are planted in tests/proofs/test_planted_faults.py."""

from __future__ import annotations

import json
import math

import pytest

from hdsl.api import find, read
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.certificate import Certificate, certify
from hdsl.verify.judgement import Row
from hdsl.verify.lines import certificate_lines

NET = """
dim n = 3, m = 2, d = 4
input u[m]
target v[d]
state h[n] = 0.5
param W[n, n] = 0
param U[n, m] = 0
param b[n] = 0
param C[d, n] = 0
h' = -h + tanh(W @ h + U @ u + b)
output y = C @ h
let e = y - v
cost fit = 1/2 * squared(e)
learn
    tau = 0.5
    eta = 0.8
    phi = 1.2
    beta = 0.3
"""


def compiler_of(text, **settings):
    return Compiler(Source(text, "net.ham"), settings=settings)


DIFFERENTIATE = {"autograd", "differences", "change", "remainder", "products", "sympy"}


@pytest.mark.parametrize("model", ["sunspots", "oscillators", "iris_linear", "iris_mlp", "iris_mlp_state"])
def test_every_model_that_ships_is_proved(model):
    compiler = Compiler(read(find(model), f"{model}.ham"))
    certificate = certify(compiler)
    assert certificate.ok, "\n".join(certificate_lines(certificate))
    # Every equation of the four groups was judged by someone who differentiates, or by the text.
    judged = {(row.name, row.judge) for row in certificate.rows}
    for equation in compiler.equations.all:
        by = {judge for name, judge in judged if name == equation.name}
        costate = equation.name.startswith(("dot:z:", "dot:w:"))
        assert by == (DIFFERENTIATE if costate else {"walk"})
    for cell in compiler.step.cells:
        steps = {"walk", "numpy", "streams"} | ({"order"} if model != "iris_mlp_state" else set())  # its states move at once
        assert {judge for name, judge in judged if name == f"{cell}+"} == steps
    # Far below what is allowed: round-off, not luck.
    assert max(row.error for row in certificate.rows if row.judge in ("autograd", "walk", "numpy")) < 1e-11


SATURATED = """
input u[2]
target v[2]
state h[2] = 0
param b[2] = 0
param C[2, 2] = 0
h' = -h + tanh(b + 9)
output y = C @ h + [1000, 1016]
cost class = logsumexp(y) - y[1]
cost far = 1e3*dot(u, v) + 3e4
cost fit = 1/2 * squared(y - v - 1000)
"""


def test_round_off_in_large_numbers_is_no_fault_of_small_ones():
    certificate = certify(Compiler(Source(SATURATED, "saturated.ham")))
    assert certificate.ok, "\n".join(certificate_lines(certificate))


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("lstm_online", "vit", "gru", "digits_mlp")]
@pytest.mark.parametrize("model", ["attention", "slow_copy", "resnet", *SLOW])
def test_models_of_parts_that_ship_are_proved(model):
    small = {"resnet": {"d": 4, "n": 3, "k": 3}, "vit": {"side": 2, "patch": 1, "m": 2, "k": 3}}  # for time alone
    certificate = certify(Compiler(read(find(model), f"{model}.ham"), dims=small.get(model)), points=1)
    assert certificate.ok, "\n".join(certificate_lines(certificate))


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit"])
def test_the_order_from_outside_is_judged(order):
    certificate = certify(compiler_of(NET, order=order, beta="1/10", **{"eta.h": "0.5*tau"}), points=1)
    assert certificate.ok, "\n".join(certificate_lines(certificate))
    assert certificate.order == order


def test_the_same_seed_gives_the_same_errors():
    net = compiler_of(NET)
    first, second, other = (certify(net, seed=seed, points=1) for seed in (1, 1, 2))
    assert first == second
    assert first.rows != other.rows


# What is shown --------------------------------------------------------------------------------------------------------


def test_a_size_without_a_number_and_one_that_is_very_large():
    text = NET.replace("n = 3", "n").replace("m = 2", "m = 2")
    certificate = certify(compiler_of(text), points=1)
    assert certificate.ok and certificate.sizes == {"n": 3, "m": 2, "d": 4}
    assert any("n = 3" in note for note in certificate.notes)
    large = certify(compiler_of(NET.replace("n = 3", "n = 5000")), points=1)
    assert large.ok and max(large.sizes.values()) < 10 and len(set(large.sizes.values())) == 3


def test_a_list_that_holds_its_size_does_not_leave_sympy_out():
    text = '''dim n = 4
input u[n]
param w[n] = 1
const D[n] = [0.1, 0.2, 0.3, 0.4]
state h[n] = 0
h' = -D*h + w*tanh(u)
cost fit = squared(h)
'''
    certificate = certify(compiler_of(text), points=1)
    assert certificate.ok and "sympy at n = 4" in certificate.notes
    assert {row.name for row in certificate.rows if row.judge == "sympy"} == {"dot:z:h", "dot:w:w"}


def test_a_model_of_many_numbers_leaves_sympy_out():
    wide = NET.replace("u[m]", "u[100]").replace("U[n, m]", "U[n, 100]").replace(", m = 2", "")
    certificate = certify(compiler_of(wide), points=1)
    assert certificate.ok
    assert certificate.notes == ("sympy is left out: too large to be written out in scalars", "euler is of order 1")
    assert "sympy" not in {row.judge for row in certificate.rows}


def test_no_point_is_no_proof():
    nowhere = NET.replace("= C @ h", "= C @ (h + log(-1 - h^2))")
    certificate = certify(compiler_of(nowhere), points=1)
    assert not certificate.ok
    assert certificate_lines(certificate)[-2:] == ["", "net: no equation was judged"]


def row(error, judge="autograd", name="dot:z:h", remark=""):
    return Row("equations", name, "ż = −η z", judge, error, remark)


def test_json_has_every_row():
    rows = (row(2e-16), row(math.inf, "walk", "dot:W"))
    certificate = Certificate("net", "sequential", {"n": 3}, 4, 1, rows, ("a note",), ())
    told = json.loads(certificate.as_json())
    assert (told["model"], told["ok"], told["sizes"], told["seed"]) == ("net", False, {"n": 3}, 4)
    assert [(r["name"], r["judge"], r["error"], r["ok"]) for r in told["rows"]] == [
        ("dot:z:h", "autograd", 2e-16, True),
        ("dot:W", "walk", None, False),
    ]
    assert [r["measured"] for r in told["rows"]] == [None, None]
    assert told["notes"] == ["a note"]


def test_nothing_judged_is_not_ok():
    assert not Certificate("net", "sequential", {}, 0, 1, ()).ok
    assert not Certificate("net", "sequential", {}, 0, 1, (row(0.0),), faults=("no point",)).ok


PUT_BACK = "project W = (W - W.T) / norm2(W - W.T + 1) every 3\nproject b = sum[i](W[i, 0]) * b\nlearn\n"


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_what_is_put_back_is_judged(order):
    certificate = certify(compiler_of(NET.replace("learn\n", PUT_BACK), order=order))
    assert certificate.ok, certificate_lines(certificate)
    told = {row.name: row.equation for row in certificate.rows if row.group == "step"}
    assert told["W+"].endswith("every 3 steps") and ", then W ← " in told["W+"]


def test_what_is_put_back_wrongly_is_found():
    compiler = compiler_of(NET.replace("learn\n", PUT_BACK))
    compiler.torch = compiler.torch.replace("if tick % 3 == 0:", "if tick % 4 == 0:")
    wrong = {(row.name, row.judge) for row in certify(compiler).rows if not row.ok}
    assert {("W+", "walk"), ("W+", "numpy")} <= wrong
