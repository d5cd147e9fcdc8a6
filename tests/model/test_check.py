from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.render import render_all
from hdsl.model.check import check, known
from hdsl.model.model import Model
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source

TRACKER = """ham 1
## Follows a signal.
model tracker
dim n = 8, m = 2
input s[m]
param weight[n, m] = 0
param b[n] = 0
let e = 1/2
let a = tanh(wieght @ s + b)
"""


def checked_text(text: str, name: str = "<text>") -> tuple[Model | None, tuple[Diagnostic, ...]]:
    return check(parse(Source(text, name))[0])


def test_the_messages_of_the_language_s_page() -> None:
    source = Source(TRACKER, "tracker.ham")
    assert render_all(source, check(parse(source)[0])[1]) == "\n".join(
        [
            "error[unknown-name]: `wieght` is not declared in this model",
            "  --> tracker.ham:9:14",
            "   |",
            " 9 |   let a = tanh(wieght @ s + b)",
            "   |                ^^^^^^ did you mean `weight` (a param, line 6)?",
        ]
    )


@pytest.mark.parametrize("name", ["sunspots", "oscillators", "iris_linear", "iris_mlp", "iris_mlp_state"])
def test_the_models_that_ship_have_nothing_wrong(name: str, checkout: Path) -> None:
    model, found = checked_text((checkout / f"models/{name}.ham").read_text(encoding="utf-8"), f"{name}.ham")
    assert found == ()
    assert model is not None
    assert model.name == name
    assert model.doc


def test_sunspots(checkout: Path) -> None:
    model, _ = checked_text((checkout / "models/sunspots.ham").read_text(encoding="utf-8"))
    assert model is not None
    assert [definition.name for definition in model.definitions] == ["c", "c2", "a", "s", "f:h", "c3", "c4", "y", "e", "fit"]
    assert str(model.definitions[4].body.expression) == "-h[i] + s[i]"  # type: ignore[union-attr]
    assert {q.name for q in model.quantities.values() if q.shared} == {"W", "U", "b", "C", "D"}
    assert not any(definition.shared for definition in model.definitions)
    assert model.targets_of == {"fit": ("v",)}
    assert model.resets == {"h": "sequence"}


def test_docs_and_names() -> None:
    text = "## Of the file.\n\n## Of the state.\nstate h = 0\n## Of the dynamics.\nh' = -h\n## Of the output.\noutput y = h\n"
    model, _ = checked_text(text, "folder/leaky net-2.ham")
    assert model is not None
    assert model.name == "leaky_net_2"
    assert model.doc == "Of the file."
    assert model.quantities["h"].doc == "Of the state."
    assert model.docs == {"f:h": "Of the dynamics.", "y": "Of the output."}
    assert [checked_text("state h = 0\n", name)[0].name for name in ("<text>", "2.ham")] == ["text", "model_2"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ham 1\n", [("empty-model", 1, "a model has an output, a cost or a state at least")]),
        ("param W = 0\n", [("empty-model", 1, "a model has an output, a cost or a state at least")]),
        ("model a\nmodel b\noutput y = 1\n", [("model-twice", 2, "here again")]),
        ("state h = 1\nh' = -h\ncost c = h\nparam W = 1\noutput y = W*h\nlearn\n    order = simultaneous\n",
         [("no-cost", 4, "it keeps its initial value"),
          ("no-dissipation", 7, "`eta` is 0; it is stable only where tau*beta*phi*curvature < eta")]),
        ("state h = 1\nnext h = h\nreset h each sample\nlearn\n    order = simultaneous\n    eta = 1\n",
         [("reset-order", 3,
           "they would read the costate of `h` after it has returned to 0; `order = sequential` teaches them")]),
        ("state h = 1\nnext h = h\nreset h each sample\nlearn\n    order = sequential\n", []),
        ("state h = 1\nh' = -h\nreset h each sample\nlearn\n    step = rk4\n    eta = 1\n", []),
        ("state h = 1\nnext h = h\nreset h each sample\nlearn\n    step = rk4\n    eta = 1\n",
         [("reset-order", 3, "they would read the costate of `h` after it has returned to 0; "
           "`step = euler` with `order = sequential` teaches them")]),
        ("state h = 1\nh' = -h\nlearn\n    step = rk4\n",
         [("no-dissipation", 4, "`eta` is 0: parameters and their costates swing about a minimum")]),
        ("state h = 1\nh' = -h\nlearn\n    order = simultaneous\n    eta.state = 1\n", []),
    ],
)  # fmt: skip
def test_findings_about_the_whole_model(text: str, wanted: Any, said: Any) -> None:
    assert said(text) == wanted


def test_warnings_wait_until_there_is_no_error(said: Any) -> None:
    assert [code for code, _, _ in said("let a = 1\noutput y = q\n")] == ["unknown-name"]
    assert [code for code, _, _ in said("let a = 1\noutput y = 2\n")] == ["unused"]


