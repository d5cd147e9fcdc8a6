"""How many threads a run takes by itself, and that it leaves as many as it found."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.runtime.threads import threads_for, using

SMALL = "dim n = 8, q = 2*n\ninput u[n]\ntarget v[n]\nparam W[q, n] = 0.1\noutput y = W.T @ (W @ u)\ncost c = squared(y - v)\n"


def threads(text: str, **dims: int) -> int:
    return threads_for(hdsl.loads(text, **dims).compiler.largest)


@pytest.fixture(autouse=True)
def three_threads():
    with using(3):
        yield


def test_within_there_are_as_many_as_are_wanted_and_then_as_many_as_before():
    with using(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3


def test_one_is_enough_for_what_is_small():
    assert threads(SMALL) == 1
    assert all(threads_of_shipped(name) == 1 for name in ("sunspots", "iris_mlp", "deep_delayed", "oscillators"))


def threads_of_shipped(name: str) -> int:
    return threads_for(hdsl.load(name).compiler.largest)


def test_large_matrices_take_all_also_where_a_size_is_made_of_others():
    assert threads(SMALL, n=4096) == 3
    assert threads("dim n = 300\nstate h[n] = 0\nparam A[n, n] = eye\nnext h = inv(A) @ h\noutput y = h\n") == 3
