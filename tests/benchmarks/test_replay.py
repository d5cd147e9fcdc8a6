"""That replay is backpropagation through time: nets in .ham beside the same nets in torch, which nobody compiled."""

from __future__ import annotations

import pytest

from benchmarks.replay import CELLS, CUTS, SLOW, Stream, by_autograd, error_of, main, stream_of

MOST = 1e-13
"""Relative to how far a parameter went. Round-off of sums over a thousand tokens is below it, a wrong term far above."""


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", CELLS)
def test_a_replay_is_what_autograd_gives_through_the_same_tokens(kind: str, cut: int | None, even: bool) -> None:
    assert error_of(kind, stream_of(40, even), cut) <= MOST


@pytest.mark.parametrize(("tokens", "cut"), [(100, None), (400, 20), (1000, None)])
def test_over_longer_sequences_too(tokens: int, cut: int | None) -> None:
    assert error_of("rnn", stream_of(tokens, False), cut) <= MOST


@pytest.mark.parametrize("kind", CELLS)
def test_momentum_goes_from_sequence_to_sequence_as_that_of_torch_optim(kind: str) -> None:
    assert error_of(kind, stream_of(12 * 25, False, length=12), None, 0.9, SLOW) <= MOST


def test_200_sequences_with_momentum() -> None:
    assert error_of("rnn", stream_of(6 * 200, False, length=6), None, 0.9, SLOW) <= MOST


def test_a_boundary_ends_what_is_replayed_before_its_tokens_are_full() -> None:
    whole = stream_of(40, True)
    cut = Stream(whole.u, whole.v, whole.taus, 20)
    assert error_of("rnn", cut, None) <= MOST
    assert error_of("rnn", cut, 7, 0.5) <= MOST


def test_other_cuts_and_momenta_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(40, True, length=20)
    right = by_autograd
    monkeypatch.setattr("benchmarks.replay.by_autograd", lambda kind, start, given, *rest: right(kind, start, given, 7))
    assert error_of("rnn", stream, None) > 1e-3
    monkeypatch.setattr("benchmarks.replay.by_autograd", lambda kind, start, given, *rest: right(kind, start, given, None, 0.3))
    assert error_of("rnn", stream, None) > 1e-3


def test_the_benchmark_prints_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--lengths", "6", "--kinds", "leaky", "--sequences", "2", "--rounds", "1"])
    told = capsys.readouterr().out
    assert all(f"replay({cut})" in told for cut in CUTS[1:])
    assert told.count("leaky") == 2 + 2 + 6 and "uneven" in told and "autograd/replay" in told
