"""The shell as a whole: exit codes, no traceback, nothing heavy loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hdsl.cli import check
from hdsl.cli.main import VERBS, main, status


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Usage: hdsl {verb}" in shown
    assert f"Example: hdsl {verb} " in " ".join(shown.split())


def test_the_examples_of_all_verbs_stand_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.partition("Commands:")[2].splitlines()[1 : 1 + len(VERBS)]] == list(VERBS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek", "sunspots"], "there is no verb `chek`; did you mean `check`?"),
        (["check"], "Missing argument"),
        (["check", "--nonsense", "sunspots"], "No such option"),
        (["show", "sunspots", "--pass", "nothing"], "is not one of"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_a_fault_of_ours_is_3_and_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(name: str) -> None:
        raise KeyError(f"lost\n{name}")

    monkeypatch.setattr(check, "readable", broken)
    monkeypatch.delenv("HDSL_DEBUG", raising=False)
    assert status(["check", "sunspots"]) == 3
    shown = capsys.readouterr().err
    assert "has a fault: KeyError" in shown.splitlines()[0] and "test_main.py" in shown.splitlines()[0]
    assert "Please report it" in shown.splitlines()[1]
    assert "Traceback" not in shown
    monkeypatch.setenv("HDSL_DEBUG", "1")
    assert status(["check", "sunspots"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_130(stop: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(name: str) -> None:
        raise stop

    monkeypatch.setattr(check, "readable", stopped)
    assert status(["check", "sunspots"]) == 130


def test_main_always_ends_by_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["hdsl", "chek"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def shell(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    program = "from hdsl.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, env={**os.environ, **environment}
    )


def test_a_terminal_without_unicode_gets_escapes() -> None:
    done = shell(["show", "iris_mlp", "--pass", "equations"], PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert b"\\u03c9" in done.stdout  # ω


def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path: Path) -> None:
    program = "from hdsl.cli.main import main; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", program, "compile", "iris_linear"], stdout=write, stderr=subprocess.PIPE, cwd=tmp_path
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def closed(descriptor: int, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A command whose standard stream of this number is closed, as by ``>&-``."""
    program = f"import os; os.close({descriptor}); os.execv(__import__('sys').executable, __import__('sys').argv[1:])"
    inner = [sys.executable, "-c", "from hdsl.cli.main import main; main()", *arguments]
    return subprocess.run([sys.executable, "-c", program, *inner], capture_output=True)


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_closed_stream_is_no_fault(descriptor: int) -> None:
    done = closed(descriptor, "check", "iris_linear")
    assert (done.returncode, done.stderr) == (0, b"")
    assert closed(descriptor, "check", "nothing").returncode == 2


def test_an_output_that_is_full_is_told() -> None:
    """As with ``> /dev/full``, which not every system has."""
    program = """
import os, sys
from hdsl.cli.main import main
class Full:
    encoding = "utf-8"
    def write(self, text): raise OSError(28, "No space left on device")
    def flush(self): pass
    def isatty(self): return False
    def fileno(self): return 1
sys.stdout = Full()
main()
"""
    done = subprocess.run([sys.executable, "-c", program, "check", "iris_linear"], capture_output=True)
    assert (done.returncode, done.stderr) == (2, b"Error: the output cannot be written: no space left on device\n")


def test_an_error_of_the_system_that_names_a_file_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(name: str) -> None:
        raise FileNotFoundError(2, "No such file or directory", "grammars")

    monkeypatch.setattr(check, "readable", lost)
    assert status(["check", "sunspots"]) == 3
    assert "has a fault: FileNotFoundError" in capsys.readouterr().err
