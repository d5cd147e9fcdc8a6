"""`hdsl compile`: the generated module as a file."""

from __future__ import annotations

from pathlib import Path

import click

from hdsl.cli.arguments import Verb, keep_apart, open_model, readable, settings_option, text_with_pullback, write_file


@click.command(
    "compile",
    cls=Verb,
    short_help="Write the generated module.",
    epilog="Example: hdsl compile sunspots -o net.py --dim n=64",
)
@click.argument("model")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output if not given.")
@click.option("--backend", type=click.Choice(["torch", "numpy"]), default="torch", show_default=True)
@click.option("--pullback", is_flag=True, help="With the gradient to its inputs, to stand inside a larger torch model.")
@settings_option
def command(
    model: str,
    output: Path | None,
    backend: str,
    pullback: bool,
    settings: tuple[str, ...],
    dims: tuple[str, ...],
    delay: tuple[str, ...],
) -> None:
    """Write the step of a model as Python that stands alone: it imports torch (or numpy) and nothing of hdsl."""
    keep_apart({"-o": output}, [readable(model)])
    if pullback and backend != "torch":
        raise click.UsageError("--pullback is of the torch module only; leave out --backend")
    opened = open_model(model, settings, dims, delay)
    text = text_with_pullback(opened.compiler) if pullback else opened.product(backend)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text)
