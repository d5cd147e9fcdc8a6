"""The pullback of an output to the inputs: which lines it has, which inputs it reaches, and where the states stand in it."""

from __future__ import annotations

import hdsl
from hdsl.derive.pullback import derive_pullback
from hdsl.show.product import product_text

STATE = """
dim n = 2, m = 3
input u[m]
input k : index(4)
input unread[m]
target v
state h[n] = 0
param W[n, n] = 0
param U[n, m] = 0
param C[n] = 0
param E[4, n] = 0
h' = -h + tanh(W @ h + U @ u + embed(E, k))
output y = C @ h
output other = sum(u)
cost fit = (y - v)^2
learn
    tau = 0.5
    eta = 0.1
    order = {order}
"""



def test_it_is_pulled_back_through_the_new_state_by_the_equations_of_the_step() -> None:
    pullback = hdsl.loads(STATE.format(order="sequential")).product("pullback")
    assert (pullback.output, pullback.adjoint, dict(pullback.gradients)) == ("y", "adj:y", {"u": "adj:u"})
    found = {line.name: line for line in pullback.lines}
    assert "y+" in found and "h+" in found and found["adj:u"].sizes == pullback.model.quantities["u"].sizes
    assert not any(name.startswith(("z:", "w:")) for line in pullback.lines for name in (line.name, *line.reads()))


def test_an_output_at_the_old_state_does_not_depend_on_this_sample() -> None:
    assert dict(hdsl.loads(STATE.format(order="simultaneous")).product("pullback").gradients) == {}


def test_the_lines_hold_the_equations_that_a_person_would_write() -> None:
    model = hdsl.loads("input u[2]\ntarget v[3]\nparam W[3, 2] = 0\noutput y = tanh(W @ u)\ncost fit = squared(y - v)")
    lines = [" ".join(line.split()[:-1]) for line in product_text(model.product("pullback")).splitlines() if " = " in line]
    assert lines == ["a_y = W u", "y = tanh(a_y)", "ā_y = (1 − y²) ⊙ ȳ", "ū = Wᵀā_y"]


def test_every_line_bears_its_place_and_its_root() -> None:
    for line in hdsl.load("sunspots").product("pullback").lines:
        assert line.spans
        assert line.roots == ("y",) or not line.name.startswith("adj:")


def test_a_model_without_an_output_has_an_empty_one() -> None:
    model = hdsl.loads("input u\nparam w = 1\ncost fit = (w - u)^2")
    pullback = derive_pullback(model.product("step"))
    assert (pullback.output, pullback.lines, dict(pullback.gradients)) == (None, (), {})
    assert product_text(pullback) == "pullback\n  of no output\n"
