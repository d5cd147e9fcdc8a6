"""``python -m benchmarks.start``: how long until a user sees something.

``hdsl check models/sunspots.ham`` as a whole process against a process that only imports sympy and lark, in turns;
the seconds from text to a module class, made and as it was kept by an earlier process, in turns, in fresh processes that have
imported torch already, with the whole of these processes against one that only imports torch; and ``hdsl run`` up to its first
step, both ways. All find bytecode that an earlier process wrote.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Timing, interleave, machine, table

ROOT = Path(__file__).parent.parent
SHELL = "import sys; from hdsl.cli.main import main; sys.exit(main())"
LIBRARIES = "import sympy, lark"
GOAL_CHECK = 1.6
LOAD = """
import json, sys
from time import perf_counter, process_time
import torch, hdsl.runtime.load
start, worked = perf_counter(), process_time()
hdsl.load(sys.argv[1]).compile()
print(json.dumps([perf_counter() - start, process_time() - worked]))
"""
GOAL_SECOND = 0.05
RUN = "import sys; from hdsl.cli.main import main; sys.argv = ['hdsl', 'run', sys.argv[1], '--steps', '1']; sys.exit(main())"


def succeeds(*arguments: str) -> bool:
    """Whether a Python process with these arguments ends with 0."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False)
    return done.returncode == 0


def check_against_imports(turns: int) -> dict[str, float] | None:
    """Median seconds of both and the median ratio over turns; None where ``hdsl check`` does not work yet."""
    check = ("-c", SHELL, "check", "models/sunspots.ham")
    if not succeeds(*check):
        return None

    def repeated(*arguments: str) -> None:
        if not succeeds(*arguments):
            raise SystemExit(f"python {' '.join(arguments)} failed")

    timings = interleave(
        {"check": lambda _: repeated(*check), "imports": lambda _: repeated("-c", LIBRARIES)}, turns, seconds=0, most=1
    )
    return {
        "check": timings["check"].median,
        "imports": timings["imports"].median,
        "ratio": timings["check"].over(timings["imports"]),
    }


def second_loads(turns: int) -> dict[str, dict[str, float]]:
    """Median seconds from text to a module class, made and kept, and the median ratios of each turn."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((ROOT / "models").glob("*.ham")):
            kinds = ("made", "kept", "made worked", "kept worked", "torch", "made whole", "kept whole")
            each: dict[str, list[float]] = {kind: [] for kind in kinds}
            _timed(LOAD, folder, path)  # which keeps it
            for _ in range(turns):
                for name, cache in (("made", "off"), ("kept", folder)):
                    whole, own = _timed(LOAD, cache, path)
                    waited, worked = json.loads(own)
                    each[name].append(waited)
                    each[f"{name} worked"].append(worked)
                    each[f"{name} whole"].append(whole)
                each["torch"].append(_timed("import torch", folder, path)[0])
            made = {name: Timing(tuple(seconds)) for name, seconds in each.items()}
            found[path.stem] = {
                "made": made["made"].median,
                "kept": made["kept"].median,
                "kept worked": made["kept worked"].median,
                "ratio": made["kept"].over(made["made"]),
                "made whole": made["made whole"].over(made["torch"]),
                "kept whole": made["kept whole"].over(made["torch"]),
            }
    return found


def first_steps(turns: int) -> dict[str, float]:
    """Whole processes of a run of one step, made and kept, over one that only imports torch: median ratios of each turn."""
    each: dict[str, list[float]] = {"made": [], "kept": [], "torch": []}
    path = ROOT / "models" / "sunspots.ham"
    with tempfile.TemporaryDirectory() as folder:
        _timed(RUN, folder, path)
        for _ in range(turns):
            for name, program, cache in (("made", RUN, "off"), ("kept", RUN, folder), ("torch", "import torch", "off")):
                each[name].append(_timed(program, cache, path)[0])
    made = {name: Timing(tuple(seconds)) for name, seconds in each.items()}
    return {name: made[name].over(made["torch"]) for name in ("made", "kept")}


def _timed(program: str, cache: str, path: Path) -> tuple[float, str]:
    """Seconds of a process on a model, and what it printed."""
    start = perf_counter()
    command = [sys.executable, "-c", program, str(path)]
    environment = {**os.environ, "HDSL_CACHE": cache}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    return perf_counter() - start, done.stdout


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    options.add_argument("--turns", type=int, default=15, help="processes of each kind for check")
    options.add_argument("--loads", type=int, default=5, help="processes of each kind a model for second loads")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as bytecode:  # of all alike, also where the environment asks for none to be written
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        check = check_against_imports(given.turns) if given.turns else None
        loads = second_loads(given.loads) if given.loads else {}
        runs = first_steps(given.turns) if given.turns else {}
    if given.json:
        print(json.dumps({"machine": machine(1), "check": check, "loads": loads, "runs": runs}, indent=1))
        return 0
    print(f"{machine(1)}; medians of {given.turns} processes in turns, of {given.loads} a model\n")
    if check is None:
        print("hdsl check: not there yet, or not asked for\n")
    else:
        print(f"hdsl check {check['check']:.3f} s, importing sympy and lark {check['imports']:.3f} s,", end=" ")
        print(f"ratio {check['ratio']:.2f} (goal: at most {GOAL_CHECK})\n")
    head = ["model", "class made, s", f"kept, s (goal {GOAL_SECOND:g})", "of the processor", "kept over made"]
    head += ["process over import torch, made", "kept"]
    for name, ratio in runs.items():
        print(f"\nhdsl run sunspots --steps 1, {name}: {ratio:.2f} times a process that imports torch")
    print("\n" + table(head, [[name, *(f"{value:.3f}" for value in own.values())] for name, own in loads.items()]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
