"""Samples as functions of time: linear, held, clipped, and refused where they do not reach."""

from __future__ import annotations

import numpy as np
import pytest

import hdsl
from hdsl.runtime.boundary.signals import Signals, read_signals
from hdsl.runtime.source.block import StreamError

MODEL = """
ham 1
input u[2]
input k : index(3)
target v
state x = 0
x' = -x + sum(u) + embed_at
const table[3] = [1, 2, 3]
let embed_at = table[k]
cost c = (x - v)^2
"""


def test_real_values_are_linear_and_indices_hold() -> None:
    signals = Signals(np.array([0.0, 1.0, 3.0]), {"u": np.array([[0.0], [2.0], [-2.0]]), "k": np.array([1, 2, 0])})
    found = signals(np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0]))
    np.testing.assert_allclose(found["u"][:, 0], [0, 0, 1, 2, 0, -2, -2])
    assert found["k"].tolist() == [1, 1, 1, 2, 2, 0, 0]
    assert signals.last == 3


def test_one_sample_holds_throughout() -> None:
    found = Signals(np.zeros(1), {"u": np.array([4.0])})(np.array([0.0, 2.0]))
    assert found["u"].tolist() == [4.0, 4.0]


def streamed(rows: int = 4, **changed: np.ndarray) -> tuple[hdsl.api.Model, object]:
    model = hdsl.loads(MODEL)
    held = {"u": np.arange(2.0 * rows).reshape(rows, 2), "k": np.arange(rows) % 3, "v": np.arange(rows) * 1.0}
    return model, model.stream({**held, **changed})


def test_samples_stand_a_step_apart() -> None:
    model, stream = streamed()
    found = read_signals(stream.whole(), model.product("model"), 0.5, 1.5, "arrays")
    assert found.knots.tolist() == [0, 0.5, 1, 1.5]
    assert found(np.array([0.25]))["u"].tolist() == [[1.0, 2.0]]


def test_time_stamps_tell_where_samples_stand() -> None:
    model, stream = streamed(t=np.array([10.0, 10.5, 12.0, 12.5]))
    found = read_signals(stream.whole(), model.product("model"), 1.0, 2.5, "arrays")
    assert found.knots.tolist() == [0, 0.5, 2, 2.5]


def test_what_ends_too_early_or_is_missing_is_refused() -> None:
    model, stream = streamed()
    with pytest.raises(StreamError, match=r"ends at t = 1\.5, and the horizon is 2: 4 samples are too few"):
        read_signals(stream.whole(), model.product("model"), 0.5, 2.0, "arrays")
    model, stream = streamed(v=np.array([0.0, np.nan, 1.0, 2.0]))
    with pytest.raises(StreamError, match="`v` is missing"):
        read_signals(stream.whole(), model.product("model"), 0.5, 1.0, "arrays")
