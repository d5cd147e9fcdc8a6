"""q̇ = ∂H/∂p and ṗ = −∂H/∂q, against derivatives on paper; and what is wrong with an energy."""

from __future__ import annotations

import pytest
import sympy

import hdsl
from hdsl.compiler import Compiler
from hdsl.derive.mechanics import set_in_motion
from hdsl.syntax.source import Source
from hdsl.terms.expand import scalars

PAIR = "state q = 1\ncostate p of q = 0\n"


def findings(text: str) -> list[tuple[str, str]]:
    source = Source(text)
    return [(d.code, text[d.span.start : d.span.end]) for d in Compiler(source).diagnostics]


def slopes(text: str, **sizes: int) -> dict[str, sympy.Array]:
    """What moves each state, in scalars."""
    model = hdsl.loads(text).product("model")
    made = scalars(model.definitions, sizes, sizes={q.name: q.sizes for q in model.quantities.values()})
    return {name: made[moved.definition] for name, moved in model.dynamics.items()}


def test_a_state_moves_by_its_momentum_and_a_momentum_against_the_slope_of_the_energy() -> None:
    q, p, g = sympy.symbols("q p g")
    made = slopes(f"{PAIR}const g = 9.81\nhamiltonian H = p^2/2 + g*q^4 + 3*p*q")
    assert sympy.expand(made["q"][()] - (p + 3 * q)) == 0
    assert sympy.expand(made["p"][()] + 4 * g * q**3 + 3 * p) == 0


def test_shapes_are_those_of_the_states() -> None:
    text = "dim n = 2\nstate q[n, 3] = 1\ncostate p of q = 0\nconst m[3] = [1, 2, 4]\nhamiltonian H = sum(p^2/m)/2 + sum(q)^2/2"
    made = slopes(text, n=2)
    assert made["q"].shape == made["p"].shape == (2, 3)
    q = [sympy.Symbol(f"q_{i}_{j}") for i in range(2) for j in range(3)]
    assert all(sympy.expand(one + sum(q)) == 0 for one in sympy.flatten(made["p"]))
    assert sympy.simplify(made["q"][1, 2] - sympy.Symbol("p_1_2") / sympy.Symbol("m_2")) == 0


def test_a_model_without_an_energy_is_left_as_it_is() -> None:
    model = hdsl.load("sunspots").product("model")
    assert set_in_motion(model) == (model, ())


def test_nothing_is_learned_and_the_energy_is_an_output() -> None:
    model = hdsl.loads(f"{PAIR}output twice = 2*q\nhamiltonian H = p^2/2").product("model")
    assert model.outputs == ("twice", "H") and model.taught == () and list(model.learning.values) == ["tau"]
    assert model.pairs == {"q": "p"} and all(moved.kind == "flow" for moved in model.dynamics.values())


@pytest.mark.parametrize(
    ("energy", "place"),
    [
        ("p^2/2*(1 + q^2)", "p^2/2*(1 + q^2)"),
        ("p^2/2 + q^2 - 3*q*p", "3*q*p"),
        ("(p + q)^2 + p", "(p + q)^2"),
        ("p^2/2 + mixed", "q*p"),
    ],
)
def test_a_term_that_holds_both_is_shown(energy: str, place: str) -> None:
    text = f"{PAIR}let mixed = q + q*p\nhamiltonian H = {energy}\nlearn\n step = leapfrog\n"
    found = [one for one in findings(text) if one[0] == "not-separable"]
    assert found == [("not-separable", place)]
    assert "not-separable" not in dict(findings(text.replace("leapfrog", "implicit-midpoint")))


def test_the_fix_is_for_a_step_that_stands_in_the_file() -> None:
    text = f"{PAIR}hamiltonian H = p*q\nlearn\n tau = 0.1\n"
    (inside,) = Compiler(Source(f"{text} step = leapfrog\n")).diagnostics
    assert inside.fix is not None and inside.fix.edits[0].text == "step = implicit-midpoint"
    (outside,) = Compiler(Source(text), settings={"step": "leapfrog"}).diagnostics
    assert outside.code == "not-separable" and outside.fix is None


def test_what_cancels_is_no_term() -> None:
    text = f"{PAIR}hamiltonian H = p^2/2 + q*p - p*q\nlearn\n step = leapfrog\n"
    assert findings(text) == []


def test_two_pairs_may_be_coupled_through_their_momenta() -> None:
    pairs = f"{PAIR}state x = 0\ncostate y of x = 1\n"
    step = "learn\n step = leapfrog\n"
    assert findings(f"{pairs}hamiltonian H = (p + y)^2/2 + (q - x)^4\n{step}") == []
    assert [code for code, _ in findings(f"{pairs}hamiltonian H = p^2 + y^2*(1 + q^2)\n{step}")] == ["not-separable"]


def test_a_momentum_that_is_not_read_is_warned_of() -> None:
    assert findings(f"{PAIR}hamiltonian H = q^2") == [("idle-momentum", "costate p of q = 0")]
    assert [str(one[()]) for one in slopes(f"{PAIR}hamiltonian H = 3*q").values()] == ["0", "-3"]
