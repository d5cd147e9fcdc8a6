from __future__ import annotations

import pytest
import sympy

from hdsl.model.definitions import MOST_DEFINITIONS, Definitions, TooManyDefinitions, stem_of
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Body, Contraction, Elementwise, Structured, indices, size, slot

n = size("n")
(i,) = indices(1)
i, j = indices(2)
SHARED = {"W": True, "alpha": True, "u": False}


def made() -> Definitions:
    return Definitions(("W", "alpha", "u", "a", "c2"), SHARED)


def test_fresh_names_avoid_those_of_users() -> None:
    definitions = made()
    bodies = [Elementwise(slot("u", (i,)) ** k) for k in (2, 3)]
    assert [definitions.temporary("a", body, (n,), Span(0, 1)) for body in bodies] == ["a2", "a3"]
    assert [definitions.temporary("c", Elementwise(body.expression + 1), (n,), Span(0, 1)) for body in bodies] == ["c", "c3"]


def test_what_is_written_twice_is_one_definition_that_knows_both_places() -> None:
    definitions = made()
    body = Contraction((slot("W", (i, j)), slot("u", (j,))), ((j, n),))
    assert definitions.temporary("c", body, (n,), Span(5, 9)) == definitions.temporary("x", body, (n,), Span(1, 2))
    (definition,) = definitions.made
    assert definition.spans == (Span(1, 2), Span(5, 9))
    assert definitions.temporary("c", body, (size("m"),), Span(1, 2)) != "c"  # other sizes are another thing


def test_a_definition_is_shared_where_all_that_it_reads_is() -> None:
    definitions = made()
    assert definitions.define("norm", Elementwise(slot("alpha") ** 2), (), Span(0, 1)).shared
    assert not definitions.define("z", Elementwise(slot("norm") * slot("u", (i,))), (n,), Span(0, 1)).shared
    assert not definitions.is_shared("z")


@pytest.mark.parametrize(
    ("body", "stem"),
    [
        (Contraction((slot("u", (i,)),), ((i, n),)), "c"),
        (Structured("softmax", ("u",), (("axis", -1),)), "s"),
        (Structured("logsumexp", ("u",), (("axis", -1),)), "l"),
        (Structured("pick", ("u", "k")), "p"),
        (Elementwise(ROWS["tanh"].function(slot("u", (i,)))), "s"),
        (Elementwise(slot("u", (i,)) + 1), "x"),
    ],
)
def test_stems(body: Body, stem: str) -> None:
    assert stem_of(body) == stem


def test_opening_names_a_contraction_without_its_coefficient() -> None:
    definitions = made()
    product = Contraction((slot("W", (i, j)), slot("u", (j,))), ((j, n),), slot("alpha") / 2)
    assert definitions.opened(product, (n,), Span(0, 1)) == slot("alpha") * slot("c", (i,)) / 2
    (definition,) = definitions.made
    assert definition.body == Contraction(product.factors, product.bound)


def test_plain_arithmetic_opens_without_a_definition() -> None:
    definitions = made()
    expression = slot("u", (i,)) + 1
    assert definitions.opened(Elementwise(expression), (n,), Span(0, 1)) == expression
    assert definitions.made == ()


def test_a_whole_operand_is_what_there_is_or_a_new_definition() -> None:
    definitions = made()
    assert definitions.whole("e", Elementwise(slot("W", (i, j))), (n, n), Span(0, 1)) == "W"
    assert definitions.made == ()
    assert definitions.whole("e", Elementwise(slot("W", (j, i))), (n, n), Span(0, 1)) == "e"
    assert definitions.whole("e", Elementwise(slot("u", (j,))), (n, n), Span(0, 1)) == "e2"  # broadcast


def test_definitions_are_bounded() -> None:
    definitions = made()
    with pytest.raises(TooManyDefinitions):
        for k in range(MOST_DEFINITIONS + 1):
            definitions.define(f"d{k}", Elementwise(sympy.Integer(k)), (), Span(0, 1))
    assert len(definitions.made) == MOST_DEFINITIONS


def test_a_body_that_a_definition_has_already_is_read_from_there() -> None:
    made = Definitions(["c", "h", "x"], {"h": False, "x": False, "F:c": False})
    n = size("n")
    body = Elementwise(slot("h", indices(1)) * slot("x", indices(1)))
    made.define("F:c", body, (n,), Span(0, 1))
    assert made.temporary("a", body, (n,), Span(2, 3)) == "F:c"
    again = made.define("y", body, (n,), Span(4, 5))
    assert again.body == Elementwise(slot("F:c", indices(1)))
    plain = Elementwise(slot("h", indices(1)))
    made.define("p", plain, (n,), Span(6, 7))
    assert made.define("q", plain, (n,), Span(8, 9)).body == plain


def test_what_stands_before_the_function_of_a_definition_is_named_after_it() -> None:
    definitions = made()
    for name, stem in (("i", "a_i"), ("cell.f", "a_f"), ("a", ""), ("cell.a", ""), ("c_new", ""), ("h2", "")):
        definitions.begin(name, Span(3, 9))
        assert (definitions.before(Span(3, 9)), definitions.before(Span(3, 8))) == (stem, "")
