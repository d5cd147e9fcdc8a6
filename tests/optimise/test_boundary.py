"""The programs of a boundary problem: results under their own names, nothing that no result needs."""

from __future__ import annotations

import hdsl
from hdsl.derive.boundary import ROBUST, RUNNING, WHOLE
from hdsl.optimise.boundary import BoundaryPrograms


def programs(text: str) -> BoundaryPrograms:
    return hdsl.loads(f"ham 1\n{text}horizon free = 1\nlearn\n    schedule = boundary\n").compiler.boundary_programs


TEXT = """input u
state x = k*u
state y = x
param k = free
control a in [-1, 1]
control b given -x
x' = a + b - k*x
y' = x
output w = x
cost run = a^2 + x^2
constraint cap = x <= 1 penalty
terminal goal = x^2
final y == 1
let idle = exp(x)
"""


def test_every_result_keeps_its_name() -> None:
    made = programs(TEXT)
    assert made.choose.results == ("choice:b", "choice:a") or set(made.choose.results) == {"choice:a", "choice:b"}
    assert set(made.slope.results) == {"slope:a", "slope:b"}
    slopes = {"dot:x", "dot:y", "dot:z:x", "dot:z:y", "dot:w:k", "dot:k"}
    told = {"w", "run", "penalty:cap", "constraint:cap", RUNNING, ROBUST, WHOLE}
    assert set(made.flow.results) == slopes | told
    assert set(made.begin.results) == {"initial:x", "initial:y", "begin:w:k"}
    assert set(made.end.results) == {"end:z:x", "end:z:y", "end:w:k", "end:T", "goal", made.model.finals[0].definition}
    for program in made.all:
        assert set(program.results) <= {line.name for line in program.lines}


def test_what_no_result_needs_is_left_out() -> None:
    made = programs(TEXT)
    assert not any("idle" in line.name for program in made.all for line in program.lines)
    assert programs("state x = 1\nx' = -x\ncost c = x^2\n").begin.lines == ()


def test_nothing_is_a_mean_over_the_points() -> None:
    made = programs(TEXT)
    own = {line.name for program in made.all for line in program.lines if not line.shared}
    shared = [line for program in made.all for line in program.lines if line.shared]
    assert all(own.isdisjoint(line.reads()) for line in shared)
