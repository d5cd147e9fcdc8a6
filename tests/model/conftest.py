"""Texts through the parser and the checker, and the numbers that the definitions of a model come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pytest

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.render import render_all
from hdsl.model.check import check
from hdsl.model.model import Model
from hdsl.model.scope import Scope, build_scope
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.interpret import value

Checked: TypeAlias = Callable[..., Model]
Found: TypeAlias = Callable[..., list[Diagnostic]]
Numbers: TypeAlias = Callable[[Model, Mapping[str, Any]], dict[str, Any]]


def _both(text: str, **outside: Any) -> tuple[Model | None, tuple[Diagnostic, ...], Source]:
    source = Source(text, "test.ham")
    written, wrong = parse(source)
    assert wrong == (), render_all(source, wrong)
    model, found = check(written, **outside)
    assert (model is None) == any(one.severity == "error" for one in found)
    return model, found, source


@pytest.fixture
def checked() -> Checked:
    """The model of a text that has no error."""

    def make(text: str, **outside: Any) -> Model:
        model, found, source = _both(text, **outside)
        assert model is not None, render_all(source, found)
        return model

    return make


@pytest.fixture
def found() -> Found:
    """What is found in a text."""
    return lambda text, **outside: list(_both(text, **outside)[1])


@pytest.fixture
def said() -> Callable[..., list[tuple[str, int, str]]]:
    """Code and line of each finding in a text, and what is said behind the caret."""

    def make(text: str, **outside: Any) -> list[tuple[str, int, str]]:
        _, findings, source = _both(text, **outside)
        return [(one.code, source.line_of(one.span), one.label) for one in findings]

    return make


@pytest.fixture
def numbers() -> Numbers:
    """Every definition of a model in numbers, from those of its quantities, t and tau, in one stream."""

    def make(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: np.asarray(number, float) for name, number in given.items()}
        for name in model.listed:  # literal lists of numbers
            initial = model.quantities[name].initial
            known[name] = np.asarray(initial.values if initial else (), float)
        sizes = {name: int(default) for name, default in model.dims.items() if default is not None}
        with np.errstate(all="ignore"):
            for definition in model.definitions:
                known[definition.name] = value(definition, known, sizes)
        return known

    return make


@pytest.fixture
def scope_of() -> Callable[[str], Scope]:
    """The scope of a text."""
    return lambda text: build_scope(parse(Source(text))[0])
