"""`hdsl check`: every finding in every file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from hdsl.api import find
from hdsl.cli.arguments import Verb, delay_option, delayed, painted, readable, writable, write_file
from hdsl.compiler import Compiler
from hdsl.diagnostics.render import render_all, to_json
from hdsl.repair import repaired
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read


@click.command(
    "check",
    cls=Verb,
    short_help="Report every mistake and warning of models.",
    epilog="Example: hdsl check tracker.ham sunspots",
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--fix", is_flag=True, help="Put right what can only be meant in one way, and say what was done.")
@delay_option
def command(models: tuple[str, ...], layout: str, fix: bool, delay: tuple[str, ...]) -> int:
    """Report every mistake and warning of models; the exit code is 1 if there is a mistake.

    With --fix the mistakes whose remedy is certain are put right in the files first; what is left is reported.
    """
    found: list[dict[str, Any]] = []
    names = delayed(delay)
    paths = [writable(name) if fix else readable(name) for name in models]
    if fix:
        for name, path in zip(models, paths, strict=True):
            _repair(name, path, err=layout == "json")
    for name in models:
        path = find(name)
        source, diagnostics = read(path.read_bytes(), str(path) if str(path) == name else path.name)
        source = source if diagnostics else gather(source, path.parent)
        diagnostics = diagnostics or Compiler(source, delay=names).diagnostics
        found += to_json(source, diagnostics)
        if layout == "text" and diagnostics:
            click.echo(painted(render_all(source, diagnostics), sys.stdout) + "\n")
    errors = sum(entry["severity"] == "error" for entry in found)
    if layout == "json":
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        warnings = len(found) - errors
        click.echo(f"{_count(len(models), 'model')} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 1 if errors else 0


def _repair(name: str, path: Path, err: bool) -> None:
    """Make the safe fixes of a file and say so, on standard error where the findings are data."""
    source, unreadable = read(path.read_bytes(), name)
    if unreadable:
        return
    made = repaired(source, lambda text: gather(text, path.parent))
    if made.text != source.text:
        write_file(path, made.text)
        click.echo("\n".join(made.done), err=err)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' * (number != 1)}"
