"""What is compared is what is said: the same work in the same order, by methods of so many stages."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.generated import Generated
from benchmarks.measure import Timing
from benchmarks.stages import STAGES, measure, report
from benchmarks.workload import WORKLOADS
from hdsl.derive.integrators import TABLEAUS


def test_every_method_has_as_many_stages_as_its_tableau() -> None:
    assert {name: len(tableau.rows) for name, tableau in TABLEAUS.items()} == STAGES


def test_a_method_is_told_over_as_many_euler_steps() -> None:
    timings = {"euler": Timing((1e-5, 2e-5)), "midpoint": Timing((3e-5, 6e-5)), "rk4": Timing((4e-5, 8e-5))}
    assert report({"rnn-16": timings}).splitlines()[-1].split() == ["rnn-16", "15", "us", "1.50", "1.00"]


def test_methods_are_run_on_the_same_parameters() -> None:
    small = replace(WORKLOADS["rnn-16"], sizes={**WORKLOADS["rnn-16"].sizes, "n": 4})
    nets = {step: Generated(small, "simultaneous", step=step) for step in ("euler", "rk4")}
    assert all(a.equal(b) for a, b in zip(nets["euler"].parameters().values(), nets["rk4"].parameters().values(), strict=True))
    found = measure(small, rounds=1, seconds=0.001)
    assert set(found) == {"euler", *STAGES} and all(timing.median > 0 for timing in found.values())
