from __future__ import annotations

import sympy

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.definitions import Definitions
from hdsl.model.values import (
    Value,
    aligned,
    broadcast,
    calculate,
    is_coefficient,
    negative,
    plain,
    squeezed,
    transposed,
)
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, Elementwise, indices, size, slot

AT = Span(0, 1)
ONE = sympy.Integer(1)
n, m = size("n"), size("m")
i, j, k = indices(3)
SHARED = {"W": True, "alpha": True, "h": False, "s": False, "o": False, "R": False, "x": False, "c": False}


def made() -> Definitions:
    return Definitions(SHARED, SHARED)


def vector(name: str) -> Value:
    return plain(slot(name, (i,)), (n,), AT)


PRODUCT = Value(Contraction((slot("W", (i, j)), slot("h", (j,))), ((j, n),)), (n,), AT)


def test_trailing_axes_align_and_only_a_literal_1_broadcasts() -> None:
    assert broadcast((n, m), (m,)) == (n, m)
    assert broadcast((), (n,)) == (n,)
    assert broadcast((n, ONE), (ONE, m)) == (n, m)
    assert broadcast((ONE,), (ONE,)) == (ONE,)
    assert broadcast((n,), (m,)) is None
    assert broadcast((n, m), (n,)) is None
    assert broadcast((sympy.Integer(3),), (sympy.Integer(2),)) is None


def test_a_scalar_and_a_vector_meet_a_matrix_at_its_last_index() -> None:
    sizes = (m, n)
    assert aligned(made(), vector("h"), sizes) == slot("h", (j,))
    assert aligned(made(), plain(slot("s"), (), AT), sizes) == slot("s")


def test_an_axis_of_size_1_is_summed_away_before_it_meets_another() -> None:
    definitions = made()
    column = plain(slot("R", (i, j)), (n, ONE), AT)
    assert aligned(definitions, column, (n, m)) == slot("c2", (i,))
    (definition,) = definitions.made
    assert definition.body == Contraction((slot("R", (i, j)),), ((j, ONE),))
    assert definition.sizes == (n,)
    row = plain(slot("o", (i,)), (ONE,), AT)
    assert squeezed(definitions, row, {0}).sizes == ()
    assert aligned(definitions, row, (ONE,)) == slot("o", (i,))  # and not where it meets itself


def test_a_contraction_scaled_by_what_all_streams_share_stays_one() -> None:
    definitions = made()
    alpha = plain(slot("alpha") / 2, (), AT)
    for value in (calculate(definitions, "*", PRODUCT, alpha, AT), calculate(definitions, "*", alpha, PRODUCT, AT)):
        assert isinstance(value, Value)
        assert isinstance(value.body, Contraction)
        assert value.body.coefficient == slot("alpha") / 2
    over = calculate(definitions, "/", PRODUCT, alpha, AT)
    assert isinstance(over, Value)
    assert isinstance(over.body, Contraction)
    assert over.body.coefficient == 2 / slot("alpha")
    assert negative(definitions, over, AT).body.coefficient == -2 / slot("alpha")  # type: ignore[union-attr]
    assert definitions.made == ()


def test_a_contraction_scaled_by_a_stream_s_own_scalar_is_named() -> None:
    definitions = made()
    value = calculate(definitions, "*", PRODUCT, plain(slot("s"), (), AT), AT)
    assert isinstance(value, Value)
    assert value.body == Elementwise(slot("s") * slot("c2", (i,)))
    inverse = calculate(definitions, "/", plain(slot("alpha"), (), AT), PRODUCT, AT)
    assert isinstance(inverse, Value)
    assert inverse.body == Elementwise(slot("alpha") / slot("c2", (i,)))


def test_what_may_be_a_coefficient() -> None:
    definitions = made()
    assert is_coefficient(definitions, plain(n * slot("alpha"), (), AT))
    assert not is_coefficient(definitions, plain(slot("s"), (), AT))
    assert not is_coefficient(definitions, vector("W"))
    assert not is_coefficient(definitions, plain(ROWS["tanh"].function(slot("alpha")), (), AT))


def test_dividing_by_nothing_is_told() -> None:
    assert isinstance(calculate(made(), "/", PRODUCT, plain(sympy.Integer(0), (), AT), AT), Diagnostic)
    assert isinstance(calculate(made(), "/", vector("h"), plain(sympy.Integer(0), (), AT), AT), Diagnostic)


def test_a_contraction_times_zero_is_zero() -> None:
    value = calculate(made(), "*", PRODUCT, plain(sympy.Integer(0), (), AT), AT)
    assert isinstance(value, Value)
    assert value.body == Elementwise(sympy.Integer(0))
    assert value.sizes == (n,)


def test_transposing_turns_indices_and_makes_no_definition() -> None:
    definitions = made()
    turned = transposed(definitions, plain(slot("W", (i, j)) + slot("h", (j,)), (n, m), AT), AT)
    assert turned.body == Elementwise(slot("W", (j, i)) + slot("h", (i,)))
    assert turned.sizes == (m, n)
    product = Value(Contraction((slot("W", (i, k)), slot("W", (j, k))), ((k, m),)), (n, size("p")), AT)
    assert transposed(definitions, product, AT).body == Contraction((slot("W", (j, k)), slot("W", (i, k))), ((k, m),))
    assert definitions.made == ()
