"""Momenta as states, and what a file with a hamiltonian may not hold; the messages stand in tests/bad."""

from __future__ import annotations

import pytest
from sympy import Rational

import hdsl
from hdsl.compiler import Compiler
from hdsl.diagnostics.catalogue_mechanics import not_mechanical
from hdsl.model.mechanics import hamiltonians, pair_up
from hdsl.model.scope import build_scope
from hdsl.syntax.control_tree import Costate
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import Declare

GOOD = "state q[2] = [1, 2]\ncostate p of q = 0.5\nhamiltonian H = squared(p) + squared(q)\n"


def codes(text: str) -> list[str]:
    return [one.code for one in Compiler(Source(text)).diagnostics]


def test_a_momentum_is_a_state_of_its_states_shape_and_its_line_stays() -> None:
    text, _ = parse(Source(GOOD))
    scope = build_scope(text)
    made, pairs = pair_up(text, scope)
    assert pairs == {"q": "p"} and [type(s) for s in made.statements[1:3]] == [Declare, Costate]
    momentum = made.statements[1]
    assert isinstance(momentum, Declare) and (momentum.role, momentum.shape) == ("state", text.statements[0].shape)  # type: ignore[union-attr]
    assert scope.findings == [] and len(hamiltonians(made)) == 1


def test_without_a_hamiltonian_nothing_is_paired() -> None:
    text, _ = parse(Source(GOOD.rsplit("hamiltonian", 1)[0]))
    assert pair_up(text, build_scope(text)) == (text, {})


def test_momenta_begin_as_they_are_written() -> None:
    quantities = hdsl.loads(GOOD).product("model").quantities
    assert quantities["p"].initial is not None and quantities["p"].initial.arguments == (Rational(1, 2),)
    assert quantities["p"].sizes == quantities["q"].sizes and quantities["p"].shared
    assert codes("state q = 1\ncostate p of q\nhamiltonian H = p^2 + q^2") == ["no-value"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("input u", "not-mechanical"),
        ("target v", "not-mechanical"),
        ("param w = 1", "not-mechanical"),
        ("cost c = squared(q)", "not-mechanical"),
        ("q' = p", "not-mechanical"),
        ("next q = p", "not-mechanical"),
        ("reset q each sample", "not-mechanical"),
        ("learn\n eta = 0.1", "not-mechanical"),
        ("learn\n phi = 2", "not-mechanical"),
        ("learn\n order = simultaneous", "not-mechanical"),
        ("state x = 1", "no-momentum"),
        ("let d = delay(q)\noutput o = d", "no-momentum"),
        ("component c(x) {\n state m = 0\n m' = -m\n return x + m\n}\noutput o = c(q)", "no-momentum"),
        ("costate p_2 of q = 0", "momentum-twice"),
        ("costate p_2 of p = 0", "momentum-twice"),
        ("costate p_2 of H = 0", "not-a-state"),
        ("costate p_2 of r = 0", "unknown-name"),
        ("costate q of q = 0", "duplicate-name"),
        ("hamiltonian E = sum(p)", "hamiltonian-twice"),
        ("hamiltonian H = sum(p)", "duplicate-name"),
        ("let e = H\noutput o = e", ""),
        ("const m = 2\noutput o = m*q", ""),
        ("learn\n step = rk4\n tau = 0.5", ""),
    ],
)
def test_one_mistake_has_one_message(line: str, code: str) -> None:
    assert codes(f"{GOOD}{line}\n") == [code] * bool(code)


def test_settings_from_outside_are_settings_too() -> None:
    found = Compiler(Source(GOOD), settings={"eta": 0.1}).diagnostics
    assert [one.code for one in found] == ["not-mechanical"] and "`eta`" in found[0].message


def test_what_stands_on_other_lines_is_told_with_the_first() -> None:
    text = f"{GOOD}input u\nparam w = 1\ncost c = squared(q)\n"
    (found,) = Compiler(Source(text)).diagnostics
    assert found.notes == ("no more do lines 5 and 6",) and "`u`" in found.message
    assert not_mechanical(Span(0, 1), "the input `u`", 3, [5]).notes == ("no more does line 5",)


def test_a_wrong_state_is_said_once() -> None:
    assert codes("state q[r] = 1\ncostate p of q = 0\nhamiltonian H = squared(p) + squared(q)") == ["unknown-name"]


def test_a_step_for_mechanics_wants_a_hamiltonian() -> None:
    learning = "input u\ntarget v\nstate h = 0\nparam w = 1\nh' = w*u - h\ncost c = squared(h - v)\n"
    assert codes(f"{learning}learn\n step = leapfrog\n") == ["mechanical-step"]
