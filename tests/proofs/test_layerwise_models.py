"""Random well-formed models a layer a tick, against the judge's walk, the numpy reference and their own streams.

The drawn models are not made for it: most have states that need one another, and are refused. These are the first with layers.
"""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.generated import judge_step
from hdsl.verify.judgement import Errors
from hdsl.verify.points import sized
from tests.proofs.drawing import draw_model

LAYERED = {34: (2, "sequential"), 36: (3, "simultaneous")}
SLOW = {39: (3, "simultaneous")}


def compiled(seed: int) -> Compiler:
    return Compiler(Source(draw_model(seed).text, f"drawn_{seed}.ham"), settings={"schedule": "layerwise"})


def judge(seed: int) -> list[str]:
    compiler, errors = compiled(seed), Errors()
    model = compiler.model
    judge_step(sized(model, model.written, {}, compiler.settings), compiler.torch, compiler.numpy, errors, seed)
    return [f"{row.name} by {row.judge}: {row.shown} {row.remark}" for row in errors.rows("step", {}) if not row.ok]


@pytest.mark.parametrize("seed", LAYERED)
def test_a_drawn_model_moves_a_layer_a_tick(seed: int) -> None:
    model = compiled(seed).model
    assert (model.cycle, model.learning.order) == LAYERED[seed]
    assert judge(seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW)
def test_a_drawn_model_moves_a_layer_a_tick_too(seed: int) -> None:
    model = compiled(seed).model
    assert (model.cycle, model.learning.order) == SLOW[seed]
    assert judge(seed) == []
