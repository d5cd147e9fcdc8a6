"""`hdsl optimum`: what a forward run costs beside the optimum and beside no learning, and where they part."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hdsl.cli.arguments import (
    Verb,
    command_text,
    keep_apart,
    named_values,
    open_model,
    readable,
    settings_option,
    write_file,
)

if TYPE_CHECKING:
    from hdsl.api import Model
    from hdsl.runtime.gap import Gap, Way

ONLINE, BOUNDARY = "schedule=online", "schedule=boundary"


@dataclass(frozen=True)
class Options:
    """The options of the verb, as they were given."""

    model: str
    horizon: float | None
    streams: tuple[Path, ...]
    columns: tuple[str, ...]
    scale: str | None
    bad: str
    forward: tuple[str, ...]
    threshold: float
    tol: float
    seed: int
    report: Path | None
    layout: str
    settings: tuple[str, ...]
    dims: tuple[str, ...]
    delay: tuple[str, ...]


@click.command(
    "optimum",
    cls=Verb,
    short_help="Compare the forward run with the optimum.",
    epilog="Example: hdsl optimum leaky_neuron --forward eta=0.5 beta=0.3",
)
@click.argument("model")
@click.option("--horizon", type=click.FloatRange(min=0, min_open=True), help="End of time, in place of the model's own.")
@click.option("--stream", "streams", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="What arrives, for a model with inputs or targets; if not given, the model's own.")
@click.option("--map", "columns", multiple=True, metavar="NAME=COLUMN …", help="Columns, as for `hdsl run`.")
@click.option("--scale", metavar="HOW", help="running, first:N, none, or whole, as for `hdsl run`.")
@click.option("--on-bad-row", "bad", type=click.Choice(["stop", "skip", "log"]), default="stop", show_default=True)
@click.option("--forward", multiple=True, metavar="NAME=VALUE …",
              help="Settings of the forward run alone: --forward eta=1 order=simultaneous. It is charged by the model's own.")
@click.option("--threshold", type=click.FloatRange(min=0, min_open=True), default=0.1, show_default=True,
              help="How far they may be apart, over the farthest that the optimum is from its beginning.")
@click.option("--tol", type=click.FloatRange(min=0, min_open=True), default=1e-6, show_default=True, help="Of the optimum.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the initial values.")
@click.option("--report", type=click.Path(path_type=Path), help="HTML page to write: the trajectories over one another.")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@settings_option
def command(**given: Any) -> int:
    """Tell J of the forward run, of the run without learning, and of the optimum, and where forward and optimum part.

    All three are charged by one functional, that of the model: the running cost and the motion of the parameters, both with
    e^(eta t), and the terminal cost. The forward run is the model's online schedule on steps of tau. The exit code is 1 where
    no optimum was found.
    """
    options = Options(**given)
    keep_apart({"--report": options.report}, [readable(options.model), *options.streams])
    gap, forward = gap_of(options)
    if options.layout == "json":
        click.echo(json.dumps(gap_json(gap, forward), indent=1, ensure_ascii=False))
    else:
        click.echo(gap_text(gap, forward))
    if options.report is not None:
        write_file(options.report, report_text(gap, forward, command_text()))
        click.echo(f"\n{options.report} lays the trajectories over one another", err=options.layout == "json")
    return 0 if gap.solution.solved else 1


def gap_of(options: Options) -> tuple[Gap, Model]:
    """The comparison, and the model of the forward run. Raises click's errors."""
    own = dict(named_values("--forward", options.forward))
    if "schedule" in own or "horizon" in own:
        raise click.UsageError("--forward: the forward run has the model's horizon and the schedule online")
    horizon = options.horizon
    model = open_model(options.model, (*options.settings, BOUNDARY), options.dims, options.delay, horizon)
    settings = [text for text in options.settings if text.partition("=")[0].strip() not in own]
    online = open_model(options.model, (*settings, *options.forward, ONLINE), options.dims, options.delay, horizon)
    from hdsl.cli.solve import signals_of
    from hdsl.runtime.boundary.numbers import numbered
    from hdsl.runtime.boundary.solve import solve_boundary
    from hdsl.runtime.gap import DOUBLE, compare, samples

    signals, _ = signals_of(options, model)
    try:
        problem = numbered(model.compiler, options.seed, signals)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None
    solution = solve_boundary(problem, options.tol)
    net_class = online.compile(dtype=DOUBLE)

    def made() -> Any:
        return net_class(batch=1, seed=options.seed)

    stream = samples(signals, solution.end, float(made().tau))
    return compare(problem, solution, made, online.product("model"), stream, options.threshold), online


# What is told -----------------------------------------------------------------------------------------------------------


