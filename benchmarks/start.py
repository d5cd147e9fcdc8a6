"""``python -m benchmarks.start``: how long until a user sees something.

Whole processes, in turns: ``hdsl check`` and one that only imports sympy and lark; ``hdsl run`` up to its first step, with
nothing in the cache and with the model in it, and one that only imports torch. Then seconds from text to derived equations and
to generated text of every model that ships and of a transformer of 12 layers, each in a fork of a process that has imported
hdsl, sympy and lark; and from text to a module class, made and as it was kept, in forks of one that has imported torch. All
find bytecode that an earlier process wrote.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from math import nan
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import fresh, pages
from benchmarks.goals import GOALS, HEAD
from benchmarks.measure import Timing, machine
from benchmarks.pages import Table

ROOT = Path(__file__).parent.parent
TRANSFORMER = ROOT / "benchmarks" / "workloads" / "transformer.ham"
SHELL = "import sys; from hdsl.cli.main import main; sys.exit(main())"
PROCESSES = {
    "import sympy, lark": ("-c", "import sympy, lark"),
    "hdsl check": ("-c", SHELL, "check", "models/sunspots.ham"),
    "import torch": ("-c", "import torch"),
    "hdsl run, nothing kept": ("-c", SHELL, "run", "models/sunspots.ham", "--steps", "1"),
    "hdsl run, model kept": ("-c", SHELL, "run", "models/sunspots.ham", "--steps", "1"),
}
"""Arguments of Python by what the processes do."""
OVER = {"hdsl check": "import sympy, lark", "hdsl run, nothing kept": "import torch", "hdsl run, model kept": "import torch"}
SLOWEST = 5
"""Of the models, how many a page tells."""


def succeeds(*arguments: str, cache: str = "off") -> bool:
    """Whether a Python process with these arguments ends with 0."""
    environment = {**os.environ, "HDSL_CACHE": cache}
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False, env=environment)
    return done.returncode == 0


def whole(turns: int) -> dict[str, Timing]:
    """Seconds of each of `PROCESSES`, in turns. Raises SystemExit where one fails."""
    taken: dict[str, list[float]] = {name: [] for name in PROCESSES}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(turns + 1):
            for name, arguments in PROCESSES.items():
                start = perf_counter()
                if not succeeds(*arguments, cache=folder if name.endswith("model kept") else "off"):
                    raise SystemExit(f"python {' '.join(arguments)} failed")
                if turn:  # the first writes bytecode, and keeps the model
                    taken[name].append(perf_counter() - start)
    return {name: Timing(tuple(seconds)) for name, seconds in taken.items()}


def models(turns: int, loads: int, named: str | None = None) -> dict[str, dict[str, Any]]:
    """Median seconds of each model to check, derive and emit, and to make a class and to load one that is kept."""
    paths = [path for path in sorted((ROOT / "models").glob("*.ham")) if named is None or path.stem in named.split(",")]
    paths += [TRANSFORMER] if named is None else []
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        derived = fresh.measured("derive", [(str(path), "off") for path in paths for _ in range(turns)])
        loaded = fresh.measured("load", [(str(path), folder) for path in paths for _ in range(loads + 1)])
    for k, path in enumerate(paths):
        ways, (first, *rest) = derived[k * turns : (k + 1) * turns], loaded[k * (loads + 1) : (k + 1) * (loads + 1)]
        if wrong := next((each["wrong"] for each in (*ways, first, *rest) if "wrong" in each), None):
            found[path.stem] = {"wrong": wrong}
            continue
        told = {name: median(each[name] for each in ways) for name in ways[0]}
        found[path.stem] = {**told, "all": sum(told.values()), "made": first["load"], "kept": median(r["load"] for r in rest)}
    return found


HEADS: dict[str, tuple[str, ...]] = {
    "goals of the start": HEAD,
    "start": ("process", "seconds", "over", "times"),
    "models": ("model", "checked, s", "equations, s", "torch text, s", "all", "class made, s", "kept, s"),
}
"""The marks of docs/speed.md that this command writes, and the head of the table at each."""


def tables(processes: Mapping[str, Timing], found: Mapping[str, Mapping[str, Any]], most: int | None = None) -> list[Table]:
    """Goals, processes, and the models that take longest, ``most`` of them."""
    there = {name: each for name, each in found.items() if "wrong" not in each}
    shipped = [each for name, each in there.items() if name != TRANSFORMER.stem]
    goals = []
    if processes:
        goals.append(GOALS["check"].line(processes["hdsl check"].over(processes["import sympy, lark"])))
    if there:
        deep = there.get(TRANSFORMER.stem, {"all": nan})
        goals.append(GOALS["derive"].line(max((each["all"] for each in shipped), default=nan)))
        goals.append(GOALS["transformer"].line(deep["all"]))
        goals.append(GOALS["second load"].line(max((each["kept"] for each in shipped), default=nan)))
    started = []
    for name, timing in processes.items():
        other = OVER.get(name, "")
        started.append((name, f"{timing.median:.2f}", other, f"{timing.over(processes[other]):.2f}" if other else ""))
    body = sorted(there, key=lambda name: -there[name]["all"])[:most]
    rows = [(name, *(f"{value:.3f}" for value in there[name].values())) for name in body]
    if shipped:
        middle = (f"{median(each[part] for each in shipped):.3f}" for part in shipped[0])
        rows.append((f"median of {len(shipped)} that ship", *middle))
    wrong = tuple(f"Not measured, {name}: {each['wrong']}" for name, each in found.items() if "wrong" in each)
    told = (Table("goals of the start", HEADS["goals of the start"], tuple(goals)),
            Table("start", HEADS["start"], tuple(started)), Table("models", HEADS["models"], tuple(rows), wrong))  # fmt: skip
    return [each for each in told if each.rows]


def main() -> int:
    load = pages.load()
    options = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    options.add_argument("--turns", type=int, default=7, help="processes of each kind")
    options.add_argument("--derivations", type=int, default=3, help="forks a model; 0 for no models")
    options.add_argument("--loads", type=int, default=5, help="forks a model for second loads")
    options.add_argument("--models", default=None, help="comma-separated; all that ship, and the transformer, unless given")
    options.add_argument("--docs", action="store_true", help="write the tables into docs/speed.md too")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as bytecode:  # of all alike, also where the environment asks for none to be written
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        processes = whole(given.turns) if given.turns else {}
        found = models(given.derivations, given.loads, given.models) if given.derivations else {}
    if given.json:
        seconds = {name: timing.rounds for name, timing in processes.items()}
        print(json.dumps({"machine": machine(1), "processes": seconds, "models": found}, indent=1))
    else:
        print(machine(1), *(made.text() for made in tables(processes, found)), sep="\n\n")
    if given.docs:
        pages.publish("start", tables(processes, found, SLOWEST), 1, load)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
