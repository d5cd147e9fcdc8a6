from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy

from hdsl.model.scope import Scope, build_scope
from hdsl.model.sizes import MOST_AXES, Sizes, read_given, same, show_sizes
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Declare
from hdsl.terms.term import size

n, m = size("n"), size("m")


def reading(shape: str) -> tuple[Sizes, Declare]:
    """A reader of sizes and a declaration of that shape, in a scope with the sizes n and m and the const c."""
    text, wrong = parse(Source(f"dim n, m\nconst c = 1\nstate x[{shape}] = 0\n"))
    assert wrong == ()
    scope = build_scope(text)
    declared = text.statements[-1]
    assert isinstance(declared, Declare)
    return Sizes(scope), declared


def shape_of(shape: str, **numbers: int) -> tuple[Any, Scope]:
    sizes, declared = reading(shape)
    sizes.numbers = numbers
    found = sizes.shape(declared.shape, declared.name_span)
    sizes.scope.report_unknown()
    return found, sizes.scope


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ("3", (sympy.Integer(3),)),
        ("n, n+m", (n, n + m)),
        ("2*(n+m) - n", (n + 2 * m,)),
        ("(n+m)*(n-m)", (n**2 - m**2,)),
        ("m*n", (n * m,)),
        ("-n + 2*n", (n,)),
    ],
)
def test_sizes_are_expanded_polynomials(shape: str, sizes: tuple[Any, ...]) -> None:
    found, scope = shape_of(shape)
    assert found == sizes
    assert scope.findings == []


def test_equal_polynomials_are_the_same_and_names_are_not_values() -> None:
    (one, other), _ = shape_of("(n+m)*n, n*m + n*n", n=2, m=2)
    assert same(one, other)
    assert not same(n, m)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ("n/2", "size-expression"),
        ("0.5", "size-expression"),
        ("sqrt(n)", "size-expression"),
        ("n^2", "size-expression"),
        ("tau", "size-expression"),
        ("c", "size-expression"),
        ("q", "unknown-name"),
        ("n*n*n*n*n*n*n*n*n", "too-large"),
        ("1000000001", "too-large"),
        ("0", "size-value"),
        ("2 - 3", "size-value"),
        (", ".join("n" * (MOST_AXES + 1)), "too-large"),
    ],
)
def test_what_is_no_size_is_reported_once(shape: str, code: str) -> None:
    found, scope = shape_of(shape)
    assert found is None
    assert [finding.code for finding in scope.findings] == [code]


def test_two_wrong_axes_are_two_findings() -> None:
    _, scope = shape_of("c, 0.5")
    assert len(scope.findings) == 2


def test_a_size_is_rejected_where_its_number_is_known() -> None:
    assert shape_of("n - m", n=2)[1].findings == []
    found, scope = shape_of("n - m", n=2, m=2)
    assert found is None
    assert scope.findings[0].label == "it is 0 for m = 2, n = 2"


def test_products_of_long_sums_are_bounded() -> None:
    long = "(" + "+".join(f"{k}*n*m" for k in range(1, 3)) + "+n+m+1)"
    found, scope = shape_of("*".join([long] * 3))
    assert found is not None
    assert scope.findings == []
    found, scope = shape_of("*".join([long] * 40))
    assert found is None
    assert [finding.code for finding in scope.findings] == ["too-large"]


def test_numbers_of_sizes() -> None:
    sizes, _ = reading("n")
    assert sizes.value(n + 1) is None
    sizes.numbers = {"n": 3, "m": 4}
    assert sizes.value((n - m) / 2) == Fraction(-1, 2)
    assert sizes.entries((n, m + 1)) == 15
    assert sizes.entries(()) == 1
    assert sizes.entries((n, size("q"))) is None


def test_sizes_as_messages_write_them() -> None:
    assert show_sizes(()) == "a scalar"
    assert show_sizes((n, n + m)) == "[n, m + n]"
    # What is taken away stands behind the rest.
    assert show_sizes((2 * n - m, -m - 1, n - n * m - 2)) == "[2*n - m, -m - 1, n - m*n - 2]"


def test_numbers_from_outside_are_kept_where_they_are_sizes() -> None:
    scope = reading("n")[0].scope
    given: dict[str, Any] = {"n": 5, "m": 0, "c": 3, "nn": 4}
    assert read_given(scope, given) == {"n": 5}
    labels = {finding.code: finding.label for finding in scope.findings if finding.label}
    assert labels == {"size-value": "it is 0", "unknown-setting": "did you mean `n` (a dim, line 1)?"}
    assert [finding.code for finding in scope.findings] == ["size-value", "unknown-setting", "unknown-setting"]
    assert read_given(reading("n")[0].scope, {"m": 2.5}) == {}  # type: ignore[dict-item]
