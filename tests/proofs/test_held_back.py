"""Moves held back against the generated torch module, which knows nothing of them: equal to round-off, whatever K and order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import hdsl
from hdsl.runtime.native_build import find_compiler
from tests.proofs.drawing import draw_model
from tests.proofs.held_models import DEEP
from tests.proofs.native_runs import CLOSE, differences, nets_of, plain_builds
from tests.proofs.streams import draw_stream
from tests.proofs.test_native import LEFT, SHIPPED, loaded

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
STEPS = 90
"""More than stand for a costate of doubles at τη = 0.5, so that matrices are written, and some are held back at the end."""
QUALIFY = {
    "attention", "autonomous", "characters", "complex_diagonal", "deep_delayed", "diagonal", "digits_mlp", "gru", "iris_linear",
    "iris_mlp", "iris_mlp_state", "leaky_layers", "lstm_online", "oscillators", "resnet", "rnn", "skew", "skew_tanh",
    "state_space", "sunspots", "vit",
}  # fmt: skip
"""Models that ship with a matrix whose moves can be held back."""


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plain_builds():
        yield


@pytest.mark.parametrize(
    ("order", "n", "eta", "K"),
    [("sequential", 70, 1, 5), ("semi-implicit", 70, 1, 5), ("simultaneous", 37, 2, 16), ("sequential", 37, 0.02, 1)],
)
def test_a_net_of_several_matrices_is_equal_to_torch(order: str, n: int, eta: float, K: int) -> None:
    """With gaps, boundaries, a run that observes and a step in between. W of 70 doubles a side goes by blocks of rows; η = 0.02
    has to read the costates."""
    model = hdsl.loads(DEEP.format(order=order, eta=eta), n=n)
    found = differences(model, torch.float64, 1, 1, STEPS if eta >= 1 else 20, held_back=K)
    assert max(found.values()) < 1e-12


def test_a_run_that_is_cut_in_two_is_the_whole_run_to_round_off() -> None:
    model = hdsl.loads(DEEP.format(order="sequential", eta=1), n=70)
    plain, cut, source = nets_of(model, torch.float64, 1, 2, held_back=5)
    parts = draw_stream(model, plain, STEPS, source, uneven=False).parts
    plain.run(parts)
    for rows in (slice(0, 5), slice(5, 66), slice(66, STEPS)):
        cut.run({name: value[rows] for name, value in parts.items()})
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(cut.state_dict()[name], value, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in LEFT])
def test_a_model_that_ships_is_equal_to_torch(name: str) -> None:
    model = loaded(name)
    held = model.compile(backend="native", held_back=5)(batch=1)
    from hdsl.runtime.native import library_of

    assert bool(library_of(held).text.held) == (name in QUALIFY)
    assert max(differences(model, torch.float64, 1, 1, 30, held_back=5).values()) < CLOSE[torch.float64]


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(0, 200, 10))
def test_drawn_models_are_equal_to_torch(tens: int) -> None:
    apart = {}
    for seed in range(tens, tens + 10):
        model = hdsl.loads(draw_model(seed).text)
        if not model.compile(backend="auto").choice.told:
            apart[seed] = max(differences(model, torch.float64, 1, seed, 8, held_back=3).values())
    assert [seed for seed, value in apart.items() if not value < CLOSE[torch.float64]] == []
