"""By which way credit comes, for nets whose ways are known, and against what the derived step reads."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.audit.reads import Reads
from hdsl.model.locality import BROADCASTS, MIXES, MOVES, named, told, uses, ways
from hdsl.resources import folder
from hdsl.terms.structured import STRUCTURED
from tests.proofs.drawing import draw_model

FIRST_SEEDS = 15  # none is chosen: all from 0 on
MODELS = sorted(path.stem for path in folder("models").glob("*.ham"))

DEEP = """
dim d = 3, n = 5, k = 2, depth = 3
input  u[d]
target v[k]
component dense(x[m], n) {{
    param W[n, m] = glorot
    return W @ x
}}
component block(x[n]) {{ return {delayed}(tanh(dense(x, n))) }}
let first  = {delayed}(tanh(dense(u, n)))
let body   = repeat(depth, block, first)
output y   = dense(body, k)
cost fit   = squared(y - v)
"""


def longest(text, **settings):
    """The connections on the longest way to each param and each costate."""
    found = ways(hdsl.loads(text, settings=settings).compiler.model)
    return {name: max(way.connections for way in some) for name, some in found.items()}


def of_one(lines, name="W"):
    return longest(f"dim n = 4, m = 3\ninput u[n]\ntarget v[m]\nparam W[m, n] = glorot\n{lines}")[name]


def test_every_operation_is_in_one_table():
    assert sorted([*MIXES, *MOVES, *BROADCASTS]) == sorted(STRUCTURED)


def test_without_delays_credit_passes_every_layer_above():
    found = longest(DEEP.format(delayed=""))
    assert found == {"y.W": 0, "body.3.W": 1, "body.2.W": 2, "body.1.W": 3, "first.W": 4}


def test_delayed_layers_are_local_and_costates_hear_of_the_next_layer_alone():
    found = longest(DEEP.format(delayed="delay"))
    assert {found[name] for name in found if name.endswith("W")} == {0}
    assert {found[name] for name in found if name.endswith("delay")} == {1}


def test_one_delay_leaves_two_groups():
    model = hdsl.loads(DEEP.format(delayed=""), delay="body.1").compiler.model
    found = {name: max(way.connections for way in some) for name, some in ways(model).items()}
    assert found == {"y.W": 0, "body.3.W": 1, "body.2.W": 2, "body.1.W": 0, "first.W": 1, "body.1.delay": 3}
    assert {way.kind for way in ways(model)["first.W"]} == {"costate"}


@pytest.mark.parametrize(
    ("lines", "connections"),
    [
        ("output y = W @ u\ncost fit = squared(y - v)", 0),
        ("output y = tanh(W @ u)\ncost fit = 1/2 * squared(y - v)", 0),
        ("output y = softmax(W @ u)\ncost fit = squared(y - v)", 0),  # one number that all units share
        ("let a = W @ u\noutput y = (a - mean(a)) / norm2(a)\ncost fit = squared(y - v)", 0),
        ("param C[m, m] = glorot\noutput y = C @ (W @ u)\ncost fit = squared(y - v)", 1),
        ("const C[m, m] = eye\noutput y = C @ (W @ u)\ncost fit = squared(y - v)", 1),
        ("param C[m, m] = glorot\noutput y = C.T @ (W @ u)\ncost fit = squared(y - v)", 1),
        ("param P[m, m] = glorot\noutput y = (P @ W) @ u\ncost fit = squared(y - v)", 1),  # a product of parameters
        ("output y = W @ u\ncost fit = squared(y - v)\ncost decay = squared(W)", 0),
        ("param A[m, m] = eye\noutput y = solve(A, W @ u)\ncost fit = squared(y - v)", 1),
        ("let a = W @ u\nlet e[i, j] = a[j] - v[i]\noutput y = a\ncost fit = sum(e * e)", 1),  # a[j] hears of every v[i]
        ("let a = W @ u\nparam P[m, m] = eye\nlet e[i, j] = P[i, j]*a[j]\noutput y = a\ncost fit = sum(e*e)", 1),
        # a sum that brings nothing together: of what comes from one unit, weighed by numbers that stand there
        ("let a = W @ u\nparam p[n]=1\nlet e[i, j] = a[i]*p[j]\nlet y[i] = sum[j](e[i, j])\ncost fit = squared(y - v)", 0),
        ("let a = W @ u\nlet e[i, j] = a[i]*u[j]\nlet y[i] = sum[j](e[i, j])\ncost fit = squared(y - v)", 1),
    ],
)  # fmt: skip
def test_one_layer_and_what_stands_above_it(lines, connections):
    assert of_one(lines) == connections


def test_matrices_as_a_whole_mix_their_entries():
    assert of_one("param A[m, m] = eye\noutput y = expm(A) @ (W @ u)\ncost fit = squared(y - v)", "A") == 1
    assert of_one("param A[m, m] = eye\noutput y = inv(A) @ u[0:m]\ncost fit = squared(y - v)", "A") == 1
    skew = "param A[m, m] = eye\nlet S = A - A.T\noutput y = S @ (W @ u)\ncost fit = squared(y - v)"
    assert of_one(skew, "A") == 0  # both entries have the same two units at their ends


def test_a_parameter_used_at_many_places_says_over_what_its_uses_are_summed():
    model = hdsl.load("attention").compiler.model
    assert list(map(str, uses(model, ways(model), "hidden.W"))) == ["rows"]
    assert uses(model, ways(model), "y.W") == ()


def test_a_comparison_hands_on_no_credit():
    lines = "let a = W @ u\noutput y = u[0:m] if a > 0 else 2*u[0:m]\ncost fit = squared(y - v)"
    text = f"dim n = 4, m = 3\ninput u[n]\ntarget v[m]\nparam W[m, n] = glorot\n{lines}"
    assert ways(hdsl.loads(text).compiler.model) == {}


def test_a_costate_that_begins_each_sample_at_0_teaches_only_where_it_has_moved_before():
    text = """
