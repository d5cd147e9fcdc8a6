"""The expansion is judged by numpy on drawn numbers, by sympy's derivatives, and by equations written here by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsl.terms.elementwise import ROWS
from hdsl.terms.expand import as_sympy, in_plain_functions, readable_names, scalars
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

ROW, COLUMN = indices(2)
N, M = size("n"), size("m")
TANH = ROWS["tanh"].function


def entries(array, shape):
    """The symbols of a leaf in the order of numpy."""
    return [array[place] for place in np.ndindex(*shape)]


def numbers(expanded, name, values):
    """An expanded definition with numbers put in for the entries of the leaves."""
    swap = {}
    for leaf, value in values.items():
        array = np.asarray(value, dtype=float)
        assert tuple(expanded[leaf].shape) == array.shape
        swap |= dict(zip(entries(expanded[leaf], array.shape), array.ravel(), strict=True))
    result = expanded[name]
    flat = [float(sympy.sympify(e).subs(swap)) for e in entries(result, result.shape)]
    return np.array(flat).reshape(result.shape)


def network():
    """s = tanh(W h + b), e = s − v, fit = ½ Σ e²."""
    return (
        Definition("c", Contraction((slot("W", (ROW, COLUMN)), slot("h", (COLUMN,))), ((COLUMN, M),)), (N,)),
        Definition("a", Elementwise(slot("c", (ROW,)) + slot("b", (ROW,))), (N,)),
        Definition("s", Elementwise(TANH(slot("a", (ROW,)))), (N,)),
        Definition("e", Elementwise(slot("s", (ROW,)) - slot("v", (ROW,))), (N,)),
        Definition("fit", Contraction((slot("e", (ROW,)), slot("e", (ROW,))), ((ROW, N),), sympy.Rational(1, 2))),
    )


def draw(*shape, seed=0):
    return np.random.default_rng(seed + sum(shape)).normal(size=shape)


def test_a_network_has_the_values_of_numpy():
    expanded = scalars(network(), {"n": 2, "m": 3})
    W, h, b, v = draw(2, 3), draw(3), draw(2), draw(2, seed=9)
    given_values = {"W": W, "h": h, "b": b, "v": v}
    s = np.tanh(W @ h + b)
    assert np.allclose(numbers(expanded, "s", given_values), s, atol=1e-14)
    assert np.allclose(numbers(expanded, "fit", given_values), 0.5 * ((s - v) ** 2).sum(), atol=1e-14)


def test_entries_are_named_for_their_place():
    expanded = scalars(network(), {"n": 2, "m": 3})
    assert [str(e) for e in entries(expanded["W"], (2, 3))] == ["W_0_0", "W_0_1", "W_0_2", "W_1_0", "W_1_1", "W_1_2"]
    assert str(expanded["c"][1]) == "W_1_0*h_0 + W_1_1*h_1 + W_1_2*h_2"


def test_sympy_differentiates_the_scalar_form():
    """∂fit/∂W = ((s − v) ⊙ (1 − s²)) hᵀ, worked out by hand."""
    expanded = scalars(network(), {"n": 2, "m": 3})
    fit = expanded["fit"][()]
    values = {"W": draw(2, 3), "h": draw(3), "b": draw(2), "v": draw(2, seed=9)}
    slopes = sympy.Array([sympy.diff(fit, w) for w in entries(expanded["W"], (2, 3))], (2, 3))
    s = np.tanh(values["W"] @ values["h"] + values["b"])
    by_hand = np.outer((s - values["v"]) * (1 - s**2), values["h"])
    assert np.allclose(numbers(expanded | {"slopes": slopes}, "slopes", values), by_hand, atol=1e-13)


def test_a_shared_definition_of_what_is_per_stream_is_the_mean():
    outer = Definition("g", Contraction((slot("e", (ROW,)), slot("h", (COLUMN,)))), (N, M), shared=True)
    decay = Definition("d", Elementwise(slot("W", (ROW, COLUMN)) * 2), (N, M), shared=True)
    expanded = scalars((*network(), outer, decay), {"n": 1, "m": 2}, batch=3, shared=("W", "b"))
    W, b, h, v = draw(1, 2), draw(1), draw(3, 2), draw(3, 1)
    values = {"W": W, "h": h, "b": b, "v": v}
    e = np.tanh(h @ W.T + b) - v
    assert np.allclose(numbers(expanded, "e", values), e, atol=1e-14)
    assert np.allclose(numbers(expanded, "g", values), np.einsum("bi,bj->ij", e, h) / 3, atol=1e-14)
    assert np.allclose(numbers(expanded, "d", values), 2 * W, atol=1e-14)


def test_a_batch_of_one_keeps_its_axis():
    expanded = scalars(network(), {"n": 1, "m": 2}, batch=1, shared=("W", "b"))
    assert expanded["e"].shape == (1, 1) and expanded["W"].shape == (1, 2)


def test_broadcasts_and_sizes_in_coefficients():
    mean = Definition("mean", Contraction((slot("x", (ROW,)),), ((ROW, N),), 1 / N))
    wide = Definition("wide", Elementwise(slot("mean") + slot("y", (COLUMN,)) * N), (N, M))
    expanded = scalars((mean, wide), {"n": 4, "m": 2})
    x, y = draw(4), draw(2)
    assert np.allclose(numbers(expanded, "wide", {"x": x, "y": y}), np.tile(x.mean() + 4 * y, (4, 1)), atol=1e-14)


@pytest.mark.parametrize("axis", [-1, -2])
def test_softmax_and_logsumexp(axis):
    left = (N,) if axis == -1 else (M,)
    soft = Definition("p", Structured("softmax", ("x",), (("axis", axis),)), (N, M))
    total = Definition("l", Structured("logsumexp", ("x",), (("axis", axis),)), left)
    expanded = scalars((soft, total), {"n": 2, "m": 3})
    x = draw(2, 3)
    sums = np.exp(x).sum(axis=axis)
    assert np.allclose(numbers(expanded, "l", {"x": x}), np.log(sums), atol=1e-14)
    assert np.allclose(numbers(expanded, "p", {"x": x}), np.exp(x) / np.expand_dims(sums, axis), atol=1e-14)


def test_a_class_index_picks_and_marks():
    definitions = (
        Definition("p", Structured("pick", ("x", "c"))),
        Definition("o", Structured("one_hot", ("c",)), (N,)),
    )
    expanded = scalars(definitions, {"n": 3}, sizes={"x": (N,)})
    x = draw(3)
    for chosen in range(3):
        assert numbers(expanded, "p", {"x": x, "c": chosen}) == pytest.approx(x[chosen])
        assert numbers(expanded, "o", {"c": chosen}).tolist() == np.eye(3)[chosen].tolist()


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.25, 2))
@settings(max_examples=25, deadline=None)
def test_rows_of_derivatives_only_mean_what_their_numpy_spelling_says(x, y, positive):
    spellings = {
        "positive": (x,),
        "less": (x, y),
        "inside": (x, -0.5, 0.5),
        "clipped_low": (x, y, 1.0),
        "clipped_high": (x, y, 1.0),
    }
    expected = {
        "positive": float(x > 0),
        "less": 0.5 if x == y else float(x < y),
        "inside": float(-0.5 <= x <= 0.5),
        "clipped_low": float(x < y < 1),
        "clipped_high": float(x > 1 or y > 1),
    }
    for name, arguments in spellings.items():
        plain = in_plain_functions(ROWS[name].function(*map(sympy.Float, arguments)))
        assert float(plain) == expected[name], name
    slope = in_plain_functions(ROWS["power_slope"].function(sympy.Float(positive), sympy.Float(y)))
    by_log = in_plain_functions(ROWS["power_log"].function(sympy.Float(positive), sympy.Float(y)))
    assert float(slope) == pytest.approx(y * positive ** (y - 1))
    assert float(by_log) == pytest.approx(positive**y * np.log(positive), abs=1e-12)


def test_every_row_has_a_plain_form():
    for row in ROWS.values():
        plain = in_plain_functions(row.function(*sympy.symbols(f"x:{row.arity}")))
        assert not plain.atoms(row.function), row.name


def test_equations_for_people():
    c, a, s, _, fit = (as_sympy(d) for d in network())
    W, h, b = (sympy.IndexedBase(name) for name in "Whb")
    assert c.rhs == sympy.Sum(W[ROW, COLUMN] * h[COLUMN], (COLUMN, 0, M - 1))
    assert a.rhs == sympy.IndexedBase("c")[ROW] + b[ROW]
    assert s.rhs == sympy.tanh(sympy.IndexedBase("a")[ROW])
    assert fit.rhs == sympy.Sum(sympy.IndexedBase("e")[ROW] ** 2, (ROW, 0, N - 1)) / 2


def test_made_names_become_identifiers():
    rate = Definition("dot:z:h", Elementwise(slot("adj:a", (ROW,)) - slot("eta.h") * slot("z:h", (ROW,))), (N,))
    equation = as_sympy(rate)
    assert str(equation.lhs) == "dot_z_h[i]"
    assert {str(s) for s in equation.rhs.free_symbols} >= {"adj_a", "eta_h", "z_h"}
    assert str(as_sympy(Definition("h+", Elementwise(slot("f:h", (ROW,))), (N,)))) == "Eq(h_new[i], f_h[i])"


def test_a_structured_row_is_a_function_of_its_operands():
    equation = as_sympy(Definition("p", Structured("softmax", ("x",), (("axis", -1),)), (N,)))
    assert str(equation.rhs) == "softmax(x, -1, i)"


NAMES = ["h", "z_h", "z:h", "z:h_", "z_h_", "h+", "h_new", "eta.h", "eta_h", "adj:a~2", "adj_a_2"]


@given(st.sets(st.sampled_from(NAMES)))
def test_identifiers_are_all_different_and_users_keep_theirs(names):
    chosen = readable_names(names)
    assert len(set(chosen.values())) == len(names)
    assert all(identifier.isidentifier() for identifier in chosen.values())
    assert all(chosen[name] == name for name in names if name.isidentifier())
