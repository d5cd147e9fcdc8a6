"""The benchmark of energies: what it follows, and what it tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hdsl
from benchmarks.mechanics import Drift, Moving, drawn, followed, table


def test_it_moves_as_the_module_does() -> None:
    import torch

    model = hdsl.load("kepler")
    moving, net = Moving(model), model.compile()(dtype=torch.float64)
    assert moving.energy() == pytest.approx(-0.5, rel=1e-14)
    for _ in range(5):
        energy, _ = net.step()
        assert moving.step() == pytest.approx(float(energy), rel=1e-13)
    assert moving.cells["q"] == pytest.approx(net.state.q.numpy(), rel=1e-13)


def test_growth_is_the_last_tenth_over_the_first() -> None:
    drift = Drift("a", "rk4", 0.1, 20, np.array([2.0, *[9.0] * 8, 6.0]), 1.0)
    assert drift.largest == 9.0 and drift.growth == 3.0
    assert Drift("a", "rk4", 0.1, 20, np.array([2.0, np.inf]), 1.0).growth == np.inf


def test_a_run_that_is_lost_is_not_followed_on() -> None:
    lost = followed("henon_heiles", "euler", 2000)
    assert not np.isfinite(lost.largest) and len(lost.stretches) == 1000
    assert list(table([lost]))[2].split(" | ")[3:5] == ["not finite", "–"]


def test_the_table_and_the_drawing_have_every_run(tmp_path: Path) -> None:
    found = [followed("pendulum", step, 200) for step in ("leapfrog", "rk4")]
    assert [row.split(" | ")[2] for row in list(table(found))[2:]] == ["leapfrog", "rk4"]
    drawn(found, tmp_path / "a.svg")
    assert "pendulum" in (tmp_path / "a.svg").read_text(encoding="utf-8")
