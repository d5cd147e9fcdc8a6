from __future__ import annotations

from typing import Any

import pytest
import torch

import hdsl
from hdsl.compiler import Compiler
from hdsl.lint.idle import idle
from hdsl.syntax.source import Source
from tests.proofs.drawing import draw_model
from tests.proofs.streams import draw_stream, named_cells

HEAD = "input u\ntarget v\nparam w = 1\nstate h = 0\nh' = u - h\n"
FIT = "output y = w*h\ncost fit = (y - v)^2\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("state g = 0\ng' = u\n" + FIT, [("zero-costate", 6)]),
        ("state g = 0\ng' = u\noutput shown = 2*g\n" + FIT, []),
        ("state g = 0\ng' = u\ncost c = (y + sign(g))^2\n" + FIT, [("zero-costate", 6)]),
        ("state g = 0\ng' = u\ncost c = (y + (1 if g > h else 2))^2\n" + FIT, [("zero-costate", 6)]),
        ("state g = 0\ng' = u\ncost c = (y + (g if g > h else 2))^2\n" + FIT, []),
        ("state g = 0\nparam r = 1\ng' = u*r\n" + FIT, []),  # of `r` it is told that no cost depends on it
        ("let d = delay(u)\noutput z = u\n" + FIT, []),
        (FIT + "control a in [-1, 1] given h\ncost c = a^2\n", []),
        (FIT + "cost c = (u - v)^2\n", [("idle-cost", 8)]),
        (FIT + "cost c = (h - v)^2\n", [("idle-cost", 8)]),
        (FIT + "cost c = (sign(w) - v)^2\n", [("idle-cost", 8)]),
        ("output y = h\ncost fit = (y - v)^2\n", []),  # the param is told of
        (FIT + "let a = u\nlet b = a\nlet c = b\n", [("dead-definition", 8), ("dead-definition", 9)]),
        (FIT + "let a = u\nlet b = a\noutput z = a\n", []),
        (FIT + "let a = 2\nproject w = w/a\n", []),
        (FIT + "state g = a\nlet a = w*u\ng' = u - g\noutput z = g\n", []),
        ("state g = 0\ng' = u\nhorizon 1\nfinal g == 1\n" + FIT, []),
        ("state g = 0\ng' = u\nhorizon 1\nterminal far = g^2\n" + FIT, []),
        ("state g = 0\ng' = u\nhorizon 1\nconstraint cap = w*g <= 1 soft 10\n" + FIT, []),
        (FIT + "let a = h\nlet b = a\nhorizon 1\nfinal b == 1\n", []),
        (FIT + "let a = w*h\nlet b = a\nhorizon 1\nconstraint cap = b <= 1 soft 10\n", []),
    ],
)  # fmt: skip
def test_what_teaches_and_serves_nothing(text: str, wanted: list[tuple[str, int]], told: Any) -> None:
    assert [(code, line) for code, line, _ in told(idle, HEAD + text)] == wanted


def test_what_instances_are_made_of_counts_with_their_definition(told: Any) -> None:
    text = "component part(x) {\n    let q = 2*x\n    return q + 1\n}\nlet a = 3*u\nlet b = part(a)\n"
    assert told(idle, HEAD + text + FIT) == [("dead-definition", 10, "the let `a` serves nothing")]


@pytest.mark.parametrize("seed", [0, 5, 14, 24, 32, 66, 70])
def test_a_costate_that_is_told_of_stays_0(seed: int) -> None:
    """Random models, of which the texts are drawn without a thought of this lint."""
    source = Source(draw_model(seed).text)
    model = Compiler(source).model
    places = {source.line_of(one.span) for one in idle(model) if one.code == "zero-costate"}
    named = [name for name in model.taught if source.line_of(model.quantities[name].span) in places and "." not in name]
    assert named
    loaded = hdsl.loads(source.text)
    net = loaded.compile(dtype=torch.float64)(batch=1, seed=0)
    generator = torch.Generator().manual_seed(seed)
    stream = draw_stream(loaded, net, 4, generator, uneven=False)
    for k in range(4):
        net.step(**{net.arguments[name]: value for name, value in stream.sample(k).items()})
    cells = named_cells(loaded, net)
    assert not any(cells[f"z:{name}"].any() for name in named)
    assert any(value.any() for name, value in cells.items() if name.startswith(("z:", "w:")))
