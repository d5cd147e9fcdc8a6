"""The judge's beginnings against hand-written steps."""

from __future__ import annotations

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.beginning import beginning
from hdsl.verify.walk import Walk

TEXT = (
    "input u\ntarget v\nparam w = 1\nstate h = w*u\nstate g = 1\nstate S = w\nreset g each sample\n"
    "h' = -h*w\ng' = h\nS' = -S\noutput y = h\ncost c = (h - v)^2\nlearn\n    tau = 0.5\n    beta = 0.1\n"
)


def walk_of(text=TEXT):
    return Walk(parse(Source(text))[0])


def test_only_states_that_read_the_stream_or_parameters_begin_from_them():
    written = walk_of().written
    assert list(written.beginnings) == ["h", "S"] and written.is_shared("S") and not written.is_shared("h")
    assert written.initial("h") == 0 and written.initial("g") == 1


@pytest.mark.parametrize("ended, shared", [([True, False], False), ([True, True], True)])
def test_a_stream_begins_after_its_end_and_what_is_shared_after_all_ends(ended, shared):
    walk = walk_of()
    cells = walk.begin({"w": 2.0}, batch=2)
    assert all(bool(mark.all()) for mark in beginning(walk.written, cells).values())
    cells = {**cells, "clock": 3, "ended": torch.tensor(ended)}
    marks = beginning(walk.written, cells)
    assert marks["h"].tolist() == ended and marks["S"].tolist() == [shared] * 2


def test_one_step_from_a_beginning_by_hand():
    walk, w, u, v, tau = walk_of(), 2.0, 0.7, 0.3, 0.5
    cells, _, _ = walk.step(walk.begin({"w": w}), [{"u": u, "v": v}])
    g = w * u
    h = g - tau * g * w
    assert cells["state"]["h"] == pytest.approx(h) and cells["state"]["S"] == pytest.approx(w - tau * w)
    z = tau * 2 * (h - v)
    # h⁺ = w u − τ w² u, so ∂h⁺/∂w = u − 2 τ w u.
    assert cells["parameter costate"]["w"] == pytest.approx(z * (u - 2 * tau * w * u))
