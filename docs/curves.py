"""Draw docs/sunspots.svg, the learning curve of the README: python docs/curves.py

Ten seeds of `hdsl run sunspots`, the error of the past 22 years over the last value's of the same years, and the same of
an autoregression by recursive least squares. Everything is predicted before it is learned.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("svg")
import matplotlib.pyplot as plt

from hdsl.runtime.baseline import Autoregression, LastValue
from hdsl.runtime.metrics import ORDER

HERE = Path(__file__).parent
MONTHS = 264  # two cycles of the sun
EVERY = 6  # months between two points drawn
SEEDS = 10


def predictions(seed: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true values of one run, by the shell as a user has it; the last month's truth is not known."""
    file = folder / f"{seed}.csv"
    command = [sys.executable, "-m", "hdsl", "run", "sunspots", "--seed", str(seed), "--predict", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    with file.open(newline="") as rows:
        pairs = [(float(row["y[0]"]), float(row["v[0]"])) for row in csv.DictReader(rows) if row["v[0]"]]
    made, truth = np.array(pairs).T
    return made, truth


def beside(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Squared error of the past `MONTHS` months over that of the last value in the same months."""
    ours, theirs = (np.nan_to_num(p - truth) ** 2 for p in (made, LastValue(1).predict(truth[:, None])[:, 0]))
    window = np.ones(MONTHS)
    return np.convolve(ours, window, mode="valid") / np.convolve(theirs, window, mode="valid")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs = [predictions(seed, Path(folder)) for seed in range(SEEDS)]
    truth = runs[0][1]
    regression = beside(Autoregression(1, ORDER).predict(truth[:, None])[:, 0], truth)[::EVERY]
    curves = np.array([beside(made, truth)[::EVERY] for made, _ in runs])
    years = (1749 + (np.arange(len(truth)) + 1) / 12)[MONTHS - 1 :][::EVERY]
    plt.rcParams.update({"svg.hashsalt": "hdsl", "svg.fonttype": "path", "font.size": 10})
    figure, axes = plt.subplots(figsize=(8, 3.1), layout="constrained")
    axes.axhline(1, color="0.45", lw=1.1)
    axes.text(years[-1], 1.005, "last value", ha="right", va="bottom", color="0.35")
    axes.plot(years, regression, color="C1", lw=1.1, ls="--", label=f"autoregression of order {ORDER}")
    axes.fill_between(years, curves.min(0), curves.max(0), color="C0", alpha=0.25, lw=0)
    axes.plot(years, np.median(curves, 0), color="C0", lw=1.8, label=f"sunspots.ham, median and range of {SEEDS} seeds")
    axes.set(xlim=(years[0], years[-1]), ylim=(0.7, 1.3), ylabel="error / last value's,\npast 22 years", xlabel="year")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper right")
    figure.savefig(HERE / "sunspots.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
