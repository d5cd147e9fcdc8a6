"""What each statement becomes in the tree."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import (
    Declare,
    Define,
    Dim,
    Dynamics,
    Learn,
    ModelName,
    Name,
    Number,
    Reset,
    Setting,
    Statement,
    Version,
)


def read(text: str) -> tuple[Statement, ...]:
    made, found = parse(Source(text))
    assert found == ()
    return made.statements


def test_version_and_model() -> None:
    assert read("ham 1\nmodel sunspots") == (Version(1, Span(0, 5)), ModelName("sunspots", Span(6, 20)))


def test_dims() -> None:
    n, m, q = read("dim n = 64, m,\tq = n")
    assert n == Dim("n", Number(Fraction(64), Span(8, 10)), Span(4, 5), Span(4, 10))
    assert m == Dim("m", None, Span(12, 13), Span(12, 13))
    assert q == Dim("q", Name("n", Span(19, 20)), Span(15, 16), Span(15, 20))


@pytest.mark.parametrize("role", ["input", "target", "state", "param", "const"])
def test_declarations(role: str) -> None:
    (scalar,) = read(f"{role} α")
    at = len(role) + 1
    assert scalar == Declare(role, "alpha", (), None, None, Span(at, at + 1), Span(0, at + 1))  # type: ignore[arg-type]
    (whole,) = read(f"{role} W[n, n+m] = 0")
    assert isinstance(whole, Declare)
    assert whole.span == Span(0, at + 13)
    assert len(whole.shape) == 2
    assert whole.value == Number(Fraction(0), Span(at + 12, at + 13))


def test_index() -> None:
    (declared,) = read("target c : index(k)")
    assert declared == Declare("target", "c", (), None, Name("k", Span(17, 18)), Span(7, 8), Span(0, 19))


@pytest.mark.parametrize("role", ["let", "output", "cost"])
def test_definitions(role: str) -> None:
    at = len(role) + 1
    expected = Define(role, "class", Name("y", Span(at + 8, at + 9)), Span(at, at + 5), Span(0, at + 9))  # type: ignore[arg-type]
    assert read(f"{role} class = y") == (expected,)


@pytest.mark.parametrize("prime", ["'", "′", "’"])
def test_flow(prime: str) -> None:
    assert read(f"h₁{prime} = u") == (Dynamics("flow", "h1", Name("u", Span(6, 7)), Span(0, 2), Span(0, 7)),)


def test_next() -> None:
    assert read("next h = u") == (Dynamics("next", "h", Name("u", Span(9, 10)), Span(5, 6), Span(0, 10)),)


def test_names_that_start_like_keywords() -> None:
    state, dynamics, following = read("state states = 0\nstate' = 1\nnext learned = 2")
    assert isinstance(state, Declare) and state.name == "states"
    assert isinstance(dynamics, Dynamics) and dynamics.name == "state"
    assert isinstance(following, Dynamics) and following.name == "learned"


@pytest.mark.parametrize("when", ["each sample", "each sequence", "never"])
def test_reset(when: str) -> None:
    word = when.split()[-1]
    assert read(f"reset h {when}") == (Reset("h", word, Span(6, 7), Span(0, 8 + len(when))),)  # type: ignore[arg-type]


def test_learn() -> None:
    (learn,) = read("learn\n    step = euler\n\n    η.h = 2  # fast\n    beta.layer.W = 0")
    assert learn == Learn(
        (
            Setting(("step",), Name("euler", Span(17, 22)), Span(10, 14), Span(10, 22)),
            Setting(("eta", "h"), Number(Fraction(2), Span(34, 35)), Span(28, 31), Span(28, 35)),
            Setting(("beta", "layer", "W"), Number(Fraction(0), Span(63, 64)), Span(48, 60), Span(48, 64)),
        ),
        Span(0, 64),
    )


def test_settings_end_with_the_next_statement() -> None:
    learn, cost, again = read("learn\ntau = 1\ncost c = tau\nlearn")
    assert isinstance(learn, Learn) and len(learn.settings) == 1
    assert isinstance(cost, Define)
    assert again == Learn((), Span(27, 32))


@pytest.mark.parametrize("text", ["ham 2", "ham 1.0", "ham 01", "model m\nham 1", "ham 1\nham 1"])
def test_other_versions(text: str) -> None:
    made, found = parse(Source(text))
    assert [diagnostic.code for diagnostic in found] == ["version"]
    assert len([s for s in made.statements if isinstance(s, Version)]) == text.startswith("ham 1\n")
