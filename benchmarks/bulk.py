"""``python -m benchmarks.bulk``: mangled files and random programs in bulk, through all that hdsl does with a text.

Each case is drawn from its number and goes, in a process that has a clock and a bound on memory, through reading and
checking; its messages are shown, as text and as JSON. What can be read is laid out: the layout is laid out as itself and
says the same. What has no mistake is derived and emitted, for numpy and for torch, and the modules must be Python. A
traceback, a command (check, fmt, compile) of more than `--seconds`, or more than `--megabytes` above what the process had is
a failure; a case repeats with ``--case mangled:17``.
"""

from __future__ import annotations

import argparse
import ast
import json
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from benchmarks.mangled import mangled
from benchmarks.measure import held, machine, table
from benchmarks.programs import program
from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import ModelError
from hdsl.diagnostics.render import render_all, to_json
from hdsl.emit.content import content_hash
from hdsl.format.layout import formatted
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read
from hdsl.syntax.source import Source

KINDS: dict[str, Callable[[int], bytes]] = {"mangled": mangled, "programs": lambda number: program(number).encode("utf-8")}
SECONDS, MEGABYTES = 10, 1024
PART = 500  # cases of a process
NAME = "case.ham"
_PEAK = Path("/proc/self/clear_refs")  # where the kernel lets the peak of memory be set back, each case has its own


@dataclass(frozen=True)
class Case:
    """What came of a case. ``seconds`` are of its longest command, ``megabytes`` the peak above what was held before."""

    kind: str
    number: int
    verdict: str
    seconds: float
    megabytes: float
    told: str = ""  # of a failure


class TookTooLong(BaseException):
    """The clock rang. No pass may catch it as a mistake of its own."""


def judge(data: bytes, command: Callable[[], object] = lambda: None) -> str:
    """Take a text through everything; what became of it, in a word or two. Raises whatever went wrong.

    ``command`` is called before each of what a user would call: check, fmt, compile.
    """
    command()
    source, unreadable = read(data, NAME)
    source = source if unreadable else gather(source, None)
    compiler = Compiler(source)
    found = unreadable or compiler.diagnostics
    json.dumps(to_json(source, found))
    render_all(source, found)
    command()
    laid_out = None if unreadable else _laid_out(source)
    if any(diagnostic.severity == "error" for diagnostic in found):
        return "refused"
    if laid_out is not None and not source.used:
        same = content_hash(Compiler(Source(laid_out, NAME)).model) == content_hash(compiler.model)
        assert same, "the layout changed the content hash"
    command()
    for text in (compiler.numpy, compiler.torch):
        ast.parse(text)
    return "clean" if not found else "warned of"


def _laid_out(source: Source) -> str | None:
    """The canonical layout of what can be read, of a file without those that it uses."""
    if source.used:
        return None
    try:
        made = formatted(source)
    except ModelError:
        return None
    assert formatted(Source(made, NAME)) == made, "the layout is laid out as something else"
    return made


def _ring(signum: int, frame: FrameType | None) -> None:
    raise TookTooLong


def measured(kind: str, number: int, seconds: float = SECONDS) -> Case:
    """One case against the clock."""
    data = KINDS[kind](number)
    with suppress(OSError):  # not Linux: the peak is that of all cases so far
        _PEAK.write_text("5", encoding="ascii")
    before, told = held("VmRSS"), ""
    signal.signal(signal.SIGALRM, _ring)
    starts = [time.perf_counter()]

    def command() -> None:
        starts.append(time.perf_counter())
        signal.setitimer(signal.ITIMER_REAL, seconds)

    try:
        verdict = judge(data, command)
    except TookTooLong:
        verdict, told = "FAILED", f"took more than {seconds:g} s\n{traceback.format_exc()[-1500:]}"
    except MemoryError:
        verdict, told = "FAILED", "took more memory than it may"
    except Exception:
        verdict, told = "FAILED", traceback.format_exc()[-3000:]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    longest = max(end - start for start, end in pairwise((*starts, time.perf_counter())))
    return Case(kind, number, verdict, longest, max(0.0, (held("VmHWM") - before) / 2**20), told)


# Processes ------------------------------------------------------------------------------------------------------------


