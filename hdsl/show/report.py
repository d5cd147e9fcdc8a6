"""Report: a run as one HTML file: results, plots, the model's text and card, its derivation, settings and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hdsl.derive.equations import Equations
from hdsl.derive.step import Step
from hdsl.emit.content import content_hash
from hdsl.model.model import Initial, Model
from hdsl.show.derivation import derivation_page
from hdsl.show.html import fill, trusted
from hdsl.show.notations import as_written, model_notation
from hdsl.show.plots import curves_plot, error_plot, loss_plot, portrait_plot, series_plot
from hdsl.syntax.source import Source, Span
from hdsl.terms.notation import Notation
from hdsl.terms.term import setting_name

Numbers = NDArray[np.float64]

FEW = 4
"""The most numbers of a record that are drawn one by one."""

ZOOM = 480
"""The last samples that a plot of a series shows by themselves."""


@dataclass(frozen=True)
class Series:
    """One number that was predicted, in the units of the stream.

    ``target`` and ``prediction`` are (T,), NaN where missing; ``others`` are predictions of the same by name (baselines).
    ``at`` (T,) is where samples stand, a time or a step, and ``label`` says which. ``every`` is how many samples there are to
    each that was kept, but for the last ones, which all were.
    """

    name: str
    at: Numbers
    target: Numbers
    prediction: Numbers
    label: str = "step"
    unit: str = ""
    others: Mapping[str, Numbers] = field(default_factory=dict)
    every: int = 1


@dataclass(frozen=True)
class Record:
    """What was recorded under a name: ``values`` (T, numbers) at the steps ``at`` (T,)."""

    name: str
    at: Numbers
    values: Numbers


@dataclass(frozen=True)
class Motion:
    """What a mechanical system did: H − H(0) (T,) at the times (T,), and pairs of a state and its momentum (T,) by name."""

    energy: str
    times: Numbers
    departure: Numbers
    pairs: tuple[tuple[str, str, Numbers, Numbers], ...]


@dataclass(frozen=True)
class Line:
    """A line of a table of results; ``own`` marks the model's."""

    label: str
    cells: tuple[str, ...]
    own: bool = False


