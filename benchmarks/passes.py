"""``python -m benchmarks.passes``: seconds of each pass over every model that ships, and over a transformer of 12 layers.

Each model in processes of its own, in turns, that have imported hdsl and what it needs but have seen no model: seconds of the
processor, medians. The last three are the texts of the backends, each from the same program.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.measure import machine, table

ROOT = Path(__file__).parent.parent
GOAL, GOAL_DEEP = 1.0, 10.0
DEEP = ROOT / "benchmarks" / "workloads" / "transformer.ham"
ONCE = """
import importlib, json, pkgutil, sys
from pathlib import Path
from time import process_time
import hdsl
for room in ("audit", "derive", "emit", "lint", "model", "optimise", "stability", "syntax", "terms"):
    for found in pkgutil.iter_modules([str(Path(hdsl.__file__).parent / room)]):
        importlib.import_module(f"hdsl.{room}.{found.name}")
from hdsl.compiler import VERSION, Compiler
from hdsl.emit.native_module import NotNative, emit_native
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read

path = Path(sys.argv[1])
seconds, start = {}, process_time()

def passed(name):
    global start
    seconds[name] = process_time() - start
    start = process_time()

source, _ = read(path.read_bytes(), path.name)
compiler = Compiler(gather(source, path.parent))
compiler.text
passed("parse")
model = compiler.model
passed("check")
compiler.diagnostics
passed("lint")
compiler.step
passed("derive")
compiler.program
passed("optimise")
compiler.torch
passed("torch")
compiler.numpy
passed("numpy")
try:
    emit_native(compiler.program, VERSION, {name: size or 4 for name, size in model.dims.items()}, 1, "float")
    passed("native")
except NotNative:
    seconds["native"] = None
print(json.dumps([len(model.definitions), seconds]))
"""
PASSES = ("parse", "check", "lint", "derive", "optimise", "torch", "numpy", "native")


def once(path: Path) -> tuple[int, dict[str, float | None]]:
    """The number of definitions, and the seconds of each pass. None of what a model has not: native text."""
    command = [sys.executable, "-c", ONCE, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    definitions, seconds = json.loads(done.stdout)
    return definitions, seconds


def measure(paths: list[Path], turns: int) -> dict[str, tuple[int, dict[str, float | None]]]:
    """Medians by model."""
    found: dict[str, list[tuple[int, dict[str, float | None]]]] = {path.stem: [] for path in paths}
    for _ in range(turns):
        for path in paths:
            found[path.stem].append(once(path))
    made = {}
    for name, each in found.items():
        columns = {key: [seconds[key] for _, seconds in each] for key in PASSES}
        made[name] = (each[0][0], {key: None if None in all_ else median(all_) for key, all_ in columns.items()})  # type: ignore[type-var]
    return made


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.passes", description=__doc__)
    options.add_argument("--models", default="", help="only these, by name: sunspots,vit,transformer")
    options.add_argument("--turns", type=int, default=3, help="processes a model")
    options.add_argument("--json", action="store_true")
    given = options.parse_args(arguments)
    paths = [*sorted((ROOT / "models").glob("*.ham")), DEEP]
    if given.models:
        paths = [path for path in paths if path.stem in given.models.split(",")]
    made = measure(paths, given.turns)
    if given.json:
        print(json.dumps({"machine": machine(1), "models": made}, indent=1))
        return 0
    print(f"{machine(1)}; seconds of the processor, medians of {given.turns} processes\n")
    body = []
    for name, (definitions, seconds) in made.items():
        whole = sum(value or 0.0 for key, value in seconds.items() if key not in ("numpy", "native"))
        told = ["" if seconds[key] is None else f"{seconds[key]:.3f}" for key in PASSES]
        body.append([name, str(definitions), *told, f"{whole:.2f}"])
    print(table(["model", "definitions", *PASSES, "text to torch"], body))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
