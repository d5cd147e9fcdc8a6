from __future__ import annotations

from typing import Any

import pytest

from hdsl.model.shapes import differ_by_name, fits
from hdsl.terms.term import size

n, m = size("n"), size("m")
HEAD = "dim n = 3, m = 3\ninput u[m]\nstate h[n] = 0\nparam W[n, n] = 0\nh' = -h\n"  # u 2, h 3, W 4


def test_sizes_fit_where_every_axis_is_the_same() -> None:
    assert fits((n, 1 + m), (n, m + 1))
    assert not fits((n,), (n, n))
    assert not fits((n,), (m,))
    assert differ_by_name((n,), (n, m))
    assert not differ_by_name((n,), (m, n))  # the last axes meet
    assert not differ_by_name((size("n") * 0 + 3,), (n,))
    assert not differ_by_name((n,), (n, n))


@pytest.mark.parametrize(
    ("written", "message", "label"),
    [
        ("W @ u", "`W @ u` contracts n with m", "W is [n, n] (line 4), u is [m] (line 2); sizes match by name, not by value"),
        ("W + u", "`W + u` adds [n, n] and [m]", "W is [n, n] (line 4), u is [m] (line 2); sizes match by name, not by value"),
        ("h*(W @ h + u)", "`W @ h + u` adds [n] and [m]", "W @ h is [n], u is [m] (line 2); sizes match by name, not by value"),
        ("2 @ h", "`2 @ h` contracts a scalar; a product with one is written `*`", "2 is a scalar, h is [n] (line 3)"),
        ("W @ (W @ W @ h @ h)", "`W @ (W @ W @ h @ h)` contracts a scalar; a product with one is written `*`",
         "W is [n, n] (line 4), W @ W @ h @ h is a scalar"),
        ("max(h, u)", "`max(h, u)` takes [n] and [m] entry by entry",
         "h is [n] (line 3), u is [m] (line 2); sizes match by name, not by value"),
        ("dot(h, W)", "`dot(h, W)` sums the products of [n] and [n, n]", "h is [n] (line 3), W is [n, n] (line 4)"),
        ("cross_entropy(h, u)", "`cross_entropy(h, u)` wants a vector of logits and as many probabilities, or an index",
         "h is [n] (line 3), u is [m] (line 2); sizes match by name, not by value"),
        ("h^u", "`h^u` raises [n] and [m]", "h is [n] (line 3), u is [m] (line 2); sizes match by name, not by value"),
    ],
)  # fmt: skip
def test_both_operands_are_named_with_their_lines(written: str, message: str, label: str, found: Any) -> None:
    (finding,) = found(HEAD + f"output y = {written}\n")
    assert (finding.code, finding.message, finding.label) == ("shape", message, label)


def test_literal_sizes_do_not_speak_of_names(found: Any) -> None:
    (finding,) = found("input a[2]\ninput b[3]\noutput y = a + b\n")
    assert finding.label == "a is [2] (line 1), b is [3] (line 2)"
