"""The streams of `hdsl run`, end to end: kinds of file, pipes, bad rows, sequences beside one another."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from hdsl.cli.main import status

MODEL = """ham 1
dim m
input u[m]
target v
param w[m] = 0
output y = dot(w, u)
cost fit = 1/2 * squared(y - v)
learn
    eta = 1
    beta = 0.1
"""
ROWS = [(k % 3, (k % 5) / 5, 2 * (k % 3) - (k % 5) / 5) for k in range(40)]
NAMES = ["u[0]", "u[1]", "v"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "line.ham").write_text(MODEL)
    write_csv(tmp_path / "line.csv", ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_csv(path: Path, rows: list[Any]) -> None:
    path.write_text("\n".join([",".join(NAMES), *(",".join(map(str, row)) for row in rows)]) + "\n")


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert status(["run", "line.ham", *arguments, "--format", "json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def json_lines(rows: list[Any]) -> str:
    return "".join(json.dumps({"u": [a, b], "v": v}) + "\n" for a, b, v in rows)


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".npy", ".npz", ".parquet", ".arrow", ".feather"])
def test_every_kind_of_file_is_learned_from_alike(folder: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    path, columns = folder / f"other{suffix}", dict(zip(NAMES, map(np.array, zip(*ROWS, strict=True)), strict=True))
    if suffix in (".jsonl", ".ndjson"):
        path.write_text(json_lines(ROWS))
    elif suffix == ".npy":
        array = np.zeros(40, dtype=[("u", "f8", (2,)), ("v", "f8")])
        array["u"], array["v"] = np.array(ROWS)[:, :2], columns["v"]
        np.save(path, array)
    elif suffix == ".npz":
        np.savez(path, u=np.array(ROWS)[:, :2], v=columns["v"])
    elif suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    else:
        pyarrow.feather.write_feather(pyarrow.table(columns), path)
    summary(capsys, "--scale", "running", "--predict", "a.csv")
    found = summary(capsys, "--stream", path.name, "--scale", "running", "--predict", "b.csv")
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert (found["stream"], found["bad_rows"], found["batch"]) == (path.name, {}, 1)


BAD = ["0,0.2", "1,x,2", "1,,2", "1,0.5,1e999", '"1"x,2,3', "1,2,3,4"]


@pytest.mark.parametrize("policy", ["skip", "log"])
def test_bad_rows_are_left_out_as_if_they_never_were(
    folder: Path, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    good = ["1,0.2,3", "2,0.4,1", "0,0.1,-1", "1,1,1", "2,0,5", "1,3,4", "0,1,2"]
    mixed = [row for pair in zip(good, [*BAD, None], strict=True) for row in pair if row is not None]
    Path("mixed.csv").write_text("\n".join([",".join(NAMES), *mixed]) + "\n")
    Path("good.csv").write_text("\n".join([",".join(NAMES), *good]) + "\n")
    given = ["--map", "u=u[1],u[0]@-1", "v=v@+1", "--scale", "running"]
    assert status(["run", "line.ham", "--stream", "good.csv", *given, "--predict", "a.csv"]) == 0
    capsys.readouterr()
    assert status(["run", "line.ham", "--stream", "mixed.csv", *given, "--predict", "b.csv", "--on-bad-row", policy]) == 0
    shown = capsys.readouterr()
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    kinds = "2 wrong number of cells, 1 no number, 1 too large a number, 1 missing input, 1 unreadable line"
    assert f"6 bad rows left out: {kinds}" in shown.out
    logged = [line for line in shown.err.splitlines() if line.startswith("left out: mixed.csv:")]
    assert [line.split(":")[2] for line in logged] == ([*map(str, range(3, 14, 2))] if policy == "log" else [])
    if policy == "log":
        assert logged[0] == "left out: mixed.csv:3: found 2 cells, expected 3 as in the first line"


def test_the_first_bad_row_stops_by_itself_before_anything_is_learned(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("line.csv").write_text(Path("line.csv").read_text() + "1,2\n")
    assert status(["run", "line.ham", "--predict", "p.csv"]) == 1
    assert "line.csv:42: found 2 cells, expected 3 as in the first line" in capsys.readouterr().err
    assert not Path("p.csv").exists()


def test_a_window_is_a_vector_with_the_oldest_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = summary(capsys, "--map", "u=v@-3..0", "v=v@+1")
    assert found["columns"] == {"u": ["v@-3", "v@-2", "v@-1", "v"], "v": ["v@+1"]}
    assert (found["settings"]["size:m"], found["steps"]) == (4, 37)


def test_sequences_run_beside_one_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{a},{b},{v},{int(k in (9, 14, 33))}" for k, (a, b, v) in enumerate(ROWS)]
    Path("line.csv").write_text("\n".join([",".join([*NAMES, "boundary"]), *rows]) + "\n")
    found = summary(capsys, "--batch", "2", "--predict", "p.csv")
    assert (found["batch"], found["steps"]) == (2, 24)  # of 10, 5, 19 and 6 rows: 10 and 6 in one lane, 5 and 19 in the other
    with open("p.csv", newline="") as file:
        lanes = [row["stream"] for row in csv.DictReader(file)]
    assert (lanes.count("0"), lanes.count("1")) == (16, 24)


def test_several_streams_run_beside_one_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(Path("short.csv"), ROWS[:15])
    found = summary(capsys, "--stream", "line.csv", "--stream", "short.csv")
    assert (found["batch"], found["steps"], found["stream"]) == (2, 40, "line.csv, short.csv")
    found = summary(capsys, "--stream", "line.csv", "--stream", "short.csv", "--batch", "1")
    assert (found["batch"], found["steps"]) == (1, 55)


def running(*arguments: str, **streams: Any) -> subprocess.Popen[str]:
    program = "from hdsl.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "run", "line.ham", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, **streams,
    )  # fmt: skip


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def predicted(path: Path) -> int:
    return path.read_text().count("\n") - 1 if path.exists() else 0


def test_standard_input_is_learned_from_a_row_at_a_time(folder: Path) -> None:
    """Each row's prediction comes before the next row is written."""
    process = running("--stream", "-", "--predict", "/dev/stderr", "--format", "json", stdin=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None
    try:
        for k, row in enumerate(ROWS[:5]):
            process.stdin.write(json_lines([row]))
            process.stdin.flush()
            if k == 0:
                assert process.stderr.readline() == "step,y,v,fit\n"
            assert process.stderr.readline().startswith(f"{k},")
        process.stdin.close()
        process.stdin = None
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    told = json.loads(out)
    assert (told["steps"], told["stream"]) == (5, "standard input")


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Standard input is a pipe that holds a text and ends."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(fileno=lambda: reader))


@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_a_pipe_that_ends_within_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    piped(monkeypatch, json_lines(ROWS[:6])[:-9])
    code = status(["run", "line.ham", "--stream", "-", "--on-bad-row", policy, "--checkpoint", "c"])
    shown = capsys.readouterr()
    assert len(list(Path("c").glob("step-000000000005"))) == 1  # what came before it is learned from and kept
    if policy == "stop":
        assert code == 1
        assert "standard input:6: the stream ends in the middle of this line" in shown.err
    else:
        assert code == 0
        assert "1 bad row left out: 1 cut off in the middle of a line" in shown.out


def test_a_file_is_followed_until_ctrl_c(folder: Path) -> None:
    process = running("--stream", "line.csv", "--follow", "--predict", "p.csv", "--checkpoint", "c", "--every", "41")
    try:
        until(lambda: process.poll() is not None or list(Path("c").glob("step-*")) or Path("p.csv").exists())
        with open("line.csv", "a") as file:
            file.write("1,0.5,2\n")
        until(lambda: process.poll() is not None or list(Path("c").glob("step-000000000041")))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err and "line: 41 steps" in out
    assert predicted(Path("p.csv")) == 41


@pytest.mark.parametrize(
    "case",
    [
        (["--epochs", "2"], 1, "standard input can be read once, not 2 times"),
        (["--scale", "whole"], 1, "--scale whole reads a stream twice, and standard input can be read once"),
        (["--seeds", "2"], 2, "--seeds reads a stream several times, and standard input can be read once"),
    ],
)
def test_what_wants_a_stream_twice_is_refused_on_a_pipe(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: tuple[list[str], int, str]
) -> None:
    arguments, code, message = case
    piped(monkeypatch, json_lines(ROWS))
    assert status(["run", "line.ham", "--stream", "-", *arguments]) == code
    assert message in capsys.readouterr().err


def test_a_run_on_a_pipe_that_begins_again_is_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "line.ham", "--stream", "-", "--predict"]
    piped(monkeypatch, json_lines(ROWS))
    assert status([*run, "whole.csv"]) == 0
    for rows in (ROWS[:5], ROWS):
        piped(monkeypatch, json_lines(rows))
        assert status([*run, "parts.csv", "--checkpoint", "c", "--resume"]) == 0
    assert "went on from the checkpoint of step 5" in capsys.readouterr().out
    assert (folder / "parts.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_a_pipe_that_begins_otherwise_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for rows, code in ((ROWS[:5], 0), (ROWS[1:], 1)):
        piped(monkeypatch, json_lines(rows))
        assert status(["run", "line.ham", "--stream", "-", "--checkpoint", "c", "--resume"]) == code
    told = capsys.readouterr().err
    assert "belongs to another run:\n  samples so far: " in told
    assert "standard input has to begin again with the samples before step 5" in told
