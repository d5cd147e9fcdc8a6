"""`hdsl explain`: a message at length, with a bad and a good example."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import textwrap

import click

import hdsl.diagnostics
from hdsl.cli.arguments import Verb, in_colour, painted
from hdsl.compiler import Compiler
from hdsl.diagnostics.catalogue import CODES, Code
from hdsl.diagnostics.explanations import Explanation, explanations
from hdsl.diagnostics.render import in_order, render
from hdsl.diagnostics.suggest import nearest
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read

WIDTH = 100  # columns of text


@click.command(
    "explain",
    cls=Verb,
    short_help="Explain a message at length, with examples; or list all of them.",
    epilog="Example: hdsl explain shape",
)
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain what the CODE of a message means: `error[shape]` has the code `shape`. Without a CODE, list them."""
    codes = _codes()
    if code is None:
        width = max(map(len, codes))
        click.echo("\n".join(f"{name:{width}}  {codes[name].summary}" for name in sorted(codes)))
        return
    name = code.strip("[]").lower()
    if name not in codes:
        guess = nearest(name, codes)
        meant = f"did you mean `{guess}`?" if guess else "`hdsl explain` lists them"
        raise click.UsageError(f"there is no code `{code}`; {meant}")
    click.echo(_page(codes[name], explanations()[name]))


def _codes() -> dict[str, Code]:
    """Every code: a catalogue registers its own where it is imported."""
    for module in pkgutil.iter_modules(hdsl.diagnostics.__path__):
        importlib.import_module(f"hdsl.diagnostics.{module.name}")
    return CODES


def _page(code: Code, explained: Explanation) -> str:
    headline = f"{code.severity}[{code.name}]: {code.summary}"
    head = painted(headline, sys.stdout) if in_colour(sys.stdout) else headline
    times = f", {explained.times} times over" if explained.times > 1 else ""
    encoding = f", saved as {explained.encoding}" if explained.encoding != "utf-8" else ""
    return "\n\n".join(
        [
            head,
            "\n\n".join(textwrap.fill(part, WIDTH) for part in explained.text.split("\n\n")),
            f"For example{times}{encoding}:",
            _indented(explained.bad),
            _answer(code, explained),
            "Instead:",
            _indented(explained.good),
        ]
    )


def _answer(code: Code, explained: Explanation) -> str:
    """What hdsl says to the bad example, of this code."""
    source, found = read(explained.bad_file, "example.ham")
    mine = [d for d in in_order(found or Compiler(gather(source, None)).diagnostics) if d.code == code.name]
    return painted(render(source, mine[0]), sys.stdout)


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip("\n"), "    ")
