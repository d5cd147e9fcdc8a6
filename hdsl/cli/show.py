"""`hdsl show`: any product of the compiler as text."""

from __future__ import annotations

import click

from hdsl.cli.arguments import Verb, open_model, settings_option
from hdsl.compiler import PASSES


@click.command(
    "show",
    cls=Verb,
    short_help="Print any product of the compiler.",
    epilog="Example: hdsl show sunspots --pass program",
)
@click.argument("model")
@click.option("--pass", "name", type=click.Choice(PASSES), required=True, help="The pass whose product is shown.")
@settings_option
def command(model: str, name: str, settings: tuple[str, ...], dims: tuple[str, ...], delay: tuple[str, ...]) -> None:
    """Print the product of a pass of the compiler, the same at every run."""
    from hdsl.show.product import product_text

    click.echo(product_text(open_model(model, settings, dims, delay).product(name)), nl=False)
