from __future__ import annotations

import time

import pytest

from hdsl.syntax.lost import declared_by, declared_elsewhere


@pytest.mark.parametrize(
    "text, word, names",
    [
        ("let a = (1", "let", {"a"}),
        ("param α[n, m], b : c = 2", "param", {"alpha", "b"}),
        ("const a = max(p, q), b = 2", "const", {"a", "b"}),
        ("dim n = (3, m", "dim", {"n", "m"}),
        ("h' = (1", "h", {"h'"}),
        ("next h = (1", "next", {"h'"}),
        ("wieght[n] = 0", "wieght", {"wieght", "n"}),
        ("reset h each smaple", "reset", set()),
        ("component c(x", "component", {"c"}),
    ],
)
def test_what_a_line_would_have_declared(text: str, word: str, names: set[str]) -> None:
    assert declared_by(text, word) == names


def test_what_a_component_or_another_file_would_have() -> None:
    text = "let a = gate(u.T)\ncost c = squared(a.W.T + b.r.α)\n"
    assert declared_elsewhere(text, ()) == set()
    assert declared_elsewhere(text, ("component",)) == {"a.W", "b.r.alpha"}
    assert declared_elsewhere(text, ("use",)) == {"a.W", "b.r.alpha", "gate", "squared"}


@pytest.mark.parametrize("text", ["W" * 100_000, "a." * 50_000, "x.y" + " " * 100_000, "a1." * 30_000 + "("])
def test_the_time_is_linear_in_the_text(text: str) -> None:
    """Each of these took minutes where a path was sought at every letter of it (`python -m benchmarks.bulk`)."""
    start = time.process_time()
    declared_elsewhere(text, ("use", "component"))
    assert time.process_time() - start < 2
