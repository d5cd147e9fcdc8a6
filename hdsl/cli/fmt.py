"""`hdsl fmt`: the canonical layout."""

from __future__ import annotations

import sys

import click

from hdsl.cli.arguments import Verb, WrongInput, writable, write_file
from hdsl.diagnostics.diagnostic import ModelError
from hdsl.format.layout import formatted
from hdsl.syntax.read import LARGEST_FILE, read


@click.command(
    "fmt",
    cls=Verb,
    short_help="Lay out .ham files canonically; comments and meaning stay.",
    epilog="Example: hdsl fmt tracker.ham, or hdsl fmt - < tracker.ham",
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option("--check", is_flag=True, help="Write nothing; name the files that would change, and exit with 1.")
def command(models: tuple[str, ...], check: bool) -> int:
    """Write files in the canonical layout. `-` reads standard input and writes standard output.

    A file with mistakes in its syntax is left as it is, and they are shown; the exit code is 1.
    """
    if "-" in models:
        return _standard(models, check)
    paths = [writable(name) for name in models]
    wrong = changed = 0
    for name, path in zip(models, paths, strict=True):
        before = path.read_bytes()
        try:
            after = _text(before, name).encode()
        except ModelError as error:
            WrongInput(str(error)).show()
            wrong += 1
            continue
        if after == before:
            continue
        changed += 1
        if not check:
            write_file(path, after.decode())
        click.echo(f"{name} {'would change' if check else 'laid out'}")
    return 1 if wrong or (check and changed) else 0


def _standard(models: tuple[str, ...], check: bool) -> int:
    if len(models) > 1:
        raise click.UsageError("`-` stands alone: standard input is one file")
    before = sys.stdin.buffer.read(LARGEST_FILE + 1)
    try:
        after = _text(before, "<standard input>")
    except ModelError as error:
        raise WrongInput(str(error)) from None
    if check:
        return int(after.encode() != before)
    click.echo(after, nl=False)
    return 0


def _text(data: bytes, name: str) -> str:
    source, found = read(data, name)
    if found:
        raise ModelError(source, found)
    return formatted(source)
