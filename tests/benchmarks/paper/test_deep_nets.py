"""The deep nets that are measured: their reference gradient against central differences, and what counts as apart."""

from __future__ import annotations

import pytest
import torch

from benchmarks.paper.deep_nets import apart, cell, gradients, layers_of, made, sample, signals, text_of


def test_the_reference_gradient_is_that_of_the_cost() -> None:
    net = made(text_of(2, "delayed", {"eta.param": 1}, width=3, outputs=2), seed=4)
    u, v = sample(5, 3, 2)
    p = {name: value.detach().clone() for name, value in net.named_parameters()}

    def cost() -> float:
        return 0.5 * float(((layers_of(p, u)[-1] @ p["C"].T - v) ** 2).sum())

    for name, gradient in gradients(net, u, v).items():
        for place in ((0, 1), (1, 2)):
            slope = 0.0
            for sign in (1, -1):
                p[name][place] += sign * 1e-6
                slope += sign * cost() / 2e-6
                p[name][place] -= sign * 1e-6
            assert float(gradient[place]) == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_apart_is_relative_to_the_largest_entry_and_takes_the_worst() -> None:
    wanted = {"a": torch.tensor([1.0, -4.0]), "b": torch.tensor([10.0])}
    assert apart({"a": torch.tensor([2.0, -4.0]), "b": torch.tensor([11.0])}, wanted) == 0.25


def test_signals_and_cells_are_read_as_they_are_now() -> None:
    net = made(text_of(1, "layerwise", {"order": "sequential", "eta.param": 1, "beta": 0}, width=3, outputs=2))
    u, v = sample(1, 3, 2)
    net.step(u=u, v=v)
    torch.testing.assert_close(cell(net, "h1"), torch.tanh(u @ net.W1.detach().T))
    assert set(signals(net)) == {"W1", "C"}
    assert float(signals(net)["C"].abs().max()) > 0
