"""`hdsl audit`: what each update reads, what departs from optimal control, and what the model equals."""

from __future__ import annotations

from pathlib import Path

import click

from hdsl.cli.arguments import Verb, keep_apart, open_model, readable, settings_option, write_file


@click.command(
    "audit",
    cls=Verb,
    short_help="Tell what each update reads, and what it equals.",
    epilog="Example: hdsl audit deep_delayed --format markdown -o deep_delayed.md",
)
@click.argument("model")
@click.option("--format", "layout", type=click.Choice(["text", "markdown", "html", "json"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output if not given.")
@settings_option
def command(
    model: str,
    layout: str,
    output: Path | None,
    settings: tuple[str, ...],
    dims: tuple[str, ...],
    delay: tuple[str, ...],
) -> None:
    """Audit a model: locality of every update, bytes across delays, departures from exact optimal control by line, the
    torch.optim setting that it equals, and limits of stability. Nothing is run."""
    keep_apart({"-o": output}, [readable(model)])
    audit = open_model(model, settings, dims, delay).audit
    from hdsl.show.audit import audit_html, audit_markdown, audit_text
    from hdsl.show.audit_json import audit_json

    printers = {"text": audit_text, "markdown": audit_markdown, "html": audit_html, "json": audit_json}
    text = printers[layout](audit)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text)
