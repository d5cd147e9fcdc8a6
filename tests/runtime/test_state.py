"""State is taken as arrays and put back as it was."""

from __future__ import annotations

import numpy as np

from hdsl.runtime.state import put_back, taken


class Thing:
    STATE = ("count", "mean", "values")

    def __init__(self) -> None:
        self.count, self.mean, self.values, self.name = 0, 0.0, np.zeros(2), "kept out"


def test_what_is_taken_is_put_back() -> None:
    thing, other = Thing(), Thing()
    thing.count, thing.mean, thing.values = 3, 0.5, np.array([1.0, 2.0])
    arrays = taken(thing, "a")
    assert sorted(arrays) == ["a/count", "a/mean", "a/values"]
    put_back(other, "a", arrays)
    assert (other.count, other.mean, other.values.tolist()) == (3, 0.5, [1.0, 2.0])
    assert isinstance(other.count, int) and isinstance(other.mean, float)
    other.values[0] = 9
    assert thing.values[0] == 1
