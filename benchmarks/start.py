"""``python -m benchmarks.start``: how long until a user sees something.

``hdsl check models/sunspots.ham`` as a whole process against a process that only imports sympy and lark, in turns;
and the seconds from text to derived equations, and to the generated text, of every model that ships, each in a fresh
process that has imported hdsl, sympy and lark already.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.measure import interleave, machine, table

ROOT = Path(__file__).parent.parent
SHELL = "import sys; from hdsl.cli.main import main; sys.exit(main())"
LIBRARIES = "import sympy, lark"
GOAL_CHECK = 1.6
GOAL_DERIVE = 1.0
DERIVE = """
import json, sys
from time import perf_counter
import hdsl, lark, sympy
start = perf_counter()
model = hdsl.load(sys.argv[1])
checked = perf_counter()
model.equations
derived = perf_counter()
model.product("torch")
print(json.dumps({"check": checked - start, "derive": derived - checked, "emit": perf_counter() - derived}))
"""


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


def derivations(turns: int) -> dict[str, dict[str, float] | str]:
    """Median seconds of each model, or the last line of what went wrong."""
    found: dict[str, dict[str, float] | str] = {}
    for path in sorted((ROOT / "models").glob("*.ham")):
        each = []
        for _ in range(turns):
            command = [sys.executable, "-c", DERIVE, str(path.relative_to(ROOT))]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                found[path.stem] = (done.stderr.strip() or "no message").splitlines()[-1]
                break
            each.append(json.loads(done.stdout))
        else:
            found[path.stem] = {name: median(turn[name] for turn in each) for name in ("check", "derive", "emit")}
    return found


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    options.add_argument("--turns", type=int, default=15, help="processes of each kind for check")
    options.add_argument("--derivations", type=int, default=3, help="processes a model")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    check, models = check_against_imports(given.turns), derivations(given.derivations)
    if given.json:
        print(json.dumps({"machine": machine(1), "check": check, "models": models}, indent=1))
        return 0
    print(f"{machine(1)}; medians of {given.turns} processes in turns, of {given.derivations} a model\n")
    if check is None:
        print("hdsl check: not there yet\n")
    else:
        print(f"hdsl check {check['check']:.3f} s, importing sympy and lark {check['imports']:.3f} s,", end=" ")
        print(f"ratio {check['ratio']:.2f} (goal: at most {GOAL_CHECK})\n")
    body = []
    for name, seconds in models.items():
        if isinstance(seconds, str):
            body.append([name, "not there yet", seconds[:80], "", ""])
        else:
            body.append([name, *(f"{value:.3f}" for value in (*seconds.values(), sum(seconds.values())))])
    head = ["model", "load, s", "equations, s", "torch text, s", f"all (goal {GOAL_DERIVE:g} s)"]
    print(table(head, body))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