def _work(pipe: Connection, kind: str, numbers: range, seconds: float, megabytes: int) -> None:
    """The cases of a process, each told as soon as it is done."""
    for base in ("mangled", "programs"):
        measured(base, 0)  # imports whatever is imported late
    bound = held("VmSize") + int(megabytes * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    for number in numbers:
        pipe.send(measured(kind, number, seconds))


@dataclass
class _Running:
    """A process, its cases, how many are done, and when it was last heard of."""

    process: BaseProcess
    kind: str
    numbers: range
    done: int = 0
    heard: float = field(default_factory=time.monotonic)


def parts(counts: Mapping[str, int], start: int) -> list[tuple[str, range]]:
    """The cases of all kinds in parts that take turns, each the work of a process."""
    ends = {kind: start + count for kind, count in counts.items()}
    cut = [(kind, range(k, min(k + PART, end))) for kind, end in ends.items() for k in range(start, end, PART)]
    return sorted(cut, key=lambda part: part[1].start)


def cases(waiting: list[tuple[str, range]], seconds: float, megabytes: int, workers: int) -> Iterator[Case]:
    """Every case; a process that dies, or whose clock does not ring, fails its case and is followed by another."""
    context = get_context("spawn")
    waiting = waiting[::-1]
    running: dict[Connection, _Running] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            kind, numbers = waiting.pop()
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(there, kind, numbers, seconds, megabytes), daemon=True)
            process.start()
            there.close()
            running[here] = _Running(process, kind, numbers)
        ready = wait(list(running), timeout=1)
        for pipe, run in list(running.items()):
            try:
                told = pipe.recv() if pipe in ready else None
                lost = "the process stood still" if time.monotonic() - run.heard > 3 * seconds + 60 else ""
            except EOFError:
                told, lost = None, f"the process ended with {run.process.exitcode}"
            if told is not None:
                run.done, run.heard = run.done + 1, time.monotonic()
                yield told
            if lost and run.done < len(run.numbers):
                yield Case(run.kind, run.numbers[run.done], "FAILED", time.monotonic() - run.heard, 0.0, lost)
                if run.done + 1 < len(run.numbers):
                    waiting.append((run.kind, run.numbers[run.done + 1 :]))
            if lost:
                del running[pipe]
                run.process.kill()
                run.process.join()


# What is told ---------------------------------------------------------------------------------------------------------


def told(name: str, found: list[Case]) -> list[str]:
    """The row of a kind."""
    count = Counter(case.verdict for case in found)
    slowest, largest = max(found, key=lambda c: c.seconds), max(found, key=lambda c: c.megabytes)
    mean = sum(case.seconds for case in found) / len(found)
    return [
        *(name, str(len(found)), *(str(count[verdict]) for verdict in ("refused", "warned of", "clean", "FAILED"))),
        *(f"{mean:.3f}", f"{slowest.seconds:.2f} (:{slowest.number})", f"{largest.megabytes:.0f} (:{largest.number})"),
    ]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    options.add_argument("--mangled", type=int, default=1000, help="how many mangled files")
    options.add_argument("--programs", type=int, default=1000, help="how many random programs")
    options.add_argument("--start", type=int, default=0, help="the number of the first of each")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--seconds", type=float, default=SECONDS, help="a case may take")
    options.add_argument("--megabytes", type=int, default=MEGABYTES, help="a case may take, above what a process has")
    options.add_argument("--case", help="print one case and take it through, as in mangled:17")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    if given.case:
        kind, _, number = given.case.partition(":")
        data = KINDS[kind](int(number))
        sys.stdout.buffer.write(data + b"\n")
        sys.stdout.flush()
        print(f"{judge(data)}")
        return 0
    found: dict[str, list[Case]] = {kind: [] for kind in KINDS}
    wanted = parts({kind: getattr(given, kind) for kind in KINDS}, given.start)
    for case in cases(wanted, given.seconds, given.megabytes, given.workers):
        found[case.kind].append(case)
        if case.verdict == "FAILED":
            print(f"{case.kind}:{case.number} {case.told}", file=sys.stderr, flush=True)
        if len(found[case.kind]) % PART == 0:
            print("  ".join(told(case.kind, found[case.kind])), file=sys.stderr, flush=True)
    rows = [told(kind, each) for kind, each in found.items() if each]
    failures = [case for each in found.values() for case in each if case.verdict == "FAILED"]
    head = ["kind", "cases", "refused", "warned of", "clean", "failed", "mean, s", "slowest, s", "most memory, MiB"]
    if given.json:
        print(json.dumps({"machine": machine(1), "rows": [dict(zip(head, row, strict=True)) for row in rows],
                          "failures": [asdict(case) for case in failures]}, indent=1))  # fmt: skip
    else:
        print(f"{machine(1)}\n\n{table(head, rows)}")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
