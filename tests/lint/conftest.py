"""Lints of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.syntax.source import Source

Lint = Callable[[Model], Iterator[Diagnostic]]


@pytest.fixture
def told() -> Callable[[Lint, str], list[tuple[str, int, str]]]:
    """Code, line and headline of what one lint says of a text."""

    def make(lint: Lint, text: str) -> list[tuple[str, int, str]]:
        source = Source(text, "test.ham")
        found = lint(Compiler(source).model)
        return [(one.code, source.line_of(one.span), one.message) for one in found]

    return make
