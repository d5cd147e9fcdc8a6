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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import pages
from benchmarks.pages import markdown

__all__ = ["FOLDER", "arguments", "drawing", "made_by", "markdown", "read", "write"]

FOLDER = pages.DOCS / "paper"
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
    return pages.made_by(f"paper.{name}", given, threads)


def write(name: str, made: Mapping[str, str], folder: Path = FOLDER) -> None:
    """Writes into docs/paper/NAME.md, by mark, what a command made; the prose around the marks stays."""
    pages.write(folder / f"{name}.md", made)


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
