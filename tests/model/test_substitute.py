from __future__ import annotations

from fractions import Fraction

import pytest

from hdsl.model.sizes import Sizes
from hdsl.model.substitute import apart, apart_defined, as_tree, rebuilt, substituted
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import Define, Expression, Name, Number
from hdsl.terms.term import size

HERE = Span(0, 0)


def tree_of(text: str) -> Expression:
    (statement,) = parse(Source(f"let a = {text}"))[0].statements
    assert isinstance(statement, Define)
    return statement.value


def shown(tree: object) -> str:
    """A tree without its places."""
    if isinstance(tree, tuple):
        return f"({', '.join(map(shown, tree))})"
    if not hasattr(tree, "__slots__"):
        return str(tree)
    fields = [name for name in tree.__slots__ if "span" not in name]
    return f"{type(tree).__name__}({', '.join(shown(getattr(tree, name)) for name in fields)})"


EVERYWHERE = [
    "-x + x.T @ f(x, axis=x) - [x, x]",
    "x if x < 1 else x^x",
    "x[0, x, x:x:x, :, None]",
    "sum[i](x[i] * x)",
]


@pytest.mark.parametrize("text", EVERYWHERE)
def test_a_name_is_replaced_wherever_it_stands(text: str) -> None:
    found = substituted(tree_of(text), {"x": Name("longer.name", HERE)})
    assert shown(found) == shown(tree_of(text.replace("x", "longer.name").replace("alonger.nameis", "axis")))


def test_what_is_put_in_stands_where_the_name_stood() -> None:
    found = substituted(tree_of("1 + x"), {"x": Number(Fraction(2), Span(90, 91))})
    assert found.right.span == Span(12, 13)  # type: ignore[union-attr]


def test_an_index_of_a_sum_is_no_name() -> None:
    text = "i + sum[i](x[i])"
    found = substituted(tree_of(text), {"i": Name("n", HERE)})
    assert shown(found) == shown(tree_of("n + sum[i](x[i])"))


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("sum[i](x[i])", "sum[i_](x[i_])"),
        ("i + sum[i, j](sum[k](x[i, j, k]))", "i + sum[i_, j](sum[k_](x[i_, j, k_]))"),
        ("sum[i, i_](x[i, i_])", "sum[i__, i_](x[i__, i_])"),
        ("sum[i](x[i] * i_)", "sum[i__](x[i__] * i_)"),
        ("sum[i](x[i] * sum[i](y[i]))", "sum[i_](x[i_] * sum[i_](y[i_]))"),
        ("sum[a](x[a])", "sum[a](x[a])"),
    ],
)
def test_an_index_gets_another_name_where_its_own_is_taken(text: str, wanted: str) -> None:
    assert shown(apart(tree_of(text), {"i", "k"})) == shown(tree_of(wanted))


def test_so_does_an_index_of_a_definition() -> None:
    define, wanted = (parse(Source(t))[0].statements[0] for t in ("let y[i] = i*x[i]", "let y[i_] = i_*x[i_]"))
    assert shown(apart_defined(define, {"i"})) == shown(wanted)
    assert apart_defined(wanted, {"i"}) == wanted


@pytest.mark.parametrize("text", [*EVERYWHERE, "3", "n"])
def test_rebuilding_of_the_same_parts_gives_the_same(text: str) -> None:
    assert rebuilt(tree_of(text), lambda part: part) == tree_of(text)


@pytest.mark.parametrize("text", ["3", "n", "n + m", "2*n*m - 3", "n*n*n + 1", "-n", "-2*m + n"])
def test_a_size_as_a_tree_reads_as_that_size(text: str, scope_of: object) -> None:
    sizes = Sizes(scope_of("dim n, m\n"))  # type: ignore[operator]
    polynomial = sizes.read(tree_of(text))
    assert polynomial is not None and sizes.read(as_tree(polynomial, HERE)) == polynomial


def test_symbols_keep_their_names() -> None:
    assert as_tree(size("a.q"), HERE) == Name("a.q", HERE)
