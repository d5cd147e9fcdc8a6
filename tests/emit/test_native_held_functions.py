"""The fixed part of held moves: how many steps decay leaves a trace of."""

from __future__ import annotations

import ctypes

import pytest

from hdsl.emit.native_functions import preamble
from hdsl.emit.native_held_functions import HELD
from hdsl.runtime.native_build import build, find_compiler
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
ASKED = "SEEN int64_t left(double keep, int64_t room) { struct held s = {.keep = keep}; return held_left(&s, room); }"


@pytest.mark.parametrize(("kind", "bits"), [("float", 24), ("double", 53)])
def test_what_is_left_is_what_decay_leaves_a_trace_of(kind: str, bits: int) -> None:
    with plain_builds():
        left = build(preamble(kind) + HELD + ASKED).left
    left.argtypes, left.restype = [ctypes.c_double, ctypes.c_int64], ctypes.c_int64
    assert left(0.5, 512) == left(-0.5, 512) == bits
    for keep in (0.9, 0.7, 1e-3):
        steps = left(keep, 512)
        assert keep**steps <= 2.0**-bits < keep ** (steps - 1)
    assert left(0.0, 512) == 1  # of the step itself
    assert left(0.9, left(0.9, 512)) == left(0.9, 512) and left(0.9, left(0.9, 512) - 1) == 0  # room
    assert left(1.0, 512) == left(1.5, 512) == left(float("nan"), 512) == 0
