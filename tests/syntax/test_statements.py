"""What each statement becomes in the tree."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import (
    Component,
    Declare,
    Define,
    Dim,
    Dynamics,
    Latex,
    Learn,
    ModelName,
    Name,
    Number,
    Parameter,
    Project,
    Reset,
    Setting,
    Statement,
    Use,
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


def test_named_indices() -> None:
    (made,) = read("let y[i, κ] = u")
    assert made == Define(
        "let",
        "y",
        Name("u", Span(14, 15)),
        Span(4, 5),
        Span(0, 15),
        indices=(Name("i", Span(6, 7)), Name("kappa", Span(9, 10))),
    )


@pytest.mark.parametrize("role", ["output", "cost"])
def test_only_a_let_names_indices(role: str) -> None:
    text = f"{role} y[i, k] = u"
    _, found = parse(Source(text))
    assert [(d.code, text[d.span.start : d.span.end]) for d in found] == [("argument", "i, k")]


def test_parameters_of_a_component() -> None:
    (made,) = read("def f(x[n, m], α = 2, k,) = x")
    assert isinstance(made, Component)
    x, alpha, k = made.parameters
    assert (x.name, len(x.shape), x.default, x.span) == ("x", 2, None, Span(6, 13))
    assert alpha == Parameter("alpha", (), Number(Fraction(2), Span(19, 20)), Span(15, 16), Span(15, 20))
    assert k == Parameter("k", (), None, Span(22, 23), Span(22, 23))
    assert made.value == Name("x", Span(28, 29))
    (empty,) = read("def one() = 1")
    assert isinstance(empty, Component) and empty.parameters == ()


def test_use_project_and_latex() -> None:
    assert read('use "a.ham"') == (Use("a.ham", Span(4, 11), Span(0, 11)),)
    assert read('latex a.W ""') == (Latex("a.W", "", Span(6, 9), Span(0, 12)),)
    one, two = Number(Fraction(1), Span(12, 13)), Number(Fraction(2), Span(20, 21))
    assert read("project W = 1 every 2") == (Project("W", one, two, Span(8, 9), Span(0, 21)),)
    assert read("project W = 1") == (Project("W", one, None, Span(8, 9), Span(0, 13)),)


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


# --- components -----------------------------------------------------------------------------------------------------

BODY = """component dense(x[m], n, gain = 1) {
    dim k = n + m
    ## weights
    param W[n, m] = normal(0, gain)
    state h[n] = 0
    const c[k] = 1
    let a = W @ x
    h' = a - h
    project W = W / norm2(W) every 10
    reset h never
    return a + h
}
"""


def components(text: str) -> list[Component]:
    return [s for s in read(text) if isinstance(s, Component)]


def test_a_component_holds_its_statements() -> None:
    (dense,) = components(BODY)
    kinds = [Dim, Declare, Declare, Declare, Define, Dynamics, Project, Reset]
    assert [type(statement) for statement in dense.body] == kinds
    assert [p.name for p in dense.parameters] == ["x", "n", "gain"]
    assert [len(p.shape) for p in dense.parameters] == [1, 0, 0]
    assert (dense.parameters[2].default is None, dense.pure) == (False, False)
    assert BODY[dense.value.span.start : dense.value.span.end] == "a + h"
    assert BODY[dense.span.start : dense.span.end] == BODY.rstrip()
    assert dense.body[1].doc == "weights"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "component f(x) { return x }",
        "component f(x) {return x}",
        "component f(x)\n{\nreturn x }",
        "component f(\n  x,\n)  # why\n\n# and how\n{\n  return (\n    x\n)}",
    ],
)
def test_layouts_of_a_component(text: str) -> None:
    (made,) = components(f"## of it\n{text} let b = 1")
    assert (made.name, made.body, made.span.end) == ("f", (), len("## of it\n") + len(text))
    assert components(f"ham 1\n## of it\n{text}")[0].doc == "of it"


def test_a_doc_comment_in_a_body_is_never_that_of_the_file() -> None:
    made, found = parse(Source("component f(x) {\n  ## of W\n\n  param W = 0\n  return W\n}"))
    assert found == ()
    (component,) = made.statements
    assert isinstance(component, Component)
    assert (made.doc, component.doc, component.body[0].doc) == ("", "", "of W")  # type: ignore[union-attr]


def test_a_function_is_a_component_without_a_body() -> None:
    (made,) = components("## of it\n\n## of f\ndef f(x, k = 2) = k*x")
    assert (made.name, made.pure, made.body, made.doc) == ("f", True, (), "of f")
    assert made.value.span.start == made.span.end - 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("component f(x)", [("component", 1)]),
        ("component f(x) {}", [("component", 1)]),
        ("component f(x) { let a = 1 }", [("component", 1)]),
        ("component f(x) {\n  return x\n  return x\n}", [("component", 3)]),
        ("component f(x) {\n  return x\n  let a = 1\n  let b = 1\n}", [("component", 3), ("component", 4)]),
        ("component f(x) {\n  let a = 1 1\n}", [("syntax", 2)]),  # perhaps `return` was in that line
        ("component f(x) {\n  return x x\n}", [("syntax", 2)]),
        ("component f(x {\n  return x\n}", [("unclosed", 1)]),
        ("component f(x) {\n  component g(y) {\n    return y\n  }\n  return x\n}", [("component", 2)]),
        ("component f(x) {\n  component g(y)\n  return x\n}", [("component", 2)]),
        ("component f(x) {\n  learn\n    eta = 1\n    tau 1\n  return x\n}", [("component", 2), ("syntax", 4)]),
        ("component f(x) {\n  eta = 1\n  return x\n}", [("outside-learn", 2)]),
        ("return 1", [("component", 1)]),
        ("return 1\nreturn 2", [("component", 1), ("component", 2)]),
        ("component f(x) {\n  return x\n}\n}", [("bracket", 4)]),
        ("component f(x) {\n  return x", [("unclosed", 1)]),
        ("component f(x) {\n  let a = x \\\n}\nreturn 1", [("character", 2), ("component", 4)]),
        *[
            (f"component f(x) {{\n  {line}\n  return x\n}}", [("component", 2)])
            for line in (
                "ham 1",
                "model m",
                "input u",
                "target v",
                "output y = x",
                "cost c = x",
                "learn",
                'use "a"',
                "def g(x) = x",
                'latex x "y"',
            )
        ],
    ],
)
def test_mistakes_in_components(text: str, expected: list[tuple[str, int]]) -> None:
    source = Source(f"{text}\nlet after = 1")
    made, found = parse(source)
    assert [(diagnostic.code, source.line_of(diagnostic.span)) for diagnostic in found] == expected
    assert isinstance(made.statements[-1], Define) and made.statements[-1].name == "after"  # the file goes on


def test_a_component_without_its_last_brace_is_read() -> None:
    made, found = parse(Source("component f(x) {\n  let a = x\n  return a\nlet b = f(1)"))
    assert [diagnostic.code for diagnostic in found] == ["unclosed"]
    assert [type(s) for s in made.statements] == [Component, Define]


def test_settings_may_begin_like_a_keyword() -> None:
    (learn,) = read("learn\n  components = 1\n  component.x = 2\n  return.x = 3")
    assert isinstance(learn, Learn) and len(learn.settings) == 3
