"""What a run went through, beside a net that is stepped by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.course import Course, course_of, moved

TEXT = """
ham 1
input u
target v
state h[2] = 1
param w[2] = 0.5
h' = -h + w*u
output y = sum(h)
cost fit = 1/2*(y - v)^2
learn
    tau = 0.1
    eta = 1
    beta = {beta}
"""
F64 = torch.float64


def made(
    beta: float = 0.3, steps: int = 40, learning: bool = True
) -> tuple[Course, torch.nn.Module, dict[str, torch.Tensor]]:
    model = hdsl.loads(TEXT.format(beta=beta))
    net = model.compile(dtype=F64)(batch=1)
    generator = torch.Generator().manual_seed(1)
    stream = {name: torch.randn(steps, 1, generator=generator, dtype=F64) for name in "uv"}
    stream["tau"] = torch.full((steps,), 0.1, dtype=F64)
    return course_of(net, model.product("model"), stream, learning), net, stream


def test_it_has_each_value_before_each_step_and_after_the_last() -> None:
    course, _, stream = made()
    net = hdsl.loads(TEXT.format(beta=0.3)).compile(dtype=F64)(batch=1)
    assert set(course.values) == {"h", "w", "z:h", "w:w"}
    assert course.times == pytest.approx(np.arange(41) * 0.1)
    for k in range(41):
        held = net.state_dict()
        assert course.values["h"][k] == pytest.approx(held["state.h"][0].numpy(), abs=1e-15)
        assert course.values["w"][k] == pytest.approx(held["w"].numpy(), abs=1e-15)
        assert course.values["z:h"][k] == pytest.approx(held["costate.h"][0].numpy(), abs=1e-15)
        assert course.values["w:w"][k] == pytest.approx(held["costate.w"].numpy(), abs=1e-15)
        if k < 40:
            net.step(u=stream["u"][k], v=stream["v"][k], tau=0.1)
    assert np.abs(course.values["w:w"][-1]).max() > 1e-3  # learning it was


def test_without_learning_only_states_move() -> None:
    course, *_ = made(learning=False)
    assert np.ptp(course.values["h"], axis=0).min() > 0.1
    assert (course.values["w"] == 0.5).all()
    assert not course.values["z:h"].any() and not course.values["w:w"].any()


def test_it_ends_before_a_value_that_is_not_finite() -> None:
    course, *_ = made(beta=1e200, steps=60)
    assert course.diverged is not None
    assert course.times[-1] == pytest.approx(course.diverged)
    assert all(np.isfinite(values).all() and len(values) == len(course.times) for values in course.values.values())


def test_what_is_laid_out_for_speed_is_no_part_of_it() -> None:
    cells = ("h", "z:a.h", "w:a.W", ":share", "turned:W", "initial:h")
    assert [moved(cell) for cell in cells] == [True, True, True, False, False, False]
