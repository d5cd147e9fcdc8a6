"""A certificate passes on every model that ships, and fails on every fault that is planted where the compiler stands."""

from __future__ import annotations

import copy
import json
import math
import re
from dataclasses import replace

import pytest
import sympy

from hdsl.api import find, read
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.renaming import rename
from hdsl.terms.term import Contraction, Elementwise, indices, slot
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
NET_NEXT = NET.replace("h' = -h +", "next h =")


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


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("lstm_online", "vit")]
@pytest.mark.parametrize("model", ["digits_mlp", "attention", "slow_copy", "gru", "resnet", *SLOW])
def test_models_of_parts_that_ship_are_proved(model):
    small = {"resnet": {"d": 4, "n": 3, "k": 3}, "vit": {"side": 2, "patch": 1, "m": 2, "k": 3}}  # for time alone
    certificate = certify(Compiler(read(find(model), f"{model}.ham"), dims=small.get(model)), points=1)
    assert certificate.ok, "\n".join(certificate_lines(certificate))


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit"])
def test_the_order_from_outside_is_judged(order):
    certificate = certify(compiler_of(NET, order=order, beta="1/10", **{"eta.h": "0.5*tau"}), points=1)
    assert certificate.ok, "\n".join(certificate_lines(certificate))
    assert certificate.order == order


def test_the_same_seed_gives_the_same_errors(net):
    first, second, other = (certify(net, seed=seed, points=1) for seed in (1, 1, 2))
    assert first == second
    assert first.rows != other.rows


# Planted faults -------------------------------------------------------------------------------------------------------


def at(*names):
    """Slots by name with the letters of their indices: ``at("W:ji")``."""
    letters = dict(zip("ij", indices(2), strict=True))
    made = []
    for text in names:
        name, _, where = text.rpartition("|")
        made.append(slot(name, tuple(letters[letter] for letter in where)))
    return made


def edited(definition, change):
    """A definition with its right side changed: the expression of an elementwise one, the coefficient of a sum."""
    body = definition.body
    if isinstance(body, Elementwise):
        new = replace(definition, body=Elementwise(change(body.expression)))
    else:
        new = replace(definition, body=replace(body, coefficient=change(body.coefficient)))
    assert new != definition
    return new


def with_definitions(compiler, change):
    """The compiler with every derived equation of continuous time passed through ``change(definition)``."""
    old = compiler.equations
    touched = []

    def passed(definition):
        new = change(definition)
        touched.append(new != definition)
        return new

    groups = {
        group: {name: passed(d) for name, d in getattr(old, group).items()}
        for group in ("state", "costate", "parameter")
    }
    definitions = tuple(passed(d) for d in old.definitions)
    assert any(touched)
    changed = copy.copy(compiler)
    changed.__dict__["equations"] = replace(old, definitions=definitions, **groups)
    return changed


def only(name, change):
    return lambda definition: edited(definition, change) if definition.name == name else definition


def without(*terms):
    """The sum without the terms that hold all of some slots."""

    def change(expression):
        kept = [term for term in sympy.Add.make_args(expression) if not all(term.has(t) for t in terms)]
        return sympy.Add(*kept)

    return change


def put(old, new):
    return lambda expression: expression.xreplace({old: new})


def turned(reads, swap):
    """The contraction that reads these names, with its factors exchanged for others."""

    def change(definition):
        body = definition.body
        if isinstance(body, Contraction) and sorted(definition.reads()) == sorted(reads):
            return replace(definition, body=replace(body, factors=tuple(f.xreplace(swap) for f in body.factors)))
        return definition

    return change


(s_i, h_i, z_i, e_i, w_ij, w_b) = at("s|i", "h|i", "z:h|i", "e|i", "w:W|ij", "w:b|i")
(a_i, a_j, h_j, W_ij, W_ji) = at("adj:a|i", "adj:a|j", "h|j", "W|ij", "W|ji")

EQUATIONS = {
    "the sign of a costate equation": only("dot:z:h", lambda x: -x),
    "the leak is forgotten": only("dot:z:h", without(z_i)),
    "dissipation of z is forgotten": only("dot:z:h", without(slot("learn:eta"))),
    "dissipation has the wrong sign": only("dot:z:h", put(slot("learn:eta"), -slot("learn:eta"))),
    "the costate of W has the wrong sign": only("dot:w:W", lambda x: -x),
    "dissipation of ω is that of nothing": only("dot:w:b", without(slot("learn:eta"))),
    "dissipation twice": only("dot:w:W", lambda x: x - slot("learn:eta") * w_ij),
    "a small term more": only("dot:w:b", lambda x: x + w_b / 10**6),
    "W where its transpose belongs": turned(["adj:a", "W"], {W_ji: W_ij}),
    "an outer product the wrong way round": turned(["adj:a", "h"], {a_i: a_j, h_j: h_i}),
    "the slope of tanh is forgotten": only("adj:a", lambda x: z_i),
    "the slope of tanh has no square": only("adj:a", put(s_i**2, s_i)),
    "φ is forgotten": only("adj:e", put(slot("learn:phi"), sympy.Integer(1))),
    "the error has the wrong sign": only("adj:e", lambda x: -x),
    "the cost is not halved": only("fit", lambda x: 2 * x),
    "a parameter moves uphill": only("dot:W", lambda x: -x),
    "β is forgotten": only("dot:W", put(slot("learn:beta"), sympy.Integer(1))),
    "the state does not leak": only("f:h", without(h_i)),
    "the state stands still": only("dot:h", lambda x: sympy.Integer(0)),
    "the output is off": only("y", lambda x: x * sympy.Rational(1000001, 1000000)),
}


