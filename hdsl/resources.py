"""Where the files that ship stand: inside the package in a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path


def folder(name: str) -> Path:
    """The folder ``grammars`` or ``models`` that ships with hdsl.

    Raises FileNotFoundError, naming both places that were looked at, where the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    places = (package / name, package.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"this installation of hdsl is incomplete: the folder `{name}` is neither at {places[0]} nor at {places[1]}"
    )
