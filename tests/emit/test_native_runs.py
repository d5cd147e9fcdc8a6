"""Loops that go into others below them, and new values that need no room beside their cells."""

from __future__ import annotations

import re

import hdsl
from hdsl.emit.native_module import emit_native

TEXT = """ham 1
dim n = 200, m = 8, d = 1
input u[m]
target v[d]
state a[n] = 1
state b[n] = 0
param omega[n] = uniform(0, 1)
param B[n, m] = normal(0, 1)
param C[d, n] = normal(0, 1)
a' = omega*b - a + B @ u
b' = -omega*a - b{more}
output y = C @ a
cost fit = 1/2 * squared(y - v)
learn
    order = {order}
    eta = 1
"""


def learn(order: str, more: str = "", batch: int = 1) -> str:
    made = emit_native(
        hdsl.loads(TEXT.format(order=order, more=more)).product("program"), "0", {"n": 200, "m": 8, "d": 1}, batch, "float"
    ).text
    return made[made.index("SEEN void learn") : made.index("SEEN void observe")]


def test_one_loop_moves_all_vectors_in_their_cells() -> None:
    text = learn("semi-implicit")
    assert len(re.findall(r"EVERY for \(int64_t i", text)) == 1
    assert "memcpy(a_," not in text and "memcpy(z_a_," not in text


def test_a_cell_of_which_the_whole_is_read_later_gets_its_value_at_the_end() -> None:
    """h+ goes into the cost, so that ω, which reads h, stands below it."""
    assert "memcpy(a_, a_new_" in learn("sequential")


def test_of_many_streams_lines_stay_in_their_loops() -> None:
    assert len(re.findall(r"EVERY for \(int64_t i", learn("semi-implicit", batch=2))) > 1
