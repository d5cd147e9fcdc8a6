"""Sums taken apart: numbers, scalars, tensors and bound indices, with what is inlined multiplied out."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.expand import in_plain_functions, scalars
from hdsl.terms.inlining import Inlining
from hdsl.terms.product import Product, Unfolding, averaged, indices_in, take_common
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Structured,
    indices,
    size,
    slot,
    slot_indices,
    slot_name,
    slots,
)

ROW, COLUMN = indices(2)
N = size("n")
X, Y = slot("x", (ROW,)), slot("y", (ROW,))
C = Definition("c", Contraction((slot("W", (ROW, COLUMN)), slot("h", (COLUMN,))), ((COLUMN, N),), slot("alpha")), (N,))
F = Definition("f", Elementwise(X - 2 * Y), (N,))
SCALED = Definition("g", Elementwise(3 * X), (N,))


def unfolding(*inlined, closed=()):
    by_name = {d.name: d for d in (C, F, SCALED)}
    return Unfolding(by_name, inlined, lambda definition: definition.name in closed)


def names(product):
    return sorted(str(t) for t in product.tensors)


def test_a_sum_is_its_summands():
    found = unfolding().sum(3 * slot("phi") * X - Y)
    assert {(p.number, tuple(map(str, p.scalars)), tuple(names(p))) for p in found} == {
        (3, ("phi",), ("x[i]",)),
        (-1, (), ("y[i]",)),
    }


def test_an_inlined_contraction_is_multiplied_in_at_the_readers_indices():
    (found,) = unfolding("c").sum(2 * slot("c", (COLUMN,)) * slot("y", (COLUMN,)))
    ((summed, over),) = found.bound
    assert over == N and found.number == 2 and found.scalars == [slot("alpha")]
    assert set(found.tensors) == {slot("W", (COLUMN, summed)), slot("h", (summed,)), slot("y", (COLUMN,))}
    assert found.origin == ("c", "y")


def test_two_contractions_do_not_share_a_bound_index():
    (found,) = unfolding("c").sum(slot("c", (ROW,)) ** 1 * slot("c", (COLUMN,)))
    assert len({i for i, _ in found.bound}) == 2


def test_an_inlined_sum_alone_joins_the_sum_with_its_sign():
    found = unfolding("f").sum(-slot("f", (ROW,)))
    assert {(p.number, *names(p)) for p in found} == {(-1, "x[i]"), (2, "y[i]")}


def test_an_inlined_sum_in_a_product_stays_one_factor():
    (found,) = unfolding("f").sum(slot("tau") * slot("f", (ROW,)))
    assert names(found) == ["f[i]"] and found.scalars == [slot("tau")]


def test_an_inlined_product_is_multiplied_in():
    (found,) = unfolding("g").sum(slot("g", (ROW,)) * Y)
    assert found.number == 3 and names(found) == ["x[i]", "y[i]"]


def test_what_is_closed_stays_a_factor():
    (found,) = unfolding("c", closed=("c",)).sum(2 * slot("c", (ROW,)))
    assert names(found) == ["c[i]"] and not found.bound


def test_indices_in_order_of_occurrence():
    assert indices_in(slot("A", (COLUMN, ROW))) == (COLUMN, ROW)
    assert indices_in(slot("alpha") + 1) == ()


def test_an_average_is_a_plain_sum_divided_by_its_count():
    def over(number, scalars, size_of, tensors=(X,)):
        return averaged(Product(number, list(scalars), list(tensors), [(ROW, size_of)]), ())

    assert over(sympy.Integer(3), [1 / N], N) == (3, ())
    assert over(sympy.Integer(1), [slot("phi"), 1 / N], N) == (1, (slot("phi"),))
    assert over(sympy.Rational(1, 4), [], sympy.Integer(4)) == (1, ())
    assert over(sympy.Integer(1), [], N) is None
    assert over(sympy.Rational(1, 2), [], sympy.Integer(4)) is None
    assert over(sympy.Integer(1), [], sympy.Integer(1)) is None
    assert over(sympy.Integer(1), [1 / N], N, tensors=(X, Y)) is None


def test_common_scalars_are_taken_out_as_often_as_all_have_them():
    phi, tau = slot("phi"), slot("tau")
    products = [Product(scalars=[phi, phi, tau]), Product(scalars=[phi, phi, phi])]
    assert take_common(products) == [phi, phi]
    assert [p.scalars for p in products] == [[tau], [phi]]
    alone = [Product(scalars=[phi])]
    assert take_common(alone) == [] and alone[0].scalars == [phi]


# What is multiplied out has the value that it had: on numbers, for every definition of every model that ships -------------


def number_of(expression, at, values, dims):
    """An expression with numbers in its slots; ``at`` gives indices their places."""
    swap = {s: sympy.Float(values[slot_name(s)][tuple(at[i] for i in slot_indices(s))]) for s in slots(expression)}
    swap |= {s: sympy.Integer(dims[str(s)]) for s in sympy.sympify(expression, strict=True).free_symbols if str(s) in dims}
    return float(sympy.N(in_plain_functions(sympy.sympify(expression, strict=True).xreplace(swap))))


def product_of(product, at, values, dims):
    """The number that a product says, its bound indices summed."""
    sizes = [int(sympy.sympify(s, strict=True).subs({size(d): n for d, n in dims.items()})) for _, s in product.bound]
    total = 0.0
    for places in np.ndindex(*sizes):
        here = at | {i: place for (i, _), place in zip(product.bound, places, strict=True)}
        total += np.prod([number_of(t, here, values, dims) for t in product.tensors])
    return total * number_of(sympy.Mul(product.number, *product.scalars), at, values, dims)


def values_of(definitions, dims):
    """Numbers for every name: drawn where nothing defines it or a structured operation does, else worked out."""
    random = np.random.default_rng(0)
    leaves = scalars(definitions, dims, sizes={d.body.operands[0]: (size("k"),) for d in definitions if is_pick(d)})
    values = {}
    for name, array in leaves.items():
        values[name] = random.uniform(0.2, 1, size=array.shape)
    for definition in definitions:
        if not isinstance(definition.body, Structured):
            plain = Unfolding({}, (), lambda d: False)
            for place in np.ndindex(*values[definition.name].shape):
                at = dict(zip(definition.indices, place, strict=True))
                values[definition.name][place] = sum(
                    product_of(p, at, values, dims) for p in unfolded(plain, definition)
                )
    return values


def is_pick(definition):
    return isinstance(definition.body, Structured) and definition.body.row in ("pick", "logsumexp")


def unfolded(unfolding, definition):
    if isinstance(definition.body, Contraction):
        return [unfolding.contraction(definition, definition.body, definition.indices)]
    return unfolding.sum(definition.body.expression)


@pytest.mark.parametrize("name", ["sunspots", "oscillators", "iris_mlp_state"])
def test_multiplying_out_changes_no_value(name, checkout):
    path = checkout / "models" / f"{name}.ham"
    equations = Compiler(Source(path.read_text(encoding="utf-8"), path.name)).equations
    definitions = (*equations.definitions, *equations.all)
    dims = {"n": 2, "k": 3, "d": 2, "m": 3}
    values = values_of(definitions, dims)
    chosen = Inlining(definitions, ()).chosen
    by_name = {d.name: d for d in definitions}
    assert chosen
    told = Unfolding(by_name, chosen, lambda definition: False)
    for definition in definitions:
        if not isinstance(definition.body, Structured):
            for place in np.ndindex(*values[definition.name].shape):
                at = dict(zip(definition.indices, place, strict=True))
                found = sum(product_of(p, at, values, dims) for p in unfolded(told, definition))
                assert found == pytest.approx(values[definition.name][place], rel=1e-9), definition.name


def test_a_summand_is_opened_where_a_sum_is_printed_in_its_place():
    """The one way to cut: what products are made of is what an equation is taken apart into."""
    outside = Y - slot("f", (ROW,))
    assert [*unfolding("f").opened(-slot("f", (ROW,)))] == [-X, 2 * Y]
    assert [*unfolding().opened(-slot("f", (ROW,)))] == [-slot("f", (ROW,))]
    assert [*unfolding("f", closed=("f",)).opened(slot("f", (ROW,)))] == [slot("f", (ROW,))]
    found = unfolding("f").sum(outside)
    assert sorted((str(p.term), int(p.number), *names(p)) for p in found) == [
        ("-f[i]", -1, "x[i]"), ("-f[i]", 2, "y[i]"), ("y[i]", 1, "y[i]"),
    ]  # fmt: skip
