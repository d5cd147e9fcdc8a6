"""The body of a native program: new values where their cells are, beside them where the old ones are still read."""

from __future__ import annotations

import hdsl
from hdsl.emit.native_module import emit_native

TEXT = """ham 1
dim n = 3
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 1)
next h = tanh(W @ h + u){more}
output y = h
cost fit = 1/2 * squared(y - v)
"""


def learn(more: str = "", batch: int = 1, n: int = 3) -> str:
    made = emit_native(hdsl.loads(TEXT.format(more=more)).product("program"), "0", {"n": n}, batch, "double").text
    return made[made.index("SEEN void learn") : made.index("SEEN void observe")]


def test_a_held_value_goes_into_its_cell_at_the_end() -> None:
    text = learn()
    assert text.count("memcpy(h_, ") == 1
    assert text.index("memcpy(h_, ") > text.index("w_W_[")


def test_a_value_that_only_its_own_loop_reads_is_not_stored() -> None:
    """1 − s² times z stays in a register."""
    assert "own_1" in learn()
    assert "s_[" not in learn()


def test_a_result_is_made_where_it_is_handed_out() -> None:
    assert "(r->results[0] + step * 3)" in learn()
    assert "(r->results[0] + step * 6)" in learn(batch=2)


def test_a_mean_of_outer_products_is_there_a_block_of_rows_at_a_time() -> None:
    """Up to three streams it stands in the loop that takes it in; of a small matrix there is the whole."""
    assert "row_outers_" not in learn(batch=3)
    assert "row_outers_2(4, 3 - 0, 3, " in learn(batch=4)
    assert "- lo * 200)" in learn(batch=4, n=200)


def test_a_new_state_that_one_line_reads_goes_into_its_cell() -> None:
    """h+ is a sum over one input, which could stand in tanh(h+), and there alone."""
    text = TEXT.format(more="").replace("input u[n]", "input u[m]").replace("dim n = 3", "dim n = 3, m = 1")
    text = text.replace("W[n, n]", "W[n, m]").replace("tanh(W @ h + u)", "W @ u").replace("y = h", "y = tanh(h)")
    for batch, made in ((1, "h_[i] = own_"), (2, ", u_, 1, h_, 3, 1.0);")):
        printed = emit_native(hdsl.loads(text).product("program"), "0", {"n": 3, "m": 1}, batch, "double").text
        assert made in printed[printed.index("SEEN void learn") : printed.index("SEEN void observe")]
