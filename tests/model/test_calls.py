from __future__ import annotations

from typing import Any

import pytest

from hdsl.model.calls import SIGNATURES
from hdsl.model.scope import CONTRACTING
from tests.model.conftest import Checked

HEAD = """dim n = 3, m = 2
input u[m]
input k : index(n)
target c : index(m)
state h[n] = 0
param W[n, m] = 0
h' = -h
"""


def test_every_function_that_is_no_row_has_a_signature() -> None:
    assert set(SIGNATURES) == set(CONTRACTING)


@pytest.mark.parametrize(
    ("written", "code", "label"),
    [
        ("tanh()", "arity", "none given"),
        ("tanh(h, h)", "arity", "2 given"),
        ("min(h)", "arity", "1 given"),
        ("tanh(h, axis=0)", "arity", "it takes none by name"),
        ("sum()", "arity", "none given"),
        ("sum(h, 0, 0)", "arity", "3 given"),
        ("sum(h, 0, axis=0)", "arity", "leave one of them out"),
        ("mean(h, dim=0)", "arity", "it takes `axis=`"),
        ("squared(h, 0)", "arity", "2 given"),
        ("sum(h, 1)", "axis", "the operand is [n]: its axis is 0, or -1"),
        ("sum(W, -3)", "axis", "the operand is [n, m]: its axes are 0 to 1, or -2 to -1"),
        ("sum(W, 0.5)", "axis", "write the number itself, as in `axis=0`"),
        ("sum(W, n)", "axis", "write the number itself, as in `axis=0`"),
        ("softmax(2)", "axis", "this is a scalar"),
        ("sum(2, 0)", "axis", "this is a scalar"),
        ("tahn(h)", "unknown-function", "did you mean `tanh`?"),
        ("quaff(h)", "unknown-function", ""),
        ("h(2)", "not-a-function", "declared on line 5"),
        ("tau(2)", "not-a-function", "not a function"),
        ("normal(0, 1) + h", "function-value", "only behind the `=` of a state, a param or a const"),
        ("zeros + h", "function-value", "only behind the `=` of a state, a param or a const"),
        ("tanh + h", "function-value", "call it: `tanh(…)`"),
        ("k*h", "index-read", "an index input (line 3); `cross_entropy(logits, k)` can read it"),
        ("sum(k)", "index-read", "an index input (line 3); `cross_entropy(logits, k)` can read it"),
        ("cross_entropy(k, k)", "index-read", "an index input (line 3); `cross_entropy(logits, k)` can read it"),
        ("cross_entropy(u, k)", "shape",
         "u is [m] (line 2), k is an index below n (line 3); sizes match by name, not by value"),
        ("cross_entropy(W, k)", "shape", "W is [n, m] (line 6), k is an index below n (line 3)"),
        ("max(h, inf)", "infinite", "only as a bound of `clip`"),
        ("clip(h, inf, 1)", "infinite", "only as a bound of `clip`"),
        ("log(0) + h", "not-real", "it is not real, or beyond the range of doubles"),
        ("[[1], [2, 3]]", "list-length", "this one differs from the first"),
        ("T + h", "reads", "the end of time; `terminal` and `final` may read it"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_finding(written: str, code: str, label: str, said: Any) -> None:
    assert said(HEAD + f"output y = {written}\n") == [(code, 8, label)]


def test_arguments_of_a_wrong_call_are_read_too(said: Any) -> None:
    assert [code for code, _, _ in said(HEAD + "output y = quaff(h + u, nobody)\n")] == [
        "unknown-function",
        "shape",
        "unknown-name",
    ]


def test_a_missing_target_s_cost_reads_the_index_alone(checked: Any) -> None:
    model = checked(HEAD + "output y = h @ W\ncost class = cross_entropy(y, c)\n")
    bodies = {definition.name: definition.body for definition in model.definitions}
    assert bodies["p"].operands == ("y", "c")
    assert bodies["l"].operands == ("y",)
    assert str(bodies["class"].expression) == "l - p"
    assert model.targets_of == {"class": ("c",)}


def test_gates_have_names_of_their_own_before_their_functions(checked: Checked) -> None:
    lines = ["let i = sigmoid(x[:n])", "let f = sigmoid(1 + W @ u)", "let g = tanh(W @ u)", "let o = tanh(u) + sigmoid(2*u)"]
    text = "dim n = 2\ninput x[3*n]\ninput u[n]\nparam W[n, n] = 0\nparam a_i = 1\ntarget v[n]\n" + "\n".join(lines)
    model = checked(text + "\ncost fit = squared(a_i*i*f*g*o - v)\n")
    read = {d.name: tuple(d.reads()) for d in model.definitions}
    # A user's own name stands; a product that another definition has already is read from there; a part of a sum is not `o`.
    assert (read["i"], read["f"], read["g"], read["o"]) == (("a_i2",), ("a_f",), ("c",), ("s", "s2"))
