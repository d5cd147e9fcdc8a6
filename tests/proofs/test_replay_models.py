"""Random well-formed models that replay, against autograd through the unrolled sequence and the numpy reference."""

from __future__ import annotations

import pytest
import torch

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.judgement import Errors
from hdsl.verify.points import NoPoint, sized
from hdsl.verify.replaying import judge_replay
from tests.proofs.drawing import draw_model

DAILY, SLOW = 6, 400
REPLAYED: dict[int, bool] = {}  # by the seed of a model that this process has looked at: whether a point was found


def judge(seed: int) -> list[str]:
    """What the judges find wrong with the model of a seed; nothing where it has no point at which everything is finite."""
    compiler = Compiler(Source(draw_model(seed).text, f"drawn_{seed}.ham"), settings={"schedule": "replay"})
    model, errors = compiler.model, Errors()
    try:
        judge_replay(sized(model, model.written, {}, compiler.settings), compiler.torch, compiler.numpy, errors, seed)
    except NoPoint:
        REPLAYED[seed] = False
        return []
    REPLAYED[seed] = True
    return [f"{row.name} by {row.judge}: {row.shown} {row.remark}" for row in errors.rows("step", {}) if not row.ok]


@pytest.mark.parametrize("seed", range(DAILY))
def test_a_drawn_model_replays_as_autograd_says(seed: int) -> None:
    torch.manual_seed(seed)
    assert judge(seed) == []


def test_most_of_them_were_judged() -> None:
    if len(REPLAYED) == DAILY:  # all in this process
        assert sum(REPLAYED.values()) >= DAILY * 3 // 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(DAILY, SLOW))
def test_a_drawn_model_replays_as_autograd_says_too(seed: int) -> None:
    assert judge(seed) == []
