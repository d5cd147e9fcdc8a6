"""Scalar expressions as C: every row has a spelling, and each gives what numpy gives, be it a number or not."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest
import sympy

from hdsl.emit.native_expression import LEFT_OUT, SPELLING, NativePrinter
from hdsl.emit.native_functions import preamble
from hdsl.runtime.native_build import build, find_compiler
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import slot, slot_name

POINTS = np.array(
    [-750.0, -30.0, -2.5, -1.0, -0.3, -1e-5, 0.0, 1e-9, 0.2, 0.5, 1.0, 1.7, 3.0, 19.0, 41.0, 720.0, np.inf, -np.inf, np.nan]
)
X, Y, Z, W = (slot(name) for name in "XYZW")


def printer(kind: Any = "double") -> NativePrinter:
    return NativePrinter(kind, slot_name, lambda e: not e.free_symbols, lambda text: text)


def test_every_row_has_a_spelling_and_every_spelling_a_row() -> None:
    assert SPELLING.keys() | LEFT_OUT == ROWS.keys()
    assert not SPELLING.keys() & LEFT_OUT


def test_numbers_are_worked_out_once_in_double() -> None:
    made: list[str] = []

    def constant(text: str) -> str:
        made.append(text)
        return "k"

    own = NativePrinter("float", slot_name, lambda e: X not in e.free_symbols, constant)
    assert own(Y * Z * X + X) in ("((k * X) + X)", "(X + (k * X))")
    assert made == ["(Y * Z)"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (sympy.Integer(3), "3.0"), (sympy.Rational(1, 3), repr(1 / 3)), (sympy.Integer(-2), "(-2.0)"), (sympy.oo, "INFINITY"),
        (-sympy.oo, "(-INFINITY)"), (sympy.nan, "NAN"), (sympy.Integer(10) ** 400, "INFINITY"),
    ],
)  # fmt: skip
def test_a_literal_is_no_whole_number(number: Any, text: str) -> None:
    """1 / 3 of whole numbers would be 0 in C."""
    assert printer().literal(number) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (X**2, "r_square(X)"), (X**3, "r_whole_power(X, 3)"), (1 / X, "(1.0 / X)"), (X / Y, "(X / Y)"),
        (sympy.sqrt(X), "r_sqrt(X)"), (X**Y, "r_pow(X, Y)"), (X**-2, "(1.0 / r_square(X))"), (-X, "(-X)"),
    ],
)  # fmt: skip
def test_powers_and_quotients(expression: Any, text: str) -> None:
    assert printer()(expression) == text


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
@pytest.mark.parametrize(("kind", "dtype"), [("double", np.float64), ("float", np.float32)])
def test_every_function_gives_what_numpy_gives_to_round_off(kind: Any, dtype: Any) -> None:
    """Arguments of the size of the type's own round-off, zeros, ends of the range, infinities and nan."""
    bodies, rows = [], [row for row in ROWS.values() if row.name not in LEFT_OUT]
    for row in rows:
        expression = row.function(*(X, Y, Z, W)[: row.arity])
        text = printer(kind)(expression)
        bodies.append(
            f"SEEN void f_{row.name}(const T *x, const T *y, const T *z, const T *w, T *out, int64_t n) {{\n"
            f"EVERY for (int64_t i = 0; i < n; i++) {{ const T X = x[i], Y = y[i], Z = z[i], W = w[i]; out[i] = {text}; }} }}"
        )
    library = build(preamble(kind) + "\n".join(bodies))
    grid = np.array(np.meshgrid(POINTS, [-0.5, 0.0, 1.0, 2.0])).reshape(2, -1).astype(dtype)
    x, y = (np.ascontiguousarray(part) for part in grid)
    z, w = (y + dtype(1.5)).astype(dtype), np.full_like(x, 7)
    x = np.concatenate([x, np.linspace(-9, 9, 999)]).astype(dtype)
    y, z, w = (np.resize(part, len(x)) for part in (y, z, w))
    namespace = {"np": np, "math": math, "dtype": np.float64, **vars(_helpers())}
    for row in rows:
        out = np.empty_like(x)
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, y, z, w, out)]
        getattr(library, f"f_{row.name}")(*pointers, ctypes.c_int64(len(x)))
        with np.errstate(all="ignore"):
            given = {f"a{k}": a.astype(np.float64) for k, a in enumerate((x, y, z, w)[: row.arity])}
            wanted = eval(row.numpy.format(*given), namespace, given)
            wanted = np.asarray(wanted, dtype=np.float64)
            far = np.abs(wanted) > np.finfo(dtype).max
            wanted = np.where(far & np.isfinite(wanted), np.sign(wanted) * np.inf, wanted)
            least = np.abs(x) if row.name == "gelu" else np.finfo(dtype).tiny * 2**24  # 1 + erf cancels, there as here
            apart = np.abs(out - wanted) / np.maximum(np.abs(wanted), least)
        same = (np.isnan(out) & np.isnan(wanted)) | (out == wanted)
        apart = np.where(same, 0, apart)
        worst = int(np.nanargmax(np.where(np.isnan(apart), np.inf, apart)))
        assert apart[worst] < 12 * np.finfo(dtype).eps, (row.name, x[worst], y[worst], out[worst], wanted[worst])


def _helpers() -> Any:
    """The functions that the numpy reference is spelt with."""
    import types

    from hdsl.emit.numpy_module import HEADER

    text = HEADER.format(name="m", what="w", version="0", source="s", content="c", further="")
    module = types.ModuleType("helpers")
    exec(compile(text, "helpers", "exec"), module.__dict__)
    return module
