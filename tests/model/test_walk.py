from __future__ import annotations

from fractions import Fraction

from hdsl.model.walk import calls_in, chain, children, choice, deepest, folded, is_polynomial, names_in
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import (
    Binary,
    Call,
    Compare,
    Conditional,
    Define,
    Expression,
    ListLiteral,
    Name,
    Negate,
    Number,
    Transpose,
)

AT = Span(0, 1)


def name(letter: str) -> Name:
    return Name(letter, AT)


def plus(left: Expression, right: Expression) -> Binary:
    return Binary("+", left, right, AT)


def test_names_come_from_left_to_right_out_of_every_kind_of_node() -> None:
    tree = Call("f", (plus(name("a"), Negate(name("b"), AT)),), (("axis", Transpose(name("c"), AT)),), AT, AT)
    listed = ListLiteral((tree, Number(Fraction(1), AT), name("d")), AT)
    assert [found.name for found in names_in(listed)] == ["a", "b", "c", "d"]
    assert list(calls_in(listed)) == [tree]
    assert children(name("a")) == ()


def test_a_long_chain_is_one_level_and_is_taken_apart_in_order() -> None:
    tree: Expression = name("a0")
    for k in range(1, 5000):
        tree = plus(tree, name(f"a{k}"))
    assert deepest(tree) == 2
    assert isinstance(tree, Binary)
    first, operations = chain(tree)
    assert first == name("a0")
    assert [operation.right for operation in operations[:2]] == [name("a1"), name("a2")]
    assert len(operations) == 4999


def test_nesting_to_the_right_counts() -> None:
    tree: Expression = name("a")
    for _ in range(10_000):
        tree = Binary("^", name("a"), tree, AT)
    assert deepest(tree) == 10_001
    assert deepest(Negate(Negate(name("a"), AT), AT)) == 3


def test_a_new_axis_is_no_name() -> None:
    (statement,) = parse(Source("let a = x[:, None] + x[None, k]"))[0].statements
    assert isinstance(statement, Define)
    assert [name.name for name in names_in(statement.value)] == ["x", "x", "k"]


def test_a_choice_is_a_comparison_and_two_branches() -> None:
    zero, one = Number(Fraction(0), AT), Number(Fraction(1), AT)
    less = Compare("<", name("a"), name("b"), AT)
    assert choice(less) == (less, (one, zero))
    assert choice(Conditional(name("x"), less, name("y"), AT)) == (less, (name("x"), name("y")))
    asked = Compare("!=", name("a"), zero, AT)
    assert choice(Conditional(name("x"), name("a"), name("y"), AT)) == (asked, (name("x"), name("y")))


def test_a_chain_is_folded_from_the_left_and_read_to_its_end() -> None:
    tree = Binary("-", Binary("+", name("a"), name("b"), AT), name("c"), AT)
    read: list[str] = []

    def part(one: Expression) -> str | None:
        assert isinstance(one, Name)
        read.append(one.name)
        return None if one.name == "z" else one.name

    assert folded(tree, part, lambda operation, left, right: f"({left}{operation.operator}{right})") == "((a+b)-c)"
    assert folded(Binary("*", name("z"), name("d"), AT), part, lambda *_: "made") is None
    assert read == ["a", "b", "c", "z", "d"]


def test_what_a_count_may_be_made_of() -> None:
    def value(text: str) -> Expression:
        (statement,) = parse(Source(f"let a = {text}"))[0].statements
        assert isinstance(statement, Define)
        return statement.value

    assert all(is_polynomial(value(text)) for text in ("3", "n", "-n", "2*(n + 1) - m"))
    assert not any(is_polynomial(value(text)) for text in ("0.5", "n/2", "n^2", "sqrt(n)", "n[0]"))
