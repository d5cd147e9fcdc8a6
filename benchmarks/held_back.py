"""``python -m benchmarks.held_back``: moves of weights held back over K steps, beside the native backend's own loop.

At batch 1 a step moves W and its costate by a multiple of one outer product. Kept as two vectors, K of these are written into
the matrices at once, and a step's own products are corrected by them (``by_hand/held_back.c``; `docs/speed.md`). The recurrent
network of `benchmarks.speed` only; variants take turns in one process.
"""

from __future__ import annotations

import argparse
import ctypes
from collections.abc import Mapping
from math import ceil, log
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.generated import Generated
from benchmarks.measure import CLOCKS, Timing, interleave, machine, table
from benchmarks.workload import ORDERS, Workload
from hdsl.emit.native_functions import preamble
from hdsl.runtime.native import run_native
from hdsl.runtime.native_build import build

SOURCE = Path(__file__).parent / "by_hand" / "held_back.c"
KINDS = {torch.float32: "float", torch.float64: "double"}
NAMES = ("W", "U", "b", "C")
WAYS = {"pair": False, "one": True}
"""Whether the costate of W is forgotten: two matrices are read a step, or one."""


class _Held(ctypes.Structure):
    """`struct held` of ``held_back.c``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n", "m", "d", "most", "left", "count", "live", "sequential")),
        *((name, ctypes.c_double) for name in ("tau", "keep", "rate")),
        *((name, ctypes.c_void_p) for name in ("W", "w", "U", "wU", "b", "wb", "C", "wC", "h", "z")),
        *((name, ctypes.c_void_p) for name in ("Q", "H", "products", "rest", "powers", "sums")),
    )


def remembered(keep: float, dtype: torch.dtype) -> int:
    """How many steps of decay by ``keep`` leave less than half a unit of round-off."""
    return ceil(log(torch.finfo(dtype).eps / 2) / log(keep))


class HeldBack:
    """The recurrent network at batch 1; K steps are held back before the matrices are written.

    Args:
        forgets: keep the last vectors instead of the costate of W, as many as its decay leaves a trace of; then one matrix is
            read where it is two. Needs 0 < 1 − τη < 1.
        eta: instead of the workload's.
    """

    def __init__(
        self,
        workload: Workload,
        order: str,
        dtype: torch.dtype,
        K: int,
        forgets: bool = False,
        eta: float | None = None,
    ) -> None:
        if workload.kind != "rnn" or workload.batch != 1:
            raise ValueError(f"{workload.name}: the recurrent network at batch 1 is what is held back")
        settings, sizes = workload.settings, workload.sizes
        keep = 1 - settings.tau * (settings.eta if eta is None else eta)
        self.left = remembered(keep, dtype) if forgets else 0
        most, n = K + self.left, sizes["n"]
        self.native = build(preamble(KINDS[dtype]) + SOURCE.read_text(encoding="utf-8"))
        values = {name: value.clone() for name, value in workload.draw(dtype).items()}
        values |= {f"w{name}".replace("wW", "w"): torch.zeros_like(values[name]) for name in NAMES}
        room = {"h": (n,), "z": (n,), "Q": (most, n), "H": (most, n), "products": (most,), "rest": (8 * n + 4 * most,)}
        values |= {name: torch.zeros(shape, dtype=dtype) for name, shape in room.items()}
        values |= {name: torch.zeros(most + 2, dtype=torch.float64) for name in ("powers", "sums")}
        self.values, self.outputs = values, sizes["d"]
        places = {name: value.data_ptr() for name, value in values.items()}
        self.held = _Held(
            n, sizes["m"], sizes["d"], most, self.left, 0, int(not forgets), order == "sequential",
            settings.tau, keep, -settings.tau * settings.beta, **places,
        )  # fmt: skip
        self.native.begin(ctypes.byref(self.held))

    def run(self, stream: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As the generated ``run``: y (steps, 1, d) and the cost (steps, 1). Moves are held back beyond its end."""
        u, v = (stream[name].contiguous() for name in ("u", "v"))
        y, fit = torch.empty(len(u), 1, self.outputs, dtype=u.dtype), torch.empty(len(u), 1, dtype=u.dtype)
        pointers = (ctypes.c_void_p(value.data_ptr()) for value in (u, v, y, fit))
        self.native.advance(ctypes.byref(self.held), ctypes.c_int64(len(u)), *pointers)
        return {"y": y, "fit": fit}

    def settle(self) -> dict[str, Tensor]:
        """Writes what is held back; gives the parameters and, under z:h and w:W and so on, the costates."""
        self.native.settle(ctypes.byref(self.held))
        told = {name: self.values[name] for name in (*NAMES, "h")} | {"z:h": self.values["z"], "w:W": self.values["w"]}
        return told | {f"w:{name}": self.values[f"w{name}"] for name in NAMES[1:]}


