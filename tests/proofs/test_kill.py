"""SIGKILL at random moments of a real run, resumed until it is done: what it leaves is what it leaves undisturbed."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

MODEL = """ham 1
dim n = 8
input u[1]
target v[1]
state h[n] = 0
param W[n, n] = normal(0, 0.3)
param U[n, 1] = normal(0, 1)
param C[1, n] = 0
h' = -h + tanh(W @ h + U @ u)
output y = C @ h
cost fit = 1/2 * squared(y - v)
learn
    tau = 0.5
    eta = 1
    beta = 0.05
    phi = 1 + 1/(1 + t)
"""
ROWS = 1500
PROGRAM = "from hdsl.cli.main import main; main()"


def started(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """A run that goes on from whatever its folder holds."""
    given = ["run", "wave.ham", "--epochs", "2", "--checkpoint", name, "--every", "37", "--resume"]
    given += ["--predict", f"{name}.csv", "--format", "json"]
    with open(folder / f"{name}.err", "wb") as told:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *given], cwd=folder, stdout=subprocess.DEVNULL, stderr=told,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )


def began(running: subprocess.Popen[bytes], file: Path, before: int) -> None:
    """Wait until a run has opened its file of predictions anew, or ended."""
    while running.poll() is None and (not file.exists() or file.stat().st_mtime_ns == before):
        time.sleep(0.01)


def finished(running: subprocess.Popen[bytes], folder: Path, name: str) -> float:
    """How long a run took from the opening of its predictions to its end; it must end well."""
    file = folder / f"{name}.csv"
    began(running, file, file.stat().st_mtime_ns if file.exists() else 0)
    start = time.perf_counter()
    assert running.wait(300) == 0, (folder / f"{name}.err").read_text()
    return time.perf_counter() - start


def left(folder: Path, name: str) -> tuple[bytes, bytes]:
    """The predictions, and the tensors of the last checkpoint."""
    last = max((folder / name).glob("step-*"))
    return (folder / f"{name}.csv").read_bytes(), (last / "tensors.safetensors").read_bytes()


def killed_at_random(folder: Path, moments: int, seed: int) -> None:
    draw = random.Random(seed)
    (folder / "wave.ham").write_text(MODEL)
    wave = (np.sin(np.arange(ROWS) / 5) + 0.1 * np.random.default_rng(0).normal(size=ROWS)).tolist()
    (folder / "wave.csv").write_text("\n".join(["u,v", *(f"{x!r},{y!r}" for x, y in itertools.pairwise(wave))]))
    seconds = finished(started(folder, "whole"), folder, "whole")
    wanted, kills, runs = left(folder, "whole"), 0, 0
    while kills < moments:
        name, runs = f"run{runs}", runs + 1
        while True:
            file = folder / f"{name}.csv"
            before = file.stat().st_mtime_ns if file.exists() else 0
            running = started(folder, name)
            try:
                if draw.random() > 0.1:  # else while it still starts, or reads what the one before left
                    began(running, file, before)
                time.sleep(draw.uniform(0, seconds / 2))
                if kills == moments:
                    finished(running, folder, name)
                    break
                running.send_signal(signal.SIGKILL)
                if running.wait(60) == 0:  # it was done before
                    break
                kills += 1
            finally:
                running.kill()
                running.wait(60)
            assert running.returncode == -signal.SIGKILL, (folder / f"{name}.err").read_text()
        assert left(folder, name) == wanted


def test_a_run_that_is_killed_is_the_run_that_is_not(tmp_path: Path) -> None:
    killed_at_random(tmp_path, moments=1, seed=int.from_bytes(os.urandom(4), "big"))


@pytest.mark.slow
def test_a_run_that_is_killed_a_hundred_times_is_the_run_that_is_not(tmp_path: Path) -> None:
    killed_at_random(tmp_path, moments=100, seed=0)
