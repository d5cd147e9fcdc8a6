"""The register of codes."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import hdsl.diagnostics
from hdsl.diagnostics.catalogue import CODES, Code, register
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span


def test_a_name_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdsl.diagnostics.catalogue.CODES", {})
    code = register("new-code", "something", "warning")
    assert code == Code("new-code", "warning", "something")
    with pytest.raises(ValueError, match="new-code is registered twice"):
        register("new-code", "something else")


def test_a_code_makes_findings() -> None:
    place = Label(Span(5, 6), "here")
    made = Code("a-code", "error", "something").at(Span(1, 2), "wrong", "why", (place,), ("also",))
    assert made == Diagnostic("a-code", "error", "wrong", Span(1, 2), "why", (place,), ("also",))


def test_every_code_has_a_stable_name_and_a_line() -> None:
    for module in pkgutil.iter_modules(hdsl.diagnostics.__path__):
        importlib.import_module(f"hdsl.diagnostics.{module.name}")
    assert len(CODES) > 40
    for name, code in CODES.items():
        assert code.name == name
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert 10 < len(code.summary) < 100
        assert not code.summary.endswith(".")
    assert len({code.summary for code in CODES.values()}) == len(CODES)
