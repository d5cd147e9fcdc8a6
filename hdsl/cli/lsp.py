"""`hdsl lsp`: the language server."""

from __future__ import annotations

import os
import sys

import click


@click.command(
    "lsp",
    short_help="Answer editors: the language server, on standard input and output.",
    epilog="Example: hdsl lsp --tcp 127.0.0.1:2087; how editors start it: docs/editors.md",
)
@click.option("--tcp", metavar="HOST:PORT", help="Listen there, for one editor, in place of standard input.")
@click.option("--stdio", is_flag=True, help="Standard input and output: what holds without it, for editors that say so.")
def command(tcp: str | None, stdio: bool) -> None:
    """Answer an editor by the language server protocol until it says goodbye.

    Diagnostics, hover, definitions, references, rename, completion, outline, formatting and fixes come from the same passes as
    those of `hdsl check`.
    """
    if tcp and stdio:
        raise click.UsageError("--tcp and --stdio: one of them")
    try:
        from hdsl.lsp.server import build, log
    except ModuleNotFoundError as wrong:
        if (wrong.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise click.UsageError("`hdsl lsp` needs pygls: pip install 'hdsl[lsp]'") from None
    log()
    if tcp is None:
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:  # pygls closes what it writes to
            build().start_io(stdout=answers)
        return
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"--tcp: expected HOST:PORT, for example --tcp 127.0.0.1:2087; found `{tcp}`")
    build().start_tcp(host, int(port))
