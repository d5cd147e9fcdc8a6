"""`hdsl diff`: what two models derive that is not the same."""

from __future__ import annotations

from pathlib import Path

import click

from hdsl.cli.arguments import Verb, open_model, settings_option

FORMATS = ("text", "markdown", "html", "json")


@click.command(
    "diff",
    cls=Verb,
    short_help="Compare what two models derive.",
    epilog="Example: hdsl diff before.ham after.ham",
)
@click.argument("old")
@click.argument("new")
@click.option("--format", "layout", type=click.Choice(FORMATS), default="text", show_default=True)
@settings_option
def command(
    old: str, new: str, layout: str, settings: tuple[str, ...], dims: tuple[str, ...], delay: tuple[str, ...]
) -> int:
    """Compare the derived equations of two models summand by summand, with their settings and declarations.

    Names of definitions, their order, layout and comments make no difference. --set, --dim and --delay hold for NEW
    alone, so that `hdsl diff sunspots sunspots --set eta=1` tells what a setting changes. The exit code is 0 where
    nothing differs and 1 where something does.
    """
    before, after = open_model(old), open_model(new, settings, dims, delay)
    from hdsl.show.differences import Comparison

    names = Path(old).name, Path(new).name
    if names[0] == names[1] and old != new:
        names = old, new
    outside = ", ".join((*settings, *dims, *(f"delay {name}" for name in delay)))
    comparison = Comparison(before.equations, after.equations, names, outside)
    click.echo(getattr(comparison, layout)(), nl=False)
    return 0 if comparison.found.none else 1
