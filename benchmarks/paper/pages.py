"""What the measurements of the paper share: their arguments, the pages in docs/paper/ and how plots look.

A measurement NAME does this much:

    def main() -> int:
        reader = pages.arguments("NAME", __doc__)
        given = pages.read(reader)
        found = measure(SMALL if given.quick else FULL)
        print(measure.table(HEAD, rows(found)))
        if given.docs:
            with pages.drawing("NAME") as axes:
                axes.loglog(…)
            pages.write("NAME", {"table": pages.markdown(HEAD, rows(found)), "made": pages.made_by("NAME")})
        return 0 if all(each.holds for each in found) else 1

docs/paper/NAME.md is written by hand around the marks ``<!-- table -->`` … ``<!-- end of table -->``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import machine

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "paper"
STYLE = {
    "svg.hashsalt": "hdsl",
    "svg.fonttype": "path",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def arguments(name: str, purpose: str | None) -> argparse.ArgumentParser:
    """A reader of the arguments that every measurement takes; it may be given more before `read`.

    ``purpose`` is the measurement's docstring; its first paragraph is shown by --help.
    """
    reader = argparse.ArgumentParser(prog=f"python -m benchmarks.paper.{name}", description=(purpose or "").split("\n\n")[0])
    reader.add_argument("--quick", action="store_true", help="smallest sizes: a look, not a measurement")
    reader.add_argument("--docs", action="store_true", help=f"write docs/paper/{name}.md and docs/paper/{name}.svg too")
    return reader


def read(reader: argparse.ArgumentParser, given: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments given; a page is of a whole measurement, so --quick and --docs together end the command."""
    found = reader.parse_args(given)
    if found.quick and found.docs:
        reader.error("--docs writes what was measured in full: leave out --quick")
    return found


def made_by(name: str, given: Sequence[str] | None = None, threads: int = 1) -> str:
    """The line of a page that says which command made it, with its arguments, and on what kind of machine."""
    said = sys.argv[1:] if given is None else given
    return f"`{' '.join([f'python -m benchmarks.paper.{name}', *said])}`, on {machine(threads)}."


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of a page; every row has as many cells as the head."""
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells below a head of {len(head)}: {row}")
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))


def between(text: str, mark: str, made: str) -> str:
    """A page's text with ``made`` in place of what stood between the marks; ValueError where these do not stand there once."""
    opening, closing = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    if text.count(opening) != 1 or text.count(closing) != 1 or text.index(opening) > text.index(closing):
        raise ValueError(f"the page needs {opening} and, below it, {closing}, each once")
    before, rest = text.split(opening)
    return f"{before}{opening}\n{made.rstrip()}\n{closing}{rest.split(closing)[1]}"


def write(name: str, made: Mapping[str, str], folder: Path = FOLDER) -> None:
    """Writes into docs/paper/NAME.md, by mark, what a command made; the prose around the marks stays."""
    page = folder / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    for mark, each in made.items():
        text = between(text, mark, each)
    page.write_text(text, encoding="utf-8")


@contextmanager
def drawing(
    name: str, rows: int = 1, columns: int = 1, size: tuple[float, float] = (8.0, 3.2), folder: Path = FOLDER, **shared: Any
) -> Iterator[Any]:
    """Axes to draw upon, an array of them where there are several; in the end they are docs/paper/NAME.svg.

    The same drawing gives the same bytes. ``size`` is in inches, ``shared`` what ``Figure.subplots`` takes (``sharey=True``).
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure.subplots(rows, columns, **shared)
        figure.savefig(folder / f"{name}.svg", format="svg", metadata={"Date": None})
