"""`hdsl verify`: the derivation proved to the user, an equation a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hdsl.cli.arguments import (
    Verb,
    command_text,
    keep_apart,
    open_model,
    readable,
    settings_option,
    text_with_pullback,
    write_file,
)

if TYPE_CHECKING:
    from hdsl.compiler import Compiler
    from hdsl.verify.certificate import Certificate


@click.command(
    "verify",
    cls=Verb,
    short_help="Prove the derivation, an equation a line.",
    epilog="Example: hdsl verify sunspots",
)
@click.argument("model")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the points that are drawn.")
@click.option("--format", "layout", type=click.Choice(["text", "html", "json"]),
              help="text; html or json where the name of the report ends so.")
@click.option("--report", type=click.Path(path_type=Path), help="File to write; standard output if not given.")
@click.option("--pullback", is_flag=True, help="Also judge the gradient to the inputs (`hdsl compile --pullback`).")
@settings_option
def command(
    model: str,
    seed: int,
    layout: str | None,
    report: Path | None,
    pullback: bool,
    settings: tuple[str, ...],
    dims: tuple[str, ...],
    delay: tuple[str, ...],
) -> int:
    """Check the derivation of a model against judges that share no code with it; the exit code is 1 if one disagrees.

    docs/verify.md tells what each judge sees, and what it is blind to.
    """
    keep_apart({"--report": report}, [readable(model)])
    compiler = open_model(model, settings, dims, delay).compiler
    from hdsl.verify.certificate import certify

    if pullback:
        text_with_pullback(compiler)  # told of where there is none
    certificate = certify(compiler, seed=seed, pullback=pullback)
    ending = report.suffix.lower() if report is not None else ""
    text = printed(certificate, compiler, layout or ENDINGS.get(ending, "text"))
    if report is None:
        click.echo(text, nl=False)
    else:
        write_file(report, text)
        click.echo(f"{certificate.model}: {certificate.verdict}")
    return 0 if certificate.ok else 1


ENDINGS = {".html": "html", ".json": "json"}


def printed(certificate: Certificate, compiler: Compiler, layout: str) -> str:
    """A certificate as text, html or json."""
    if layout == "json":
        return f"{certificate.as_json()}\n"
    if layout == "html":
        from hdsl.verify.page import certificate_html

        return certificate_html(certificate, compiler, command_text())
    from hdsl.verify.lines import certificate_lines

    return "".join(f"{line}\n" for line in certificate_lines(certificate))
