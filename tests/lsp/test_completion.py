from __future__ import annotations

from pathlib import Path

import pytest

from hdsl.lsp.analysis import Analysis
from hdsl.lsp.completion import completions, signature_help
from hdsl.resources import folder
from hdsl.syntax.words import OF_COMPONENTS, SETTINGS, STATEMENTS
from tests.lsp.conftest import cursor

NET = """ham 1
dim n = 3
input u[n]
target v[n]
component cell(x[m], n, gain = 1) {
    state s[n] = 0
    param K[n, m] = normal(0, gain)
    next s = tanh(K @ x)
    INSIDE
    return s
}
def double(x) = 2*x
const rate = 0.5
param W[n, n] = glorot
state h[n] = 0
let c = cell(h, n)
h' = -rate*h + tanh(W @ h + c)
output y = c
cost fit = squared(y - v)
HERE
learn
    order = sequential
    BELOW
"""


def labels(line: str, where: str = "HERE") -> set[str]:
    """What may be written at the mark of a line."""
    text = NET.replace(where, line)
    for other in ("INSIDE", "HERE", "BELOW"):
        text = text.replace(other, "")
    return {item.label for item in completions(*cursor(text))}


def test_a_line_begins_with_a_statement() -> None:
    assert labels("|") == set(STATEMENTS) - {"return"} | {"h' ="}
    assert labels("|", "INSIDE") == OF_COMPONENTS | {"s' ="}
    assert labels("|", "BELOW") == set(STATEMENTS) - {"return"} | SETTINGS | {"h' ="}


def test_names_in_scope_and_functions_in_an_expression() -> None:
    found = labels("let a = |")
    assert {"n", "u", "v", "cell", "double", "rate", "W", "h", "c", "y", "fit", "tanh", "softmax", "repeat", "t"} <= found
    assert not found & {"K", "s", "x", "glorot", "let", "order"}
    inside = labels("let a = |", "INSIDE")
    assert {"x", "n", "m", "gain", "s", "K", "cell", "double", "tanh"} <= inside and not inside & {"W", "u", "h"}


def test_initial_values_behind_the_sign() -> None:
    assert {"glorot", "normal", "zeros", "rate", "n"} <= labels("param Q[n] = |")
    assert "glorot" not in labels("param Q[n] = 2*|") and "n" in labels("param Q[|")


def test_parts_of_an_instance_behind_a_dot() -> None:
    assert labels("let a = c.|") == {"c.s", "c.K"}
    assert labels("let a = squared(c.K|)") == {"c.s", "c.K"}
    assert labels("let a = nowhere.|") == set()


def test_words_of_optimal_control() -> None:
    assert {"in", "given", "gradient", "h"} <= labels("control a |")
    assert labels("costate p of |") >= {"h"} and "W" not in labels("costate p of |")
    assert "T" in labels("terminal goal = |") and "T" not in labels("let goal = |")
    assert {"soft", "penalty"} <= labels("constraint cap = h <= 1 |")


def test_named_indices_in_their_formula_only() -> None:
    assert "i" in labels("let q[i] = h[|i]") and "i" not in labels("let q[i] = h[i]\nlet r = |")


def test_what_follows_a_word() -> None:
    assert labels("next |") == {"h"} and labels("reset |") == {"h"} and labels("project |") == {"W"}
    assert labels("reset h |") == {"each sample", "each sequence", "never"}
    assert labels("reset c.|") == {"c.s"}
    assert {"every", "W", "norm2"} <= labels("project W = W |")
    assert labels("let |") == labels("param |") == set()


def test_settings_and_their_values() -> None:
    assert labels("eta.|", "BELOW") == {"eta.state", "eta.param", "eta.h", "eta.c.s", "eta.W", "eta.c.K"}
    assert labels("beta.|", "BELOW") == {"beta.W", "beta.c.K"}
    assert labels("order = |", "BELOW") == {"sequential", "simultaneous", "semi-implicit"}
    assert labels("beta = |", "BELOW") == {"tau", "rate", "n"} and {"t", "tau"} <= labels("phi = |", "BELOW")


@pytest.mark.parametrize("line", ["let a = 1 # |", "## |", 'latex W "|"'])
def test_nothing_in_comments_and_texts(line: str) -> None:
    assert labels(line) == set()


def test_files_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "part.ham").write_text("", encoding="utf-8")
    main = tmp_path / "main.ham"
    main.write_text("", encoding="utf-8")
    found = {item.label: item.detail for item in completions(Analysis(main.as_uri(), 'use "la"\n'), 7)}
    ships = {path.name: "ships with hdsl" for path in (folder("models") / "parts").glob("*.ham")}
    assert found == ships | {"part.ham": "beside this file"} and "layers.ham" in found


def test_details() -> None:
    text = NET.replace("HERE", "let a = |").replace("INSIDE", "").replace("BELOW", "")
    details = {item.label: item.detail for item in completions(*cursor(text))}
    assert details["W"] == "param [n, n]" and details["h"] == "state [n]" and details["n"] == "dim n = 3"
    assert details["cell"] == "component cell(x[m], n, gain = 1)" and details["softmax"] == "softmax(x, axis=-1)"


def test_an_item_takes_the_place_of_what_is_typed() -> None:
    text = NET.replace("HERE", "let a = 2*c.K|").replace("INSIDE", "").replace("BELOW", "")
    items = {item.label: item for item in completions(*cursor(text))}
    edit = items["c.K"].text_edit
    assert edit is not None and edit.new_text == "c.K"
    assert (edit.range.start.character, edit.range.end.character) == (10, 13)  # type: ignore[union-attr]


def test_names_of_arguments() -> None:
    assert "gain =" in {label.replace("=", " =") for label in labels("let a = cell(u, n, |)")}
    assert {"stride=", "pad="} <= labels("let a = conv2d(u, W, |)")


@pytest.mark.parametrize(
    ("line", "label", "active"),
    [
        ("let a = cell(|", "cell(x[m], n, gain = 1)", 0),
        ("let a = cell(u, n, |", "cell(x[m], n, gain = 1)", 2),
        ("let a = softmax(tanh(u), |", "softmax(x, axis=-1)", 1),
        ("let a = concat(u, u, u, u, u, |", "concat(a, b, …, axis=0)", 3),
    ],
)
def test_the_arguments_of_a_call(line: str, label: str, active: int) -> None:
    found = signature_help(*cursor(NET.replace("HERE", line)))
    assert found is not None and (found.signatures[0].label, found.active_parameter) == (label, active)


def test_no_arguments_outside_calls() -> None:
    for line in ("let a = |", "let a = nowhere(|", "# tanh(|", "let a = tanh(u) + |"):
        assert signature_help(*cursor(NET.replace("HERE", line))) is None
