"""`hdsl new`: a model to begin with, and a stream that it learns from."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TypeAlias

import click

from hdsl.cli.arguments import Verb, reason

TEMPLATES = Path(__file__).with_name("templates")
ROWS = 2_000
_NAME = re.compile(r"[^\W\d]\w*")
Row: TypeAlias = tuple[float, ...]


def curve() -> Iterator[Row]:
    """Points of a curve, in no order, with a little noise."""
    source = Random(1)
    for _ in range(ROWS):
        u = source.uniform(-1, 1)
        yield u, math.sin(3 * u) + 0.5 * u**2 + source.gauss(0, 0.05)


def series() -> Iterator[Row]:
    """A value and the next one of two oscillations, one of them slow, with a little noise."""
    noise = Random(3)
    value = [0.7 * math.sin(0.35 * k) + 0.3 * math.sin(0.07 * k + 1) + noise.gauss(0, 0.05) for k in range(ROWS + 1)]
    yield from pairwise(value)


def groups() -> Iterator[Row]:
    """Points around three places in the plane, and the number of the place."""
    source = Random(2)
    for _ in range(ROWS):
        c = source.randrange(3)
        angle = 2 * math.pi * c / 3
        yield math.cos(angle) + source.gauss(0, 0.4), math.sin(angle) + source.gauss(0, 0.4), c


# For each template the header of its stream and what fills it. A new one is a file in templates/ and a row here.
STREAMS: dict[str, tuple[str, Callable[[], Iterator[Row]]]] = {
    "regression": ("u,v", curve),
    "recurrent": ("u,v", series),
    "classifier": ("u[0],u[1],c", groups),
}


@click.command(
    "new",
    cls=Verb,
    short_help="Write a model to begin with, and a stream it learns from.",
    epilog="Example: hdsl new tracker --template recurrent",
)
@click.argument("name")
@click.option("--template", type=click.Choice(list(STREAMS)), default="regression", show_default=True)
def command(name: str, template: str) -> None:
    """Write NAME.ham and NAME.csv. Files that are there already stay as they are, and the command stops."""
    path = Path(name if name.endswith(".ham") else f"{name}.ham")
    if not _NAME.fullmatch(path.stem):
        raise click.UsageError(f"`{path.stem}` cannot name a model: letters, digits and `_`, as in `tracker`")
    header, rows = STREAMS[template]
    model = (TEMPLATES / f"{template}.ham").read_text(encoding="utf-8").replace("NAME", path.stem)
    stream = "\n".join([header, *(",".join(f"{value:.6g}" for value in row) for row in rows()), ""])
    texts = {path: model, path.with_suffix(".csv"): stream}
    for there in texts:
        if there.exists() or there.is_symlink():
            raise click.UsageError(f"{there} is there already; choose another name, or remove it")
    _write(texts)
    click.echo(f"{path} and {path.with_suffix('.csv')} written; next: hdsl run {path}")


def _write(texts: dict[Path, str]) -> None:
    """Write new files, all of them or none. Raises click.UsageError where one is there already or cannot be written."""
    written: list[Path] = []
    try:
        for path, text in texts.items():
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(text)
    except OSError as wrong:
        for path in written:
            path.unlink(missing_ok=True)
        raise click.UsageError(f"{path} cannot be written: {reason(wrong)}") from None
