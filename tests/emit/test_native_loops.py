"""Loops: the axis innermost along which operands lie, what is read before it, and chains in one loop."""

from __future__ import annotations

import hdsl
from hdsl.emit.native_module import emit_native

TEXT = """ham 1
dim n = 5, m = 3
input u[m]
target v[n]
state h[n] = 0
param W[n, m] = normal(0, 1)
param A[n, n] = normal(0, 1)
h' = -h + tanh(W @ u) + sum[j](A[:, j] * A[j, :])
output y = h
cost fit = 1/2 * squared(y - v)
"""


def text(batch: int = 1, body: str = "h' = -h + tanh(W @ u)") -> str:
    told = "\n".join(line for line in TEXT.splitlines() if not line.startswith("h'"))
    made = emit_native(hdsl.loads(f"{told}\n{body}\n").product("program"), "0", {"n": 5, "m": 3}, batch, "float").text
    return made[made.index("SEEN void learn") : made.index("SEEN void observe")]


def test_a_matrix_by_a_vector_is_a_call() -> None:
    assert "one_dots_2(5 - 0, 3, W_, u_, " in text()
    assert "row_dots_2(4, 5 - 0, 3, W_, u_, 3, " in text(4)


def test_weight_and_costate_move_in_one_loop() -> None:
    (loop,) = [part for part in text().split("EVERY") if "w_W_[i * 3 + j] = own_0;" in part]
    assert "W_[i * 3 + j] = own_1;" in loop
    assert "(constant_" in loop and "same_0 * u_[j]" in loop


def test_the_mean_over_streams_is_written_out() -> None:
    (loop,) = [part for part in text(3).split("EVERY") if "w_W_[i * 3 + j] = own_0;" in part]
    assert all(f"u_[{b} * 3 + j]" in loop for b in (1, 2))


def test_any_other_sum_is_plain_loops() -> None:
    """A sum of products of a matrix with itself has no call; the last axis of the value is innermost."""
    found = text(body="let s = sum[i, j](A[i, j] * A[j, i])\nh' = -h + s * tanh(W @ u)")
    assert "sum += A_[" in found


def test_products_of_the_same_sizes_are_one_function() -> None:
    """Of many streams; `observe` and both states call the same."""
    text = "ham 1\ndim n = 40\ninput u[n]\ntarget v[n]\nstate a[n] = 0\nstate b[n] = 0\n"
    text += "param A[n, n] = eye\nparam B[n, n] = eye\na' = -a + A @ u\nb' = -b + B @ u\n"
    text += "output y = a + b\ncost fit = 1/2 * squared(y - v)\n"
    made = emit_native(hdsl.loads(text).product("program"), "0", {"n": 40}, 32, "float").text
    assert made.count("all_dots_16(32, ") == 1
    assert made.count("dots_of_40_by_40_40_40(40 - 0, ") == 4
