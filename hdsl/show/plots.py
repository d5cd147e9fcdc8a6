"""Plots: curves as SVG inside a page, in the colours of its style sheet, the same at every run."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers = NDArray[np.float64]

# Colours that stand for those of the style sheet: matplotlib draws with the left, the page shows the right.
COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--quiet)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    "#050505": "var(--second)",
    "#060606": "var(--third)",
    "#070707": "var(--faint)",
}
INK, QUIET, LINE, ACCENT, SECOND, THIRD, FAINT = COLOURS
CYCLE = (ACCENT, SECOND, THIRD, FAINT)
MOST_POINTS = 4000

_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.color": INK,
    "lines.linewidth": 1.3,
    "lines.solid_joinstyle": "round",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
}


@contextmanager
def _axes(name: str, height: float) -> Iterator[tuple[Axes, list[str]]]:
    """Axes to draw on; what is drawn is put into the list as SVG."""
    import io

    import matplotlib
    from matplotlib.figure import Figure

    made: list[str] = []
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font here has is drawn by the browser
        figure = Figure(figsize=(9, height))
        yield figure.add_subplot(), made
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        made.append(_in_page(buffer.getvalue(), name))


def _in_page(svg: str, name: str) -> str:
    """SVG as an element of a page: no prologue, no size of its own, colours of the style sheet, ids of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?)height="[^"]*"', r'\1role="img"', svg, count=1)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font: [\d.]+px [^;\"]*", lambda found: _font(found[0]), svg)
    for drawn, shown in COLOURS.items():
        svg = svg.replace(drawn, shown)
    return svg


def _font(declaration: str) -> str:
    """The page's own font at the same size."""
    size = re.search(r"([\d.]+)px", declaration)
    assert size is not None
    return f"font-family: inherit; font-size: {size[1]}px"


def loss_plot(name: str, costs: Mapping[str, Numbers], window: int, at: Numbers | None = None) -> str:
    """Running means of costs against steps.

    Args:
        costs: each cost by step (T,), NaN where its target was missing.
        window: over how many steps.
        at: (T,) the steps, where they are not 0, 1, 2, …
    """
    with _axes(name, 2.9) as (axes, made):
        for (cost, values), colour in zip(costs.items(), _colours(len(costs)), strict=True):
            steps, means = running_mean(values, window)
            axes.plot(*thinned(steps if at is None else at[steps.astype(int)], means), color=colour, label=cost)
        axes.set_xlabel("step")
        alone = next(iter(costs)) if len(costs) == 1 else "cost"
        axes.set_ylabel(f"{alone}, mean of {window}" if window > 1 else alone)
        axes.margins(x=0.01)
        _logarithmic(axes)
        _legend(axes, len(costs) > 1)
    return made[0]


def error_plot(name: str, errors: Mapping[str, Numbers], at: Numbers, label: str, window: int) -> str:
    """Running means of errors by predictor; the first is the model's.

    Args:
        errors: squared errors by predictor (T,), NaN where there is none.
        at: (T,) where they stand.
    """
    with _axes(name, 2.9) as (axes, made):
        for (predictor, values), colour in zip(errors.items(), _colours(len(errors)), strict=True):
            steps, means = running_mean(values, window)
            own = colour == ACCENT
            style: dict[str, Any] = {"zorder": 3, "linewidth": 1.7} if own else {}
            axes.plot(*thinned(at[steps.astype(int)], means), color=colour, label=predictor, **style)
        axes.set_xlabel(label)
        axes.set_ylabel(f"error / variance, mean of {window}")
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        _legend(axes, True)
    return made[0]


def series_plot(name: str, at: Numbers, target: Numbers, prediction: Numbers, label: str, unit: str) -> str:
    """A target and its prediction (T,) against ``at`` (T,)."""
    with _axes(name, 3.1) as (axes, made):
        axes.plot(*thinned(at, target), color=FAINT, linewidth=1.1, label="target")
        axes.plot(*thinned(at, prediction), color=ACCENT, linewidth=1.2, label="predicted before it was learned from")
        axes.set_xlabel(label)
        axes.set_ylabel(unit)
        axes.margins(x=0.01)
        _legend(axes, True)
    return made[0]


def curves_plot(name: str, curves: Mapping[str, Numbers], at: Numbers, label: str, below: str = "step") -> str:
    """Some curves (T,) by name against steps, or what ``below`` says, ``at`` (T,); on a logarithmic axis where far apart."""
    with _axes(name, 2.5) as (axes, made):
        for (curve, values), colour in zip(curves.items(), _colours(len(curves)), strict=True):
            axes.plot(*thinned(at, np.where(np.isfinite(values), values, np.nan)), color=colour, label=curve)
        axes.set_xlabel(below)
        axes.set_ylabel(label)
        axes.margins(x=0.01)
        _logarithmic(axes)
        _legend(axes, True)
    return made[0]


def overlay_plot(name: str, curves: Mapping[str, tuple[Numbers, Numbers]], label: str, mark: float | None = None) -> str:
    """Curves by name, each at its own times (T,) with its values (T,), over one another; ``mark`` is a time to be marked.

    The last is drawn over the others.
    """
    with _axes(name, 2.5) as (axes, made):
        colours = (FAINT, SECOND, ACCENT, THIRD)
        for (curve, (at, values)), colour in zip(curves.items(), colours, strict=False):
            axes.plot(*thinned(at, np.where(np.isfinite(values), values, np.nan)), color=colour, label=curve)
        if mark is not None:
            axes.axvline(mark, color=QUIET, linewidth=0.8, linestyle="--")
        axes.set_xlabel("t")
        axes.set_ylabel(label)
        axes.margins(x=0.01)
        _legend(axes, True)
    return made[0]


def running_mean(values: Numbers, window: int) -> tuple[Numbers, Numbers]:
    """Means over the last ``window`` steps, what is missing left out, and the steps at which they stand."""
    there = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(there, values, 0.0))])
    counts = np.concatenate([[0.0], np.cumsum(there)])
    window = min(window, len(values))
    steps = np.arange(window, len(values) + 1)
    count = counts[steps] - counts[steps - window]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(count > 0, (sums[steps] - sums[steps - window]) / count, np.nan)
    return (steps - 1).astype(float), means


def thinned(at: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """At most `MOST_POINTS` points: the lowest and the highest of each stretch, so that no peak is lost."""
    if len(values) <= MOST_POINTS:
        return at, values
    stretches = np.array_split(np.arange(len(values)), MOST_POINTS // 2)
    shown = np.where(np.isfinite(values), values, 0.0)
    kept = {int(s[k]) for s in stretches for k in (np.argmin(shown[s]), np.argmax(shown[s]))}
    chosen = np.array(sorted(kept))
    return at[chosen], values[chosen]


def _colours(count: int) -> Sequence[str]:
    return [CYCLE[k % len(CYCLE)] for k in range(count)]


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis where values are positive and far apart; one that is 0 has no place there and is left out."""
    from matplotlib.ticker import NullFormatter

    drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.get_lines()] or [np.ones(1)])
    drawn = drawn[np.isfinite(drawn) & (drawn != 0)]
    if len(drawn) and drawn.min() > 0 and drawn.max() > 30 * drawn.min():
        axes.set_yscale("log", nonpositive="mask")
        # Plain numbers: matplotlib's own powers of ten are formulas, and labels here are not read as such.
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(axes: Axes, wanted: bool) -> None:
    if wanted:  # at the left: a narrow screen shows that end of a plot first
        axes.legend(loc="lower left", ncols=4, fontsize=9, bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, labelcolor="linecolor")