def test_what_could_not_be_read_is_not_missed() -> None:
    # The parser has told of lines 1 to 3; nothing more is to be said of a, h or n.
    text = "dim n = (\nstate h[n] = 0 0\nlet a = = 1\nh' = -h + a\noutput y = a\nreset h never\n"
    assert checked_text(text) == (None, ())


# One planted mistake ---------------------------------------------------------------------------------------------------

VALID = """input u[m]
input k : index(n)
target v[n]
state h[n] = 0
state g[n] = [1, 2, 3]
param W[n, n] = normal(0, alpha/sqrt(n))
param U[n, m] = glorot
const alpha = 0.5
let a = tanh(W @ h + U @ u)
let q = 1/2*squared(a) + alpha
let e = y - v
h' = -h + a
next g = alpha*g + softmax(h)
output y = a*q + g
output logits = W @ y
cost fit = 1/2*squared(e)
cost class = cross_entropy(logits, k)
reset h each sample
""".splitlines()
MISTAKES: dict[str, str] = {
    "let z = W @ u": "shape",
    "let z = h + u": "shape",
    "let z = dot(h, U)": "shape",
    "let z = nobody": "unknown-name",
    "let z = tahn(h)": "unknown-function",
    "let z = z": "cycle",
    "let z = 1/0": "division-by-zero",
    "let z = k": "index-read",
    "let z = fit": "cost-read",
    "let z = h(2)": "not-a-function",
    "let z = sum(h, 2)": "axis",
    "let z = tanh(h, h)": "arity",
    "let z = [[1], [2, 3]]": "list-length",
    "let tanh = 1": "reserved-name",
    "output z = h - v": "target-read",
    "output z = e": "target-read",
    "cost z = h": "cost-shape",
    "state z[n] = normal(0, 1)": "initial-random",
    "state z[n] = [1, 2]": "list-shape",
    "state z = h": "beginning",
    "param z[n] = eye": "initial-rank",
    "param z": "no-value",
    "input z = 1": "value-here",
    "param z[n/2] = 0": "size-expression",
    "param z[nn] = 0": "unknown-name",
    "param z[n - 3] = 0": "size-value",
    "W' = W": "not-a-state",
    "reset W never": "not-a-state",
    "dim z = z + 1": "cycle",
    "dim z = n/2": "size-value",
}


@given(st.permutations(VALID), st.sampled_from(sorted(MISTAKES)), st.integers(0, len(VALID)))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_one_planted_mistake_gives_one_error_at_its_line(lines: list[str], mistake: str, at: int) -> None:
    text = "\n".join(["dim n = 3, m = 2", *lines[:at], mistake, *lines[at:]]) + "\n"
    source = Source(text)
    written, wrong = parse(source)
    model, found = check(written)
    assert wrong == ()
    assert model is None
    assert [(one.code, source.line_of(one.span)) for one in found] == [(MISTAKES[mistake], at + 2)]


@given(st.permutations(VALID))
@settings(max_examples=15)
def test_the_order_of_statements_changes_no_definition(lines: list[str]) -> None:
    model, found = checked_text("\n".join(["dim n = 3, m = 2", *lines]) + "\n")
    assert model is not None, found
    named = {"a", "q", "e", "y", "logits", "fit", "class", "f:h", "F:g"}
    assert named <= {definition.name for definition in model.definitions}
    assert set(model.quantities) == {"u", "k", "v", "h", "g", "W", "U", "alpha"}
    # c c2 a2 a, c3 q, s F:g, y, e, f:h, logits, fit, l p class
    assert len(model.definitions) == 16


@given(st.lists(st.sampled_from(sorted(MISTAKES)), min_size=2, max_size=5, unique=True))
@settings(max_examples=25)
def test_two_mistakes_are_two_messages(mistakes: list[str]) -> None:
    renamed = [mistake.replace("z", f"z{k}") for k, mistake in enumerate(mistakes)]
    source = Source("\n".join(["dim n = 3, m = 2", *VALID, *renamed]) + "\n")
    model, found = check(parse(source)[0])
    assert model is None
    lines = [source.line_of(one.span) for one in found]
    # Of a name that nothing declares, a wrong name beside it speaks: that may have been meant to be it.
    lines += [int(line) for one in found for note in one.notes for line in re.findall(r"read on line (\d+)", note)]
    assert sorted(lines) == [len(VALID) + 2 + k for k in range(len(mistakes))]


def test_what_is_known_of_names_whatever_else_is_wrong() -> None:
    text = "dim n = 3\ninput u[n]\ncomponent c(x[m]) {\n    param W[m] = 0\n    return W*x\n}\nlet a = c(u)\nlet b = wrong\n"
    found = known(parse(Source(text))[0])
    assert {name: entry.kind for name, entry in found.entries.items()} == {
        **{"n": "dim", "u": "input", "c": "component", "a": "let", "a.W": "param", "b": "let"},
    }
    assert text[slice(found.entries["a.W"].span.start, found.entries["a.W"].span.end)] == "W"
    assert found.numbers == {"n": 3}
    assert {name: str(sizes) for name, sizes in found.sizes.items()} == dict.fromkeys(("u", "a", "a.W"), "(n,)")
