"""How many numbers a model learns."""

from __future__ import annotations

import hdsl
from hdsl.show.counting import parameter_count


def count(text: str) -> str:
    return parameter_count(hdsl.loads(text).product("model"), lambda size, value: f"{size} = {value}")


def test_sizes_are_worked_out_and_named() -> None:
    text = "dim n = 40, k = 2*n\ninput u[n]\nparam W[k, n] = 1\ncost c = squared(W @ u)"
    assert count(text) == "3\N{NO-BREAK SPACE}200 numbers at k = 80, n = 40"
    assert count("input u\nparam w[3] = 1\ncost c = squared(u*w)") == "3 numbers"


def test_nothing_is_told_without_parameters_or_numbers() -> None:
    assert count("state q = 1\ncostate p of q = 0\nhamiltonian H = p^2") == ""
    assert count("dim n\ninput u[n]\nparam w[n] = 1\ncost c = squared(u*w)") == ""
