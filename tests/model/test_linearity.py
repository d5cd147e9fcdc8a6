"""The first part of an expression that is not linear in a name, as it is written."""

from __future__ import annotations

import pytest

from hdsl.model.linearity import bent
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Define

LETS = "let s = tanh(u)\nlet a = A @ h\nlet q = h*h\nlet deep = a + q\n"


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("A @ h + B @ u", None),
        ("-h/tau + 2*(u - h*sigmoid(u)).T", None),
        ("h if u > 0 else -h", None),
        ("sum[i](A[i]*h[i]) + concat(h[1:], [1]) + a", None),
        ("exp(u) + s", None),
        ("h*h + tanh(h)", "h*h"),
        ("u - tanh(h) + h*h", "tanh(h)"),
        ("u/(1 + h)", "u/(1 + h)"),
        ("u if h > 0 else -u", "u if h > 0 else -u"),
        ("h^2", "h^2"),
        ("a*a", "a*a"),
        ("3*deep", "h*h"),
        ("h + u[h]", None),
    ],
)
def test_the_first_part_that_is_not_linear(written: str, part: str | None) -> None:
    source = Source(f"{LETS}let wanted = {written}\n")
    text, wrong = parse(source)
    assert not wrong
    defined = {s.name: s.value for s in text.statements if isinstance(s, Define)}
    found = bent(defined["wanted"], defined, "h")
    assert (None if found is None else source.text[found.span.start : found.span.end]) == part


def test_many_definitions_one_behind_another_take_no_time() -> None:
    text, _ = parse(Source("let a0 = h\n" + "".join(f"let a{k + 1} = a{k} + a{k}\n" for k in range(60))))
    defined = {s.name: s.value for s in text.statements if isinstance(s, Define)}
    assert bent(defined["a60"], defined, "h") is None
