"""`hdsl run`: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hdsl.cli.main import status
from hdsl.runtime.native_build import find_compiler
from hdsl.runtime.predictions import PredictionFile
from tests.proofs.native_runs import plain_builds

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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "line.ham").write_text(MODEL)
    rows = [f"{k % 3},{(k % 5) / 5},{2 * (k % 3) - (k % 5) / 5}" for k in range(40)]
    (tmp_path / "line.csv").write_text("\n".join(["u[0],u[1],v", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert status(["run", *arguments, "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_sunspots_beat_the_last_value_by_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar of the demo, on three of its seeds: second half, scaled by the past only, a tenth below the last value."""
    found = summary(capsys, "sunspots", "--seeds", "3")
    assert (found["scale"], found["leaks"], found["steps"]) == ("running", False, 3177)
    assert found["columns"] == {"u": ["ssn"], "v": ["ssn@+1"]}
    later = {m["predictor"]: m["value"] for m in found["metrics"] if m["part"] == "second half"}
    assert later["last value"] == pytest.approx(0.138, abs=5e-4)  # as the source of the data tells it
    runs = sorted(m["value"] for run in found["seeds"] for m in run["metrics"] if m["part"] == "second half")
    assert len(runs) == 3
    assert runs[1] < 0.9 * later["last value"]


def test_a_models_own_stream_decides_its_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = summary(capsys, "line.ham", "--epochs", "5", "--set", "beta=0.2")
    assert found["steps"] == 200
    assert found["settings"]["beta"] == 0.2
    assert found["settings"]["size:m"] == 2
    mine = {m["part"]: m["value"] for m in found["metrics"] if m["predictor"] == "line"}
    assert mine["pass 5"] < 0.01 < mine["all"]


def test_the_text_names_scaling_baselines_and_units(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "line.ham", "--scale", "whole"]) == 0
    shown = capsys.readouterr().out
    assert "the future leaks into the past" in shown
    assert "errors are in the units of the file" in shown
    assert "last value" in shown and "autoregression of order 18" in shown


