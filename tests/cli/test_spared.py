"""Sums do without the module of tensors; whoever asks for more of it gets all of it."""

from __future__ import annotations

import importlib
import sys
import types

import pytest
import sympy

from hdsl.cli.spared import TENSORS, spare_tensors


@pytest.fixture
def real(monkeypatch) -> types.ModuleType:
    """The module itself, for the time of a test as if nobody had imported it."""
    real = importlib.import_module(TENSORS)
    monkeypatch.setattr(sympy.tensor, "tensor", real)
    monkeypatch.delitem(sys.modules, TENSORS)
    return real


def test_sums_are_made_without_it(real):
    spare_tensors()
    x, y, z = sympy.symbols("x y spared_z")
    assert (x + y + z + 2 * z).coeff(z) == 3
    assert sys.modules[TENSORS] is not real and not hasattr(sys.modules[TENSORS], "__file__")


def test_whoever_asks_for_more_gets_the_module(real):
    spare_tensors()
    spared = sys.modules[TENSORS]
    assert spared.TensorIndexType.__module__ == TENSORS
    assert sys.modules[TENSORS] is not spared and sys.modules[TENSORS].__file__ == real.__file__


def test_what_is_there_stays(real, monkeypatch):
    monkeypatch.setitem(sys.modules, TENSORS, real)
    spare_tensors()
    assert sys.modules[TENSORS] is real