def measure(workload: Workload, order: str, Ks: list[int], rounds: int, steps: int, clock: str) -> dict[str, Timing]:
    """Seconds a step of the native loop and of each K, reading two matrices ("pair") and one ("one"); float32.

    ``steps`` a call is a multiple of every K, so that each call writes as often as it holds back. "backend" is the native
    backend as it comes, which begins and ends at each call; it reads two matrices where nothing decays.
    """
    stream = workload.stream(steps)
    nets = {"native": Generated(workload, order, backend="native", held_back=0).net}
    nets["backend one"] = Generated(workload, order, backend="native").net
    nets["backend pair"] = Generated(workload, order, backend="native", eta=0).net
    work = {
        name: lambda count, net=net: native_loop(net, {name: value[:count] for name, value in stream.items()})
        for name, net in nets.items()
    }
    for K in Ks:
        for name, forgets in WAYS.items():
            held = HeldBack(workload, order, torch.float32, K, forgets)
            work[f"{name} {K}"] = lambda count, held=held: held.run(
                {name: value[:count] for name, value in stream.items()}
            )
    return interleave(work, rounds, 1e9, steps, clock, steps)


def native_loop(net: Any, stream: Mapping[str, Tensor]) -> None:
    """The native backend's call for all steps, without what `net.run` does once a run."""
    steps = len(stream["u"])
    with torch.no_grad():
        given = {net.arguments[name]: value for name, value in stream.items()}
        run_native(net, {"steps": steps}, net._sample(**given, lead=(steps,)))


def settling(workload: Workload, order: str, K: int, rounds: int, clock: str) -> float:
    """Seconds that the end of a run takes: all that is held back is written, and the costate of W with it."""
    held, taken = HeldBack(workload, order, torch.float32, K, forgets=True), []
    stream = workload.stream(held.left + K - 1)
    for _ in range(rounds):
        held.run(stream)
        begun = CLOCKS[clock]()
        held.settle()
        taken.append(CLOCKS[clock]() - begun)
    return median(taken)


def differences(workload: Workload, order: str, K: int, forgets: bool, steps: int) -> dict[str, float]:
    """How far each cell and y are from the generated torch module's after a run in float64, over their norm."""
    stream, plain = workload.stream(steps, torch.float64), Generated(workload, order, torch.float64)
    held = HeldBack(workload, order, torch.float64, K, forgets)
    expected, found = {"y": plain.run(stream)["y"]}, {"y": held.run(stream)["y"]}
    cells = dict(zip(plain.net.cells, plain.net._cells(), strict=True))
    for name, value in held.settle().items():
        expected[name], found[name] = cells[name].detach(), value
    return {name: float((found[name].view_as(each) - each).norm() / each.norm()) for name, each in expected.items()}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.held_back", description=__doc__)
    options.add_argument("--sizes", default="256,512,1024,2048,4096")
    options.add_argument("--held", default="4,8,16,32,64", help="values of K")
    options.add_argument("--orders", default=",".join(ORDERS))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--steps", type=int, default=128, help="of a variant in a round; a multiple of every K")
    options.add_argument(
        "--exact", type=int, metavar="STEPS", help="print differences from torch in float64, and no times"
    )
    options.add_argument("--clock", default="processor", choices=["processor", "wall"])
    given = options.parse_args()
    torch.set_num_threads(1)
    Ks = [int(K) for K in given.held.split(",")]
    print(machine(1))
    if given.exact:
        rows = []
        for n in map(int, given.sizes.split(",")):
            for order in given.orders.split(","):
                for name, forgets in WAYS.items():
                    found = [differences(row_of(n), order, K, forgets, given.exact) for K in Ks]
                    rows.append([f"n = {n}, {order}, {name}", *(f"{max(each.values()):.1e}" for each in found)])
        print(
            f"largest relative difference after {given.exact} steps\n"
            + table(["float64", *(f"K = {K}" for K in Ks)], rows)
        )
        return
    for order in given.orders.split(","):
        rows = []
        for n in map(int, given.sizes.split(",")):
            found = measure(row_of(n), order, Ks, given.rounds, given.steps, given.clock)
            native = found["native"]
            end = f"{settling(row_of(n), order, Ks[-1], given.rounds, given.clock) / native.median:.1f}"
            for name in WAYS:
                ratios = [f"{native.over(found[way]):.2f}" for way in (*(f"{name} {K}" for K in Ks), f"backend {name}")]
                rows.append([f"n = {n}, {name}", f"{1e6 * native.median:.0f} us", *ratios, end])
        head = ["native over held back", "native", *(f"K = {K}" for K in Ks), "backend", "end of a run, in native steps"]
        print(f"\n{order}\n" + table(head, rows), flush=True)


def row_of(n: int) -> Workload:
    """The recurrent network of `benchmarks.speed` at a size."""
    return Workload(f"rnn-{n}", "rnn", {"n": n, "m": 16, "d": 16})


if __name__ == "__main__":
    main()
