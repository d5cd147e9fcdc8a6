"""What `local` lines name, and what they are answered with; the messages in full stand in tests/bad."""

from __future__ import annotations

import pytest

import hdsl

TEXT = """
dim n = 3
input u[n]
target v[n]
component dense(x[n]) {{
    param W[n, n] = eye
    param b[n] = 0
    {inside}
    return W @ x + b
}}
let a = tanh(dense(u))
let body = repeat(2, dense, a)
output y = dense(body)
cost fit = squared(y - v)
{line}
"""


def demanded(line="", inside="", **given):
    return dict(hdsl.loads(TEXT.format(line=line, inside=inside), **given).compiler.model.local)


def mistakes(line="", inside=""):
    with pytest.raises(hdsl.ModelError) as wrong:
        demanded(line, inside)
    return [(finding.code, finding.message) for finding in wrong.value.diagnostics]


@pytest.mark.parametrize(
    ("line", "params"),
    [
        ("local y.W", {"y.W"}),
        ("local y.W, y.b", {"y.W", "y.b"}),
        ("local y", {"y.W", "y.b"}),
        ("local y, y.W", {"y.W", "y.b"}),
        ("", set()),
    ],
)
def test_what_a_line_names(line, params):
    assert set(demanded(line)) == params


def test_all_stands_for_every_param_of_the_file_or_of_the_instance():
    everything = {f"{name}.{param}" for name in ("a", "body.1", "body.2", "y") for param in "Wb"}
    assert set(demanded("local all", delay="all")) == everything
    assert set(demanded(inside="local all", delay="all")) == everything
    assert set(demanded(inside="local b", delay="all")) == {name for name in everything if name.endswith("b")}


def test_a_demand_stands_where_it_was_written_first():
    found = demanded("local y.W\nlocal all", delay="all")
    assert found["y.W"].start < found["y.b"].start


def test_delays_from_outside_meet_a_demand_that_the_file_alone_does_not():
    assert [code for code, _ in mistakes("local all")] == ["not-local"]
    assert demanded("local all", delay="all")


def test_one_message_for_each_demand_with_the_longest_way():
    told = "is not local: within a step credit passes"
    assert mistakes("local a, body\nlocal body.1.W, y") == [
        ("not-local", f"the update of `a.W` (and of 1 more) {told} 3 connections"),
        ("not-local", f"the update of `body.1.W` (and of 3 more) {told} 2 connections"),
    ]
    assert mistakes("local body.2.b") == [("not-local", f"the update of `body.2.b` {told} 1 connection")]


def test_names_that_are_no_params():
    assert mistakes("local u") == [("local", "`u` is an input (line 3), not a param")]
    assert mistakes("local nothing")[0][0] == "unknown-name"
    assert mistakes(inside="local x") == [("local", "`x` is an argument (line 5), not a param")]
    assert [code for code, _ in mistakes(inside="local V")] == ["unknown-name"]


def test_all_of_nothing():
    with pytest.raises(hdsl.ModelError) as wrong:
        hdsl.loads("input u\noutput y = 2*u\nlocal all")
    assert [finding.code for finding in wrong.value.diagnostics] == ["local"]
