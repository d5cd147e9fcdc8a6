from __future__ import annotations

from typing import Any

import pytest

from hdsl.model.components import body_in_order, called_in, declared_in, expressions_of, read_components
from hdsl.model.scope import build_scope
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Component

CELL = """component cell(x[m], n, gain = 1) {
    let e = tanh(W @ x + k*b)
    const k = two * gain
    const two = 2
    dim twice = 2*half, half = m
    state h[n] = 0
    param W[n, m] = normal(0, gain)
    param b[n] = 0
    h' = e - h
    reset h never
    project b = b / 2 every 3
    return h + delay(e)
}
"""


def read(text: str) -> Any:
    written, wrong = parse(Source(text))
    assert wrong == ()
    scope = build_scope(written)
    return read_components(written, scope), scope


def component_of(text: str) -> Component:
    (found,) = (s for s in parse(Source(text))[0].statements if isinstance(s, Component))
    return found


def test_a_component_whose_names_have_their_meaning_is_known() -> None:
    components, scope = read(CELL + "def f(x) = x + cell(x, 3)\n")
    assert set(components.known) == {"cell", "f"} and components.wrong == frozenset()
    assert scope.findings == []


@pytest.mark.parametrize(
    "text, codes",
    [
        ("component c(x) { return y }", ["unknown-name"]),
        ("component c(x, x) { return x }", ["duplicate-name"]),
        ("component c(x) {\nparam x = 0\nreturn x\n}", ["duplicate-name"]),
        ("component c(tanh) { return 1 }", ["reserved-name"]),
        ("input u\ncomponent c(x) { return u }", ["closed"]),
        ("dim n\ncomponent c(x) {\nparam W[n] = 0\nreturn W\n}", ["closed"]),
        ("component c(x) { return d }\ncomponent d(x) { return x }", ["function-value"]),
        ("component c(x) {\nlet a = b\nlet b = a\nreturn b\n}", ["cycle"]),
        ("component c(x) {\nx' = 1\nreturn x\n}", ["not-a-state"]),
        ("component c(x) {\nreset y never\nreturn x\n}", ["unknown-name"]),
        ("component c(x) { return c(x) }", ["calls-itself"]),
        ("component c(x) { return repeat(2, c, x) }", ["calls-itself"]),
        ("def f(x) = previous(x)", ["not-pure"]),
        ("def f(x) = z*x\ndef f(y) = y", ["duplicate-name", "unknown-name"]),
    ],
)
def test_names_are_looked_at_once(text: str, codes: list[str]) -> None:
    components, scope = read(text)
    assert sorted(finding.code for finding in scope.findings) == codes
    assert components.wrong


def test_indices_and_functions_are_names_too() -> None:
    components, scope = read("component c(x[n, m]) {\nlet a[i] = sum[j](x[i, j]*x[i, j])\nreturn sqrt(a) + pi*t/tau\n}")
    assert scope.findings == [] and not components.wrong


def test_a_nearest_name_is_looked_for_in_the_component() -> None:
    _, scope = read("component c(x) {\nparam weight = 0\nreturn wieght*x\n}\nparam wieghts = 0\n")
    (finding,) = scope.findings
    assert finding.label == "did you mean `weight` (a param, line 2)?"


def test_the_statements_of_a_body_stand_after_what_they_need() -> None:
    component = component_of(CELL)
    names = [getattr(s, "name", "") + ("'" if type(s).__name__ == "Dynamics" else "") for s in body_in_order(component)]
    assert names == ["half", "twice", "two", "k", "h", "W", "b", "e", "h'", "h", "b"]
    assert declared_in(component) == ["e", "k", "two", "twice", "half", "h", "W", "b"]


def test_every_expression_of_a_body_is_seen() -> None:
    body = component_of(CELL).body
    # e; k; two; twice and half; h: its size and its value; W: two sizes and its value; b: one and its value; h';
    # project: its value and 3
    assert [len(list(expressions_of(s))) for s in body] == [1, 1, 1, 1, 1, 2, 3, 2, 1, 0, 2]


def test_what_an_expression_makes_instances_of() -> None:
    component = component_of("component c(x) { return a(b(x)) + repeat(3, d, x) }")
    assert set(called_in(component.value)) == {"a", "b", "repeat", "d"}