def gap_text(gap: Gap, forward: Model) -> str:
    """Some lines for people."""
    learning, solution = forward.product("model").learning, gap.solution
    lines = [
        f"{solution.model}: horizon {shown(solution.end)}, forward {learning.order} by steps of "
        f"{shown(float(gap.forward.times[1] - gap.forward.times[0]))}",
        "",
        *table(gap),
        "",
    ]
    if not solution.solved:
        return "\n".join([*lines, f"no optimum was found: {solution.message}"])
    lines.append(f"the optimum fulfils its equations to {solution.residuals.largest:.1e} on {solution.nodes} points")
    lines += [f"note: the {way.name} run misses the conditions at the end by {missed(way)}" for way in gap.ways if way.missed]
    if gap.forward.diverged is not None:
        lines.append(f"note: the forward run diverged at t = {shown(gap.forward.diverged)}")
    lines += ["", *parting_lines(gap)]
    return "\n".join(lines)


def table(gap: Gap) -> list[str]:
    """J and its parts, a way a row."""
    rows = [("", "J", *gap.optimum.costs), *((way.name, *figures(way, gap)) for way in gap.ways)]
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    told = ((row[0].ljust(first), *(c.rjust(w) for c, w in zip(row[1:], others, strict=True))) for row in rows)
    return ["  ".join(cells).rstrip() for cells in told]


def figures(way: Way, gap: Gap) -> tuple[str, ...]:
    """J of a way and its parts, in the order of those of the optimum."""
    return (shown(way.J), *(shown(way.costs.get(name, math.nan)) for name in gap.optimum.costs))


def parting_lines(gap: Gap) -> list[str]:
    """When each state and parameter parts, those that do first."""
    told = f"{gap.threshold:g} of the farthest that the optimum is from its beginning"
    apart = sorted((p for p in gap.partings if p.at is not None), key=lambda p: (p.at, p.name))
    near = [p.name for p in gap.partings if p.at is None]
    lines = [f"forward and optimum part, by {told}:"] if apart else [f"forward and optimum never part by {told}"]
    lines += [f"  {p.name} at t = {shown(p.at or 0.0)}, and by {shown(p.farthest)} at most" for p in apart]
    return lines + ([f"  never: {', '.join(near)}"] if near and apart else [])


def gap_json(gap: Gap, forward: Model) -> dict[str, Any]:
    """The same as plain data; what is not a number is null."""
    solution, learning = gap.solution, forward.product("model").learning
    return {
        "model": solution.model,
        "horizon": solution.end,
        "ways": [
            {
                "name": way.name,
                "J": number(way.J),
                "costs": {name: number(value) for name, value in way.costs.items()},
                "missed": list(way.missed),
                "diverged": way.diverged,
            }
            for way in gap.ways
        ],
        "forward": {"order": learning.order, "tau": float(gap.forward.times[1] - gap.forward.times[0])},
        "optimum": {
            "status": solution.status,
            "message": solution.message,
            "residual": number(solution.residuals.largest),
            "points": solution.nodes,
            "tol": solution.tol,
        },
        "threshold": gap.threshold,
        "partings": {p.name: {"at": p.at, "farthest": number(p.farthest)} for p in gap.partings},
    }


def report_text(gap: Gap, forward: Model, command: str) -> str:
    """The page: what each way costs, and the trajectories over one another."""
    from hdsl.compiler import VERSION
    from hdsl.show.overlay import Course, Overlay, overlay_html
    from hdsl.show.report import Line, Results

    lines = tuple(Line(way.name, figures(way, gap), way is gap.forward) for way in gap.ways)
    costs = Results("what each way costs", ("J", *gap.optimum.costs), lines, "All by the functional of the boundary problem.")
    apart = tuple(Line(p.name, ("never" if p.at is None else shown(p.at), shown(p.farthest))) for p in gap.partings)
    note = f"Over the farthest that the optimum is from its beginning; apart is by more than {gap.threshold:g}."
    parted = Results("forward beside the optimum", ("apart at t", "by at most"), apart, note)
    solution, functional = gap.solution, forward.product("model")
    overlay = Overlay(
        name=solution.model,
        courses=[Course(way.name, way.times, way.arrays) for way in gap.ways],
        names=[*functional.outputs, *(p.name for p in gap.partings), *functional.controls],
        marks={p.name: p.at for p in gap.partings if p.at is not None},
        mark="forward and optimum part",
        tables=(costs, parted),
        headline=[(shown(gap.optimum.J), "J of the optimum"), (shown(gap.forward.J), "J of the forward run")],
        settings={"horizon": shown(solution.end), "optimum": f"{solution.message}, on {solution.nodes} points"},
        command=command,
    )
    return overlay_html(overlay, forward.compiler.equations, forward.compiler.step, VERSION)


def missed(way: Way) -> str:
    return ", ".join(shown(value) for value in way.missed)


def shown(value: float) -> str:
    """A figure as it is read: four digits."""
    if math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else f"{value:.4g}"


def number(value: float) -> float | None:
    return value if math.isfinite(value) else None
