"""``python -m benchmarks.growth``: seconds of each pass against the number of definitions, and how they grow with it.

Four kinds of models, each of one parameter: a *chain* of definitions, *wide* ones beside one another with a cost each,
*repeat* of a layer with parameters of its own, and a chain of *states*. Seconds are of the process, not of the clock, since
others use the cores. A slope of 1 is linear: it is that of a line through the logarithms of definitions and seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import process_time
from typing import Any

from benchmarks.fresh import ASKED
from benchmarks.measure import machine, table

HEAD = "ham 1\ndim n = 4\ninput u[n]\ntarget v[n]\n"
TAIL = "cost fit = 1/2 * squared(y - v)\nlearn\n    tau = 0.25\n    eta = 2\n    beta = 0.04\n"
PARAM = "param W[n, n] = normal(0, 0.1)\n"
LAYERS = """component dense(x[m], n) {
    param W[n, m] = glorot
    param b[n] = 0
    return W @ x + b
}
component block(x[n]) { return x + tanh(dense(x, n)) }
"""
PASSES = tuple(name for name in ASKED if name not in ("lint", "native"))
SIZES = (50, 100, 200)


def chain(length: int) -> str:
    """Definitions that read one another."""
    lets = "".join(f"let a{k} = tanh(W @ a{k - 1} + u)\n" for k in range(1, length))
    state = "state h[n] = 0\nh' = -h + tanh(W @ h + u)\nlet a0 = W @ h\n"
    return f"{HEAD}{PARAM}{state}{lets}output y = a{length - 1}\n{TAIL}"


def wide(length: int) -> str:
    """Definitions that know nothing of one another, each with a cost."""
    lets = "".join(f"let a{k} = tanh(W @ h + {k + 1} * u)\ncost c{k} = 1/2 * squared(a{k} - v)\n" for k in range(length))
    return f"{HEAD}{PARAM}state h[n] = 0\nh' = -h + tanh(W @ h + u)\n{lets}output y = h\n{TAIL}"


def repeat(length: int) -> str:
    """Layers with parameters of their own."""
    return f"{HEAD}{LAYERS}let a = repeat({length}, block, u)\noutput y = a\n{TAIL}"


def states(length: int) -> str:
    """States that read one another."""
    told = "".join(f"state h{k}[n] = 0\nh{k}' = -h{k} + tanh(W @ {f'h{k - 1}' if k else 'u'})\n" for k in range(length))
    return f"{HEAD}{PARAM}{told}output y = h{length - 1}\n{TAIL}"


KINDS: dict[str, Callable[[int], str]] = {"chain": chain, "wide": wide, "repeat": repeat, "states": states}


def passes(text: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each pass over a text by name; the last one is the page of `hdsl derive`."""
    from hdsl.compiler import Compiler
    from hdsl.syntax.source import Source

    compiler = Compiler(Source(text, "growth.ham"))
    for name in PASSES:
        yield name, partial(ASKED[name], compiler)


def forget() -> None:
    """Empty every cache, so that one measurement owes nothing to the last."""
    from sympy.core.cache import clear_cache

    clear_cache()
    for name, module in list(sys.modules.items()):
        if name.startswith("hdsl."):
            for made in list(vars(module).values()):
                if callable(getattr(made, "cache_clear", None)):
                    made.cache_clear()


@contextmanager
def counted() -> Iterator[list[int]]:
    """The calls of functions, Python's and C's, while this stands: the same at every run, unlike seconds."""
    calls = [0]

    def note(frame: object, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            calls[0] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def calls_of(text: str) -> dict[str, int]:
    """How many calls each pass makes."""
    forget()
    found = {}
    for name, run in passes(text):
        with counted() as calls:
            run()
        found[name] = calls[0]
    return found


def seconds_of(text: str) -> tuple[int, dict[str, float]]:
    """The number of definitions, and the seconds of each pass."""
    forget()
    found, definitions = {}, 0
    for name, run in passes(text):
        start = process_time()
        made = run()
        found[name] = process_time() - start
        definitions = len(made.definitions) if name == "check" else definitions
    return definitions, found


def slope(numbers: list[int], seconds: list[float]) -> float:
    """The slope of the line through the logarithms, by least squares."""
    x, y = [math.log(n) for n in numbers], [math.log(max(s, 1e-6)) for s in seconds]
    middle, level = sum(x) / len(x), sum(y) / len(y)
    return sum((a - middle) * (b - level) for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def measure(kind: str, sizes: tuple[int, ...]) -> list[tuple[int, dict[str, float]]]:
    """A kind at every size, the smallest first; what is loaded at first use is loaded before."""
    seconds_of(KINDS[kind](3))
    return [seconds_of(KINDS[kind](size)) for size in sorted(sizes)]


def main(arguments: list[str] | None = None) -> None:
    from hdsl.diagnostics.diagnostic import ModelError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="definitions, layers or states, two sizes or more")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    sizes = tuple(map(int, given.sizes.split(",")))
    try:
        report(given.kinds.split(","), sizes, given.json)
    except ModelError as wrong:  # beyond a bound of the language
        parser.error(f"--sizes: {wrong.diagnostics[0].message}")


def report(kinds: list[str], sizes: tuple[int, ...], as_json: bool) -> None:
    """Measure and print."""
    if as_json:
        found = {kind: measure(kind, sizes) for kind in kinds}
        print(json.dumps({"machine": machine(1), "kinds": found}))
        return
    print(machine(1))
    head = ["kind", "definitions", *PASSES, "all but page"]
    for kind in kinds:
        measured, rows = measure(kind, sizes), []
        for definitions, seconds in measured:
            whole = sum(seconds.values()) - seconds["page"]
            rows.append([kind, str(definitions), *(f"{seconds[name]:.2f}" for name in PASSES), f"{whole:.2f}"])
        numbers = [definitions for definitions, _ in measured]
        slopes = [slope(numbers, [seconds[name] for _, seconds in measured]) for name in PASSES]
        whole_slope = slope(numbers, [sum(s.values()) - s["page"] for _, s in measured])
        rows.append([kind, "slope", *(f"{s:.2f}" for s in slopes), f"{whole_slope:.2f}"])
        print(table(head, rows) + "\n", flush=True)


if __name__ == "__main__":
    main()
