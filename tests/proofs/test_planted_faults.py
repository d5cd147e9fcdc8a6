"""Faults planted where the compiler stands: each is found by the judges that make a certificate."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import replace

import pytest
import sympy

from hdsl.terms.renaming import rename
from hdsl.terms.term import Contraction, Elementwise, indices, slot
from hdsl.verify.certificate import certify
from hdsl.verify.continuous import judge_equations, judge_scalars
from hdsl.verify.generated import judge_step
from hdsl.verify.judgement import Errors
from hdsl.verify.points import sized
from tests.verify.test_certificate import NET, compiler_of


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


def wrong(compiler, group):
    """What is wrong of one group alone, as the certificate judges it."""
    found, errors = sized(compiler.model, compiler.model.written, {}, {}), Errors()
    if group == "equations":
        judge_equations(found, compiler.equations, errors, 0, 1)
        judge_scalars(found, compiler.equations, errors, 0)
    else:
        judge_step(found, compiler.torch, compiler.numpy, errors, 0)
    return [row for row in errors.rows(group, {}) if not row.ok]


def some(faults):
    """Every tenth fault daily."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (k % 10 > 0)) for k, name in enumerate(faults)]


@pytest.mark.parametrize("fault", EQUATIONS)
def test_a_fault_in_an_equation_is_found(net, fault):
    assert wrong(with_definitions(net, EQUATIONS[fault]), "equations")


@pytest.mark.parametrize("fault", some(EQUATIONS))
def test_a_fault_in_an_equation_is_told_in_the_right_table(net, fault):  # the generated step is derived from the model anew
    certificate = certify(with_definitions(net, EQUATIONS[fault]), points=1)
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


def with_a_statement(net, fault):
    head, mark, tail = net.torch.partition("    def _learn(")
    body, returned, rest = tail.partition("\n        return ")
    assert mark and returned
    changed = copy.copy(net)
    changed.__dict__["torch"] = f"{head}{mark}{body}\n        {LEARN[fault]}{returned}{rest}"
    return changed


@pytest.mark.parametrize("fault", LEARN)
def test_a_fault_in_the_torch_text_is_found(net, fault):
    assert wrong(with_a_statement(net, fault), "step")


@pytest.mark.parametrize("fault", some(LEARN))
def test_a_fault_in_the_torch_text_is_told_in_the_right_table(net, fault):
    certificate = certify(with_a_statement(net, fault), points=1)
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
    assert wrong(changed, "step")


def test_a_fault_in_the_numpy_text_is_found(net):
    changed = copy.copy(net)
    changed.__dict__["numpy"] = net.numpy.replace("np.tanh(", "np.sin(")
    assert changed.numpy != net.numpy
    wrong = [row for row in certify(changed, points=1).rows if not row.ok]
    assert {row.judge for row in wrong} == {"numpy"}


def test_a_next_state_that_keeps_its_costate_is_found():
    compiler = compiler_of(NET.replace("h' = -h +", "next h ="))
    assert certify(compiler, points=1).ok
    fault = only("dot:z:h", without(slot("tau")))
    assert not certify(with_definitions(compiler, fault), points=1).ok
