"""`hdsl show`."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.cli.main import status
from hdsl.compiler import PASSES
from hdsl.show.product import product_text


@pytest.mark.parametrize("name", PASSES)
def test_every_pass_is_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["show", "iris_linear", "--pass", name]) == 0
    shown = capsys.readouterr().out
    assert shown == product_text(hdsl.load("iris_linear").product(name))
    assert shown.endswith("\n")
