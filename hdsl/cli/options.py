"""The options of `hdsl run`, as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The options of the verb, as they were given."""

    model: str
    streams: tuple[Path, ...]
    follow: bool
    bad: str
    batch: int | None
    columns: tuple[str, ...]
    scale: str | None
    steps: int | None
    epochs: int | None
    hold: str | None
    target_at: int | None
    settings: tuple[str, ...]
    dims: tuple[str, ...]
    delay: tuple[str, ...]
    seed: int
    seeds: int | None
    dtype: str
    device: str
    threads: int | None
    backend: str | None
    held_back: int | None
    checkpoint: Path | None
    every: int | None
    resume: bool
    report: Path | None
    predict: Path | None
    load_parameters: Path | None
    save_parameters: Path | None
    on_nonfinite: str
    record: tuple[str, ...]
    record_to: Path | None
    log: Path | None
    sweep: tuple[str, ...]
    layout: str
    warm: Path | None = None
    save_solution: Path | None = None
    continued: tuple[str, ...] = ()
