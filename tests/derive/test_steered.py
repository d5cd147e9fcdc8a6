"""Controls within a step: which are lines and which are cells. tests/proofs/test_random_controls.py judges their numbers."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.derive.steered import in_turn, plainly_ruled
from hdsl.derive.step import Step
from hdsl.syntax.source import Source
from hdsl.terms.term import Definition, Elementwise, slot

TEXT = """ham 1
input u
state x = 1
costate p of x
control a in [-1, 1]
control b given -p
control c in [0, 1] given p
control f gradient
let e = a + u
x' = -x + e + b*c + f
output y = x + e
cost effort = a^2 + f^4 + x^2
"""


def step_of(order: str, text: str = TEXT) -> Step:
    return Compiler(Source(text, "m.ham"), settings={"order": order}).step


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_what_is_chosen_is_made_before_it_is_read(order: str) -> None:
    step = step_of(order)
    made: set[str] = {"f"}
    for line in step.lines:
        assert not {"a", "b", "c"}.intersection(line.reads()) - made, line.name
        made.add(line.name)
    assert {"a", "b", "c", "f+"} <= made
    assert step.cells == ("x", "z:x", "f")
    names = [line.name for line in step.lines]
    assert len(names) == len(set(names))


def test_a_rule_without_bounds_is_the_control() -> None:
    model = Compiler(Source(TEXT, "m.ham")).model
    assert plainly_ruled(model) == ("b",)


def test_a_control_reads_the_state_that_a_sequence_begins_with() -> None:
    text = TEXT.replace("state x = 1", "state x = u").replace("a^2 +", "a^2 + a*x +")
    lines = {line.name: line for line in step_of("sequential", text).lines}
    assert "begun:x" in lines["a"].reads()


def test_the_costate_of_what_begins_each_sample_is_0() -> None:
    lines = {line.name: line for line in step_of("sequential", TEXT + "reset x each sample\n").lines}
    assert lines["a"].reads() == ()


def test_lines_in_turn() -> None:
    one = Definition("one", Elementwise(slot("two")))
    two = Definition("two", Elementwise(slot("x")))
    assert in_turn((one, two)) == (two, one)
