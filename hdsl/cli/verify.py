"""`hdsl verify`: the derivation proved to the user, an equation a line."""

from __future__ import annotations

from pathlib import Path

import click

from hdsl.cli.arguments import Verb, keep_apart, open_model, readable, settings_option, text_with_pullback, write_file


@click.command(
    "verify",
    cls=Verb,
    short_help="Prove the derivation, an equation a line.",
    epilog="Example: hdsl verify sunspots",
)
@click.argument("model")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the points that are drawn.")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--report", type=click.Path(path_type=Path), help="File to write; standard output if not given.")
@click.option("--pullback", is_flag=True, help="Also judge the gradient to the inputs (`hdsl compile --pullback`).")
@settings_option
def command(
    model: str,
    seed: int,
    layout: str,
    report: Path | None,
    pullback: bool,
    settings: tuple[str, ...],
    dims: tuple[str, ...],
    delay: tuple[str, ...],
) -> int:
    """Check the derivation of a model against judges that share no code with it; the exit code is 1 if one disagrees."""
    keep_apart({"--report": report}, [readable(model)])
    compiler = open_model(model, settings, dims, delay).compiler
    from hdsl.verify.certificate import certify

    if pullback:
        text_with_pullback(compiler)  # told of where there is none
    certificate = certify(compiler, seed=seed, pullback=pullback)
    text = certificate.as_json() if layout == "json" else "\n".join(certificate.lines)
    if report is None:
        click.echo(text)
    else:
        write_file(report, f"{text}\n")
    return 0 if certificate.ok else 1
