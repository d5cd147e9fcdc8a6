"""`hdsl verify`: the derivation proved to the user, an equation a line."""

from __future__ import annotations

from pathlib import Path

import click

from hdsl.cli.arguments import Verb, open_model, settings_option, write_file


@click.command(
    "verify",
    cls=Verb,
    short_help="Prove the derivation, an equation a line.",
    epilog="Example: hdsl verify sunspots --dim n=8",
)
@click.argument("model")
@settings_option
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a file as well.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random points.")
def command(
    model: str, settings: tuple[str, ...], dims: tuple[str, ...], layout: str, report: Path | None, seed: int
) -> int:
    """Check the derivation of a model against judges that share no code with it; the exit code is 1 if one disagrees."""
    opened = open_model(model, settings, dims)
    from hdsl.verify.certificate import certify

    certificate = certify(opened._compiler, seed=seed)
    text = certificate.as_json() if layout == "json" else "\n".join(certificate.lines)
    click.echo(text)
    if report is not None:
        write_file(report, text + "\n")
    return 0 if certificate.ok else 1
