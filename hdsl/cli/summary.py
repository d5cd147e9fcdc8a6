"""What `hdsl run` tells at its end: test-then-train figures beside the baselines, as text and as one JSON object."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdsl.cli.mechanics import energy_json, mechanical_lines
from hdsl.cli.progress import grouped, rate_text
from hdsl.runtime.bad_rows import counted
from hdsl.runtime.metrics import is_other_output

if TYPE_CHECKING:
    from hdsl.runtime.metrics import Metric
    from hdsl.runtime.session import Session

MOST = 1000  # steps that are listed

SCALES = {
    "none": "as in the file",
    "running": "scaled by mean and deviation of the past",
    "whole": "scaled by mean and deviation of the WHOLE file: the future leaks into the past, so the figures flatter",
}


@dataclass(frozen=True)
class Table:
    """Figures written as they are read: a predictor a row, a part of the stream a column."""

    parts: tuple[str, ...]
    rows: Mapping[str, Sequence[str]]


def summary_text(session: Session, runs: Sequence[Session] = ()) -> str:
    """Some lines for people. ``runs`` are the same run from several seeds."""
    plan = session.plan
    if session.energy is not None:
        return "\n".join(mechanical_lines(session, session.energy))
    unknown = not session.interrupted or session.total is None
    done = grouped(session.steps) + ("" if unknown else f" of {grouped(session.total)}")
    noun = "step" if plan.hold.ticks == 1 else "sample"
    unit = noun + "s" * ((session.steps if unknown else session.total) != 1)
    lines = [
        f"{plan.model.name}: {done} {unit} in {session.seconds:.2f} s ({rate_text(session.rate)} {noun}s/s), "
        f"seed {plan.seed}, {plan.dtype} on {plan.device}, {threads_text(plan.threads)}",
        f"stream {plan.stream.name}, {scaling_text(plan.stream.scale)}; errors are in the units of the file",
    ]
    if session.net.choice.told:
        lines.append(f"backend {session.net.choice.told}")
    if plan.hold.ticks > 1:
        lines.append(f"{plan.hold}; predictions, costs and figures are those of tick {plan.hold.counted}")
    if plan.stream.batch > 1:
        lines.append(f"{plan.stream.batch} streams beside one another, a sample of each in a step; figures are of all of them")
    if bad := counted(plan.stream.bad.counts):
        kinds = ", ".join(f"{grouped(count)} {kind}" for kind, count in bad.items())
        total = sum(bad.values())
        lines.append(f"{grouped(total)} bad row{'s' * (total != 1)} left out: {kinds}")
    if plan.record_to is not None:
        lines.append(f"{plan.record_to} holds {', '.join(session.recorded)} of each step")
    if session.first:
        lines.append(f"went on from the checkpoint of step {grouped(session.first)}")
    lines += [*_replays(session), *_skipped(session)]
    lines += [f"note: passed over: {told}" for told in session.passed_over]
    lines += [f"cost {name}: mean {shown(value)}" for name, value in session.cost_means.items()]
    for target in dict.fromkeys(metric.target for metric in session.metrics):
        lines += ["", *_lines(target, session, runs)]
    half = min(session.steps, session.length or session.steps) // 2
    near = [m.start for m in session.metrics if m.part == "second half" and m.start != half]
    if near:
        lines += ["", f"note: the second half is the one from step {grouped(near[0])} on: its length was not known beforehand"]
    ahead = [(n, c) for n in dict.fromkeys(m.target for m in session.metrics) for c in plan.stream.columns.of[n] if c.ahead > 1]
    for name, column in ahead[:1]:
        told = f"`{name}` is {column}: it is learned from before it would be known, and the last value looks ahead too"
        lines += ["", f"note: {told}"]
    return "\n".join(lines)


def summary_json(session: Session, runs: Sequence[Session] = ()) -> dict[str, Any]:
    """The same as plain data; what is not a number is null."""
    plan, net = session.plan, session.net
    values = {name.removeprefix("learn:"): getattr(net, attribute) for name, attribute in net.numbers.items()}
    return {
        "model": plan.model.name,
        "content": net.content,
        "stream": plan.stream.name,
        "columns": {name: [str(c) for c in columns] for name, columns in plan.stream.columns.of.items()},
        "scale": plan.stream.scale,
        "leaks": plan.stream.leaks,
        "batch": plan.stream.batch,
        "bad_rows": counted(plan.stream.bad.counts),
        "hold": {"ticks": plan.hold.ticks, "target_at": plan.hold.target_at},
        "steps": session.steps,
        "first_step": session.first,
        "passed_over": list(session.passed_over),
        "skipped": {"count": len(session.skipped), "steps": list(session.skipped[:MOST])},
        "recorded": {"names": list(session.recorded), "file": None if plan.record_to is None else str(plan.record_to)},
        **({"replays": int(session.net.replays)} if hasattr(session.net, "replays") else {}),
        "interrupted": session.interrupted,
        "seconds": session.seconds,
        "rate": _number(session.rate),
        "seed": plan.seed,
        "dtype": plan.dtype,
        "device": plan.device,
        "threads": plan.threads,
        "backend": session.net.choice.taken,
        "settings": {name: value for name, value in values.items() if isinstance(value, int | float)},
        "costs": {name: _number(value) for name, value in session.cost_means.items()},
        "metrics": [_metric(metric) for metric in session.metrics],
        **({"energy": energy_json(session.energy)} if session.energy is not None else {}),
        "seeds": [
            {"seed": run.plan.seed, "metrics": [_metric(m) for m in run.metrics if _is_learned(m, run)]}
            for run in runs
        ],
    }


def _replays(session: Session) -> list[str]:
    """How often a model that replays has moved its parameters, and what still waits."""
    replays = getattr(session.net, "replays", None)
    if replays is None:
        return []
    count, waiting, plan = int(replays), len(session.net._kept), session.plan
    told = f"the parameters moved in {grouped(count)} replay{'s' * (count != 1)}"
    if waiting:
        told += f"; {grouped(waiting)} token{'s' * (waiting != 1)} wait for the rest of their sequence"
    if plan.model.learning.tokens is None and plan.stream.columns.boundary is None and plan.stream.batch == 1:
        told += "; the stream tells of no boundary, so a pass is one sequence and is kept whole"
    return [told]


def _skipped(session: Session) -> list[str]:
    """What was left out because a value was not finite."""
    count = len(session.skipped)
    if not count:
        return []
    which = ", ".join(map(grouped, session.skipped[:5])) + (", …" if count > 5 else "")
    lines = [f"note: {count} sample{'s' * (count > 1)} left out, at step{'s' * (count > 1)} {which}"]
    return lines + ([f"note: the first because {session.nonfinite}"] if session.nonfinite is not None else [])


def scaling_text(kind: str) -> str:
    """A scaling in words."""
    return SCALES.get(kind, f"scaled by mean and deviation of the past, held after {kind.removeprefix('first:')} rows")


def threads_text(threads: int) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{threads} thread{'s' * (threads > 1)}"


def _is_learned(metric: Metric, session: Session) -> bool:
    """True for what the model predicted, by whichever output, and so differs from seed to seed; false for a baseline."""
    return metric.predictor == session.plan.model.name or is_other_output(metric.predictor)


def spread(metric: Metric, runs: Sequence[Session]) -> tuple[float, float, float]:
    """Lowest, median and highest of a figure of the model over runs from several seeds."""
    alike = (metric.target, metric.kind, metric.part, metric.predictor)
    found = [m.value for run in runs for m in run.metrics if (m.target, m.kind, m.part, m.predictor) == alike]
    return min(found), statistics.median(found), max(found)


def tables(target: str, session: Session, runs: Sequence[Session]) -> dict[str, Table]:
    """The figures of one target, a table a kind."""
    metrics = [m for m in session.metrics if m.target == target]
    parts = tuple(dict.fromkeys(m.part for m in metrics))
    found: dict[str, Table] = {}
    for kind in dict.fromkeys(m.kind for m in metrics):
        alike = [m for m in metrics if m.kind == kind]
        rows = {p: [_cell(alike, p, part) for part in parts] for p in dict.fromkeys(m.predictor for m in alike)}
        learned = dict.fromkeys(m.predictor for m in alike if _is_learned(m, session)) if runs else {}
        for own in learned:
            spreads = [spread(next(m for m in alike if (m.predictor, m.part) == (own, part)), runs) for part in parts]
            rows[f"{own}, median of {len(runs)} seeds"] = [shown(median) for _, median, _ in spreads]
            lowest = "  lowest … highest" + ("" if own == session.plan.model.name else f" of {own}")
            rows[lowest] = [f"{shown(low)} … {shown(high)}" for low, _, high in spreads]
        found[kind] = Table(parts, rows)
    return found


def _lines(target: str, session: Session, runs: Sequence[Session]) -> list[str]:
    """The tables of one target under one heading."""
    found = tables(target, session, runs)
    parts = next(iter(found.values())).parts
    title = f"{target}, predicted before it was learned from"
    first = max(len(title), *(len(name) for table in found.values() for name in table.rows)) + 4
    cells = [row for table in found.values() for row in table.rows.values()]
    widths = [max(len(part), *(len(row[k]) for row in cells)) + 3 for k, part in enumerate(parts)]
    lines = [title.ljust(first) + _row(parts, widths)]
    for kind, table in found.items():
        lines.append(f"  {kind}")
        lines += [f"    {name}".ljust(first) + _row(row, widths) for name, row in table.rows.items()]
    part = last_value_part(target, session, runs)
    if part is not None:
        lines.append(f"  second half: {part:.3f} of the last value's error" + (", by the median" if runs else ""))
    return [line.rstrip() for line in lines]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def last_value_part(target: str, session: Session, runs: Sequence[Session]) -> float | None:
    """The one figure that a reader looks for: the second half's error as a part of the last value's, by the median."""
    later = {m.predictor: m for m in session.metrics if (m.target, m.kind, m.part) == (target, "error/var", "second half")}
    own = later.get(session.plan.model.name)
    if own is None or "last value" not in later or not later["last value"].value > 0:
        return None
    return (spread(own, runs)[1] if runs else own.value) / later["last value"].value


def _cell(metrics: Sequence[Metric], predictor: str, part: str) -> str:
    values = [m.value for m in metrics if (m.predictor, m.part) == (predictor, part)]
    return shown(values[0]) if values else ""


def shown(value: float) -> str:
    plain = value == 0 or 1e-3 <= abs(value) < 1e4
    return "–" if math.isnan(value) else f"{value:.4f}" if plain else f"{value:.3e}"


def _metric(metric: Metric) -> dict[str, Any]:
    return {**vars(metric), "value": _number(metric.value)}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
