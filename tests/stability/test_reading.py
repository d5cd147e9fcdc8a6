"""One entry for all against every entry by itself."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.stability.forms import Form
from hdsl.stability.numbers import Numbers
from hdsl.stability.reading import Alike, Entrywise, places, too_many
from hdsl.terms.term import indices

HEAD = """dim n = 2, m = 3
input u[n]
const k = 3
const c[n] = [1, 2]
const B[n, m] = ones
param w[n] = 2
state h[n] = 0
state X[n, m] = 0
"""
STATES = ("h", "X")


def read(formula: str, begun: bool = False) -> tuple[Form, dict[tuple[int, ...], Form], Alike]:
    """The form of one entry for all, those of all entries, and what read the first."""
    model = hdsl.loads(f"{HEAD}let a = {formula}\nh' = -h\noutput y = sum(a)\n").product("model")
    numbers = Numbers(model)
    given = numbers.begins if begun else None
    alike = Alike(numbers, STATES, given).read(model.definitions)
    return alike.forms["a"], Entrywise(numbers, STATES, given).read(model.definitions)["a"], alike


EVEN = ["h", "-k*h", "h*n - 2", "X - 2*B*X", "k^2*h/3 + tanh(h)", "h*h", "k*n", "sum(B)*h", "sum(0*h) + k"]


@pytest.mark.parametrize("formula", EVEN)
def test_one_entry_stands_for_all(formula: str) -> None:
    one, every, alike = read(formula)
    assert "a" not in alike.uneven
    for at, form in every.items():
        assert (form.value, form.within, form.bent) == (one.value, one.within, one.bent)
        own = {(name, tuple(at[indices(2).index(i)] for i in place)): v for (name, place), v in one.slope.items()}
        assert own == form.slope
        assert list(one.square.values()) == list(form.square.values())


@pytest.mark.parametrize("formula", ["c*h", "h[0] - h", "sum(h)", "B @ X[0]", "concat(h, h)", "mean(X)"])
def test_where_entries_differ_none_stands_for_all(formula: str) -> None:
    one, every, alike = read(formula)
    assert "a" in alike.uneven
    assert None in one.slope.values()
    assert all(None not in form.slope.values() for form in every.values())


def test_a_transposed_entry_is_another_one() -> None:
    model = hdsl.loads("state X[2, 2] = 1\nlet a = X - X.T\nX' = a\noutput y = sum(X)\n").product("model")
    numbers = Numbers(model)
    i, j = indices(2)
    assert Alike(numbers, ["X"]).read(model.definitions).forms["a"].slope == {("X", (i, j)): 1.0, ("X", (j, i)): -1.0}


def test_parameters_have_numbers_where_they_are_given() -> None:
    assert read("k*w")[0].value is None
    assert read("k*w", begun=True)[0].value == 6.0


def test_sizes_are_cut_down() -> None:
    model = hdsl.loads("dim n\nstate h[n] = 1\nh' = -h\noutput y = h\n").product("model")
    numbers = Numbers(model)
    forms = Entrywise(numbers, ["h"]).read(model.definitions, most=3)
    assert list(forms["f:h"]) == places((3,)) == [(0,), (1,), (2,)]
    assert too_many(numbers, model.definitions, ["h"]) == "a size has no number"