def test_predictions_are_a_row_a_step(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "line.ham", "--predict", "p.csv", "--dtype", "float64"]) == 0
    with open("p.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "y", "v", "fit"]
    assert [int(row["step"]) for row in rows] == list(range(40))
    for row in rows:
        assert 0.5 * (float(row["y"]) - float(row["v"])) ** 2 == pytest.approx(float(row["fit"]), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--stream", "none.csv"], 2, "none.csv: no such file"),
        (["--stream", "."], 2, "is a directory"),
        (["--stream", os.devnull], 1, f"{os.devnull}: the file is empty"),
        (["--stream", "line.ham"], 1, "line.ham: of what kind it is, its name does not tell; expected one of .csv, .jsonl"),
        (["--stream", "x.npy", "--follow"], 1, "x.npy cannot be followed; .csv, .jsonl and .ndjson can"),
        (["--batch", "2"], 2, "--batch 2 runs the sequences of line.csv beside one another, and no column says where they end"),
        (["--on-bad-row", "ignore"], 2, "--on-bad-row"),
        (["--map", "u=v@0..-1"], 1, "the window `v@0..-1` runs backwards; the oldest row stands first: v@-1..0"),
        (["--map", "u=v@-9999..1"], 1, "the window `v@-9999..1` has 10001 rows; expected at most 10000"),
        (["--map", "u=a"], 1, "the stream has no column `a`"),
        (["--map", "w=v"], 1, "the model reads no `w`"),
        (["--map", "nothing"], 2, "expected NAME=COLUMN"),
        (["--scale", "runing"], 2, "there is no scaling `runing`"),
        (["--set", "betta=1"], 1, "did you mean `beta`?"),
        (["--set", "beta=quick"], 1, "`quick`"),
        (["--dim", "k=1"], 1, "no size `k`"),
        (["--dim", "m=3"], 1, "`u` has 3 numbers a sample; found 2 columns"),
        (["--steps", "0"], 2, "--steps"),
        (["--dtype", "float16"], 2, "--dtype"),
        (["--device", "gpu"], 2, "--device gpu"),
        (["--hold", "0"], 2, "--hold 0: expected a whole number from 1 to 100000, or auto"),
        (["--hold", "2", "--target-at", "3"], 2, "--target-at 3 is after the last of the ticks of --hold 2"),
        (["--target-at", "1"], 2, "--target-at wants --hold N"),
        (["--resume"], 2, "--resume wants --checkpoint DIR"),
        (["--held-back", "4"], 2, "--held-back wants --backend native or auto"),
        (["--every", "5"], 2, "--every wants --checkpoint DIR"),
        (["--report", "no/where.html"], 2, "there is no folder no"),
        (["--predict", "."], 2, "is a folder"),
        (["--checkpoint", "line.csv/x"], 2, "no checkpoint can be written"),
        (["--set", "beta=1e30", "--epochs", "3"], 1, "line.csv:"),
    ],
)
def test_a_mistake_is_a_sentence(
    folder: Path, arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["run", "line.ham", *arguments]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert "Traceback" not in shown.err and "has a fault" not in shown.err


def test_a_bad_cell_has_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("line.csv").write_text("u[0],u[1],v\n1,2,3\n1,two,3\n")
    assert status(["run", "line.ham"]) == 1
    assert "line.csv:3:3: found `two` in the column `u[1]`, expected a number" in capsys.readouterr().err


def test_a_run_goes_on_from_its_checkpoint(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = summary(capsys, "line.ham", "--predict", "a.csv")
    part = summary(capsys, "line.ham", "--checkpoint", "c", "--predict", "b.csv", "--steps", "13", "--resume")
    rest = summary(capsys, "line.ham", "--checkpoint", "c", "--predict", "b.csv", "--resume")
    assert (part["steps"], rest["first_step"], rest["steps"]) == (13, 13, 40)
    assert rest["metrics"] == whole["metrics"]
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert status(["run", "line.ham", "--checkpoint", "c", "--resume", "--set", "beta=0.3"]) == 1
    shown = capsys.readouterr().err
    assert "belongs to another run" in shown and 'settings: {} there, {"beta": "0.3"} here' in shown


def test_held_samples_are_rows_of_the_stream(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("line.ham").write_text(MODEL.replace("dot(w, u)", "delay(dot(w, u))"))
    found = summary(capsys, "line.ham", "--hold", "auto", "--predict", "p.csv", "--seeds", "2")
    assert (found["hold"], found["steps"]) == ({"ticks": 3, "target_at": 2}, 40)
    assert {m["samples"] for m in found["metrics"] if m["part"] == "all"} == {39}  # the last value knows no first row
    assert len(Path("p.csv").read_text().splitlines()) == 41
    assert status(["run", "line.ham", "--hold", "3", "--target-at", "2"]) == 0
    assert "each sample held 3 ticks, its target at tick 2; predictions, costs" in capsys.readouterr().out


def test_a_delay_that_the_file_has_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("deep.ham").write_text(MODEL.replace("output y = dot(w, u)", "let a = dot(w, u)\noutput y = a"))
    shown = ["deep.ham", "--stream", "line.csv"]
    plain = summary(capsys, *shown)
    found = summary(capsys, *shown, "--delay", "all", "--hold", "auto")
    assert found["hold"] == {"ticks": 3, "target_at": 2}
    assert found["content"] == summary(capsys, *shown, "--delay", "a")["content"] != plain["content"]
    for verb in (["derive"], ["show", "--pass", "step"], ["compile"]):
        assert status([*verb, "deep.ham", "--delay", "a"]) == 0
        assert "delay" in capsys.readouterr().out
    assert status(["verify", "deep.ham", "--delay", "all"]) == 0
    assert "delay_a⁺ = ⟨w, u⟩" in capsys.readouterr().out
    assert status(["check", "deep.ham", "--delay", "b"]) == 1
    assert "there is no `let` definition `b` to delay" in capsys.readouterr().out
    assert status(["check", "deep.ham", "--delay", "a,"]) == 2
    assert "--delay: expected NAME,NAME… or all" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_cleanly_with_the_checkpoint_written(folder: Path, number: int, code: int) -> None:
    program = "from hdsl.cli.main import main; main()"
    arguments = ["run", "line.ham", "--epochs", "1000000", "--checkpoint", "c", "--every", "500"]
    running = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        while not list(Path("c").glob("step-*")) and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == code, err
    assert "Traceback" not in err
    checkpoint = max(Path("c").glob("step-*"))
    done = json.loads((checkpoint / "run.json").read_text())["step"]
    assert done >= 500
    assert f"{done:,}".replace(",", "\u202f") + " of" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--predict", "line.csv"], "--predict line.csv would overwrite a file that is read"),
        (["--report", "line.ham"], "--report line.ham would overwrite a file that is read"),
        (["--report", "x", "--predict", "x"], "--report x would overwrite a file that --predict writes"),
        (["--checkpoint", "line.csv"], "it is a file, and a folder is wanted"),
        (["--steps", "0"], "`0` is no whole number above 0"),
    ],
)
def test_a_run_that_cannot_be_kept_is_refused_before_it_begins(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert status(["run", "line.ham", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and shown.out == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_predictions_may_go_down_a_pipe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "line.ham", "--predict", os.devnull]) == 0
    assert not Path(os.devnull).is_file()
    given = ["run", "line.ham", "--checkpoint", "ck", "--predict", os.devnull]
    assert status([*given, "--steps", "20"]) == 0
    assert status([*given, "--resume"]) == 1
    assert "is no ordinary file, and a run cannot go on with it" in capsys.readouterr().err


def test_a_disk_that_is_full_is_told_without_a_word_on_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "p.csv")

    monkeypatch.setattr(PredictionFile, "write", full)
    assert status(["run", "line.ham", "--predict", "p.csv"]) == 2
    assert capsys.readouterr().err == "Error: p.csv: no space left on device\n"


def test_threads_are_told_and_a_run_goes_on_with_as_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(capsys, "line.ham")["threads"] == 1
    assert summary(capsys, "line.ham", "--threads", "2", "--steps", "20", "--checkpoint", "kept")["threads"] == 2
    assert status(["run", "line.ham", "--checkpoint", "kept", "--resume"]) == 1
    assert "threads: 2 there, 1 here" in capsys.readouterr().err
    assert summary(capsys, "line.ham", "--threads", "2", "--checkpoint", "kept", "--resume")["first_step"] == 20


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
def test_native_code_gives_the_figures_of_torch_and_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = summary(capsys, "line.ham", "--dtype", "float64")
    with plain_builds():
        given = ("line.ham", "--dtype", "float64", "--backend", "native", "--checkpoint", "kept")
        native, went_on = summary(capsys, *given, "--steps", "20"), summary(capsys, *given, "--resume")
    assert (plain["backend"], native["backend"], went_on["first_step"]) == ("torch", "native", 20)
    assert went_on["costs"] == pytest.approx(plain["costs"], rel=1e-9)
    assert status(["run", "line.ham", "--dtype", "float64", "--checkpoint", "kept", "--resume"]) == 1
    assert "backend" in capsys.readouterr().err


def test_without_a_compiler_a_line_says_so_and_torch_is_used(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdsl.runtime.choice.find_compiler", lambda: None)
    assert status(["run", "line.ham", "--backend", "native", "--format", "json"]) == 0
    told = capsys.readouterr()
    assert told.err.startswith("note: no C compiler is at hand") and json.loads(told.out)["backend"] == "torch"


def test_parameters_go_out_and_in_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = ["line.ham", "--scale", "none", "--predict"]
    summary(capsys, *plain, "once.csv", "--save-parameters", "p.safetensors", "--seed", "1")
    summary(capsys, *plain, "again.csv", "--load-parameters", "p.safetensors", "--save-parameters", "p.safetensors")
    summary(capsys, *plain, "twice.csv", "--epochs", "2", "--seed", "1")
    once, again, twice = ([row.partition(",")[2] for row in Path(f"{n}.csv").read_text().splitlines()[1:]]
                          for n in ("once", "again", "twice"))
    assert once + again == twice and once != again  # without momentum and states, the parameters are all that goes on


def test_a_run_goes_on_only_with_the_parameters_that_it_began_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary(capsys, "line.ham", "--save-parameters", "p.safetensors")
    begun = ["--load-parameters", "p.safetensors", "--checkpoint", "run"]
    summary(capsys, "line.ham", *begun, "--steps", "20")
    assert status(["run", "line.ham", "--checkpoint", "run", "--resume"]) == 1
    assert "parameters: " in capsys.readouterr().err
    assert summary(capsys, "line.ham", *begun, "--resume")["steps"] == 40


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--load-parameters", "line.csv"], 1, "Error: line.csv is no safetensors file, or a damaged one: "),
        (["--load-parameters", "none"], 2, "Error: none: no such file or directory"),
        (["--seeds", "2", "--load-parameters", "none"], 2,
         "Error: --seeds draws initial values and --load-parameters gives them; choose one"),
        (["--save-parameters", "none/p"], 2, "Error: there is no folder none; the name of a file"),
        (["--save-parameters", "line.csv"], 2, "line.csv would overwrite a file that is read"),
    ],
)
def test_parameters_that_cannot_be_are_told(
    folder: Path, arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["run", "line.ham", *arguments]) == code
    assert told in capsys.readouterr().err


