"""One stream without axes of one entry: what becomes a line over a vector, and what keeps its axes."""

from __future__ import annotations

import hdsl
from hdsl.emit.native_module import _Module
from hdsl.emit.native_squeezed import squeezed
from hdsl.optimise.program import Program
from hdsl.terms.term import Contraction, Elementwise

TEXT = """ham 1
dim n = 24, d = 1
input u[n]
target v[d]
state h[n] = 1
param C[d, n] = normal(0, 1)
h' = -h + u
output y = {output}
cost fit = 1/2 * squared(y - v)
"""


def taken(output: str) -> tuple[Program, dict[str, tuple[int, ...]]]:
    programs = hdsl.loads(TEXT.format(output=output)).product("program")
    module = _Module(programs, "0", {"n": 24, "d": 1}, 1, "double")
    numbers = module.native.numbers
    made, left = squeezed(
        programs.learn, lambda name: () if name in numbers else module.outside(name)[0], module.native.sizes
    )
    return made, dict(left)


def test_a_row_of_weights_becomes_a_vector() -> None:
    program, left = taken("C @ h")
    lines = {line.name: line for line in program.lines}
    assert left["C"] == (1,) and left["v"] == ()
    assert len(lines["C+"].sizes) == 1
    (forward,) = (line for line in program.lines if isinstance(line.body, Contraction) and line.body.bound)
    assert forward.sizes == ()
    taught = [line for line in program.lines if "C" in line.reads() and line is not forward and line.name != "C+"]
    assert all(isinstance(line.body, Elementwise) for line in taught) and taught


def test_what_a_structured_operation_takes_keeps_its_axes() -> None:
    """And so does what is made of it with such an axis: C of what it is taught by."""
    program, left = taken("softmax(C @ h)")
    assert not left.keys() & {"y", "C"}
    lines = {line.name: line for line in program.lines}
    assert len(lines["C+"].sizes) == 2
