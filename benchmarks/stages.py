"""``python -m benchmarks.stages``: what a step of several stages costs, beside as many Euler steps.

Generated `run` of the workloads of `benchmarks.speed`, in the order `simultaneous`; all variants of a row take turns in one
process. A step of s stages works out s slopes; what it costs beyond s Euler steps is the making of the stages, which an Euler
step, all in place, does not have.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import torch

from benchmarks.generated import Generated
from benchmarks.measure import Timing, interleave, table
from benchmarks.workload import WORKLOADS, Workload, chosen

STAGES = {"midpoint": 2, "rk4": 4}
DEFAULT_ROWS = "rnn-16,rnn-64,rnn-256,mlp,oscillators"


def measure(workload: Workload, rounds: int, seconds: float) -> dict[str, Timing]:
    """Seconds a step of each method."""
    most = 400 if workload.kind == "mlp" else 2000
    stream = workload.stream(most)
    made = {step: Generated(workload, "simultaneous", step=step) for step in ("euler", *STAGES)}
    work = {
        step: lambda steps, net=net: net.run({name: value[:steps] for name, value in stream.items()})
        for step, net in made.items()
    }
    return interleave(work, rounds, seconds, most)


def report(found: Mapping[str, Mapping[str, Timing]]) -> str:
    """A row a workload: microseconds of an Euler step, and each method over as many Euler steps as it has stages."""
    head = ["row", "euler", *(f"{step} / {stages} euler" for step, stages in STAGES.items())]
    rows = []
    for name, timings in found.items():
        euler = timings["euler"]
        over = [f"{timings[step].over(euler) / stages:.2f}" for step, stages in STAGES.items()]
        rows.append([name, f"{1e6 * euler.median:.0f} us", *over])
    return table(head, rows)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    options.add_argument("--rows", default=DEFAULT_ROWS, help=f"of {', '.join(WORKLOADS)}")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--seconds", type=float, default=0.1, help="of one variant in a round")
    given = options.parse_args()
    torch.set_num_threads(1)
    print(report({workload.name: measure(workload, given.rounds, given.seconds) for workload in chosen(given.rows)}))


if __name__ == "__main__":
    main()