def test_what_is_not_finite_is_drawn_or_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = Path("line.csv").read_text().splitlines()
    rows[12] = rows[12].rpartition(",")[0] + ",1e30"
    Path("line.csv").write_text("\n".join(rows) + "\n")
    given = ["run", "line.ham", "--scale", "none"]
    assert status(given) == 1
    shown = capsys.readouterr().err
    assert "fit became infinite at step 11; made by line.ham:7 (line.csv:13)" in shown
    assert "--report FILE.html draws the last thousand steps" in shown
    assert status([*given, "--report", "r.html"]) == 1
    assert "r.html draws the last 12 steps before it" in capsys.readouterr().err
    assert "fit became infinite at step 11" in Path("r.html").read_text()
    given += ["--on-nonfinite", "rollback", "--predict", "p.csv", "--checkpoint", "c"]
    assert status([*given, "--steps", "20"]) == 0
    shown = capsys.readouterr().out
    assert "note: 1 sample left out, at step 11\nnote: the first because fit became infinite at step 11" in shown
    found = summary(capsys, *given[1:], "--resume")
    assert found["skipped"] == {"count": 1, "steps": [11]} and found["steps"] == 40
    assert Path("p.csv").read_text().splitlines()[12] == "11,,,"


def test_of_a_large_module_a_report_needs_what_rescue_keeps(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdsl.runtime.nonfinite.MANY", 0)
    Path("line.csv").write_text(Path("line.csv").read_text() + "1,1,1e30\n")
    given = ["run", "line.ham", "--scale", "none"]
    assert status([*given, "--report", "r.html"]) == 1
    shown = capsys.readouterr().err
    assert "fit became infinite at step 40 at the latest (line.csv:42); no copy is kept" in shown
    assert "or --on-nonfinite rescue, one is kept" in shown and not Path("r.html").exists()
    assert status([*given, "--on-nonfinite", "rescue"]) == 1
    assert "step 40; made by line.ham:7 (line.csv:42)\n--report FILE.html draws" in capsys.readouterr().err


def test_a_log_is_written_or_refused_before_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status(["run", "line.ham", "--log", "line.csv"]) == 2
    assert "--log line.csv: file exists" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert status(["run", "line.ham", "--log", "tb"]) == 2
    assert "--log: the package tensorboard is not installed" in capsys.readouterr().err


def test_what_is_recorded_is_written_and_goes_on_to_the_bit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("line.ham").write_text(MODEL.replace("output y = dot(w, u)", "state h = 0\nh' = -h + dot(w, u)\noutput y = h"))
    given = ["line.ham", "--every", "7", "--record", "z.h,H", "--record", "w"]
    found = summary(capsys, *given, "--checkpoint", "a", "--record-to", "a.csv", "--report", "r.html")
    assert found["recorded"] == {"names": ["z.h", "H", "norm2(w)"], "file": "a.csv"}
    assert "H, as recorded after each step" in Path("r.html").read_text()
    given += ["--checkpoint", "b", "--record-to", "b.csv"]
    summary(capsys, *given, "--steps", "13")
    with open("b.csv", "a") as file:
        file.write("what a crash left")
    summary(capsys, *given, "--resume")
    lines = Path("a.csv").read_text().splitlines()
    assert lines[0] == "step,z.h,H,norm2(w)" and len(lines) == 41
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert status(["run", *given[:3], "--checkpoint", "b", "--resume"]) == 1
    assert 'record: "z.h,H,norm2(w)" there, not given here' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--record", "w"], "--record wants a place to be seen in"),
        (["--record-to", "x.csv"], "--record-to wants --record NAME"),
        (["--record", "w,q", "--record-to", "x.csv"], "--record: `q` cannot be recorded; what can: w, costate.w, H"),
    ],
)
def test_a_record_that_cannot_be_is_refused_before_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert status(["run", "line.ham", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not Path("x.csv").exists()


def test_a_further_seed_that_is_not_finite_is_drawn_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "input u[2]\ntarget v\nparam w = normal(0, 1)\noutput y = log(w) + u[0]\ncost fit = (y - v)^2\n"
    Path("draws.ham").write_text(text)
    given = ["run", "draws.ham", "--stream", "line.csv", "--scale", "none", "--set", "beta=0", "--report", "r.html"]
    good = next(k for k in range(9) if status([*given, "--seed", str(k)]) == 0 and status([*given, "--seed", str(k + 1)]) == 1)
    Path("r.html").unlink()
    capsys.readouterr()
    assert status([*given, "--seed", str(good), "--seeds", "2"]) == 1
    assert "r.html draws the last 1 steps before it" in capsys.readouterr().err
    assert "not finite" in Path("r.html").read_text()
