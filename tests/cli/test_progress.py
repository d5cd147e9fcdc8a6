"""The line that a run shows."""

from __future__ import annotations

import io
import sys

import pytest

from hdsl.cli.progress import grouped, progress_line, progress_text, rate_text
from hdsl.runtime.running import Score
from hdsl.runtime.session import Progress

HERE = Progress(
    2412, 3176, 38_213.0, {"fit": 0.0612, "gone": float("nan")}, {"v": Score("error/var", 0.118, 0.136, "last value")}
)


def test_the_line() -> None:
    shown = progress_text(HERE).replace("\u202f", " ")
    assert shown == "2 412/3 176  38.2 k steps/s  fit 0.0612  error/var 0.118 (last value 0.136)"


@pytest.mark.parametrize(("rate", "shown"), [(3.14159, "3.14"), (812.4, "812"), (38_213.0, "38.2 k"), (2.5e6, "2.5 M")])
def test_rates(rate: float, shown: str) -> None:
    assert rate_text(rate) == shown


def test_grouped() -> None:
    assert grouped(1234567).split("\u202f") == ["1", "234", "567"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_away_from_a_terminal_or_when_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress_line("m", 10, wanted=True) as told:
        assert told is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_line("m", 10, wanted=False) as told:
        assert told is None
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_a_terminal_shows_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_line("sunspots", 3176, wanted=True) as told:
        assert told is not None
        told(HERE)
    assert "sunspots" in terminal.getvalue()
