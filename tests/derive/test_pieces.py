"""The adjoint of what is cut into slices: one concatenation where they cover it, padded parts where they do not."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.term import Structured
from hdsl.verify.certificate import certify

HEAD = "dim n = 3\ninput u[n]\nstate h[n] = 0\nparam W[4*n, n] = normal(0, 1)\nparam b[4*n] = 0\nlet a = W @ (h + u) + b\n"
TAIL = "output y = h\ncost c = squared(y - u)\n"
GATES = "let i = sigmoid(a[0:n])\nlet f = sigmoid(a[n:2*n])\nlet o = sigmoid(a[2*n:3*n])\nlet g = tanh(a[3*n:])\n"


def rows(text: str) -> dict[str, str]:
    lines = hdsl.loads(HEAD + text + TAIL).product("step").lines
    return {line.name: line.body.row for line in lines if isinstance(line.body, Structured)}


def test_the_gates_of_a_cell_are_put_behind_one_another() -> None:
    found = rows(GATES + "next h = o*tanh(f*h + i*g)\n")
    assert found["adj:a"] == "concat"
    assert "place" not in found.values()


@pytest.mark.parametrize(
    "dynamics",
    [
        "next h = tanh(a[0:n])*a[2*n:3*n]",  # a gap
        "next h = tanh(a[0:n])*a[0:n] + a[n:2*n]*a[2*n:3*n]*a[3*n:] + a[1:n + 1]",  # pieces that overlap
        "next h = a[0:4*n:4]*tanh(a[0:n])",  # a step
        "next h = tanh(a[:n] + a[n:2*n] + a[2*n:3*n] + a[3*n:])*squared(a)",  # and the whole besides
    ],
)
def test_what_does_not_cover_it_once_is_padded(dynamics: str) -> None:
    assert "place" in rows(f"{dynamics}\n").values()


@pytest.mark.parametrize("cut", ["a[0:n] * a[n:]", "a[n:] - a[:n]^2"])
def test_all_judges_agree(cut: str) -> None:
    text = "dim n = 3\ninput u[n]\nstate h[n] = 0\nparam W[2*n, n] = normal(0, 1)\nlet a = W @ (h + u)\n"
    compiler = Compiler(Source(f"{text}next h = tanh({cut})\n{TAIL}"))
    found = {line.name: line.body for line in compiler.product("step").lines}
    assert found["adj:a"].row == "concat"
    assert certify(compiler).ok
