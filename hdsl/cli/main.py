"""The shell: `hdsl VERB`. Each verb is a file of this folder, and loads what it needs only when it runs."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hdsl.cli.arguments import reason
from hdsl.compiler import VERSION
from hdsl.diagnostics.suggest import nearest

VERBS = (
    *("run", "optimum", "derive", "audit", "diff", "compile", "export"),
    *("check", "fmt", "explain", "new", "show", "verify", "lsp"),
)
UNCOLLECTED = 50_000
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
DONE, WRONG, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130


class Verbs(click.Group):
    """The verbs, each read from its file when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"hdsl.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in VERBS:
            guess = nearest(args[0], VERBS)
            meant = f"did you mean `{guess}`?" if guess else f"there are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no verb `{args[0]}`; {meant}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the model or the stream is wrong, 2 usage, 3 a fault in hdsl, "
    "130 stopped by Ctrl-C, 143 by SIGTERM.",
)
@click.version_option(VERSION, prog_name="hdsl")
def verbs() -> None:
    """A small language for models and cost functionals: Hamilton's equations are derived, torch steps are generated.

    MODEL is a .ham file, or the name of a model that ships: `hdsl run sunspots`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry of the console script; always ends by SystemExit."""
    gc.set_threshold(UNCOLLECTED)  # libraries make much at their import that stays, and each look for garbage walks over it
    for name in ("stdin", "stdout", "stderr"):  # closed by whoever started us: what we say goes nowhere
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):  # a terminal without UTF-8 shows escapes and does not stop us
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(errors="backslashreplace")
    sys.exit(status(arguments))


def status(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what went wrong is told on standard error."""
    try:
        with verbs.make_context("hdsl", list(sys.argv[1:] if arguments is None else arguments)) as context:
            code = verbs.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        _say_no_more()
        return DONE
    except OSError as wrong:
        if wrong.filename is not None or wrong.errno not in FULL:
            return tell_fault(wrong)
        _say_no_more()
        click.echo(f"Error: the output cannot be written: {reason(wrong)}", err=True)
        return USAGE
    except Exception as fault:  # whatever a user writes has its own message; what is left over is ours
        return tell_fault(fault)


def _say_no_more() -> None:
    """Standard output goes nowhere from here on: what is still held back would fail once more as Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell_fault(fault: BaseException) -> int:
    """One line on a fault of hdsl's own, and how to report it."""
    if os.environ.get("HDSL_DEBUG") == "1":
        traceback.print_exception(fault)
    place = traceback.extract_tb(fault.__traceback__)[-1]
    told = " ".join(str(fault).split())[:200]
    where = f"{Path(place.filename).name}:{place.lineno}"
    click.echo(f"hdsl {VERSION} has a fault: {type(fault).__name__}: {told} ({where})", err=True)
    click.echo("Please report it with the command and the model; HDSL_DEBUG=1 shows where it comes from.", err=True)
    return FAULT
