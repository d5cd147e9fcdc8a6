"""Arguments that verbs share."""

from __future__ import annotations

import io
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hdsl.cli.arguments import (
    Count,
    Verb,
    WrongInput,
    delayed,
    in_colour,
    keep_apart,
    open_model,
    painted,
    readable,
    settings_option,
    write_file,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@click.command(cls=Verb)
@click.argument("model")
@click.option("--flag", is_flag=True)
@settings_option
def verb(model: str, flag: bool, settings: tuple[str, ...], dims: tuple[str, ...], delay: tuple[str, ...]) -> None:
    click.echo(f"{model}|{flag}|{settings}|{dims}" + "".join(f"|{name}" for name in delayed(delay)))


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["m", "--set", "a=1", "b=2", "--dim", "n=3", "--flag"], "m|True|('a=1', 'b=2')|('n=3',)"),
        (["--set", "a=1", "m"], "m|False|('a=1',)|()"),
        (["--set", "a=1", "--set", "b=-2", "m", "--dim", "n=3", "k=4"], "m|False|('a=1', 'b=-2')|('n=3', 'k=4')"),
        (["m", "--set=a=1"], "m|False|('a=1',)|()"),
        (["m", "--delay", "a.1, b", "--delay", "all"], "m|False|()|()|a.1|b|all"),
        (["m", "--set", "--flag"], "m|False|('--flag',)|()"),
    ],
)
def test_an_option_takes_all_that_follow(arguments: list[str], shown: str) -> None:
    done = CliRunner().invoke(verb, arguments)
    assert done.output == f"{shown}\n"


def test_settings_and_sizes_reach_the_model() -> None:
    model = open_model("sunspots", ["beta=1/8", "order = simultaneous"], ["n=5"]).product("model")
    assert (str(model.learning.values["beta"]), model.learning.order) == ("1/8", "simultaneous")
    assert model.dims["n"] == 5


@pytest.mark.parametrize(
    ("settings", "dims", "message"),
    [
        (["beta"], [], "--set beta: expected NAME=VALUE, for example --set beta=0.1"),
        (["beta="], [], "expected NAME=VALUE"),
        (["beta=1", "beta=2"], [], "--set gives `beta` twice"),
        ([], ["n=1.5"], "--dim n=1.5: a size is a whole number"),
        ([], ["n=9999999999999999999999"], "a size is a whole number"),
    ],
)
def test_what_sets_nothing_is_wrong_usage(settings: list[str], dims: list[str], message: str) -> None:
    with pytest.raises(click.UsageError) as wrong:
        open_model("sunspots", settings, dims)
    assert message in wrong.value.message


def test_an_unknown_setting_is_told_with_the_nearest_one() -> None:
    with pytest.raises(WrongInput) as wrong:
        open_model("sunspots", ["betta=1"])
    assert "did you mean `beta`?" in wrong.value.message
    assert wrong.value.exit_code == 1


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    for name, message in (
        ("sunspot", "did you mean `sunspots`?"),
        ("sunspot.ham", "did you mean `sunspots`?"),
        ("zzz", "those that ship are"),
        (str(tmp_path), "is a folder"),
        ("", "the name of a model is empty"),
        ("a\0b", "a\0b"),
    ):
        with pytest.raises(click.UsageError) as wrong:
            readable(name)
        assert message in wrong.value.message


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.py"
    write_file(path, "first, é\n")
    assert path.read_text(encoding="utf-8") == "first, é\n"

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(click.UsageError, match="no space left on device"):
        patch.setattr(os, "replace", fail)
        write_file(path, "second")
    assert path.read_text(encoding="utf-8") == "first, é\n"
    assert [p.name for p in tmp_path.iterdir()] == ["net.py"]
    for wrong in (tmp_path, tmp_path / "none" / "net.py"):
        with pytest.raises(click.UsageError):
            write_file(wrong, "")


def test_a_file_that_is_there_keeps_its_permissions_and_its_links(tmp_path: Path) -> None:
    path, link = tmp_path / "a.ham", tmp_path / "link.ham"
    path.write_text("one")
    path.chmod(0o640)
    link.symlink_to(path)
    write_file(link, "two")
    assert link.is_symlink()
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o640


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    text = "error[shape]: no\n  --> a.ham:1:1\n   |\n 1 |   x ^ y\n   |   ^^^ here"
    assert in_colour(Terminal()) and not in_colour(io.StringIO())
    shown = painted(text, Terminal())
    assert "\x1b[31m\x1b[1merror[shape]\x1b[0m" in shown
    assert "\x1b[36m^^^ here\x1b[0m" in shown
    assert click.unstyle(shown) == text
    assert painted(text, io.StringIO()) == text
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted(text, Terminal()) == text


def test_nothing_that_is_read_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ham").write_text("")
    (tmp_path / "link.ham").symlink_to("a.ham")
    keep_apart({"-o": tmp_path / "b.py", "--report": None}, [tmp_path / "a.ham"])
    keep_apart({"--report": Path(os.devnull), "--predict": Path(os.devnull)}, [])
    for written in ("a.ham", "link.ham"):
        with pytest.raises(click.UsageError, match=f"-o {written} would overwrite a file that is read"):
            keep_apart({"-o": Path(written)}, [tmp_path / "a.ham"])
    with pytest.raises(click.UsageError, match="--report b would overwrite a file that --predict writes"):
        keep_apart({"--predict": tmp_path / "b", "--report": Path("b")}, [])


def test_a_device_stays_a_device(tmp_path: Path) -> None:
    write_file(Path(os.devnull), "gone")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("wrong", ["0", "-3", "x", "1.5", "9" * 30])
def test_a_count_is_a_whole_number_above_0(wrong: str) -> None:
    assert Count().convert("12", None, None) == 12
    with pytest.raises(click.BadParameter, match=f"`{wrong}` is no whole number above 0"):
        Count().convert(wrong, None, None)
