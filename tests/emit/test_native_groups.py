"""What runs together over blocks of rows: once over the matrix, and never before what it reads is there."""

from __future__ import annotations

import hdsl
from hdsl.emit.native_body import Body
from hdsl.emit.native_groups import NEAR, Group, grouped, is_row_sum, sunk, turned
from hdsl.emit.native_module import _Module

TEXT = """ham 1
dim n = 128, d = 2
input u[n]
target v[d]
state h[n] = 0
param W[n, n] = normal(0, 1)
param C[d, n] = normal(0, 1)
h' = -h + tanh(W @ h + u)
output y = C @ h
cost fit = 1/2 * squared(y - v)
learn
    order = {order}
    eta = 1
"""


def groups(order: str) -> list[Group]:
    programs = hdsl.loads(TEXT.format(order=order)).product("program")
    module = _Module(programs, "0", {"n": 128, "d": 2}, 1, "double")
    body = Body(module.native, programs.learn, module.outside, {})
    lines = [line for line in programs.learn.lines if line.name not in body.folded and line.name not in body.bases]
    return grouped([body._node(line) for line in lines], programs.learn.held)


def test_semi_implicit_reads_the_matrix_once() -> None:
    """Forward product, its adjoint's product and the update of W and its costate: one pass."""
    (block,) = [group for group in groups("semi-implicit") if group.rows == 128]
    names = {line.name for line in block.lines}
    assert {"w:W+", "W+"} < names
    assert any(is_row_sum(line) for line in block.lines)


def test_sequential_reads_it_three_times() -> None:
    """f at h, f at h+ with its adjoint, and the update, which waits for z+."""
    assert len([group for group in groups("sequential") if group.rows == 128]) == 3


def test_nothing_runs_before_what_it_reads() -> None:
    for order in ("sequential", "semi-implicit", "simultaneous"):
        made: set[str] = set()
        every = {line.name for group in groups(order) for line in group.lines}
        for group in groups(order):
            summed = {node.line.name for node in group.nodes if node.sums}
            for node in group.nodes:
                assert not (node.reads & every) - made
                assert group.rows is None or not node.reads & summed  # a sum over rows is there after the last of them
                made.add(node.line.name)


def test_what_stands_by_itself_goes_into_the_loop_that_reads_it() -> None:
    """1 − s² times z, over as many rows, and z+ of semi-implicit order, which nobody waits for."""
    found = groups("semi-implicit")
    assert [group.rows for group in sunk(found)].count(128) == 1
    before, after = (sum(len(group.nodes) for group in made if group.rows is None) for made in (found, sunk(found)))
    assert after <= before


def test_a_pass_turns_back_only_where_it_sums_nothing_and_is_near() -> None:
    found = groups("sequential")
    rows = [group for group in found if group.rows == 128]
    small, large = (turned(found, lambda name, of=of: of * (name in ("W", "w:W"))) for of in (1000, NEAR))
    assert small == {id(rows[2]): "back"}
    assert large == {}
