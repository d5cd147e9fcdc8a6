"""The page on backpropagation through time: small sizes, and what would fail it."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from benchmarks import replay
from benchmarks.paper import bptt
from benchmarks.paper.bptt import MOST, Found, measured, rows_of
from benchmarks.replay import CUTS, error_of, stream_of


def test_a_short_sequence_is_learned_as_autograd_does() -> None:
    found = [*measured(("rnn",), (6,))]
    assert [(one.even, one.cut) for one in found] == [(even, cut) for even in (True, False) for cut in CUTS]
    assert all(one.holds for one in found)


def test_another_cut_is_another_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked can fail: a truncated gradient held against a whole one."""
    whole = functools.partial(_whole, replay.by_autograd)
    monkeypatch.setattr(replay, "by_autograd", whole)
    assert error_of("rnn", stream_of(6, True), 2) > 1e-3


def _whole(by_autograd: Any, kind: str, start: Any, stream: Any, cut: int | None, *rest: float) -> Any:
    return by_autograd(kind, start, stream, None, *rest)


def test_the_command_says_whether_all_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for error, code in ((MOST, 0), (2 * MOST, 1)):
        monkeypatch.setattr(bptt, "error_of", lambda *given, error=error: error)
        assert bptt.main(["--quick"]) == code
    assert "replay(20)" in capsys.readouterr().out


def test_a_row_has_a_cell_for_each_cut() -> None:
    found = [Found("rnn", False, 40, cut, 1e-16) for cut in CUTS]
    assert rows_of(found)[1] == [["rnn", "uneven", "40", *["1e-16"] * len(CUTS)]]
