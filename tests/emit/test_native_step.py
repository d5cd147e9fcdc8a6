"""A whole step as native text: what it tells its caller, and targets taken apart from their marks."""

from __future__ import annotations

import ctypes
import json
from dataclasses import asdict
from functools import lru_cache

import numpy as np
import pytest

import hdsl
from hdsl.emit.native_functions import preamble
from hdsl.emit.native_module import emit_native
from hdsl.emit.native_step import FUNCTIONS, Argument, Buffer, WholeStep
from hdsl.runtime.native_build import build, find_compiler

TIMED = """ham 1
dim n = 3, k = 4
input u[n]
target c : index(k)
target v[2]
state h[n] = 1
state a = 0
const g[n] = [1, 2, 3]
param W[k, n] = normal(0, 1)
reset h each sample
h' = -h + u * g
a' = -a + sin(t)
output y = softmax(W @ h)
cost hit = cross_entropy(y, c)
cost near = 1/2 * squared(y[0:2] - v)
cost small = 1/2 * squared(W)
"""


def step_of(text: str, batch: int) -> WholeStep:
    model = hdsl.loads(text)
    sizes = {name: int(value) for name, value in model.product("model").dims.items()}
    return emit_native(model.product("program"), "0", sizes, batch, "float").step


@lru_cache(maxsize=1)
def library(kind: str) -> ctypes.CDLL:
    seen = (
        "SEEN void numbers(int64_t b, int64_t n, const T *v, T *m, T *h) { take_numbers(b, n, v, m, h); }"
        "SEEN void indices(int64_t b, const int64_t *v, int64_t *m, T *h) { take_indices(b, v, m, h); }"
    )
    return build(f"{preamble(kind)}{FUNCTIONS}{seen}")


def test_it_tells_its_arguments_in_order_and_where_the_tensors_are() -> None:
    step = step_of(TIMED, 2)
    assert step.arguments == (
        Argument("u", (2, 3), 0, False), Argument("c", (2,), 4, True), Argument("v", (2, 2), 0, True)
    )  # fmt: skip
    assert step.output == (2, 4) and step.costs == ("hit", "near", "small")
    places = {(each.module, each.kept, each.key): (each.sizes, each.kind) for each in step.buffers}
    assert places["state", "_buffers", "h"] == ((2, 3), "real")
    assert places["initial", "_buffers", "h"] == ((3,), "real")  # kept once, for all streams
    assert places["", "_parameters", "W"] == places["costate", "_buffers", "W"] == ((4, 3), "real")
    assert places["", "_buffers", "g"] == ((3,), "real")
    assert step.buffers[-2:] == (
        Buffer("", "_buffers", "clock", (), "whole"), Buffer("", "_buffers", "offset", (), "real")
    )  # fmt: skip


def test_it_is_read_again_as_it_was_told() -> None:
    for text in (TIMED, "ham 1\nparam w[2] = 3\ncost c = 1/2 * squared(w)\n"):
        step = step_of(text, 1)
        assert WholeStep.read(json.loads(json.dumps(asdict(step)))) == step
    assert step.output is None
    with pytest.raises(KeyError):
        WholeStep.read({"arguments": []})


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
def test_a_half_and_a_nought_stand_for_what_is_missing() -> None:
    given = np.array([[1, -np.inf], [np.nan, 2], [3, 4]], np.float32)
    made, has = np.zeros((3, 2), np.float32), np.full(3, 7, np.float32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (given, made, has)]
    library("float").numbers(ctypes.c_int64(3), ctypes.c_int64(2), *pointers)
    assert made.tolist() == [[1, -np.inf], [0.5, 2], [3, 4]] and has.tolist() == [1, 0, 1]
    library("float").numbers(ctypes.c_int64(3), ctypes.c_int64(2), None, *pointers[1:])
    assert (made == 0.5).all() and not has.any()


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
def test_an_index_below_0_is_missing() -> None:
    given, made, has = np.array([2, -1, 0]), np.full(3, 9), np.full(3, 7, np.float32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (given, made, has)]
    library("float").indices(ctypes.c_int64(3), *pointers)
    assert made.tolist() == [2, 0, 0] and has.tolist() == [1, 0, 1]
    library("float").indices(ctypes.c_int64(3), None, *pointers[1:])
    assert made.tolist() == [0, 0, 0] and not has.any()
