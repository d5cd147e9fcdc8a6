"""Gather the files that a .ham file uses: their texts behind its own, so that one source holds all that is compiled.

A file may use what lies beside it or below, or what ships. The text of a .ham file is not to be trusted: no path leaves
the folder, and there is a bound on files and on bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.resources import folder
from hdsl.syntax.read import LARGEST_FILE, read
from hdsl.syntax.source import Source

MOST_FILES = 32
SHIPPED = "parts"  # the folder below models/ of components that ship

_USE = re.compile(r'^[ \t]*use[ \t]+"([^"\n]*)"', re.MULTILINE)


@dataclass(frozen=True)
class Gathered:
    """A source with the files that it uses, and where each of these stands, in the order of ``source.used``."""

    source: Source
    places: tuple[Path, ...] = ()


def gather(source: Source, place: Path | None) -> Source:
    """The source with the texts of all files that it uses, and that these use, each once.

    ``place`` is the folder in which the file stands; None where it is no file: then only what ships is found.
    """
    return gathered(source, place).source


def gathered(source: Source, place: Path | None, opened: Mapping[Path, str] | None = None) -> Gathered:
    """The same, with the places of the files. ``opened`` are texts that go before what the files of these paths hold."""
    text, used, missing = source.text, list[tuple[int, str]](), dict[str, str]()
    found: dict[Path, str] = {}
    waiting = [(path, place) for path in _USE.findall(source.text)]
    while waiting:
        path, beside = waiting.pop(0)
        file = _find(path, beside)
        if isinstance(file, str):
            missing[path] = file
            continue
        if file in found:
            continue
        if len(found) == MOST_FILES:
            missing[path] = f"hdsl reads at most {MOST_FILES} files"
            continue
        try:
            own, mistakes = _text(file, path, opened or {})
        except OSError as wrong:
            missing[path] = (wrong.strerror or str(wrong)).lower()
            continue
        if mistakes or len(text) + len(own.text) > LARGEST_FILE:
            missing[path] = mistakes[0].message if mistakes else f"all files together have more than {LARGEST_FILE} characters"
            continue
        found[file] = path
        text += "\n"
        used.append((len(text), path))
        text += own.text
        waiting += [(further, file.parent) for further in _USE.findall(own.text)]
    whole = Source(text, source.name, tuple(used), tuple(missing.items())) if used or missing else source
    return Gathered(whole, tuple(found))


def _text(file: Path, path: str, opened: Mapping[Path, str]) -> tuple[Source, tuple[Diagnostic, ...]]:
    """The text of a file as `read` gives it. Raises OSError."""
    return (Source(opened[file], path), ()) if file in opened else read(file.read_bytes(), path)


def _find(path: str, beside: Path | None) -> Path | str:
    """The file of a path, or why there is none."""
    parts = PurePosixPath(path).parts
    if not path.endswith(".ham") or not parts or parts[0] == "/" or ".." in parts or "\\" in path or not path.isprintable():
        return "the path of a .ham file beside this one, or below, is wanted"
    places = [place.joinpath(*parts) for place in (beside, folder("models") / SHIPPED) if place is not None]
    for place in places:
        try:
            if place.is_file():
                return place.resolve()
        except OSError as wrong:  # a name too long for the file system, a folder that may not be looked into
            return (wrong.strerror or str(wrong)).lower()
    return "there is no such file beside this one, and none of that name ships"
