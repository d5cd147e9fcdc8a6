"""`hdsl check`: every finding in every file."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hdsl.api import find
from hdsl.cli.arguments import Verb, delay_option, delayed, painted, readable, writable, write_file
from hdsl.cli.spared import spare_tensors
from hdsl.compiler import Compiler
from hdsl.diagnostics.render import render_all, to_json
from hdsl.diagnostics.suggest import nearest
from hdsl.lint.allow import warning_codes
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
@click.option("--deny", multiple=True, metavar="CODE,…", help="Warnings that count as mistakes: all, or unused,idle-cost.")
@delay_option
def command(models: tuple[str, ...], layout: str, fix: bool, deny: tuple[str, ...], delay: tuple[str, ...]) -> int:
    """Report every mistake and warning of models; the exit code is 1 if there is a mistake.

    A file of components only, for other files to use, is checked as such.

    With --fix the mistakes whose remedy is certain are put right in the files first; what is left is reported.
    A warning that is meant so is kept quiet by a comment on its line: # ham: allow CODE
    """
    spare_tensors()
    denied = _denied(deny)
    found: list[dict[str, Any]] = []
    parts = 0
    names = delayed(delay)
    paths = [writable(name) if fix else readable(name) for name in models]
    if fix:
        for name, path in zip(models, paths, strict=True):
            _repair(name, path, err=layout == "json")
    for name in models:
        path = find(name)
        source, diagnostics = read(path.read_bytes(), str(path) if str(path) == name else path.name)
        source = source if diagnostics else gather(source, path.parent)
        if not diagnostics:
            compiler = Compiler(source, delay=names)
            diagnostics = compiler.findings
            parts += compiler.text.parts_only
        diagnostics = tuple(replace(one, severity="error") if one.code in denied else one for one in diagnostics)
        found += to_json(source, diagnostics)
        if layout == "text" and diagnostics:
            click.echo(painted(render_all(source, diagnostics), sys.stdout) + "\n")
    errors = sum(entry["severity"] == "error" for entry in found)
    if layout == "json":
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        told = [_count(len(models) - parts, "model")] * (len(models) > parts)
        told += [_count(parts, "file") + " of components"] * (parts > 0)
        warnings = len(found) - errors
        click.echo(f"{' and '.join(told)} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 1 if errors else 0


def _denied(texts: tuple[str, ...]) -> frozenset[str]:
    """The warnings that `--deny` makes mistakes. Raises click.UsageError for what is no warning."""
    wanted = [code.strip() for text in texts for code in text.split(",")]
    known = warning_codes() if wanted else ()
    for code in wanted:
        if code not in (*known, "all"):
            guess = nearest(code, known)
            meant = f"did you mean `{guess}`?" if guess else f"there are {', '.join(known)}"
            raise click.UsageError(f"--deny: there is no warning `{code}`; {meant}")
    return frozenset(known if "all" in wanted else wanted)


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
