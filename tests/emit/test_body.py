"""A program as the body of a method: what it binds, how it tells where a line comes from, and what it hands out."""

from __future__ import annotations

from hdsl.compiler import Compiler
from hdsl.emit.body import body_of
from hdsl.emit.facts import Facts
from hdsl.syntax.source import Source

TEXT = """ham 1
input u
target v
state h = 0
param w = 1
param k = 1
next h = tanh(w*h + u)
output y = k*h
cost fit = (y - v)^2
learn
    schedule = replay
    eta.param = 1/tau
"""


def facts() -> Facts:
    return Facts(Compiler(Source(TEXT, "net.ham")).program)


def test_a_statement_has_its_equation_and_its_line() -> None:
    found = facts()
    body = body_of(found.programs.observe, found)
    assert any("# h⁺ = tanh(" in line and "net.ham:7" in line for line in body)
    assert all(line.startswith("    ") for line in body)


def test_what_returns_nothing_has_no_return() -> None:
    found = facts()
    assert found.programs.replay is not None
    assert not any("return" in line for line in body_of(found.programs.replay.move, found))
    assert body_of(found.programs.predict, found)[-1].strip() == "return (y_new,)"
