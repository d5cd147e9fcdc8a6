"""The interpreter against numbers worked out by hand, and its tables against those of the compiler."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from hdsl.terms.elementwise import CONDITIONALS, ROWS
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot
from hdsl.verify.interpret import FUNCTIONS, KINKS, STRUCTURES, Readings, distance_to_kinks, interpret

ROW, COLUMN = indices(2)
N, M = size("n"), size("m")
SIZES = {"n": 2, "m": 3}


def one(definition, **values):
    """The value of one definition in one stream."""
    return interpret([definition], Readings({k: np.asarray(v) for k, v in values.items()}, ({},)), SIZES).of(
        definition.name
    )


def test_every_row_has_its_meaning_here():
    assert FUNCTIONS.keys() == ROWS.keys()
    assert STRUCTURES.keys() == STRUCTURED.keys()
    assert KINKS.keys() == {name for name, row in ROWS.items() if row.kinks} | {"min", "max", "clip", *CONDITIONALS}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.plain is not None])
def test_a_row_means_what_sympy_says(name):
    row = ROWS[name]
    numbers = (0.7, -0.3, 0.4, 0.2)[: row.arity] if row.domain == "real" else (1.7, 2.3)[: row.arity]
    body = Elementwise(row.function(*(slot(letter) for letter in "abcd"[: row.arity])))
    found = one(Definition("y", body, shared=True), **dict(zip("abcd", numbers, strict=False)))
    assert found == pytest.approx(float(row.plain(*map(sympy.Float, numbers))), abs=1e-14)


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("positive", (0.0,), 0.0),
        ("positive", (0.1,), 1.0),
        ("less", (1.0, 1.0), 0.5),
        ("less", (1.0, 2.0), 1.0),
        ("inside", (2.0, 1.0, 2.0), 1.0),
        ("inside", (2.1, 1.0, 2.0), 0.0),
        ("clipped_low", (0.0, 1.0, 2.0), 1.0),
        ("clipped_low", (0.0, 3.0, 2.0), 0.0),
        ("clipped_high", (3.0, 1.0, 2.0), 1.0),
        ("power_slope", (0.0, 0.0), 0.0),
        ("power_slope", (3.0, 2.0), 6.0),
        ("power_log", (0.0, 2.0), 0.0),
        ("power_log", (math.e, 2.0), math.e**2),
        ("sigmoid", (-800.0,), 0.0),
        ("softplus", (800.0,), 800.0),
    ],
)
def test_rows_of_derivatives_and_extremes(name, numbers, expected):
    assert float(FUNCTIONS[name](*map(np.asarray, numbers))) == pytest.approx(expected, abs=1e-14)


def test_sums_of_products_and_broadcasts():
    W, x = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0, 0.5])
    product = Definition(
        "c", Contraction((slot("W", (ROW, COLUMN)), slot("x", (COLUMN,))), ((COLUMN, M),), 2 * N), (N,), True
    )
    assert one(product, W=W, x=x).tolist() == (2 * 2 * (W @ x)).tolist()
    wide = Definition("o", Contraction((slot("x", (COLUMN,)),), (), sympy.Integer(1)), (N, M), True)
    assert one(wide, x=x).tolist() == [x.tolist()] * 2
    counted = Definition("k", Contraction((slot("s"),), ((ROW, M),)), (), True)
    assert one(counted, s=5.0) == 15.0
    turned = Definition("t", Elementwise(slot("V", (COLUMN, ROW)) - slot("x", (COLUMN,))), (N, M), True)
    assert one(turned, V=W.T, x=x).tolist() == (W - x).tolist()
    filled = Definition("z", Elementwise(sympy.Integer(3) / 4), (N, M), True)
    assert one(filled).tolist() == [[0.75] * 3] * 2


def test_structured_operations():
    x = np.array([0.1, 2.0, -1.0])
    weights = np.exp(x) / np.exp(x).sum()
    soft = Definition("p", Structured("softmax", ("x",), (("axis", -1),)), (M,), True)
    assert one(soft, x=x) == pytest.approx(weights, abs=1e-15)
    total = Definition("l", Structured("logsumexp", ("x",), (("axis", -1),)), (), True)
    assert one(total, x=x) == pytest.approx(math.log(np.exp(x).sum()), abs=1e-15)
    assert one(Definition("p", Structured("pick", ("x", "c")), (), True), x=x, c=1) == 2.0
    assert one(Definition("o", Structured("one_hot", ("c",)), (M,), True), c=2).tolist() == [0.0, 0.0, 1.0]


def test_what_is_shared_and_reads_a_stream_is_the_mean():
    given = Readings({"w": np.array(2.0)}, ({"h": np.array(1.0)}, {"h": np.array(4.0)}))
    own = Definition("y", Elementwise(slot("w") * slot("h")))
    mean = Definition("g", Contraction((slot("y"), slot("h"))), shared=True)
    after = Definition("s", Elementwise(slot("g") + slot("w")), shared=True)
    made = interpret([own, mean, after], given, {})
    assert made.of("y").tolist() == [2.0, 8.0]
    assert (made.of("g"), made.of("s")) == ((2 + 32) / 2, 19.0)
    assert given.streams[0].keys() == {"h"}


def test_wrong_shapes_and_unknown_names_are_refused():
    with pytest.raises(KeyError):
        one(Definition("y", Elementwise(slot("x"))))
    with pytest.raises(ValueError, match="1 indices for an array of 0 axes"):
        one(Definition("y", Elementwise(slot("x", (ROW,))), (N,), True), x=1.0)
    with pytest.raises(ValueError):
        one(Definition("y", Elementwise(slot("x", (ROW,))), (N,), True), x=np.ones(5))


def test_the_distance_to_a_kink_is_the_shortest_of_all_streams():
    relu, least = ROWS["relu"].function, ROWS["min"].function
    inner = Definition("y", Elementwise(2 * relu(slot("h") - 1)))
    given = Readings({"w": np.array(3.0)}, ({"h": np.array(1.25)}, {"h": np.array(0.5)}))
    assert distance_to_kinks([inner], interpret([inner], given, {}), {}) == 0.25
    both = Definition("x", Elementwise(least(slot("h"), slot("w") / 4)))
    assert distance_to_kinks([inner, both], interpret([inner, both], given, {}), {}) == 0.25
    near = Readings({"w": np.array(2.04)}, given.streams)
    assert distance_to_kinks([both], interpret([both], near, {}), {}) == pytest.approx(0.01)
    plain = Definition("p", Elementwise(slot("h") ** 2))
    assert distance_to_kinks([plain], given, {}) == math.inf


def test_bounds_that_are_one_number_are_a_kink():
    # Nothing passes then; torch gives the slope to the upper bound or to none, and no difference quotient agrees.
    line = Definition("y", Elementwise(ROWS["clip"].function(slot("h"), slot("a"), slot("b"))), shared=True)

    def distance(**numbers):
        given = Readings({name: np.array(x) for name, x in numbers.items()}, ({},))
        return distance_to_kinks([line], given, {})

    assert distance(h=-3.0, a=0.5, b=0.5) == 0
    assert distance(h=-3.0, a=0.5, b=2.5) == 2
    assert distance(h=0.75, a=0.5, b=math.inf) == 0.25
