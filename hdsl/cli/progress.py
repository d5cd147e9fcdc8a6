"""The line that shows how a run goes, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from hdsl.runtime.session import Progress

Told = Callable[["Progress"], None]
WIDEST, NARROWEST = 25, 8  # of the bar; where the narrowest does not fit there is none


@contextmanager
def progress_line(name: str, wanted: bool) -> Iterator[Told | None]:
    """A function that is to be told of progress; None, and nothing is shown, away from a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    plain = console.options.ascii_only
    with Live(Text(name), console=console, transient=True, refresh_per_second=10) as live:
        yield lambda progress: live.update(line(name, progress, console.width, plain))


def line(name: str, progress: Progress, width: int, plain: bool = False) -> Text:
    """``sunspots  ██████░░  2 412/3 176  38.2 k steps/s  fit 0.061  error/var 0.118 (last value 0.136)  00:00 left``.

    Where the terminal is too narrow for all of it the bar shrinks, then goes, then the parts that tell least, from the right.
    ``plain`` is for terminals that show ASCII alone.
    """
    from rich.cells import cell_len
    from rich.text import Text

    parts = [name, *progress_parts(progress)] + ([f"{left(progress)} left"] if progress.total is not None else [])
    if plain:
        parts = [part.replace("\u202f", " ") for part in parts]
    while len(parts) > 3 and cell_len("  ".join(parts)) >= width:
        del parts[-2]  # how long it takes is told to the last
    if progress.total is None:
        return Text("  ".join(parts), no_wrap=True, overflow="ellipsis")
    room = min(WIDEST, width - cell_len("  ".join(parts)) - 3)
    shown = Text("  ".join(parts), no_wrap=True, overflow="ellipsis")
    if room >= NARROWEST:
        full = min(room, round(room * progress.step / max(1, progress.total)))
        done, rest = "#-" if plain else "█░"
        bar = Text.assemble((done * full, "cyan"), (rest * (room - full), "bright_black"))
        shown = Text.assemble(parts[0], "  ", bar, "  ", "  ".join(parts[1:]), no_wrap=True, overflow="ellipsis")
    return shown


def progress_parts(progress: Progress) -> list[str]:
    """``2 412/3 176``, ``38.2 k steps/s``, ``fit 0.061``, ``error/var 0.118 (last value 0.136)``: most telling first.

    Where the number of steps is not known, ``2 412/≈3 000`` or ``2 412``.
    """
    of = "" if progress.total is None else f"/{'' if progress.exact else '≈'}{grouped(progress.total)}"
    parts = [f"{grouped(progress.step)}{of}", f"{rate_text(progress.rate)} steps/s"]
    parts += [f"{name} {value:.3g}" for name, value in progress.costs.items() if value == value]
    several = len(progress.scores) > 1
    for target, score in progress.scores.items():
        whose = f"{target}: " if several else ""
        parts += [f"{whose}{score.kind} {score.value:.3f}", f"({score.baseline_name} {score.baseline:.3f})"]
    return parts


def left(progress: Progress) -> str:
    """``00:07``, ``1:02:30``: the time that the rest takes at the rate so far; ``--:--`` where there is none."""
    if not progress.rate > 0 or progress.total is None:
        return "--:--"
    seconds = round(max(0, progress.total - progress.step) / progress.rate)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes:02d}:{seconds % 60:02d}"


def rate_text(rate: float) -> str:
    """Three figures and no more: ``38.2 k``, ``812``, ``3.41``."""
    for factor, letter in ((1e6, " M"), (1e3, " k")):
        if rate >= factor:
            return f"{rate / factor:.3g}{letter}"
    return f"{rate:.3g}"


def grouped(number: int) -> str:
    """``3 177``, with a narrow space that does not break."""
    return f"{number:,}".replace(",", "\u202f")
