"""Columns: which columns of a table a model reads."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.model.model import Model
from hdsl.runtime.columns import Column, find_columns, number, read_column, read_map
from hdsl.runtime.source.block import StreamError

TEXT = """ham 1
dim m = 2, k = 3
input u[m]
input s
target v[1]
target c : index(k)
param W[1, m] = 0
param E[k, m] = 0
output y = W @ u * s
output p = E @ u
cost fit = squared(y - v)
cost class = cross_entropy(p, c)
"""


@pytest.fixture
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def test_columns_that_bear_the_names_are_found(model: Model) -> None:
    found = find_columns(["u[1]", "u[0]", "s", "c", "v[0]", "t", "other", "boundary"], model, {})
    assert found.of["u"] == (Column("u[0]"), Column("u[1]"))
    assert found.of["s"] == (Column("s"),)
    assert found.of["v"] == (Column("v[0]"),)
    assert found.of["c"] == (Column("c"),)
    assert (found.time, found.boundary) == (Column("t"), Column("boundary"))
    assert "other" not in found.names()


def test_told_columns_come_first(model: Model) -> None:
    told = read_map(["u=a,b@-2", "v = a@+1", "s=s", "c=", "t=when"])
    found = find_columns(["a", "b", "s", "c", "when", "t"], model, told)
    assert found.of == {"u": (Column("a"), Column("b", -2)), "s": (Column("s"),), "v": (Column("a", 1),)}
    assert found.time == Column("when")


def test_single_entries_may_be_told(model: Model) -> None:
    found = find_columns(["u[0]", "x", "s", "v", "c"], model, read_map(["u[1]=x"]))
    assert found.of["u"] == (Column("u[0]"), Column("x"))


def test_a_column_that_is_named_with_signs_is_taken_as_it_is() -> None:
    assert read_column("ssn@+1", ["ssn@+1", "ssn"]) == Column("ssn@+1")
    assert read_column("ssn@+1", ["ssn"]) == Column("ssn", 1)
    assert str(Column("ssn", 1)) == "ssn@+1"


@pytest.mark.parametrize(
    ("header", "told", "message"),
    [
        (["a", "b"], [], "no column for the input `u` "),
        (["u[0]", "u[1]", "s"], [], "no column for the target `v`"),
        (["u[0]", "s", "v", "c"], [], "`u` has 2 numbers a sample; found 1 column (u[0])"),
        (["u[0]", "u[2]", "s", "v", "c"], [], "the stream has no column for `u[1]`, but it has `u[2]`"),
        (["ssn", "s"], ["u=sn,s"], "no column `sn` (did you mean `ssn`?)"),
        (["ssn", "s"], ["w=ssn"], "the model reads no `w` from the stream"),
        (["ssn", "s"], ["boundery=ssn"], "did you mean `boundary`?"),
        (["ssn", "s", "v"], ["u=ssn,ssn", "t=s@+1"], "`t` is read from the present row"),
        (["u[0,0]", "u[0,1]", "s", "v"], [], "`u[0,0]` has not the 1 index of `u`"),
        (["u[0];u[1];s;v"], [], "is named 'u[0];u[1];s;v': are its columns parted by semicolons? Commas are read"),
        (["u[0]\tu[1]"], ["u=a"], "are its columns parted by tabs? Commas are read"),
        (["a;b"], ["u=a;b"], "`u` has 2 numbers a sample; found 1 column (a;b)"),
        (["u[0]", "u[99999999999]", "s", "v"], [], "no column for `u[1]`"),
    ],
)
def test_what_cannot_be_found_is_told(model: Model, header: list[str], told: list[str], message: str) -> None:
    with pytest.raises(StreamError) as wrong:
        find_columns(header, model, read_map(told))
    assert message in str(wrong.value)


@pytest.mark.parametrize("text", ["u", "=x", "u[a]=x", "u-v=x"])
def test_what_maps_nothing_is_told(text: str) -> None:
    with pytest.raises(StreamError, match="maps nothing"):
        read_map([text])


def test_a_name_is_mapped_once() -> None:
    with pytest.raises(StreamError, match="`u` is mapped twice"):
        read_map(["u=a", "u=b"])


def test_columns_decide_a_size_without_default() -> None:
    model = hdsl.loads(TEXT.replace("dim m = 2", "dim m")).product("model")
    found = find_columns(["a", "b", "c", "s", "v"], model, read_map(["u=a,b,a"]))
    assert found.sizes == {"m": 3}
    assert number(model.quantities["W"].sizes[1], model, found.sizes) == 3


def test_a_target_may_be_left_out_only_when_that_is_said(model: Model) -> None:
    header = ["u[0]", "u[1]", "s"]
    with pytest.raises(StreamError, match="--map v= to run without it"):
        find_columns(header, model, {})
    assert set(find_columns(header, model, {"v": ""}).of) == {"u", "s"}
