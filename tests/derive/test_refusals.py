"""Controls without a closed form; the messages in full stand in tests/bad/stationarity*.txt."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source

HEAD = "ham 1\ndim n = 2\nconst k = -1\nconst R[n, n] = [[1, 2], [2, 1]]\nparam w = 1\nstate q = 1\nstate x[n] = 0\n"
CASES = [
    ("control a in [-1, 1]\nq' = a\ncost c = q^2\n", "bang-bang", "a z_q"),
    ("control a in [-1, 1]\nnext q = a\ncost c = q^2\n", "bang-bang", "a z_q / τ"),
    ("control a\nq' = a\ncost c = q^2\n", "singular-control", "a z_q"),
    ("control a\nq' = -q + w*a\ncost c = q^2 + k*a^2\n", "non-convex-control", "k a² + w a z_q"),
    ("control a\nq' = a\ncost c = q^2*a^2\n", "non-convex-control", "q² a² + a z_q"),
    ("control a[n]\nx' = a\ncost c = dot(a, R @ a)\n", "coupled-control", "aᵀR a + ⟨z_x, a⟩"),
    ("control a\nq' = a\ncost c = exp(a)\n", "not-quadratic-control", "exp(a) + a z_q"),
    ("control a\nq' = a\ncost c = max(a, 0)^2 + a^2\n", "not-quadratic-control", "max(a, 0)² + a z_q + a²"),
    ("control a\nq' = a\ncost c = 1 if a < 0 else 2\n", "not-quadratic-control", "(1 if a < 0 else 2) + a z_q"),
]


@pytest.mark.parametrize(("text", "code", "part"), CASES)
def test_what_holds_the_control_is_shown(text: str, code: str, part: str) -> None:
    moved = "".join(f"{name}' = -{name}\n" for name in "qx" if f"{name}' =" not in text and f"next {name}" not in text)
    compiler = Compiler(Source(HEAD + text + moved, "m.ham"))
    (found,) = (one for one in compiler.diagnostics if one.severity == "error")
    assert found.code == code
    assert found.label == f"H′ holds it in {part}"
    assert compiler.source.text[found.span.start : found.span.end] == "a"


@pytest.mark.parametrize("text", [text for text, _, _ in CASES])
def test_another_rule_is_taken(text: str) -> None:
    moved = "".join(f"{name}' = -{name}\n" for name in "qx" if f"{name}' =" not in text and f"next {name}" not in text)
    whole = HEAD + text.replace("\n", " gradient\n", 1) + moved
    assert [one.code for one in Compiler(Source(whole, "m.ham")).diagnostics if one.severity == "error"] == []


def test_a_weight_of_phi_that_is_0_leaves_nothing() -> None:
    text = "control a in [-1, 1]\nq' = a\nx' = -x\ncost c = a^2\nlearn\n    phi = 0\n"
    found = [one.code for one in Compiler(Source(HEAD + text, "m.ham")).diagnostics if one.severity == "error"]
    assert found == ["bang-bang"]
