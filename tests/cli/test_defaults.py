"""What `hdsl run` does where nothing is said."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click
import pytest

import hdsl
from hdsl.cli.defaults import Defaults, defaults_of
from hdsl.resources import folder
from hdsl.runtime.columns import find_columns
from hdsl.runtime.scale import read_kind
from hdsl.runtime.source.opening import open_source

MODELS = sorted(path for path in folder("models").glob("*.ham") if "\ninput " in path.read_text(encoding="utf-8"))
"""Those that read a stream; the others are solved as a whole, or run by themselves."""


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_that_ships_has_a_stream_that_fits(path: Path) -> None:
    defaults = defaults_of(path, path.stem, None)
    assert defaults.stream.parent == folder("models") / "data"
    columns = find_columns(open_source(defaults.stream).header, hdsl.load(path).product("model"), defaults.map)
    model = hdsl.load(path).product("model")
    assert set(columns.of) == {q.name for q in model.quantities.values() if q.role in ("input", "target")}
    read_kind(defaults.scale)


def test_the_table_names_models_that_ship_and_nothing_unknown() -> None:
    told = tomllib.loads((folder("models") / "data" / "maps.toml").read_text(encoding="utf-8"))
    assert set(told) <= {path.stem for path in MODELS}
    assert {key for entry in told.values() for key in entry} <= {"stream", "map", "scale", "epochs", "hold"}


def test_a_named_stream_is_read_as_it_is(tmp_path: Path) -> None:
    stream = tmp_path / "s.csv"
    assert defaults_of(folder("models") / "sunspots.ham", "sunspots", stream) == Defaults(stream)


def test_the_stream_of_a_models_own_name(tmp_path: Path) -> None:
    path = tmp_path / "track.ham"
    with pytest.raises(click.UsageError, match=r"there is no .*track\.csv; name one with --stream FILE\.csv"):
        defaults_of(path, "other", None)
    (tmp_path / "other.csv").write_text("u\n1\n")
    assert defaults_of(path, "other", None) == Defaults(tmp_path / "other.csv")
    (tmp_path / "track.csv").write_text("u\n1\n")
    assert defaults_of(path, "other", None) == Defaults(tmp_path / "track.csv")


def test_a_users_model_of_a_shipped_name_reads_nothing_into_it(tmp_path: Path) -> None:
    (tmp_path / "sunspots.csv").write_text("u,v\n1,2\n")
    assert defaults_of(tmp_path / "sunspots.ham", "sunspots", None) == Defaults(tmp_path / "sunspots.csv")