input u
target v
state a = 0
param w = 1
next a = tanh(w * u)
output y = a
cost fit = squared(y - v)
reset a each sample
"""
    assert "w" in longest(text)
    assert "w" not in longest(text, order="simultaneous")


BEGINS = """
dim n = 3, m = 2
input u[m]
target v[n]
param B[n, m] = glorot
param C[n, n] = glorot
state h[n] = B @ u
h' = -h
output y = C @ h
cost fit = squared(y - v)
reset h each {reset}
"""


@pytest.mark.parametrize("reset", ["sample", "sequence"])
@pytest.mark.parametrize(("order", "connections"), [("simultaneous", 1), ("semi-implicit", 1), ("sequential", 0)])
def test_a_beginning_hands_on_what_reaches_the_state_at_once(order, connections, reset):
    # In the order `sequential` the cost reads the state that has moved, and the beginning hears of its costate alone.
    found = longest(BEGINS.format(reset=reset), order=order)
    assert found["B"] == connections
    assert found["C"] == 0


def test_a_costate_that_is_0_teaches_no_beginning():
    text = BEGINS.replace("C @ h", "C @ k").replace("output", "state k[n] = 0\nk' = h - k\noutput")
    kinds = {way.kind for way in ways(hdsl.loads(text.format(reset="sample")).compiler.model)["B"]}
    assert kinds == {"costate"}
    still = text.format(reset="sample") + "reset k each sample\n"
    assert "B" not in longest(still, order="simultaneous")


def test_a_way_in_words():
    model = hdsl.load("iris_mlp").compiler.model
    way = ways(model)["a.W"][0]
    assert told(model, way) == "cost class (19) → y → a, through y.W transposed (14) → a.W"
    assert {"a.W", "y", "class", "u"} <= named(model)


def hears_of_others(model):
    """The states with a costate and the params in whose updates the derived step reads other units."""
    reads, checked = Reads(model.product("step")), model.compiler.model
    cells = {state: f"z:{state}" for state in checked.taught} | {p.name: f"w:{p.name}" for p in checked.of_role("param")}
    return {name for name, cell in cells.items() if any(read.where == "other" for read in reads.of(cell))}


def passes_connections(model):
    return {name for name, some in ways(model.compiler.model).items() if any(way.connections for way in some)}


@pytest.mark.parametrize("name", MODELS)
def test_credit_passes_a_connection_where_the_derived_step_reads_other_units(name):
    model = hdsl.load(name)
    assert passes_connections(model) == hears_of_others(model)


def refused(text, params):
    """The params of which a demand to be local is an error; a line each."""
    first = text.count("\n")
    lines = [f"local {param}\n" for param in params]
    try:
        hdsl.loads(text + "".join(lines))
    except hdsl.ModelError as wrong:
        assert {finding.code for finding in wrong.diagnostics} == {"not-local"}
        return {params[wrong.source.line_of(finding.span) - 1 - first] for finding in wrong.diagnostics}
    return set()


def agrees(seed):
    text = draw_model(seed).text
    model = hdsl.loads(text)
    found = hears_of_others(model)
    assert passes_connections(model) == found
    params = [param.name for param in model.compiler.model.of_role("param")]
    assert refused(text, params) == found & set(params)


@pytest.mark.parametrize("seed", range(FIRST_SEEDS))
def test_drawn_models_pass_connections_where_they_read_other_units_and_demands_say_so(seed):
    agrees(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEEDS, 300))
def test_more_drawn_models(seed):
    agrees(seed)
