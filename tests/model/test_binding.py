from __future__ import annotations

from typing import Any

import pytest

from hdsl.model.binding import arguments_of, bind_shape
from hdsl.model.scope import build_scope
from hdsl.model.sizes import Sizes
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import Component, Define, Name, Number
from hdsl.terms.term import size

N, M = size("n"), size("m")


def both(component: str, call: str) -> Any:
    """Scope, call and component."""
    written, wrong = parse(Source(f"dim n, m\n{component}\nlet a = {call}\n"))
    assert wrong == ()
    (found,) = (s for s in written.statements if isinstance(s, Component))
    (define,) = (s for s in written.statements if isinstance(s, Define))
    return build_scope(written), define.value, found


@pytest.mark.parametrize(
    "call, given",
    [
        ("c(1, 2)", [1, 2, 3]),
        ("c(1, 2, 4)", [1, 2, 4]),
        ("c(1, y=2)", [1, 2, 3]),
        ("c(z=4, y=2, x=1)", [1, 2, 4]),
    ],
)
def test_arguments_by_place_and_by_name(call: str, given: list[int]) -> None:
    scope, tree, component = both("component c(x, y, z = 3) { return x + y + z }", call)
    found = arguments_of(scope, tree, component)
    assert found is not None and [found[name].value for name in ("x", "y", "z")] == given  # type: ignore[union-attr]


def test_what_a_copy_begins_with_stands_first() -> None:
    scope, tree, component = both("def c(x, y) = x*y", "c(2)")
    found = arguments_of(scope, tree, component, Name("before", Span(0, 0)))
    assert found is not None and isinstance(found["x"], Name) and isinstance(found["y"], Number)


@pytest.mark.parametrize("call", ["c(1)", "c(1, 2, 3, 4)", "c(1, 2, w=3)", "c(1, 2, x=3)", "c()"])
def test_what_does_not_fit_is_reported(call: str) -> None:
    scope, tree, component = both("component c(x, y, z = 3) { return x + y + z }", call)
    assert arguments_of(scope, tree, component) is None
    assert [finding.code for finding in scope.findings] == ["instance"]


@pytest.mark.parametrize(
    "shape, found, fits",
    [
        ("[k]", (N,), True),
        ("[k, k]", (N, N), True),
        ("[k, k]", (N, M), False),
        ("[k, 2*k]", (N, 2 * N), True),
        ("[k, 2*k]", (N, N + M), False),
        ("[3]", (3,), True),
        ("[3]", (N,), False),
        ("[k]", (), False),
        ("[k]", (N, M), False),
    ],
)
def test_a_shape_meets_sizes(shape: str, found: Any, fits: bool) -> None:
    scope, _, component = both(f"component c(x{shape}) {{ return x }}", "c(1)")
    names = {"x": Name("a", Span(0, 0))}
    assert bind_shape(scope, Sizes(scope), component, component.parameters[0], names, found) is fits
    assert [finding.code for finding in scope.findings] == ([] if fits else ["instance"])
    if fits and "k" in shape:
        assert names["k"] == Name("n", Span(0, 0))
