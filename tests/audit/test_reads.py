"""What updates read, for models whose equations fit on a line."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.audit.reads import Reads

RECURRENT = """
dim n = 4, m = 3
input u[m]
target v[n]
state h[n] = 0
param W[n, n] = glorot
param U[n, m] = glorot
h' = -h + tanh(W @ h + U @ u)
output y = h
cost fit = 1/2 * squared(y - v)
learn
    order = {order}
    eta = 1
"""


def reads(text, cell, **settings):
    """What a cell's update reads: name and where, with indices, by what, whether transposed, whether from before."""
    found = Reads(hdsl.loads(text, settings=settings).product("step")).of(cell)
    return {(one.name, one.where): (one.at, one.by, one.transposed, one.before) for one in found}


def test_a_number_that_a_definition_makes_of_many_units_is_not_one_s_own():
    text = '''dim n = 3
input u[n]
state h[n] = 0
state s = 0
param W[n, n] = glorot
param g = 1
const k = 2
let total = sum(abs(W))
let half = g*k/2
let mine = sin(s)*k
h' = -h + half*(W @ u)
s' = g*k - mine^3
cost fit = squared(h)*half + mine^4
cost size = total^2
'''
    of_weight, of_costate = reads(text, "w:W"), reads(text, "z:h")
    assert {where for (name, where) in of_weight if name == "total"} == {"all"}
    assert {where for (name, where) in of_costate if name.removesuffix("+") == "half"} == {"own"}  # made of numbers
    assert {where for (name, where) in reads(text, "z:s") if name.removesuffix("+") == "mine"} == {"own"}  # its one unit


def test_the_costate_reads_the_other_units_by_the_transpose_and_its_own_error():
    found = reads(RECURRENT.format(order="simultaneous"), "z:h")
    assert found[("z:h", "own")] == (("i",), (), False, True)
    assert found[("e", "own")] == (("i",), (), False, False)
    assert found[("z:h", "other")] == ((), ("W",), True, True)
    assert {name for name, where in found if where == "other"} == {"z:h", "s"}
    assert ("U", "own") not in found


def test_a_parameter_reads_the_two_ends_of_its_synapse():
    found = reads(RECURRENT.format(order="simultaneous"), "w:W")
    assert found[("z:h", "own")][0] == ("i",)
    assert found[("h", "own")] == (("j",), (), False, True)
    assert {where for _, where in found} == {"own"}


@pytest.mark.parametrize(("order", "costate"), [("simultaneous", "z:h"), ("semi-implicit", "z:h"), ("sequential", "z:h+")])
def test_the_order_says_which_costate(order, costate):
    found = reads(RECURRENT.format(order=order), "w:U")
    assert [name for name, _ in found if name.startswith("z:")] == [costate]
    assert found[(costate, "own")][3] == (order != "sequential")


def test_a_state_reads_other_units_by_its_parameters_as_they_are():
    found = reads(RECURRENT.format(order="sequential"), "h")
    assert found[("h", "other")] == ((), ("W",), False, True)
    assert found[("u", "other")] == ((), ("U",), False, False)
    assert found[("h", "own")][3]


def test_a_parameter_moves_by_its_own_costate():
    assert set(reads(RECURRENT.format(order="sequential"), "W")) == {("W", "own"), ("w:W+", "own")}
    assert set(reads(RECURRENT.format(order="simultaneous"), "W")) == {("W", "own"), ("w:W", "own")}


PLAIN = "dim t_ = 5, n = 4, m = 3\ninput u[t_, n]\ntarget v[t_, m]\nparam W[m, n] = glorot\nparam b[m] = 0\n"


def test_a_parameter_that_is_used_at_many_places():
    text = PLAIN + "output y = u @ W.T + b\ncost fit = squared(y - v)"
    for cell in ("w:W", "w:b"):
        found = reads(text, cell)
        assert {where for name, where in found if name != cell} == {"places"}


def test_what_all_units_share_alike_is_no_other_unit():
    text = PLAIN + "output y = softmax(u @ W.T, axis=-1)\ncost fit = squared(y - v)"
    assert {where for _, where in reads(text, "w:W")} <= {"own", "places", "all"}
    assert ("y", "all") in reads(text, "w:W")


def test_backpropagation_reads_through_the_parameters_above():
    text = PLAIN + "param C[m, m] = glorot\nparam D[m, m] = glorot\noutput y = (u @ W.T + b) @ C @ D\ncost fit = squared(y - v)"
    found = reads(text, "w:b")
    (others,) = [told for (name, where), told in found.items() if where == "other"]
    assert set(others[1]) == {"C", "D"}
    assert others[2]


def test_the_ways_through_a_net_of_many_shortcuts_are_not_counted_one_by_one():
    text = """
dim d = 4
input u[d]
target v[d]
component block(x[d]) {
    param W[d, d] = glorot
    param V[d, d] = glorot
    return x + V @ tanh(W @ x)
}
output y = repeat(24, block, u)
cost fit = squared(y - v)
"""
    found = reads(text, "w:y.1.V")
    through = {name for (_, where), (_, by, _, _) in found.items() if where == "other" for name in by}
    assert through == {f"y.{layer}.{name}" for layer in range(2, 25) for name in "VW"}


def test_a_window_is_read_by_its_kernel():
    text = """
input u[1, 6, 6]
target c : index(3)
param K[2, 1, 3, 3] = normal(0, 1)
param M[3, 2, 3, 3] = normal(0, 1)
output y = sum(sum(conv2d(tanh(conv2d(u, K)), M), axis=-1), axis=-1)
cost class = cross_entropy(y, c)
"""
    found = reads(text, "w:K")
    assert {told[1] for (_, where), told in found.items() if where == "other"} == {("M",)}
    assert ("u", "places") in found
    assert not [where for _, where in reads(text, "w:M") if where == "other"]


def others(text, cell, **settings):
    """What a cell's update reads of other units, and by what."""
    found = reads(text, cell, **settings)
    return {name: by for (name, where), (_, by, _, _) in found.items() if where == "other"}


VECTOR = "dim n = 4, m = 3\ninput u[n]\ntarget v[m]\ntarget s\nparam p[n] = normal(0, 1)\nparam W[m, n] = glorot\n"


@pytest.mark.parametrize(
    ("lines", "cell", "told"),
    [
        # Σ_i W[i, j], by which p[j] learns, are the synapses of units that p does not reach otherwise.
        ("let g = tanh(p)\noutput y = sum[i, j](W[i, j]*g[j])\ncost fit = squared(y - s)", "w:p", {"W": ("W",)}),
        # A cost of parameters alone weighs each by numbers: what comes from other units are the weights.
        ("output y = W @ u\ncost fit = squared(y - v)\ncost even = sum(W @ p)", "w:p", {"W": ("W",)}),
        # The copy of W along a further axis is its own.
        ("let e = W[None, :, :] - 0.3\ncost fit = 0.1*squared(e)\noutput y = u[0]*s_\nparam s_ = 1", "w:W", {}),
        # A sum along what one unit sends to many brings nothing of another.
        ("param q[n]=1\nlet a = W@u\nlet e[i,j] = a[i]*q[j]\nlet y[i] = sum[j](e[i,j])\ncost fit = squared(y - v)", "w:W", {}),
    ],
)  # fmt: skip
def test_sums_over_weights_and_over_copies(lines, cell, told):
    assert others(VECTOR + lines, cell) == told
