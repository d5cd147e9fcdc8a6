"""`hdsl verify`: the derivation proved to the user, an equation a line."""

from __future__ import annotations

import click

from hdsl.cli.arguments import Verb, open_model, settings_option


@click.command("verify", cls=Verb, epilog="Example: hdsl verify sunspots")
@click.argument("model")
@settings_option
def command(model: str, settings: tuple[str, ...], dims: tuple[str, ...]) -> int:
    """Check the derivation of a model against judges that share no code with it; the exit code is 1 if one disagrees."""
    opened = open_model(model, settings, dims)
    from hdsl.verify.certificate import certify

    certificate = certify(opened.product("model"))
    for line in certificate.lines:
        click.echo(line)
    return 0 if certificate.ok else 1
