"""The energy of a run: where it began, and how far it went."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.energy import Energy, energy_now
from hdsl.runtime.session import Plan, run_session
from hdsl.runtime.ticks import Ticks

MODEL = hdsl.load("pendulum")
NET = MODEL.compile(dtype=torch.float64)


def plan(ticks: int, **options: object) -> Plan:
    model = MODEL.product("model")
    return Plan(model, NET, Ticks(model, ticks), dtype="float64", record=("q", "p"), **options)  # type: ignore[arg-type]


def test_it_begins_at_the_energy_of_the_initial_values() -> None:
    assert energy_now(NET()) == pytest.approx(9.81 * (1 - math.cos(1)), rel=1e-15)


def test_the_farthest_is_kept() -> None:
    energy = Energy("H", NET())
    energy.add(energy.begun + np.array([0.0, -3.0, 1.0]))
    energy.add(energy.begun + np.array([2.0]))
    assert energy.farthest == 3.0 and energy.last == energy.begun + 2 and energy.drift == pytest.approx(3 / energy.begun)
    energy.begun = 0.0
    assert energy.drift is None


def test_a_session_follows_it() -> None:
    session = run_session(plan(300))
    q, p, held = session.recorded["q"], session.recorded["p"], session.outputs["H"]
    assert held == pytest.approx(p**2 / 2 + 9.81 * (1 - np.cos(q)), rel=1e-12)
    assert session.energy is not None and session.energy.last == held[-1]
    assert session.energy.farthest == pytest.approx(np.abs(held - session.energy.begun).max(), rel=1e-15)


def test_a_run_that_goes_on_is_the_run_that_never_stopped(tmp_path: Path) -> None:
    folder = tmp_path
    whole = run_session(plan(500, predict=folder / "whole.csv"))
    run_session(plan(500, steps=300, checkpoint=folder / "c", predict=folder / "parts.csv"))
    again = run_session(plan(500, checkpoint=folder / "c", resume=True, predict=folder / "parts.csv"))
    assert again.first == 300 and again.energy is not None and whole.energy is not None
    assert vars(again.energy) == vars(whole.energy)
    assert (folder / "parts.csv").read_bytes() == (folder / "whole.csv").read_bytes()
    lines = (folder / "whole.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "step,t,q,p,H" and len(lines) == 501 and lines[-1].startswith("499,5.0,")
