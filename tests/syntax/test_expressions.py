"""Precedence, places and bounds of expressions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsl.syntax.expressions import DEEPEST, LARGEST_EXPONENT, LONGEST_NAME, MOST_DIGITS
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Define,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Slice,
    Subscript,
    Transpose,
)


def read(text: str) -> Expression:
    made, found = parse(Source(f"let a = {text}"))
    assert found == ()
    (statement,) = made.statements
    assert isinstance(statement, Define)
    return statement.value


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in parse(Source(f"let a = {text}"))[1]]


def spell(expression: Expression) -> str:
    """An expression with every operation in parentheses."""
    match expression:
        case Number(value=value):
            return str(value)
        case Name(name=name):
            return name
        case Negate(operand=operand):
            return f"(-{spell(operand)})"
        case Binary(operator=operator, left=left, right=right):
            return f"({spell(left)} {operator} {spell(right)})"
        case Transpose(operand=operand):
            return f"{spell(operand)}.T"
        case Call(function=function, arguments=arguments, keywords=keywords):
            return f"{function}({', '.join([*map(spell, arguments), *(f'{k}={spell(v)}' for k, v in keywords)])})"
        case ListLiteral(items=items):
            return f"[{', '.join(map(spell, items))}]"
        case Compare(operator=operator, left=left, right=right):
            return f"({spell(left)} {operator} {spell(right)})"
        case Conditional(value=value, condition=condition, other=other):
            return f"({spell(value)} if {spell(condition)} else {spell(other)})"
        case Index(operand=operand, subscripts=subscripts):
            return f"{spell(operand)}[{', '.join(map(spell_subscript, subscripts))}]"
        case IndexSum(indices=indices, value=value):
            return f"sum[{', '.join(index.name for index in indices)}]({spell(value)})"


def spell_subscript(subscript: Subscript) -> str:
    match subscript:
        case At(value=value):
            return spell(value)
        case Slice(start=start, stop=stop, step=step):
            parts = ["" if part is None else spell(part) for part in (start, stop, step)]
            return ":".join(parts if step else parts[:2])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("-x^2", "(-(x ^ 2))"),
        ("(-x)^2", "((-x) ^ 2)"),
        ("2^3^4", "(2 ^ (3 ^ 4))"),
        ("2**3^4", "(2 ^ (3 ^ 4))"),
        ("2^-1", "(2 ^ (-1))"),
        ("2^-x^y", "(2 ^ (-(x ^ y)))"),
        ("2^--x", "(2 ^ (-(-x)))"),
        ("a - b - c", "((a - b) - c)"),
        ("a - b + c", "((a - b) + c)"),
        ("a / b * c", "((a / b) * c)"),
        ("a * b @ c / d", "(((a * b) @ c) / d)"),
        ("a + b @ c", "(a + (b @ c))"),
        ("a @ -b", "(a @ (-b))"),
        ("-a @ b", "((-a) @ b)"),
        ("--a", "(-(-a))"),
        ("a - -b", "(a - (-b))"),
        ("W.T @ x", "(W.T @ x)"),
        ("W.T^2", "(W.T ^ 2)"),
        ("(A @ B).T", "(A @ B).T"),
        ("W.T.T", "W.T.T"),
        ("f(x).T.T", "f(x).T.T"),
        ("T", "T"),
        ("a.W.T", "a.W.T"),
        ("a.1.1.W", "a.1.1.W"),
        ("x.Tx", "x.Tx"),
        ("[1, [2, 3],]", "[1, [2, 3]]"),
        ("f()", "f()"),
        ("f(x, y, axis=-1, keep=z)", "f(x, y, axis=(-1), keep=z)"),
        ("f(g(x),)", "f(g(x))"),
        ("((x))", "x"),
        ("α₁ + h′ₜ".replace("′", ""), "(alpha1 + ht)"),
        ("ifx + elsey", "(ifx + elsey)"),
        ("a + b < c", "((a + b) < c)"),
        ("a == b @ c", "(a == (b @ c))"),
        ("a if b < c else d", "(a if (b < c) else d)"),
        ("a + 1 if b else c + 1", "((a + 1) if b else (c + 1))"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("(a < b) == (b < c)", "((a < b) == (b < c))"),
        ("x[0]^2", "(x[0] ^ 2)"),
        ("-x[n - 1]", "(-x[(n - 1)])"),
        ("x[1:n, :, None]", "x[1:n, :, None]"),
        ("x[::2] + x[:3] + x[3:]", "((x[::2] + x[:3]) + x[3:])"),
        ("x[0][1].T", "x[0][1].T"),
        ("W.T[0]", "W.T[0]"),
        ("f(x)[a if b else c:d]", "f(x)[(a if b else c):d]"),
        ("sum[i, j](W[i, j]*x[j])", "sum[i, j]((W[i, j] * x[j]))"),
        ("sum[i](x[i],)^2", "(sum[i](x[i]) ^ 2)"),
        ("state + cost.input", "(state + cost.input)"),  # a keyword is one only where a statement may have it
    ],
)
def test_precedence(written: str, meant: str) -> None:
    assert spell(read(written)) == meant


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ("1e3", Fraction(1000)),
        ("2.5E-3", Fraction(1, 400)),
        ("007", Fraction(7)),
        ("1e+2", Fraction(100)),
        ("1e0400", Fraction(10) ** 400),
        ("0." + "0" * (MOST_DIGITS - 2) + "1", Fraction(1, 10 ** (MOST_DIGITS - 1))),
    ],
)
def test_numbers_are_exact(written: str, value: Fraction) -> None:
    number = read(written)
    assert isinstance(number, Number)
    assert number.value == value


@pytest.mark.parametrize(
    ("written", "part", "place"),
    [
        ("W @ (a + b)", lambda e: e, "W @ (a + b)"),
        ("W @ (a + b)", lambda e: e.right, "(a + b)"),
        ("W @ (a + b)", lambda e: e.right.left, "a"),
        ("tanh( W@x )", lambda e: e, "tanh( W@x )"),
        ("tanh( W@x )", lambda e: e.arguments[0], "W@x"),
        ("-x^2 + 1", lambda e: e.left, "-x^2"),
        ("2 * A.W.T", lambda e: e.right, "A.W.T"),
        ("2 * A.W.T", lambda e: e.right.operand, "A.W"),
        ("(A@B).T", lambda e: e, "(A@B).T"),
        ("[1, [2, 3]]", lambda e: e.items[1], "[2, 3]"),
        ("f(x, axis=(0))", lambda e: e.keywords[0][1], "(0)"),
        ("f(\n  x,  # why\n  y)", lambda e: e.arguments[1], "y"),
        ("1 + x[ a, 1:n ]", lambda e: e.right, "x[ a, 1:n ]"),
        ("x[ a, 1:n ]", lambda e: e.subscripts[1], "1:n"),
        ("x[:, a]", lambda e: e.subscripts[0], ":"),
        ("1 + sum[i, j](x[i])", lambda e: e.right, "sum[i, j](x[i])"),
        ("1 + sum[i, j](x[i])", lambda e: e.right.function_span and e.right.indices[1], "j"),
        ("(a < b)", lambda e: e.left, "a"),
        ("a if b < c else d", lambda e: e.condition, "b < c"),
        ("f(a if b < c else d)", lambda e: e.arguments[0], "a if b < c else d"),
    ],
)
def test_places_are_those_of_the_file(written: str, part: object, place: str) -> None:
    text = f"# a line before\nlet a = {written}"
    (statement,) = parse(Source(text))[0].statements
    assert isinstance(statement, Define)
    span = part(statement.value).span  # type: ignore[operator]
    assert text[span.start : span.end] == place


def test_the_name_of_a_function_has_its_place() -> None:
    call = read("1 + norm.x(y)").right  # type: ignore[union-attr]
    assert (call.function, call.function_span.start, call.function_span.end) == ("norm.x", 12, 18)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("1" * MOST_DIGITS, None),
        ("1" * (MOST_DIGITS + 1), "too-many-digits"),
        (f"1e{LARGEST_EXPONENT}", None),
        (f"1e-{LARGEST_EXPONENT}", None),
        (f"1e-{LARGEST_EXPONENT + 1}", "exponent-too-large"),
        ("1e" + "9" * 10_000, "exponent-too-large"),
        ("x" * LONGEST_NAME, None),
        ("x" * (LONGEST_NAME + 1), "name-too-long"),
        ("+".join("x" * DEEPEST), None),
        ("+".join("x" * (DEEPEST + 1)), "nested-too-deep"),
        ("-" * DEEPEST + "x", "nested-too-deep"),
        ("^".join("x" * (DEEPEST + 1)), "nested-too-deep"),
        ("x" + ".T" * DEEPEST, "nested-too-deep"),
        ("f(" * DEEPEST + "x" + ")" * DEEPEST, "nested-too-deep"),
        ("f(" * (DEEPEST - 1) + "x" + ")" * (DEEPEST - 1), None),
        ("+".join("1" * 3_000), "nested-too-deep"),
        ("[" + "1," * 2000 + "]", None),
        ("f(" + "x + y," * 2000 + ")", None),
        ("x" + "[0]" * (DEEPEST - 1), None),
        ("x" + "[0]" * DEEPEST, "nested-too-deep"),
        ("x[" * DEEPEST + "0" + "]" * DEEPEST, "nested-too-deep"),
        ("x[1:" * DEEPEST + "0" + "]" * DEEPEST, "nested-too-deep"),
        ("1 if 1 else " * DEEPEST + "1", "nested-too-deep"),
        ("sum[i](" * DEEPEST + "1" + ")" * DEEPEST, "nested-too-deep"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_bounds(written: str, code: str | None) -> None:
    assert codes(written) == ([code] if code else [])


def test_two_mistakes_in_one_statement_are_two_messages() -> None:
    assert codes("f(1e999, x=1, x=2)") == ["exponent-too-large", "argument"]
    assert codes("mean[i](x) + sum[i](x, y)") == ["argument", "argument"]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("mean[i](x)", "mean[i]"),
        ("x[0](1)", "x[0]"),
        ("f(x)[0](1)", "f(x)[0]"),
        ("sum[1](x)", "sum[1]"),
        ("sum[i:j](x)", "sum[i:j]"),
        ("sum[a.i](x)", "sum[a.i]"),
        ("sum[i]()", "sum[i]()"),
        ("sum[i](x, y)", "sum[i](x, y)"),
        ("sum[i](axis=0)", "sum[i](axis=0)"),
        ("sum[i](x, axis=0)", "sum[i](x, axis=0)"),
    ],
)
def test_what_takes_indices_in_front_of_its_argument(written: str, place: str) -> None:
    text = f"let a = 1 + {written}"
    _, found = parse(Source(text))
    assert [(d.code, text[d.span.start : d.span.end]) for d in found] == [("argument", place)]


NAMES = st.sampled_from(["x", "W", "h1", "a.W"])


def trees() -> st.SearchStrategy[str]:
    """Expressions with every operation in parentheses, as `spell` writes them."""
    leaves = st.one_of(NAMES, st.integers(0, 99).map(str))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/@^"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda t: f"(-{t})"),
            st.tuples(inner, st.sampled_from(["<", ">", "<=", ">=", "==", "!="]), inner).map(
                lambda t: f"({t[0]} {t[1]} {t[2]})"
            ),
            st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
            st.tuples(inner, inner).map(lambda t: f"f({t[0]})[{t[1]}, :, 1:{t[1]}]"),
            inner.map(lambda t: f"sum[i, j]({t})"),
            st.lists(inner, min_size=1, max_size=3).map(lambda t: f"[{', '.join(t)}]"),
            st.tuples(inner, inner).map(lambda t: f"f({t[0]}, axis={t[1]})"),
        ),
        max_leaves=12,
    )


@given(trees())
def test_what_is_spelt_reads_as_itself(text: str) -> None:
    assert spell(read(text)) == text
