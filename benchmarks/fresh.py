"""Measurements each of which wants a process that has imported much and done nothing yet: forked from one that has.

``python -m benchmarks.fresh derive`` (``load``, ``passes``) reads jobs from standard input, a JSON object a line, and prints
what each came to. To fork takes milliseconds where importing takes a second or two, so that every model can be measured several
times.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).parent.parent
ROOMS = ("audit", "derive", "emit", "lint", "model", "optimise", "stability", "syntax", "terms")
"""Of hdsl, what a compiler imports on its way."""
OF_PAGE = ("hdsl.show.derivation", "hdsl.show.text")


def _compiler() -> list[str]:
    found = {room: pkgutil.iter_modules([str(ROOT / "hdsl" / room)]) for room in ROOMS}
    return ["lark", "sympy", "hdsl.compiler", *OF_PAGE, *(f"hdsl.{room}.{each.name}" for room in ROOMS for each in found[room])]


IMPORTS: dict[str, Callable[[], Sequence[str]]] = {
    "derive": lambda: ("hdsl", "lark", "sympy"),
    "load": lambda: ("torch", "hdsl.runtime.load"),
    "passes": _compiler,
}


def _native(compiler: Any) -> object:
    """Raises NotNative for a model that has no native text."""
    from hdsl.compiler import VERSION
    from hdsl.emit.native_module import emit_native

    sizes = {name: size or 4 for name, size in compiler.model.dims.items()}
    return emit_native(compiler.program, VERSION, sizes, 1, "float")


def _page(compiler: Any) -> str:
    """The page of `hdsl derive`."""
    from hdsl.show.derivation import derivation_page
    from hdsl.show.text import page_text

    return page_text(derivation_page(compiler.equations, compiler.step))


ASKED: dict[str, Callable[[Any], object]] = {
    "parse": attrgetter("text"),
    "check": attrgetter("model"),
    "lint": attrgetter("diagnostics"),
    "derive": attrgetter("step"),
    "optimise": attrgetter("program"),
    "torch": attrgetter("torch"),
    "numpy": attrgetter("numpy"),
    "native": _native,
    "equations": attrgetter("equations"),
    "page": _page,
}
"""What a compiler is asked for, by the name of the pass that answers, in order; the last two are for people."""
PASSES = tuple(ASKED)


def derive(path: str) -> dict[str, float]:
    """Seconds from a path to a checked model, from there to equations, and to the text of a torch module."""
    import hdsl

    start = perf_counter()
    model = hdsl.load(path)
    checked = perf_counter()
    _ = model.equations
    derived = perf_counter()
    model.product("torch")
    return {"check": checked - start, "derive": derived - checked, "emit": perf_counter() - derived}


def load(path: str) -> dict[str, float]:
    """Seconds from a path to a module class."""
    import hdsl

    start = perf_counter()
    hdsl.load(path).compile()
    return {"load": perf_counter() - start}


def passes(path: str) -> dict[str, float | None]:
    """The number of definitions, and seconds of the processor of each pass; None of what a model has not: native text."""
    from hdsl.compiler import Compiler
    from hdsl.emit.native_module import NotNative
    from hdsl.syntax.gather import gather
    from hdsl.syntax.read import read

    source, _ = read(Path(path).read_bytes(), Path(path).name)
    compiler = Compiler(gather(source, Path(path).parent))
    told: dict[str, float | None] = dict.fromkeys(PASSES)
    for name, ask in ASKED.items():
        start = process_time()
        with suppress(NotNative):
            ask(compiler)
            told[name] = process_time() - start
    return {"definitions": len(compiler.model.definitions), **told}


WORK: dict[str, Callable[[str], Mapping[str, float | None]]] = {"derive": derive, "load": load, "passes": passes}


def forked(work: Callable[[str], Mapping[str, float | None]], path: str, cache: str) -> dict[str, Any]:
    """What the work came to in a fork of this process with that cache; under "wrong" the message where it failed."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        os.environ["HDSL_CACHE"] = cache
        try:
            told: dict[str, Any] = dict(work(path))
        except BaseException as wrong:
            told = {"wrong": (str(wrong).strip() or type(wrong).__name__).splitlines()[-1]}
        with open(writes, "w", encoding="utf-8") as out:
            json.dump(told, out)
        os._exit(0)
    os.close(writes)
    with open(reads, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"wrong": "the process ended"}


def measured(kind: str, jobs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """What each job, a path and a cache, came to; one after another. Raises SystemExit where processes cannot fork."""
    if not hasattr(os, "fork"):
        raise SystemExit("benchmarks.fresh forks processes, which this system has not")
    lines = "".join(json.dumps({"path": path, "cache": cache}) + "\n" for path, cache in jobs)
    command = [sys.executable, "-m", "benchmarks.fresh", kind]
    done = subprocess.run(command, cwd=ROOT, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> int:
    kind = sys.argv[1]
    for name in IMPORTS[kind]():
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(forked(WORK[kind], **json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
