"""Sweeps: one run for each combination of settings, and a table of what came of them."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hdsl.cli.summary import shown, summary_json

if TYPE_CHECKING:
    from hdsl.runtime.session import Session

Combination = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """What came of one combination: its sessions, one a seed, or why there is none."""

    combination: Combination
    sessions: tuple[Session, ...] = ()
    wrong: str = ""


def combinations(texts: Iterable[str]) -> list[Combination]:
    """Every combination of what ``NAME=VALUE,VALUE…`` texts say, the last name moving fastest. Raises click.UsageError."""
    values: dict[str, list[str]] = {}
    for text in texts:
        name, _, told = (part.strip() for part in text.partition("="))
        found = [value.strip() for value in told.split(",")]
        if not (name and all(found)):
            raise click.UsageError(f"--sweep {text}: expected NAME=VALUE,VALUE…, for example --sweep beta=0.01,0.1")
        if name in values:
            raise click.UsageError(f"--sweep gives `{name}` twice")
        if len(set(found)) < len(found):
            raise click.UsageError(f"--sweep {text}: a value is there twice")
        values[name] = found
    return [tuple(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def sweep_json(rows: Sequence[Row]) -> dict[str, Any]:
    """The table as plain data: what `summary_json` tells of each combination."""
    told: list[dict[str, Any]] = []
    for row in rows:
        of: dict[str, Any] = {"set": dict(row.combination)}
        told.append(of | ({"error": row.wrong} if row.wrong else summary_json(row.sessions[0], _seeds(row))))
    best = _best(rows)
    return {"sweep": told, "best": None if best is None else dict(best.combination)}


def sweep_text(rows: Sequence[Row]) -> str:
    """The table for people: a combination a row, medians where there are several seeds."""
    names = [name for name, _ in rows[0].combination] if rows else []
    figures = list(dict.fromkeys(key for row in rows for key in _figures(row)))
    header = [*names, *figures]
    lines = [header]
    for row in rows:
        found = _figures(row)
        cells = [shown(found[key]) if key in found else "–" for key in figures]
        lines.append([*(value for _, value in row.combination), *cells, *([row.wrong.split(";")[0]] if row.wrong else [])])
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    told = ["   ".join(cell.rjust(width) for cell, width in itertools.zip_longest(
        line, widths + [0] * (len(line) - len(widths)), fillvalue="")).rstrip() for line in lines]  # fmt: skip
    best = _best(rows)
    if best is not None:
        told += ["", f"best by {figures[-1]}: {' '.join('='.join(pair) for pair in best.combination)}"]
    return "\n".join(told)


def _figures(row: Row) -> dict[str, float]:
    """The model's own figures by name: mean costs, then test-then-train; the median over the seeds."""
    found: dict[str, list[float]] = {}
    for session in row.sessions:
        for name, value in session.cost_means.items():
            found.setdefault(name, []).append(value)
        if session.energy is not None:
            found.setdefault(f"largest |{session.energy.name} − {session.energy.name}(0)|", []).append(session.energy.farthest)
        for metric in session.metrics:
            if metric.predictor == session.plan.model.name:
                found.setdefault(f"{metric.target} {metric.kind}, {metric.part}", []).append(metric.value)
    return {name: statistics.median(values) for name, values in found.items()}


def _best(rows: Sequence[Row]) -> Row | None:
    """The row whose last figure is best: of an accuracy the highest, else the lowest."""
    found = [(figures[key], key, row) for row in rows if (figures := _figures(row)) for key in [list(figures)[-1]]]
    found = [each for each in found if math.isfinite(each[0])]
    if not found:
        return None
    highest = " accuracy, " in found[0][1]
    return (max if highest else min)(found, key=lambda each: each[0])[2]


def _seeds(row: Row) -> tuple[Session, ...]:
    return row.sessions if len(row.sessions) > 1 else ()