@pytest.fixture(scope="module")
def net():
    """A compiler whose products are all made."""
    compiler = compiler_of(NET)
    assert certify(compiler, points=1).ok
    return compiler


@pytest.mark.parametrize("fault", EQUATIONS)
def test_a_fault_in_an_equation_is_found(net, fault):
    certificate = certify(with_definitions(net, EQUATIONS[fault]), points=1)
    assert not certificate.ok
    # The generated step is derived from the model anew, so the fault is told in the right table.
    assert {row.group for row in certificate.rows if not row.ok} == {"equations"}


def test_an_equation_that_is_left_per_stream_is_found(net):
    """ω̇ of each stream, where their mean belongs."""
    fault = with_definitions(net, lambda d: replace(d, shared=False) if d.name == "dot:w:W" else d)
    wrong = [row for row in certify(fault, points=1).rows if not row.ok]
    assert {(row.name, row.error) for row in wrong if row.judge == "autograd"} == {("dot:w:W", math.inf)}


# Faults in the discrete step reach the torch and the numpy text alike: only the walk can tell.
STEP = {
    "the cost is read at the old state": ("adj:e+", {"e+": "e"}),
    "the dynamics are pulled back at the old state": ("adj:a", {"s+": "s"}),
    "ω takes the old z": ("adj:a", {"z:h+": "z:h"}),
    "θ takes the old ω": ("W+", {"w:W+": "w:W"}),
    "h is not used where h+ is": ("h+", {"f:h": "s"}),
}


@pytest.mark.parametrize("fault", STEP)
def test_a_shifted_point_of_the_step_is_found(net, fault):
    name, swap = STEP[fault]
    lines = tuple(
        replace(rename(line, swap), name=line.name)
        if line.name.partition("~")[0].rstrip("+") == name.rstrip("+")
        else line
        for line in net.step.lines
    )
    assert lines != net.step.lines
    changed = compiler_of(NET)
    changed.__dict__["step"] = replace(net.step, lines=lines)
    certificate = certify(changed, points=1)
    assert {row.group for row in certificate.rows if not row.ok} == {"step"}
    wrong = {row.judge for row in certificate.rows if not row.ok}
    assert wrong == {"walk"} | ({"order"} if fault == "h is not used where h+ is" else set())  # the rest errs by τ² as well


# Statements put at the end of the generated body `_learn`.
LEARN = {
    "z divided by the batch": "self.costate.h.div_(self.batch)",
    "ω summed and not averaged": "self.costate.C.mul_(self.batch)",
    "W transposed": "self.W.copy_(self.W.t().clone())",
    "h of the wrong sign": "self.state.h.neg_()",
    "streams exchanged": "self.state.h.copy_(self.state.h.flip(0))",
    "a parameter that does not move": "self.b.sub_(self.costate.b, alpha=-self.beta * tau)",
    "float32 on the way": "self.costate.h.copy_(self.costate.h.float())",
    "a value that is no number": "self.costate.W.fill_(float('nan'))",
    "the clock stands two ticks on": "self.clock.add_(1)",
    "a body that stops": "self.state.h.matmul(self.C)",
}


@pytest.mark.parametrize("fault", LEARN)
def test_a_fault_in_the_torch_text_is_found(net, fault):
    head, mark, tail = net.torch.partition("    def _learn(")
    body, returned, rest = tail.partition("\n        return ")
    assert mark and returned
    changed = copy.copy(net)
    changed.__dict__["torch"] = f"{head}{mark}{body}\n        {LEARN[fault]}{returned}{rest}"
    certificate = certify(changed, points=1)
    assert {row.group for row in certificate.rows if not row.ok} == {"step"}


TEXT = {
    "the state has no beginning": (r"for position in \(0, 1\)", "for position in (1,)"),
    "the costate has no beginning": (r"for position in \(0, 1\)", "for position in (0,)"),
    "a missing target counts": (r"\(~gaps\)", "torch.ones_like(gaps)"),
    "τ of the call is not heard": (r"self\.tau if tau is None else tau", "self.tau"),
}


@pytest.mark.parametrize("fault", TEXT)
def test_a_fault_in_the_methods_is_found(net, fault):
    pattern, new = TEXT[fault]
    text, count = re.subn(pattern, new, net.torch)
    assert count
    changed = copy.copy(net)
    changed.__dict__["torch"] = text
    assert not certify(changed, points=1).ok


def test_a_fault_in_the_numpy_text_is_found(net):
    changed = copy.copy(net)
    changed.__dict__["numpy"] = net.numpy.replace("np.tanh(", "np.sin(")
    assert changed.numpy != net.numpy
    wrong = [row for row in certify(changed, points=1).rows if not row.ok]
    assert {row.judge for row in wrong} == {"numpy"}


def test_a_next_state_that_keeps_its_costate_is_found():
    compiler = compiler_of(NET_NEXT)
    assert certify(compiler, points=1).ok
    fault = only("dot:z:h", without(slot("tau")))
    assert not certify(with_definitions(compiler, fault), points=1).ok


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
