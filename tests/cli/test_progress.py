"""The line that a run shows."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest

from hdsl.cli.progress import grouped, left, line, progress_line, progress_parts, rate_text
from hdsl.runtime.running import Score
from hdsl.runtime.session import Progress

HERE = Progress(
    2412, 3176, 38_213.0, {"fit": 0.0612, "gone": float("nan")}, {"v": Score("error/var", 0.118, 0.136, "last value")}
)


def test_the_line() -> None:
    shown = line("sunspots", HERE, 200).plain.replace("\u202f", " ")
    bar = "█" * 19 + "░" * 6
    assert shown == f"sunspots  {bar}  2 412/3 176  38.2 k steps/s  fit 0.0612  error/var 0.118  (last value 0.136)  00:00 left"


def test_targets_are_named_where_there_are_several() -> None:
    both = {name: Score("error/var", 0.5, 0.7, "last value") for name in ("v", "w")}
    parts = progress_parts(replace(HERE, costs={}, scores=both))
    assert parts[2:] == ["v: error/var 0.500", "(last value 0.700)", "w: error/var 0.500", "(last value 0.700)"]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (100, "2 412/3 176  38.2 k steps/s  fit 0.0612  error/var 0.118  (last value 0.136)  00:00 left"),
        (85, "2 412/3 176  38.2 k steps/s  fit 0.0612  error/var 0.118  00:00 left"),
        (60, "2 412/3 176  38.2 k steps/s  00:00 left"),
        (40, "2 412/3 176  00:00 left"),
    ],
)
def test_a_narrow_terminal_loses_what_tells_least(width: int, shown: str) -> None:
    text = line("sunspots", HERE, width).plain.replace("\u202f", " ")
    assert len(text) < width
    assert text.replace("█", "").replace("░", "").split("  ", 1)[1].strip() == shown
    bar, room = text.count("█") + text.count("░"), width - len(f"sunspots    {shown}")
    assert bar == (room - 1 if room > 8 else 0)  # the last column stays free: some terminals wrap there


def test_a_terminal_without_unicode_gets_a_bar_of_its_own() -> None:
    assert line("sunspots", HERE, 100, plain=True).plain.isascii()


@pytest.mark.parametrize(
    ("rate", "shown"), [(100.0, "00:08"), (1.0, "12:44"), (0.1, "2:07:20"), (0.0, "--:--"), (float("nan"), "--:--")]
)
def test_the_time_that_is_left(rate: float, shown: str) -> None:
    assert left(replace(HERE, rate=rate)) == shown


@pytest.mark.parametrize(("rate", "shown"), [(3.14159, "3.14"), (812.4, "812"), (38_213.0, "38.2 k"), (2.5e6, "2.5 M")])
def test_rates(rate: float, shown: str) -> None:
    assert rate_text(rate) == shown


def test_what_nobody_knows_is_not_told() -> None:
    about = line("sunspots", replace(HERE, total=3000, exact=False), 200).plain.replace("\u202f", " ")
    assert "2 412/≈3 000  " in about and "█" in about
    unknown = line("sunspots", replace(HERE, total=None), 200).plain.replace("\u202f", " ")
    assert unknown == "sunspots  2 412  38.2 k steps/s  fit 0.0612  error/var 0.118  (last value 0.136)"
    assert left(replace(HERE, total=None)) == "--:--"
    assert left(replace(HERE, total=2000, exact=False)) == "00:00"


def test_grouped() -> None:
    assert grouped(1234567).split("\u202f") == ["1", "234", "567"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_away_from_a_terminal_or_when_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress_line("m", wanted=True) as told:
        assert told is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_line("m", wanted=False) as told:
        assert told is None
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_a_terminal_shows_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_line("sunspots", wanted=True) as told:
        assert told is not None
        told(HERE)
    assert "sunspots" in terminal.getvalue()
