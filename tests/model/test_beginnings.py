"""Which initial values are of the stream, and the definitions that they become."""

from __future__ import annotations

import numpy as np
import pytest

import hdsl
from hdsl.terms.term import Contraction

HEAD = "dim n = 3, m = 2\ninput u[m]\nparam B[n, m] = 1\nparam W[n, n] = 1\nconst c[n] = [1, 2, 3]\nconst a = 0.5\n"


@pytest.mark.parametrize(
    "start, shared",
    [("B @ u", False), ("W @ c", True), ("c", True), ("a*c + t", True), ("B @ (u/sum(u))", False)],
)
def test_what_reads_quantities_is_a_definition_and_as_shared_as_its_state(checked, start, shared):
    model = checked(HEAD + f"state h[n] = {start}\nh' = -h\noutput y = h + B @ u + W @ c*a\n")
    (definition,) = (d for d in model.definitions if d.name == "initial:h")
    assert definition.shared is shared is model.quantities["h"].shared
    assert len(definition.sizes) == 1 and model.quantities["h"].initial is None


@pytest.mark.parametrize("start", ["0", "a", "n/2", "zeros", "[1, 2, a]", "tanh(a)^2"])
def test_what_reads_numbers_stays_an_initial_value(checked, start):
    model = checked(HEAD + f"state h[n] = {start}\nh' = -h\noutput y = h + B @ u + W @ c*a\n")
    assert model.quantities["h"].initial is not None
    assert not [d for d in model.definitions if d.name.startswith("initial:")]


def test_a_state_whose_dynamics_is_of_the_stream_begins_for_each_stream(checked):
    model = checked(HEAD + "state h[n] = W @ c\nstate g[n] = c\nh' = B @ u - h\ng' = h - g\noutput y = g*a\n")
    assert not any(d.shared for d in model.definitions if d.name in ("initial:h", "initial:g"))


def test_the_numbers_are_those_of_the_expression(checked, numbers):
    model = checked(HEAD + "state h[n] = B @ u/(1 + sum(u))\nh' = -h\noutput y = h + W @ c*a\n")
    given = {"u": [1.0, 2.0], "B": [[1.0, 0.5], [0.0, 2.0], [-1.0, 1.0]]}
    given |= {"W": np.eye(3), "c": [1.0, 2.0, 3.0], "a": 0.5, "h": [0.0] * 3}
    assert numbers(model, given)["initial:h"] == pytest.approx(np.array(given["B"]) @ [1.0, 2.0] / 4)


def test_what_only_a_beginning_reads_is_not_unused(found):
    state = "state h[n] = B @ u + W @ c*a\nh' = -h\noutput y = h\n"
    assert [one.code for one in found(HEAD + state + "target v[n]\ncost k = squared(y - v)\n")] == []


@pytest.mark.parametrize("start", ["e", "B @ tanh(u)", "cell(u, n)", "twice(B @ u)"])
def test_definitions_instances_and_functions_may_be_read(checked, start):
    text = "let e = B @ tanh(u)\ndef twice(x) = 2*x\ncomponent cell(x[k], n) {\n    param P[n, k] = 1\n    return P @ x\n}\n"
    model = checked(HEAD + text + f"state h[n] = {start}\nh' = -h\noutput y = h\noutput other = e + W @ c*a\n")
    reads = {d.name: set(d.reads()) for d in model.definitions}
    assert model.quantities["h"].initial is None and not model.definitions[-1].name.startswith("initial:")
    seen = set()
    for definition in model.definitions:  # in an order in which each finds what it reads
        assert not (reads[definition.name] & reads.keys()) - seen
        seen.add(definition.name)


def test_a_definition_that_says_the_same_does_not_read_the_beginning(checked):
    model = checked(HEAD + "state h[n] = B @ u\nh' = -h\nlet e = B @ u\noutput y = h + e + W @ c*a\n")
    assert not [d.name for d in model.definitions if "initial:h" in d.reads()]


def test_what_a_state_of_an_instance_begins_from_is_of_the_instance(checked):
    cell = "component cell(x[k]) {\n    state h[k] = first\n    let first = g*x\n    param g = 2\n    h' = -h\n"
    cell += "    return h\n}\n"
    model = checked(HEAD + cell + "output y = cell(u)\noutput z = B @ u + W @ c*a\n")
    assert {"initial:y.h", "y.first"} <= {d.name for d in model.definitions}
    names = [d.name for d in model.definitions]
    assert names.index("y.first") < names.index("initial:y.h") < names.index("f:y.h")


@pytest.mark.parametrize("name", ["hx", "gx"])
def test_a_name_that_only_starts_as_a_state_has_nothing_of_its_beginning(name: str) -> None:
    model = hdsl.loads(
        "dim n = 2\ninput u[n]\ntarget v[n]\nparam B[n, n] = 1\nparam w = 1\nstate h[n] = B @ u\nh' = -h\n"
        f"let {name} = 2*w\noutput q = {name}*(B @ h)\ncost fit = squared(q - v)\n"
    ).product("model")
    body = next(d.body for d in model.definitions if d.name == "q")
    assert isinstance(body, Contraction) and name in str(body.coefficient)
