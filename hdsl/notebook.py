"""The cell magic of notebooks, after ``%load_ext hdsl``::

    %%ham leaky n=16 beta=0.1 --delay all
    dim n = 32
    …

A cell is read and checked as a file is; none of its text is run as Python. The model is bound to the name of the first
line (``model`` if there is none) and shown; mistakes are printed as `hdsl check` prints them.
"""

from __future__ import annotations

import keyword
from typing import Any

from hdsl.api import Model, loads
from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import ModelError
from hdsl.diagnostics.render import render_all
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Dim

USAGE = "%%ham [name] [[--dim] n=64 …] [[--set] beta=0.1 …] [--delay all]"

MARKS = ("--dim", "--set")


def load_ipython_extension(shell: Any) -> None:
    """Give a shell of IPython the cell magic ``%%ham``."""

    def ham(line: str, cell: str) -> Model | None:
        return run_cell(shell, line, cell)

    shell.register_magic_function(ham, magic_kind="cell", magic_name="ham")


def run_cell(shell: Any, line: str, cell: str) -> Model | None:
    """Load the text of a cell, bind its model in the shell, and return it to be shown; None where there are mistakes."""
    try:
        name, values, delay = arguments(line)
        dims, settings = told_apart(values, cell)
    except ValueError as mistake:
        print(f"{mistake}; {USAGE}")
        return None
    try:
        model = loads(cell, name=f"{name}.ham", settings=settings, delay=delay, **dims)
    except ModelError as wrong:
        print(wrong)
        return None
    if model.diagnostics:
        print(render_all(model.compiler.source, model.diagnostics))
    shell.push({name: model})
    return model


def arguments(line: str) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """The name and the values of a first line, and what it delays. Raises ValueError.

    ``--dim`` and ``--set`` may stand before values as in the shell; what is a size is told by the cell.
    """
    words, delays = _without_delays(line.split())
    name = words.pop(0) if words and "=" not in words[0] and words[0] not in MARKS else "model"
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"`{name}` is no name in Python")
    values: dict[str, str] = {}
    for word in words:
        if word in MARKS:
            continue
        path, equals, value = word.partition("=")
        if not (path and equals and value):
            raise ValueError(f"`{word}` is no value of a size or a setting")
        if path in values:
            raise ValueError(f"`{path}` is given twice")
        values[path] = value
    return name, values, tuple(delays)


def _without_delays(words: list[str]) -> tuple[list[str], list[str]]:
    """The words but ``--delay NAMES`` and ``--delay=NAMES``, and the names of these. Raises ValueError."""
    kept, delays, rest = [], [], iter(words)
    for word in rest:
        option, equals, names = word.partition("=")
        if option != "--delay":
            kept.append(word)
            continue
        names = names if equals else next(rest, "")
        if not names or "=" in names or names.startswith("--"):
            raise ValueError("`--delay` wants the names of definitions, with commas between, or all")
        delays += names.split(",")
    return kept, delays


def told_apart(values: dict[str, str], text: str) -> tuple[dict[str, int], dict[str, float | str]]:
    """Sizes that the text declares, and settings. Raises ValueError for a size that is no whole number."""
    sizes = {s.name for s in Compiler(Source(text, "cell")).text.statements if isinstance(s, Dim)}
    dims: dict[str, int] = {}
    settings: dict[str, float | str] = {}
    for path, value in values.items():
        if path not in sizes:
            settings[path] = value
        elif value.isascii() and value.isdigit() and len(value) < 10:
            dims[path] = int(value)
        else:
            raise ValueError(f"the size `{path}` wants a whole number, not `{value}`")
    return dims, settings
