"""What `hdsl run` does where its options say nothing: the stream of a model, and how those that ship are read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from hdsl.resources import folder


@dataclass(frozen=True)
class Defaults:
    """``map`` gives columns as `--map` writes them; ``hold`` is as `--hold` takes it, nothing for the model's own."""

    stream: Path
    map: Mapping[str, str] = field(default_factory=dict)
    scale: str = "none"
    epochs: int = 1
    hold: str = ""


def defaults_of(path: Path, name: str, stream: Path | None) -> Defaults:
    """What holds for a model.

    Args:
        path: the model's file.
        name: the model's name.
        stream: the file that the user names; what a shipped model says of its own stream is then of no concern.

    Raises click.UsageError where no stream is named and none of the model's own name is found.
    """
    data = folder("models") / "data"
    if stream is not None:
        return Defaults(stream)
    if path.resolve().parent == folder("models").resolve():
        told = tomllib.loads((data / "maps.toml").read_text(encoding="utf-8")).get(path.stem)
        if told:
            return Defaults(data / told.pop("stream"), **told)
    places = [path.with_name(f"{path.stem}.csv"), path.with_name(f"{name}.csv"), data / f"{name}.csv"]
    for place in places:
        if place.is_file():
            return Defaults(place)
    raise click.UsageError(f"no stream is named, and there is no {places[0]}; name one with --stream FILE.csv")
