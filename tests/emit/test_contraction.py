"""Which call a contraction becomes: every layout's matrix product, and its einsum, against plain sums."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import torch

from hdsl.emit.align import BATCH
from hdsl.emit.contraction import as_product, axes_of, einsum
from hdsl.terms.term import Contraction, Definition, indices, size, slot, slot_name

ROW, COLUMN, DEPTH = indices(3)
SIZES = {ROW: size("n"), COLUMN: size("m"), DEPTH: size("k")}
LENGTH = {ROW: 2, COLUMN: 3, DEPTH: 4, BATCH: 5}
STREAMS = LENGTH[BATCH]


def definition(value, shared, *factors):
    """``factors`` are (name, indices); those of a name in capitals are shared. Value indices are canonical."""
    present = dict.fromkeys(i for _, at in factors for i in at)
    bound = tuple((i, SIZES[i]) for i in present if i not in value)
    body = Contraction(tuple(slot(name, at) for name, at in factors), bound)
    return Definition("c", body, tuple(SIZES[i] for i in value), shared)


def arrays(made):
    draw = np.random.default_rng(0)
    return {
        slot_name(f): draw.normal(size=[LENGTH[a] for a in layout.axes])
        for f, layout in zip(made.body.factors, axes_of(made, str.isupper).factors, strict=True)
    }


def plainly(made, given):
    """The sum written out, the mean over the streams where the value is shared and a factor is not."""
    letters = dict(zip((BATCH, ROW, COLUMN, DEPTH), "bijk", strict=True))
    axes = axes_of(made, str.isupper)
    left = ",".join("".join(letters[a] for a in layout.axes) for layout in axes.factors)
    names = [slot_name(f) for f in made.body.factors]
    total = np.einsum(f"{left}->{''.join(letters[a] for a in axes.value.axes)}", *(given[n] for n in names))
    return total / STREAMS if axes.mean else total


def printed(made, given):
    found = as_product(made, str.isupper, lambda factor: slot_name(factor))
    if found is None:
        return None
    share = torch.full((STREAMS,), 1 / STREAMS, dtype=torch.float64)
    scope = {name: torch.from_numpy(array) for name, array in given.items()} | {"torch": torch, "share": share}
    value = eval(f"torch.{found.kind}({found.left}, {found.right})", scope).numpy()
    return value / STREAMS if found.mean else value


def matrices():
    for value, (left, right), kinds in product(
        ((ROW, COLUMN), (ROW,)), product(permutations((ROW, COLUMN, DEPTH), 2), repeat=2), product("Ax", "Bz")
    ):
        yield value, (kinds[0], left), (kinds[1], right)
    for value, left, right, kinds in product(
        ((ROW,), (ROW, COLUMN)),
        permutations((ROW, COLUMN), 2),
        ((ROW,), (COLUMN,)),
        product("Ax", "Bz"),
    ):
        yield value, (kinds[0], left), (kinds[1], right)
    for value, kinds in product(((ROW, COLUMN), (ROW,)), product("Ax", "Bz")):
        yield value, (kinds[0], (ROW,)), (kinds[1], (COLUMN,))


@pytest.mark.parametrize("shared", [True, False])
def test_a_product_is_the_sum_that_it_stands_for(shared):
    found = 0
    for value, *factors in matrices():
        if not set(value) <= {i for _, at in factors for i in at}:
            continue
        made = definition(value, shared, *factors)
        given = arrays(made)
        value_found = printed(made, given)
        if value_found is not None:
            found += 1
            assert np.allclose(value_found, plainly(made, given), atol=1e-13), (value, factors)
    assert found >= 11


@pytest.mark.parametrize(
    "value, shared, factors, kind",
    [
        ((ROW,), False, (("W", (ROW, COLUMN)), ("h", (COLUMN,))), "mm"),  # W h of each stream
        ((ROW,), False, (("W", (COLUMN, ROW)), ("h", (COLUMN,))), "mm"),  # Wᵀ h
        ((ROW,), True, (("W", (ROW, COLUMN)), ("B", (COLUMN,))), "mv"),
        ((ROW, COLUMN), True, (("q", (ROW,)), ("h", (COLUMN,))), "mm"),  # the mean of outer products
        ((ROW, COLUMN), True, (("A", (ROW, DEPTH)), ("B", (DEPTH, COLUMN))), "mm"),
        ((ROW,), True, (("q", (ROW,)),), "mv"),  # the mean of a vector
    ],
)
def test_the_products_of_a_network_are_single_calls(value, shared, factors, kind):
    made = definition(value, shared, *factors)
    assert as_product(made, str.isupper, str).kind == kind
    given = arrays(made)
    assert np.allclose(printed(made, given), plainly(made, given), atol=1e-13)


def test_neither_three_factors_nor_two_sums_are_one_product():
    triple = definition((ROW,), False, ("W", (ROW, COLUMN)), ("h", (COLUMN,)), ("g", (COLUMN,)))
    double = definition((ROW,), False, ("T", (ROW, COLUMN, DEPTH)), ("x", (COLUMN, DEPTH)))
    inner = definition((), False, ("h", (ROW,)), ("g", (ROW,)))
    assert [as_product(d, str.isupper, str) for d in (triple, double, inner)] == [None, None, None]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    "value, factors",
    [
        ((), (("x", (ROW,)), ("z", (ROW,)))),
        ((), (("x", (ROW, COLUMN)), ("B", (ROW, COLUMN)))),
        ((COLUMN,), (("x", (ROW, COLUMN)),)),
        ((ROW, COLUMN), (("x", (COLUMN, DEPTH)), ("z", (DEPTH,)), ("B", (ROW,)))),
        ((ROW,), (("x", ()), ("B", (ROW, COLUMN)))),
    ],
)
def test_every_other_contraction_is_an_einsum(value, factors, shared):
    made = definition(value, shared, *factors)
    pattern, mean, missing = einsum(made, str.isupper)
    given = arrays(made)
    found = np.einsum(pattern, *given.values()) / (STREAMS if mean else 1)
    assert missing == () and np.allclose(found, plainly(made, given), atol=1e-13)


def test_an_index_that_no_factor_has_is_left_to_a_broadcast():
    made = Definition("c", Contraction((slot("x", (ROW,)),)), (SIZES[ROW], SIZES[COLUMN]))
    assert einsum(made, str.isupper) == ("ab->ab", False, (2,))
