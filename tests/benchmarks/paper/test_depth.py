"""Bytes against what can be counted on paper."""

from __future__ import annotations

import torch

from benchmarks.paper import depth

PARAMETERS = 4 * (64 * 32 + 32 + 2 * (32 * 32 + 32) + 32 * 10)
"""Bytes of the parameters of a net of two hidden layers in float32."""
SAMPLE = 4 * (64 * 4) + 8 * 4


def test_counted_sees_what_lives_at_once() -> None:
    known = torch.zeros(256)
    with depth.Counted([known]) as counted:
        a = known + 1
        view = a[:10]
        b = a + view.sum()
        del a, view
        known.add_(b)
    assert counted.peak == 2 * 1024 + 4  # a and b, and the sum
    assert counted.now == 1024
    del b
    assert counted.now == 0


def test_between_steps_a_net_holds_parameters_and_costates() -> None:
    # θ and ω, the mean's share of a stream, ones for targets of which none is missing, clock, tick and marks of ended streams;
    # where layers are delayed also the states and costates of 3, where not the ones as a column for the error of the output.
    rest = 2 * 4 * 4 + 2 * 8 + 4
    assert depth.held("output", 2, 4).between == 2 * PARAMETERS + SAMPLE + rest + 4 * 4
    assert depth.held("delayed", 2, 4).between == 2 * PARAMETERS + SAMPLE + rest + 2 * 3 * 4 * 32 * 4


def test_autograd_holds_gradients_and_momenta_and_saves_activations() -> None:
    found = depth.held("autograd", 2, 4)
    assert found.between == 3 * PARAMETERS + SAMPLE
    assert found.saved is not None and found.within >= found.saved > 3 * 4 * 32 * 4  # of each layer its activations


def test_a_layer_more() -> None:
    found = {4: {d: {way: depth.Held(d * 1024, 0, 0) for way in depth.WAYS} for d in (1, 3)}}
    assert depth.rows(found)[-1] == ["4", "a layer more", *["1.00", "0.00"] * 3, "0.00"]