@dataclass(frozen=True)
class Results:
    """A table of figures, written as they are to be read."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True)
class Run:
    """What a report tells of a run.

    ``costs`` are (kept,) by name, each cost at the steps ``at`` that were kept, all where it is None; NaN where its target was
    missing. ``results`` are tables of figures,
    ``headline`` single figures with their words (``("0.83", "of the last value's error")``). ``settings`` says how the run
    was made, by name; ``command`` makes it again. ``steps``, ``seconds`` and ``rate`` (steps a second) are of this run.
    """

    name: str
    stream: str
    steps: int
    seconds: float
    rate: float
    costs: Mapping[str, Numbers]
    series: tuple[Series, ...] = ()
    results: tuple[Results, ...] = ()
    headline: tuple[tuple[str, str], ...] = ()
    records: tuple[Record, ...] = ()
    motion: Motion | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    at: Numbers | None = None


@dataclass(frozen=True)
class Entry:
    """A line of the model card; ``symbol`` and ``size`` are LaTeX, ``file`` is the one of ``line`` where it is a used one."""

    symbol: str
    role: str
    size: str
    begins: str
    doc: str
    line: int | None
    file: str = ""


@dataclass(frozen=True)
class Figure:
    """A plot with its words."""

    svg: str
    caption: str


def report_html(run: Run, equations: Equations, step: Step, version: str) -> str:
    """The report of a run as one HTML file that needs no network; the same for the same run.

    Args:
        version: of hdsl.
    """
    model = equations.model
    return fill(
        "report.html",
        run=run,
        model=model,
        page=derivation_page(equations, step, "latex"),
        headline=(*run.headline, *_speed(run)),
        figures=figures(run),
        card=model_card(model),
        numbers=settings_of(model),
        version=version,
        content=content_hash(model),
    )


def figures(run: Run) -> tuple[Figure, ...]:
    """Predictions, errors beside those of others, and costs."""
    made: list[Figure] = []
    for position, series in enumerate(run.series):
        made += _series_figures(series, f"series{position}")
    costs = {name: values for name, values in run.costs.items() if np.isfinite(values).any()}
    if costs:
        window = _window(max(map(len, costs.values())))
        of = " steps" if run.at is None else f" of the {len(run.at)} steps that were kept"
        told = f"The costs as they were learned from, running means over {window}{of}."
        made.append(Figure(trusted(loss_plot("costs", costs, window, run.at)), told))
    made += _motion_figures(run.motion) if run.motion is not None else []
    made += [_record_figure(record, f"record{place}") for place, record in enumerate(run.records) if len(record.at)]
    return tuple(made)


def _motion_figures(motion: Motion) -> list[Figure]:
    """The energy against time, and the phase portraits of a system of one or two degrees of freedom."""
    name = f"{motion.energy} − {motion.energy}(0)"
    svg = curves_plot("energy", {name: motion.departure}, motion.times, name, below="t")
    made = [Figure(trusted(svg), "The energy less that of the beginning, after each step: it should hold.")]
    if len(motion.pairs) <= 2:
        told = "The phase portrait: momenta against states, from the dot on."
        made.append(Figure(trusted(portrait_plot("portrait", motion.pairs)), told))
    return made


def _record_figure(record: Record, name: str) -> Figure:
    """Its numbers where they are few, else their norm and the lowest and highest of them."""
    numbers = record.values.shape[1]
    if numbers <= FEW:
        curves = {record.name if numbers == 1 else f"{record.name}[{k}]": record.values[:, k] for k in range(numbers)}
        told = f"{record.name}, as recorded after each step."
    else:
        curves = {
            "norm": np.linalg.norm(record.values, axis=1), "lowest": record.values.min(1), "highest": record.values.max(1)
        }
        told = f"The {numbers} numbers of {record.name}, as recorded after each step: Euclidean norm, lowest and highest."
    return Figure(trusted(curves_plot(name, curves, record.at, record.name)), told)


def _series_figures(series: Series, name: str) -> list[Figure]:
    unit = series.unit or series.name
    length = len(series.target)
    if not np.isfinite(series.target).any():
        return []
    made = []
    spans = [("", slice(None))] if length <= 2 * ZOOM else [("late", slice(length - ZOOM, None)), ("", slice(None))]
    for part, span in spans:
        drawn = series.at[span], series.target[span], series.prediction[span]
        whole = f"All {length} samples" if series.every == 1 else f"Every {series.every}th sample"
        told = f"The last {ZOOM} samples" if part else whole
        caption = f"{told} of {series.name}: each value was predicted before the model learned from it."
        made.append(Figure(trusted(series_plot(f"{name}{part}", *drawn, series.label, unit)), caption))
    if series.others:
        window = _window(length)
        spread = float(np.nanvar(series.target)) or 1.0
        every = {"model": series.prediction, **series.others}
        errors = {who: (values - series.target) ** 2 / spread for who, values in every.items()}
        svg = error_plot(f"{name}errors", errors, series.at, series.label, window)
        of = "samples" if series.every == 1 else f"of every {series.every}th sample"
        caption = f"Squared error over the variance of {series.name}, running means over {window} {of}."
        made.append(Figure(trusted(svg), caption))
    return made


def _window(length: int) -> int:
    """About a sixtieth of a run, a round number."""
    window = max(1, length // 60)
    digits = int(10 ** (len(str(window)) - 1))
    return window // digits * digits


def _speed(run: Run) -> Sequence[tuple[str, str]]:
    steps = f"{run.steps:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    rate = f"{run.rate:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return ((steps, f"steps in {run.seconds:.2f} s"), (rate, "steps a second"))


def model_card(model: Model) -> tuple[Entry, ...]:
    """Every quantity, output and cost of a model with its role, size, beginning and doc comment."""
    notation = model_notation(model, (), "latex")
    plain = model_notation(model, (), "text")
    entries = []
    for q in model.quantities.values():
        size = f"index below {plain.expression(q.below)}" if q.below is not None else ""
        shape = r" \times ".join(notation.expression(s) for s in q.sizes)
        begins = size or (began(q.initial, plain) if q.initial else "")
        entries.append(Entry(notation.name(q.name), q.role, shape, begins, q.doc, *_place(model.source, q.span)))
    by_name = {d.name: d for d in model.definitions}
    for role, names in (("output", model.outputs), ("cost", model.costs)):
        for name in names:
            found = by_name[name]
            shape = r" \times ".join(notation.expression(s) for s in found.sizes)
            place = _place(model.source, found.spans[0]) if found.spans else (None, "")
            entries.append(Entry(notation.name(name), role, shape, "", model.docs.get(name, ""), *place))
    return tuple(entries)


def _place(source: Source, span: Span) -> tuple[int, str]:
    """The line on which a span starts, and the name of its file where that is one of those used."""
    start, name = source.region(span.start)
    return source.line_of(span), name if start else ""


def began(initial: Initial, notation: Notation) -> str:
    """An initial value as one writes it: ``normal(0, 1 / √n)``."""
    if initial.kind == "list":
        return _nested(initial.values, notation)
    arguments = ", ".join(as_written(notation, a) for a in initial.arguments)
    if initial.kind == "number":
        return arguments
    return f"{initial.kind}({arguments})" if arguments else initial.kind


def _nested(values: object, notation: Notation) -> str:
    if isinstance(values, tuple):
        return "[" + ", ".join(_nested(value, notation) for value in values) + "]"
    return as_written(notation, values)


def settings_of(model: Model) -> tuple[tuple[str, str], ...]:
    """The settings of learning as they hold, symbol in LaTeX."""
    notation = model_notation(model, (), "latex")
    values = {**model.learning.values, "phi": model.learning.phi}
    return tuple((notation.name(setting_name(path)), as_written(notation, value)) for path, value in values.items())
