"""``python -m benchmarks.editor``: how long an editor waits for the language server, of every model that ships.

Milliseconds of the processor (others on the machine do not count) in one warm process, the median over rounds, each with a text
that differs from all before it, as after a key:
`check` is what diagnostics take, `complete` the names at a cursor in an expression, `hover` a name without its equations,
`derive` the first hover of a version that shows equations, `rename` every place of a name with the new file checked.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import count
from statistics import median
from time import process_time

from benchmarks.measure import machine, table
from hdsl.lsp.analysis import Analysis
from hdsl.lsp.completion import completions
from hdsl.lsp.findings import findings
from hdsl.lsp.hover import hover, of_equations
from hdsl.lsp.renaming import renamed
from hdsl.resources import folder

GOAL = 100.0  # milliseconds for diagnostics, warm
LONG = "320 lets"
_EDITS = count()


def texts() -> dict[str, str]:
    """The models that ship, and a long one: a chain of 320 `let`s, each of which reads the one before it."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder("models").glob("*.ham"))}
    chain = "".join(f"let a{k} = tanh(W @ a{k - 1} + {k})\n" for k in range(1, 321))
    head = "ham 1\ndim n = 3\ninput u[n]\nparam W[n, n] = glorot\nlet a0 = u\n"
    return found | {LONG: f"{head}{chain}output y = a320\ncost fit = squared(y)\n"}


def opened(text: str) -> Analysis:
    """A document that nobody has seen yet: a text with a comment of its own behind it."""
    return Analysis("untitled:copy", f"{text}# {next(_EDITS)}\n")


def first_input(analysis: Analysis) -> int:
    """Where the first input is declared."""
    return min(d.span.start for d in analysis.occurrences.declared.values() if d.kind == "input")


def _check(analysis: Analysis) -> None:
    findings(analysis)


def _complete(analysis: Analysis) -> None:
    completions(analysis, analysis.text.index("=", analysis.text.index("output y")) + 2)


def _hover(analysis: Analysis) -> None:
    broken = Analysis(analysis.uri, f"{analysis.text}let broken = nowhere\n")
    hover(broken, first_input(broken))


def _derive(analysis: Analysis) -> None:
    of_equations(analysis, "y")


def _rename(analysis: Analysis) -> None:
    renamed(analysis, first_input(analysis), "another", [])


MEASURED: dict[str, Callable[[Analysis], None]] = {
    "check": _check,
    "complete": _complete,
    "hover": _hover,
    "derive": _derive,
    "rename": _rename,
}


def milliseconds(text: str, rounds: int) -> dict[str, float]:
    """The median milliseconds of each request on one model."""
    found: dict[str, list[float]] = {name: [] for name in MEASURED}
    for turn in range(rounds + 1):
        for name, ask in MEASURED.items():
            analysis = opened(text)
            start = process_time()
            ask(analysis)
            if turn:  # the first loads what is loaded once
                found[name].append(1000 * (process_time() - start))
    return {name: median(times) for name, times in found.items()}


def main() -> None:
    """Print a row a model, and whether all diagnostics came in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rows = {name: milliseconds(text, rounds if name != LONG else 1) for name, text in texts().items()}
    print(machine(1))
    print(table(["ms", *MEASURED], [[name, *(f"{row[asked]:.0f}" for asked in MEASURED)] for name, row in rows.items()]))
    slowest = max(rows.keys() - {LONG}, key=lambda name: rows[name]["check"])
    told = "met" if rows[slowest]["check"] <= GOAL else "missed"
    print(f"\nslowest diagnostics: {rows[slowest]['check']:.0f} ms ({slowest}); the goal of {GOAL:.0f} ms is {told}")


if __name__ == "__main__":
    main()
