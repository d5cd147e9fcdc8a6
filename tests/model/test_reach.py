from __future__ import annotations

from typing import Any

import pytest

from hdsl.model.reach import reached, targets_of, without_costate
from hdsl.terms.term import Definition, Elementwise, slot

LEARNS = "learn\n    eta = 1\n"


def test_everything_below_is_reached_circles_included() -> None:
    assert reached(["c"], {"c": ["y"], "y": ["h", "C"], "h": ["h", "W"], "z": ["V"]}) == {"c", "y", "C", "h", "W"}


def test_targets_are_found_through_definitions_and_kept_in_the_order_of_the_text() -> None:
    made = (
        Definition("e", Elementwise(slot("y") - slot("w"))),
        Definition("c", Elementwise(slot("e") * slot("v"))),
        Definition("d", Elementwise(slot("y"))),
    )
    assert targets_of(("c", "d"), made, ("v", "w")) == {"c": ("v", "w"), "d": ()}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dim n = 2\noutput y = 1\n", [("unused", 1, "no size is made of it")]),
        ("input u\noutput y = 1\n", [("unused", 1, "nothing reads it")]),
        ("const a = 1\noutput y = 1\n", [("unused", 1, "nothing reads it")]),
        ("let a = 1\noutput y = 1\n", [("unused", 1, "nothing reads it")]),
        ("target v\noutput y = 1\n", [("unused", 1, "no cost reads it")]),
        ("target v\nlet e = v\noutput y = 1\n", [("unused", 1, "no cost reads it"), ("unused", 2, "nothing reads it")]),
        ("param W = 1\noutput y = W\ncost c = 1\n", [("no-cost", 1, "it keeps its initial value")]),
        ("param W = 1\noutput y = W\n", [("no-cost", 1, "this param keeps its initial value")]),
        ("param W = 1\nparam V = 1\noutput y = W*V\n", [("no-cost", 1, "2 params keep their initial values")]),
        # A definition that nothing reads is the one mistake.
        ("param W = 1\nlet a = W\ncost c = 1\n", [("unused", 2, "nothing reads it")]),
        # A state that no cost reaches takes its parameters with it.
        ("param W = 1\nstate h = 0\nh' = -W*h\nstate g = 1\ng' = -g\ncost c = g\n",
         [("no-cost", 1, "it keeps its initial value")]),
    ],
)  # fmt: skip
def test_what_is_of_no_use_is_warned_of(text: str, wanted: Any, said: Any) -> None:
    assert said(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "dim n = 2, m = n\nstate h[m] = 0\nh' = -h\n",
        "dim n = 2\ninput k : index(n)\ncost c = cross_entropy(q, k)\nparam q[n] = 0\n",
        "dim n = 2\nstate h = 1/n\nh' = -h\n",
        "dim n = 2\nstate h = 1\nh' = -h\nlearn\n    tau = 1/n\n",
        "const a = 1\nconst b = a\nparam W = b\ncost c = W\n",
        "param W = 1\nstate h = 1\nlet a = W*h\nh' = a\noutput y = h\ncost c = y*y\n",
    ],
)
def test_what_is_of_use_is_not(text: str, said: Any) -> None:
    assert said(text) == []


READS = {"a": ("u", "p"), "b": ("u",), "f:d": ("b",), "f:d2": ("d",), "f:e": ("a",), "f:g": ("h", "d"), "f:h": ("d", "u")}
DYNAMICS = {name: f"f:{name}" for name in ("d", "d2", "e", "g", "h")}
STATES = {name: (definition,) for name, definition in DYNAMICS.items()}


def test_delays_of_inputs_have_no_costate_nor_have_delays_of_these() -> None:
    # e reads the param p by way of a, g the state h, which no delay has made.
    assert without_costate(("d", "d2", "e", "g"), DYNAMICS, READS | STATES, ("p",)) == {"d", "d2"}
    assert without_costate(("d2",), DYNAMICS, READS | STATES, ("p",)) == set()


@pytest.mark.parametrize(
    "formula, keeps",
    [
        ("previous(u)", False),
        ("delay(u)", False),
        ("delay(tanh(u)*c + t, 3)", False),
        ("delay(w*u)", True),
        ("delay(e)", True),
        ("delay(h)", True),
        ("delay(delay(u))", False),
    ],
)
def test_what_delays_keep_in_a_model(checked: Any, formula: str, keeps: bool) -> None:
    text = "input u\nparam w = 1\nconst c = 2\nstate h = 0\nlet e = w*u\nh' = -h*c + e\n"
    model = checked(text + f"output y = h + {formula}\ncost k = (y - 1)^2\n")
    hidden = set(model.dynamics) - {"h"}
    assert hidden and model.without_costate == (set() if keeps else hidden)
    assert "h" in model.taught
