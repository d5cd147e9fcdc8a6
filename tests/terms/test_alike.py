"""What is written from a template is what is written by itself; and a template serves whatever is alike."""

from __future__ import annotations

import pytest
import sympy

import hdsl
from hdsl.terms.alike import MOST, Alike, outline
from hdsl.terms.elementwise import ROWS
from hdsl.terms.notation import Notation
from hdsl.terms.term import Contraction, Definition, Elementwise, indices, size, slot

ROW, COLUMN = indices(2)
N = size("n")
LAYERS = """ham 1
dim n = 4
input u[n]
target v[n]
component block(x[n]) {
    param W[n, n] = normal(0, 0.1)
    param b[n] = 0
    return x + tanh(W @ x + b) / (1 + squared(x))
}
let a = repeat(4, block, u)
output y = a
cost fit = 1/2 * squared(y - v)
learn
    tau = 0.25
    eta = 2
    beta = 0.04
"""


def elementwise(name, expression, rank=1, **more):
    return Definition(name, Elementwise(expression), (N,) * rank, **more)


def alike_in(*definitions, **options):
    """Whether all definitions are written from one template."""
    notation = Notation("text", definitions, **options)
    told = [notation.equation(d) for d in definitions]
    assert told == [" = ".join((left, right.text)) for _, left, right in written(notation, definitions)]
    return len(notation._templates) == 1


def written(notation, definitions):
    """Each by itself, without a template."""
    return [notation._written(definition, notation._naming) for definition in definitions]


@pytest.mark.parametrize("form", ["matrix", "index"])
def test_layers_are_written_as_each_by_itself(form):
    program = hdsl.loads(LAYERS).product("program").learn
    notation = Notation("text", program.lines, form=form)
    lines = [line for line in program.lines if line.name not in notation.inlined]
    for line, (_, left, right) in zip(lines, written(notation, lines), strict=True):
        assert notation.sides(line) == (left, right.text)
        assert notation._kept(line)[1].summands == right.summands
    assert len(notation._templates) < len(lines) / 2


def test_what_differs_in_names_is_alike():
    a, b = (elementwise(name, slot(f"{name}1", (ROW,)) + 2 * slot(f"{name}2", (ROW,))) for name in "ab")
    assert alike_in(a, b)


@pytest.mark.parametrize("mark", ["", "@2"])
def test_transposes_and_matrices_with_marks_are_filled_in(mark):
    def back(name, weight, vector):
        factors = slot(weight, (COLUMN, ROW)), slot(vector, (COLUMN,))
        return Definition(name, Contraction(factors, ((COLUMN, N),)), (N,))

    assert alike_in(back("p", f"V{mark}", "x"), back("q", f"W{mark}", "y"))


def test_the_order_of_the_model_and_of_the_alphabet_tells_apart():
    a, b = slot("a", (ROW,)), slot("b", (ROW,))
    swapped = elementwise("p", a + ROWS["tanh"].function(b)), elementwise("q", b + ROWS["tanh"].function(a))
    assert not alike_in(*swapped, order=("a", "b"))


@pytest.mark.parametrize("shorter", ["x", "x1"])
def test_a_name_that_begins_with_another_is_compared_with_what_follows_it(shorter):
    def sum_of(name, first, second):
        return elementwise(name, slot(first, (ROW,)) * slot("h", (ROW,)) + slot(second, (ROW,)) * slot("h", (ROW,)))

    assert not alike_in(sum_of("p", shorter, f"{shorter}0"), sum_of("q", "r", "s"), inline=())


def test_functions_and_sizes_stand_in_the_alphabet_too():
    def sum_of(name, first, second):
        return elementwise(name, slot(first, (ROW,)) * slot(second, (ROW,)) + ROWS["tanh"].function(slot(first, (ROW,))))

    assert not alike_in(sum_of("p", "h", "a"), sum_of("q", "w", "v"), order=("h", "a", "w", "v"))


def test_a_size_of_a_rare_letter_is_no_name():
    rare = size("𠀀")
    assert alike_in(*(elementwise(name, slot(of, (ROW,)) / rare) for name, of in (("p", "a"), ("q", "b"))))


def test_more_names_than_there_are_stand_ins_are_written_without():
    (many,) = [elementwise("p", sympy.Add(*(slot(f"a{k}") for k in range(MOST + 1))))]
    notation = Notation("text", [many])
    assert notation.sides(many)[1].startswith("a₀ + a₁ + ") and not notation._templates


def test_a_formula_of_many_summands_looks_at_each_a_few_times(monkeypatch):
    compared = []
    same = sympy.Mul.__eq__
    (many,) = [elementwise("p", sympy.Add(*(2 * slot(f"b{k}", (ROW,)) for k in range(300))))]
    monkeypatch.setattr(sympy.Mul, "__eq__", lambda one, other: compared.append(1) or same(one, other))
    Notation("text", [many]).sides(many)
    assert len(compared) < 30 * 300


def test_a_long_exponent_has_brackets_and_a_short_one_has_none():
    power = ROWS["power"].function
    long, short = (elementwise(k, power(slot("h", (ROW,)), slot(p))) for k, p in (("p", "gain"), ("q", "r")))
    assert not alike_in(long, short)


def test_kinds_of_names_tell_apart():
    state, costate = (elementwise(k, slot("h", (ROW,)) * slot(other, (ROW,))) for k, other in (("p", "x"), ("q", "z:h")))
    assert not alike_in(state, costate)


def test_an_outline_has_no_names():
    one, other = (outline(elementwise("p", slot(n, (ROW,)) + slot("eta")).body) for n in ("aa", "bb"))
    assert one[0] == other[0] and one[1] != other[1]


def test_a_name_without_letters_is_like_no_other():
    notation = Notation("text", made := (elementwise("p", slot("_", (ROW,))), elementwise("q", slot("b", (ROW,)))))
    assert isinstance(notation._alike, Alike)
    assert [notation.equation(d) for d in made] == ["p = _", "q = b"] and len(notation._templates) == 2
