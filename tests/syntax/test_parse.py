"""The pass as a whole: every file gives a tree and messages, one for each mistake, and nothing else ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.render import render_all, to_json
from hdsl.resources import folder
from hdsl.syntax.parse import MOST_MISTAKES, parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Declare, Define, Dim, Dynamics, Learn, ModelName, ModelText

MODELS = sorted(folder("models").glob("*.ham"))
SUNSPOTS = (folder("models") / "sunspots.ham").read_text(encoding="utf-8")

# The rest of the language, as its design writes it.
ALL_KINDS = """ham 1
## A deep net.
model all_kinds

dim d = 64, n = 32, depth = 4

input  u[d]
input  w : index(d)
target c : index(n)

component layer(x[m], n) {
    param W[n, m] = he
    param b[n]    = 0
    return delay(relu(W @ x + b))
}

let body   = repeat(depth, layer, u)
let e      = embed(E, w)
output y   = body + layer(u, n)
cost class = cross_entropy(y, c) + squared(body.1.W)

costate p of q = 0
control a[n] in [-1, 1]
hamiltonian H = p^2/2 + (1 - cos(q))
horizon 5

learn
    step = leapfrog
    eta.state = 0
"""


def read(text: str) -> tuple[ModelText, list[tuple[str, int]]]:
    """The tree, and the code and line of each message."""
    source = Source(text)
    made, found = parse(source)
    return made, [(diagnostic.code, source.line_of(diagnostic.span)) for diagnostic in found]


def named(made: ModelText, name: str) -> Declare | Define | Dynamics:
    (statement,) = (s for s in made.statements if isinstance(s, Declare | Define | Dynamics) and s.name == name)
    return statement


# --- whole files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_what_ships_reads(path: Path) -> None:
    made, found = read(path.read_text(encoding="utf-8"))
    assert found == []
    assert made.unread == frozenset()
    assert [s.name for s in made.statements if isinstance(s, ModelName)] == [path.stem]
    assert isinstance(made.statements[-1], Learn)


def test_all_kinds_of_statements_read() -> None:
    made, found = read(ALL_KINDS)
    assert found == [] and made.unread == frozenset()


def test_the_span_of_a_statement_reads_as_itself() -> None:
    made, _ = read(SUNSPOTS)
    for statement in made.statements:
        if isinstance(statement, Dim):  # its span is its own part of a `dim` statement
            continue
        alone, found = read(SUNSPOTS[statement.span.start : statement.span.end])
        assert found == []
        assert [type(again) for again in alone.statements] == [type(statement)]


# --- doc comments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        "ham 1\n## of the file\nmodel m\n",
        "## of the file\nham 1\nmodel m\n",
        "## of the file\n\nmodel m\n",
        "ham 1\nmodel m  ## of the file\n",
        "ham 1\nmodel m\n\n## of the file\n\n",
        "## of the file\n\n",
    ],
)
def test_the_doc_of_the_file(head: str) -> None:
    made, found = read(f"{head}## of a\nlet a = 1\n\n## of b\n\nlet b = 2")
    assert found == []
    assert made.doc == "of the file"
    assert [named(made, name).doc for name in "ab"] == ["of a", "of b"]


def test_docs_of_several_lines_and_of_several_places() -> None:
    made, _ = read(
        "model m\n## one\n##\n##  two \nparam a = 1 ## three\n## of h\nh' = a\n## lost\nlearn\n## lost\ntau = 1"
    )
    assert named(made, "a").doc == "one\n\ntwo\nthree"
    assert named(made, "h").doc == "of h"


def test_a_dim_statement_shares_its_doc() -> None:
    made, _ = read("## of the file\n\n## sizes\ndim n = 1, m = 2")
    assert made.doc == "of the file"
    assert [statement.doc for statement in made.statements] == ["sizes", "sizes"]  # type: ignore[union-attr]


# --- several mistakes ------------------------------------------------------------------------------------------------

MISTAKES = {
    "syntax": "let q9 = b c",
    "unclosed": "param q9[n = 0",
    "bracket": "let q9 = tanh(u))",
    "missing-keyword": "q9 = 2*u",
    "outside-learn": "eta.h = 1",
    "unknown-statement": "parm q9 = 1",
    "python": "for q9 in h:\n    print(q9]\n    h = 3",
    "prime": "q9'' = 3",
    "number": "output q9 = .5*u",
    "equals": "cost q9 == u",
    "component": "return q9",
    "character": "let q9 = u − v",
    "unary-plus": "let q9 = +u",
    "semicolon": "let q9 = u;",
    "version": "ham 1",
    "argument": "let q9 = sum(axis=0, u)",
    "dotted-name": "const q9.a = 1",
    "exponent-too-large": "const q9 = 1e500",
    "too-many-digits": "const q9 = " + "1" * 50,
    "nested-too-deep": "let q9 = " + "(" * 150 + ")" * 150,
    "name-too-long": "let " + "q" * 200 + " = 3",
    "chained-comparison": "let q9 = u < v < u",
}
HEAD = SUNSPOTS[: SUNSPOTS.index("learn")].rstrip().split("\n")


@given(st.data())
def test_one_mistake_is_one_message_and_the_rest_is_read(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(MISTAKES)))
    at = data.draw(st.integers(1, len(HEAD)))
    text = "\n".join([*HEAD[:at], MISTAKES[code], *HEAD[at:]])
    made, found = read(text)
    assert found == [(code, at + 1)]
    assert made.unread
    assert len(made.statements) == len(parse(Source("\n".join(HEAD)))[0].statements)


@given(st.lists(st.sampled_from(sorted(set(MISTAKES) - {"version"})), min_size=1, max_size=8))
def test_many_mistakes_are_as_many_messages(codes: list[str]) -> None:
    _, found = read("ham 1\n" + "\n".join(MISTAKES[code] for code in codes))
    expected, told = [], False
    for code in codes:  # settings without their `learn` are one mistake, up to a line that starts with a keyword or has a prime
        expected += [] if told and code == "outside-learn" else [code]
        told = (told or code == "outside-learn") and code in ("outside-learn", "missing-keyword", "unknown-statement", "python")
    assert [code for code, _ in found] == expected


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("let a = b c", {"a"}),
        ("state α₁[n] = = 0", {"alpha1"}),
        ("dim n 4, m = k", {"n", "m", "k"}),
        ("h' = b c", {"h'"}),
        ("next h = b c", {"h'"}),
        ("df/dt = h", {"f'"}),
        ("g ' = h", {"g'"}),
        ("e = 3", {"e"}),
        ("parm W[n] = 3", {"W"}),
        ("component c(x) { let b = 1 }", {"c"}),
        ("costate p of q 0", {"p"}),
        ("terminal goal x", {"goal"}),
        ("project W W", set()),
        ("reset h each day", set()),
        ("learn fast", {"fast"}),
        ("use 'layers'\nlet a = gate(f.W, u.T)", {"gate", "f.W"}),
        ("const a = max(p, q), b = 2", {"a", "b"}),
        ("input u[n, m], α, w : index(v)", {"u", "alpha", "w"}),
        ("let a = b *\n  c", {"a"}),
        ("use 'layers'\ncomponent c(x) { return gate.in(x) }", {"gate.in", "c"}),
        ("component c(x) {}\nlet a = c(u)\nlet b = a.W.T + eta.h", {"c", "a.W", "eta.h"}),
        ("component c(x\nlet b = a.W.T", {"c", "a.W"}),
        ("output y = x[0\nlet z = y", {"y"}),
        ("def f(x): x\nlet a = f(2)", {"f"}),
        ("latex W", set()),
    ],
)
def test_names_of_what_could_not_be_read(text: str, unread: set[str]) -> None:
    made, found = read(text)
    assert found != []
    assert made.unread == unread | {""}


@pytest.mark.parametrize("line", ["cost c = 1 2", "let c = (1", "horizon 5 6", "h' = 1 2", "cost c = 1"])
def test_settings_end_with_a_statement_even_if_it_is_broken(line: str) -> None:
    made, found = read(f"learn\n  eta = 1\n{line}\nlet b = 1\nbeta = 2")
    assert found[-1] == ("outside-learn", 5)
    assert len(found) == (1 if line == "cost c = 1" else 2)
    assert isinstance(made.statements[0], Learn)


@pytest.mark.parametrize("line", ["learn fast", "lern", "learn ="])
def test_settings_below_a_broken_learn_are_read(line: str) -> None:
    made, found = read(f"{line}\n  eta = 1\n  tau = 1 1\n  let = 3\ncost c = 1")
    assert [line for _, line in found] == [1, 3, 4]
    assert not any(isinstance(statement, Learn) for statement in made.statements)
    assert named(made, "c")


def test_a_mistake_among_the_settings_does_not_end_them() -> None:
    made, found = read("learn\n  tau 1\n  parm x\n  eta = 1")
    assert [line for _, line in found] == [2, 3]
    (learn,) = made.statements
    assert isinstance(learn, Learn)
    assert [setting.path for setting in learn.settings] == [("eta",)]


def test_what_belongs_to_a_python_block_is_passed_over() -> None:
    block = "class A(B):\n    x = (3\n    def f(self):\n        pass)\n"
    _, found = read(f"{block}let b = c d\ndef f(x):\n  return x\nx = 1")
    assert found == [("python", 1), ("syntax", 5), ("python", 6), ("missing-keyword", 8)]
    _, found = read("class A(B):\n  component f(x) {\n    return (x\n  }\nlet b = c d")
    assert found == [("python", 1), ("syntax", 5)]


def test_a_backslash_takes_the_next_line_with_it() -> None:
    assert read("let a = b + \\\n  c + \\\n  d\nx = 1")[1] == [("character", 1), ("missing-keyword", 4)]


def test_a_file_with_very_many_mistakes_is_told_so() -> None:
    _, found = read("x = 1\n" * (MOST_MISTAKES + 50))
    assert len(found) == MOST_MISTAKES + 1
    assert found[-1] == ("too-many-mistakes", MOST_MISTAKES + 1)
    assert len(read("x = 1\n" * MOST_MISTAKES)[1]) == MOST_MISTAKES


# --- anything at all -------------------------------------------------------------------------------------------------


def survives(text: str) -> None:
    """Whatever the text: a tree, messages with known codes and places inside the text, both forms of showing them."""
    source = Source(text, "any.ham")
    made, found = parse(source)
    for diagnostic in found:
        assert diagnostic.code in CODES
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        assert diagnostic.message
    assert bool(made.unread) == bool(found)
    shown = render_all(source, found)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert len(to_json(source, found)) == len(set(found))


@given(st.text())
def test_any_text(text: str) -> None:
    survives(text)


PIECES = [
    *"()[]{}=+-*/@^,:;.'′#\"\\ \t\n\r$%<>!&|~?_",
    *["##", "**", "==", ".T", "\r\n", "1", "2.5", "1e9", ".5", "x", "h'", "a.W", "α₁", "²", "漢"],
    *["\u202e", "\0", "\x1b"],
    *["ham", "model", "dim", "input", "state", "param", "let", "output", "cost", "next", "reset", "learn", "index"],
    *["component c(x) {", "}", "return", "project", "every", "latex", '"a"', "sum[i](", "x[0]", "<=", "component"],
    *["def", "use", "if", "else", "for", "each", "never", "eta", "tau", " = ", " x = 1\n", "\nlet a = "],
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_words(text: str) -> None:
    survives(text)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A model that ships, or the rest of the language, with pieces cut out, doubled, swapped or put in."""
    text = draw(st.sampled_from([SUNSPOTS, ALL_KINDS, *(path.read_text(encoding="utf-8") for path in MODELS)]))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        change = draw(st.sampled_from(["cut", "double", "put", "turn"]))
        piece = {"cut": "", "double": text[start:end] * 2, "turn": text[start:end][::-1]}.get(change)
        if piece is None:
            piece = draw(st.sampled_from(PIECES))
        text = text[:start] + piece + text[end:]
    return text


@given(mangled())
def test_mangled_models(text: str) -> None:
    survives(text)
