"""The judge's layers, and that it finds a step whose layers are others."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.compiler import Compiler
from hdsl.derive import layered
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.certificate import certify
from hdsl.verify.layered import at_its_tick, layers_of
from hdsl.verify.written import Written

TEXT = """ham 1
model m
input u
target v
state c = 0
state a = 0
state b = 0
param p = 1
param q = 1
param o = 1
next c = tanh(q*b + a)
next b = tanh(q*a)
next a = tanh(p*u)
output y = o*c
cost fit = (y - v)^2
learn
    schedule = layerwise
    eta = 1
"""


def written(text: str) -> Written:
    return Written(parse(Source(text, "m.ham"))[0])


def test_the_judge_numbers_layers_by_itself() -> None:
    assert layers_of(written(TEXT)) == {"a": 1, "b": 2, "c": 3, "p": 1, "q": 3, "o": 3}
    assert layers_of(written(TEXT)) == hdsl.loads(TEXT).product("model").layers
    assert layers_of(written(TEXT.replace("layerwise", "online"))) == {}
    with pytest.raises(ValueError, match="no layers"):
        layers_of(written(TEXT.replace("tanh(p*u)", "tanh(p*u + c)")))


def test_a_tick_lets_through_what_is_its_own() -> None:
    old, new = ({name: torch.tensor(value) for name in "abc"} for value in (1.0, 2.0))
    assert [float(value) for value in at_its_tick(written(TEXT), 4, old, new).values()] == [1, 2, 1]
    online = written(TEXT.replace("layerwise", "online"))
    assert [float(value) for value in at_its_tick(online, 4, old, new).values()] == [2, 2, 2]


@pytest.mark.parametrize("order", ["sequential", "simultaneous"])
def test_the_generated_step_is_judged_at_every_layer(order: str) -> None:
    source = Source(TEXT.replace("learn\n", f"learn\n    order = {order}\n"), "m.ham")
    assert certify(Compiler(source), points=1).ok


def test_a_step_whose_layers_are_others_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = layered.where_equal
    monkeypatch.setattr(layered, "where_equal", lambda a, b, x, y: right(a, 1 if b == 3 else b, x, y))
    found = certify(Compiler(Source(TEXT, "m.ham")), points=1)
    assert {row.name for row in found.rows if not row.ok} >= {"c+", "z:c+", "w:o+", "o+"}
