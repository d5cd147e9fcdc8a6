"""``python -m benchmarks.passes``: seconds of each pass over every model that ships, and over a transformer of 12 layers.

Each model in forks, in turns, of a process that has imported hdsl and what it needs but has seen no model: seconds of the
processor, medians. Up to ``torch`` it is the way from text to a torch module; the texts of the other backends are from the
same program, and the equations and their page are for people.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median

from benchmarks import fresh
from benchmarks.fresh import PASSES
from benchmarks.measure import machine, table
from benchmarks.start import ROOT, TRANSFORMER


def measure(paths: list[Path], turns: int) -> dict[str, tuple[int, dict[str, float | None]]]:
    """The number of definitions and the medians, by model; None of what a model has not: native text."""
    told = fresh.measured("passes", [(str(path), "off") for _ in range(turns) for path in paths])
    made = {}
    for k, path in enumerate(paths):
        each = told[k :: len(paths)]
        if wrong := next((one["wrong"] for one in each if "wrong" in one), None):
            raise SystemExit(f"{path.name}: {wrong}")
        columns = {key: [one[key] for one in each] for key in PASSES}
        made[path.stem] = (each[0]["definitions"], {k: None if None in all_ else median(all_) for k, all_ in columns.items()})
    return made


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.passes", description=__doc__)
    options.add_argument("--models", default="", help="only these, by name: sunspots,vit,transformer")
    options.add_argument("--turns", type=int, default=3, help="forks a model")
    options.add_argument("--json", action="store_true")
    given = options.parse_args(arguments)
    paths = [*sorted((ROOT / "models").glob("*.ham")), TRANSFORMER]
    if given.models:
        paths = [path for path in paths if path.stem in given.models.split(",")]
    made = measure(paths, given.turns)
    if given.json:
        print(json.dumps({"machine": machine(1), "models": made}, indent=1))
        return 0
    print(f"{machine(1)}; seconds of the processor, medians of {given.turns} forks\n")
    body = []
    for name, (definitions, seconds) in made.items():
        whole = sum(value or 0.0 for value in list(seconds.values())[: PASSES.index("torch") + 1])
        told = ["" if seconds[key] is None else f"{seconds[key]:.3f}" for key in PASSES]
        body.append([name, str(definitions), *told, f"{whole:.2f}"])
    print(table(["model", "definitions", *PASSES, "text to torch"], body))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
