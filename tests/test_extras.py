"""Names that need another library are loaded when they are asked for, and say which library is missing."""

from __future__ import annotations

import sys

import pytest

import hdsl
from hdsl import extras


@pytest.mark.parametrize("name", extras.EXTRAS)
def test_each_is_a_name_of_hdsl(name: str) -> None:
    assert getattr(hdsl, name).__name__ == name


def test_another_name_is_none() -> None:
    with pytest.raises(AttributeError, match="module 'hdsl' has no attribute 'Regresor'"):
        hdsl.Regresor  # noqa: B018
    assert not hasattr(hdsl, "regressor")


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    monkeypatch.delitem(sys.modules, "hdsl.adapters.estimator", raising=False)
    with pytest.raises(ImportError) as caught:
        hdsl.Regressor  # noqa: B018
    assert str(caught.value) == "hdsl.Regressor needs river: pip install 'hdsl[river]'"
