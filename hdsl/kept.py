"""Kept: the text that was generated from a model, with what else a second load must know of it, from and to the cache."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Container, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from hdsl.cache import fetch, is_off, keep
from hdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label
from hdsl.resources import folder
from hdsl.syntax.source import Source, Span

LATER = frozenset(("adapters", "cli", "lsp", "runtime", "show", "verify"))
"""Rooms that have no part in generated text; what is not known to be one of them counts."""


@dataclass(frozen=True)
class Kept:
    """The text generated from a model. ``largest`` are the products that its largest line takes; there are warnings only.

    ``outline`` is what a run reads of the model (`hdsl.model.outline`), None where it reads the model itself.
    """

    name: str
    text: str
    largest: int
    diagnostics: tuple[Diagnostic, ...]
    outline: Mapping[str, Any] | None = None


def key_of(
    kind: str, source: Source, dims: Mapping[str, int], settings: Mapping[str, Any], delay: tuple[str, ...]
) -> str:
    """A hash of all that generated text is made from: what was written and asked for, and hdsl itself."""
    told = [source.name, source.text, source.used, source.missing, [*dims.items()], [*settings.items()], delay]
    return hashlib.sha256(json.dumps([kind, made_with(), *told], default=repr).encode()).hexdigest()


@lru_cache(maxsize=1)
def made_with() -> tuple[str, ...]:
    """Versions, and the content of hdsl's own files: of a checkout these change where the version does not."""
    digest = hashlib.sha256()
    for path in sorted((*_files(os.path.dirname(__file__), ".py", LATER), *_files(str(folder("grammars"))))):
        with open(path, "rb") as file:
            content = file.read()
        digest.update(f"{os.path.basename(path)} {len(content)}\n".encode())
        digest.update(content)
    return (digest.hexdigest(), sys.version, *map(_version, ("sympy", "lark")))


def _files(folder: str, suffix: str = "", without: Container[str] = ()) -> Iterator[str]:
    """The files below a folder whose names end so. Paths are text: to make objects of them takes longer than to read them."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name not in without:
                    yield from _files(entry.path, suffix)
            elif entry.name.endswith(suffix):
                yield entry.path


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # takes as long as many a second load

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def fetch_kept(key: str) -> Kept | None:
    """What was kept under a key; None where nothing was, or it is not as hdsl writes it."""
    content = None if is_off() else fetch(f"{key}.json")
    try:
        found = json.loads(content or b"null")
        diagnostics = tuple(map(_diagnostic, found["diagnostics"]))
        made = Kept(found["name"], found["text"], found["largest"], diagnostics, found["outline"])
    except (TypeError, KeyError, ValueError, RecursionError):
        return None
    return made if isinstance(made.name, str) and isinstance(made.text, str) and isinstance(made.largest, int) else None


def keep_made(key: str, made: Kept) -> None:
    """Keep it for the next load, as JSON."""
    if not is_off():
        keep(f"{key}.json", json.dumps(asdict(made)).encode())


def _diagnostic(told: Mapping[str, Any]) -> Diagnostic:
    fix = told["fix"]
    return Diagnostic(
        told["code"],
        told["severity"],
        told["message"],
        Span(**told["span"]),
        told["label"],
        tuple(Label(Span(**other["span"]), other["text"]) for other in told["others"]),
        tuple(told["notes"]),
        fix and Fix(fix["title"], tuple(Edit(Span(**e["span"]), e["text"]) for e in fix["edits"]), fix["safe"]),
    )
