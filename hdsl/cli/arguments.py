"""Arguments that verbs share: a model with its settings and sizes, options with several values, files that are written."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from hdsl.api import Model, find, load
from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import ModelError
from hdsl.diagnostics.suggest import nearest
from hdsl.placing import is_special, place
from hdsl.resources import folder

SEVERAL = ("--set", "--dim", "--map", "--sweep", "--continue", "--forward")
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
HEADLINE = re.compile(r"^(error|warning)(\[[\w-]+\])", re.MULTILINE)
CARETS = re.compile(r"^( *\| *)(\^+)(.*)$", re.MULTILINE)
COLOURS = {"error": "red", "warning": "yellow"}
F = TypeVar("F", bound=Callable[..., Any])


class WrongInput(click.ClickException):
    """The model or the stream is wrong: exit code 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print the message, with colours where they are wanted."""
        text = self.format_message()
        headed = text if HEADLINE.match(text) else f"Error: {text}"
        click.echo(painted(headed, sys.stderr), err=True)


class Unusable(WrongInput):
    """A file or a folder cannot be read or written: exit code 2, without a word on how the command is used."""

    exit_code = 2


class Count(click.ParamType):
    """A whole number above 0."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises click.BadParameter."""
        if not WHOLE.fullmatch(str(value)) or int(value) < 1:
            self.fail(f"`{value}` is no whole number above 0", param, ctx)
        return int(value)


class Verb(click.Command):
    """A command whose options `SEVERAL` take every NAME=VALUE that follows: ``--set beta=0.1 eta.h=0.5``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        told: list[str] = []
        option, wanted = "", False
        for argument in args:
            if option and not wanted and "=" in argument and not argument.startswith("-"):
                told += [option, argument]
                continue
            told.append(argument)
            if not wanted:
                option = argument if argument in SEVERAL else ""
            wanted = bool(option) and not wanted
        return super().parse_args(ctx, told)


def delay_option(function: F) -> F:
    """``--delay``, for verbs that read it through `delayed`."""
    told = "Read definitions as delayed by a step, without editing the file: all, or body.1,body.2."
    return click.option("--delay", multiple=True, metavar="NAME,…", help=told)(function)


def delayed(texts: Iterable[str]) -> tuple[str, ...]:
    """The names that `--delay` gives. Raises click.UsageError where one is empty."""
    names = tuple(name.strip() for text in texts for name in text.split(","))
    if not all(names):
        raise click.UsageError("--delay: expected NAME,NAME… or all, for example --delay body.1,body.2")
    return names


def settings_option(function: F) -> F:
    """``--set``, ``--dim`` and ``--delay``."""
    function = delay_option(function)
    function = click.option(
        "--set", "settings", multiple=True, metavar="NAME=VALUE …", help="Settings and consts: --set beta=0.1 eta.h=0.5."
    )(function)
    return click.option("--dim", "dims", multiple=True, metavar="NAME=SIZE …", help="Sizes: --dim n=64.")(function)


def open_model(
    name: str,
    settings: Iterable[str] = (),
    dims: Iterable[str] = (),
    delay: Iterable[str] = (),
    horizon: float | None = None,
) -> Model:
    """The model of a path or a shipped name, with what `--set`, `--dim`, `--delay` and `--horizon` say.

    Raises WrongInput for a wrong model and click.UsageError for a file that cannot be read.
    """
    readable(name)
    sizes = {key: _whole(key, value) for key, value in named_values("--dim", dims).items()}
    try:
        return load(name, settings=dict(named_values("--set", settings)), delay=delayed(delay), horizon=horizon, **sizes)
    except ModelError as wrong:
        raise WrongInput(str(wrong)) from None


def text_with_pullback(compiler: Compiler) -> str:
    """The torch module with the gradient to its inputs. Raises click.UsageError where no output depends on any."""
    try:
        return compiler.torch_with_pullback
    except ValueError as wrong:
        raise click.UsageError(f"--pullback: {wrong}") from None


def readable(name: str) -> Path:
    """The file of a model. Raises click.UsageError, with the nearest name that ships, where it cannot be read."""
    if not name:
        raise click.UsageError("the name of a model is empty; a .ham file, or the name of one that ships, is wanted")
    if Path(name).is_dir():
        raise click.UsageError(f"{name} is a folder; a .ham file is wanted")
    try:
        path = find(name)
        with open(path, "rb"):
            return path
    except FileNotFoundError:
        shipped = sorted(p.stem for p in folder("models").glob("*.ham"))
        guess = nearest(name.removesuffix(".ham"), shipped)
        meant = f"did you mean `{guess}`?" if guess else f"those that ship are {', '.join(shipped)}"
        raise click.UsageError(f"there is no file {name}, and no model of that name ships; {meant}") from None
    except (OSError, ValueError) as wrong:
        raise click.UsageError(f"{name} cannot be read: {reason(wrong)}") from None


def writable(name: str) -> Path:
    """The file of a model that is to be written. Raises click.UsageError for one that ships, named without its path."""
    path = readable(name)
    if path != Path(name):
        raise click.UsageError(f"{name} is a model that ships and is not written to; name a file")
    return path


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises click.UsageError where it cannot be written.

    A file that is there keeps its permissions, and a link goes on pointing to it.
    """
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder; the name of a file is wanted")
    try:
        place(path, text)
    except OSError as wrong:
        raise click.UsageError(f"{path} cannot be written: {reason(wrong)}") from None


def keep_apart(written: Mapping[str, Path | None], read: Iterable[Path]) -> None:
    """Raises click.UsageError where a file to be written is one that is read, or is to be written by two options."""
    seen = {path.resolve(): "is read by this very command" for path in read}
    for option, path in written.items():
        if path is None or is_special(path):
            continue
        here = path.resolve()
        if here in seen:
            raise click.UsageError(f"{option} {path} would overwrite a file that {seen[here]}")
        seen[here] = f"{option} writes"


def command_text() -> str:
    """The command as it was given, but for the place of the program."""
    return shlex.join(["hdsl", *sys.argv[1:]])


def reason(wrong: Exception) -> str:
    """What an operating system's error says, without its number."""
    return (getattr(wrong, "strerror", None) or str(wrong)).lower()


def painted(text: str, stream: Any) -> str:
    """Diagnostics with colours, where ``stream`` is a terminal that wants them."""
    if not in_colour(stream):
        return text
    text = HEADLINE.sub(lambda m: click.style(m[1] + m[2], fg=COLOURS[m[1]], bold=True), text)
    return CARETS.sub(lambda m: m[1] + click.style(m[2] + m[3], fg="cyan"), text)


def in_colour(stream: Any) -> bool:
    """True for a terminal, unless NO_COLOR is set (to anything) or the terminal is a dumb one."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def named_values(option: str, texts: Iterable[str]) -> dict[str, str]:
    """What an option with several values gives by name. Raises click.UsageError."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise click.UsageError(f"{option} {text}: expected NAME=VALUE, for example {option} {EXAMPLES[option]}")
        if name in found:
            raise click.UsageError(f"{option} gives `{name}` twice")
        found[name] = value
    return found


EXAMPLES = {"--set": "beta=0.1", "--dim": "n=64", "--forward": "beta=0.1"}


def _whole(name: str, text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise click.UsageError(f"--dim {name}={text}: a size is a whole number, for example --dim {name}=64")
    return int(text)
