"""The line that `hdsl run` shows while it runs, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdsl.runtime.session import Progress

Told = Callable[["Progress"], None]


@contextmanager
def progress_line(name: str, total: int, wanted: bool) -> Iterator[Told | None]:
    """A function that is to be told of progress; None, and nothing is shown, away from a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"), BarColumn(25), TextColumn("{task.fields[told]}"), TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total, told="")
        yield lambda progress: bar.update(task, completed=progress.step, told=progress_text(progress))


def progress_text(progress: Progress) -> str:
    """``2 412/3 176  38 k steps/s  fit 0.061  error/var 0.118 (last value 0.136)``"""
    parts = [f"{grouped(progress.step)}/{grouped(progress.total)}", f"{rate_text(progress.rate)} steps/s"]
    parts += [f"{name} {value:.3g}" for name, value in progress.costs.items() if value == value]
    several = len(progress.scores) > 1
    for target, score in progress.scores.items():
        of = f"{target}: " if several else ""
        parts.append(f"{of}{score.kind} {score.value:.3f} ({score.baseline_name} {score.baseline:.3f})")
    return "  ".join(parts)


def rate_text(rate: float) -> str:
    """Three figures and no more: ``38.2 k``, ``812``, ``3.41``."""
    for factor, letter in ((1e6, " M"), (1e3, " k")):
        if rate >= factor:
            return f"{rate / factor:.3g}{letter}"
    return f"{rate:.3g}"


def grouped(number: int) -> str:
    """``3 177``, with a narrow space that does not break."""
    return f"{number:,}".replace(",", "\u202f")
