"""The measurements of delayed nets at their smallest."""

from __future__ import annotations

import pytest
import torch

from benchmarks.paper import delayed


def test_a_held_input_is_exact_after_2l_plus_1_ticks_and_not_before() -> None:
    found = delayed.held(2)
    assert (found.tick, found.holds) == (5, True)
    assert not delayed.Held(2, 5, 0.0, 0.0).holds


def test_dissipation_scales_a_layer_by_what_its_credit_has_passed() -> None:
    """Against another factor there is no limit: the row says so."""
    assert delayed.fading(2, 0.1).holds
    net = delayed.made(delayed.text_of(1, "delayed", {**delayed.LEARN, "eta.state": 0.1}))
    assert not delayed._scaled("", 1, net, 1 / 1.2, 40, 0).holds


def test_leaky_layers_reach_their_limit() -> None:
    found = delayed.leaking(1, 2.0, 0.5)
    assert found.holds
    assert found.early > 1e-6


def test_a_moving_input_is_the_worse_the_faster_and_a_still_one_is_exact() -> None:
    still, slow, fast = (delayed._moving(speed, 0, 2) for speed in (0.0, 1e-4, 1e-2))
    assert still < 1e-13
    assert fast == pytest.approx(100 * slow, rel=0.3)


def test_a_pulse_gives_every_layer_its_gradient_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert delayed.pulse(2).holds
    monkeypatch.setattr(delayed, "torch", _Never(torch))
    assert not delayed.pulse(2).holds


class _Never:
    """torch whose missing targets are there: every tick has one."""

    def __init__(self, real: object) -> None:
        self.real = real

    def full_like(self, value: torch.Tensor, fill: float) -> torch.Tensor:
        return torch.zeros_like(value)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_rows_fit_their_heads() -> None:
    run = delayed.Run("by", 1, [0.5, 0.7, 0.6], [0.6, 0.8, 0.7], [0.5])
    tables = [
        (delayed.HELD, delayed.of_held([delayed.Held(1, 3, 1.0, 0.0)])),
        (delayed.SCALED, delayed.of_scaled([delayed.Scaled("by", 1, 0.1, None, 1.0)])),
        (delayed.SPEED, delayed.of_speeds({0.1: [1.0, 2.0]})),
        (delayed.PULSES, delayed.of_pulses([delayed.Pulse(1, 1, 1, 0.0, 0.0)])),
        (delayed.DIGITS, delayed.of_digits([run])),
    ]
    assert all(len(row) == len(head) for head, rows in tables for row in rows)
    assert delayed.of_digits([run])[0][2:] == ["0.60", "0.50", "0.70", "0.70"]
