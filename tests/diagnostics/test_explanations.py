"""No code lacks its explanation, and every example in one does what it says."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import hdsl.diagnostics
from hdsl.compiler import Compiler
from hdsl.diagnostics import explanations as module
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.explanations import explanations
from hdsl.format.layout import formatted
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read
from hdsl.syntax.source import Source

ALL = explanations()
LONG = {"file-too-large", "too-many-statements", "too-many-mistakes"}


def answer(data: bytes) -> tuple[Diagnostic, ...]:
    source, found = read(data)
    return found or Compiler(gather(source, None)).diagnostics


def test_no_code_lacks_its_explanation() -> None:
    for found in pkgutil.iter_modules(hdsl.diagnostics.__path__):
        importlib.import_module(f"hdsl.diagnostics.{found.name}")
    assert sorted(ALL) == sorted(CODES)
    page = Path(module.__file__).with_suffix(".md").read_text(encoding="utf-8")
    counted = [len(re.findall(rf"^{mark}", page, re.MULTILINE)) for mark in (r"## [\w-]+$", "```ham bad", "```ham good")]
    assert counted == [len(CODES)] * 3
    assert page.count("```") == 4 * len(CODES)


@pytest.mark.parametrize("code", sorted(ALL))
def test_the_bad_example_gives_the_code(code: str) -> None:
    codes = {found.code for found in answer(ALL[code].bad_file)}
    assert code in codes
    assert codes == {code} or code in LONG


@pytest.mark.parametrize("code", sorted(ALL))
def test_the_good_example_gives_no_finding(code: str) -> None:
    assert answer(ALL[code].good.encode()) == ()


@pytest.mark.parametrize("code", sorted(ALL))
def test_an_explanation_says_something(code: str) -> None:
    explained = ALL[code]
    assert len(explained.text) > 20
    assert explained.text.endswith(".")
    assert explained.good.startswith("ham 1\n")
    assert meaning_of(formatted(Source(explained.good))) == meaning_of(explained.good)
    assert (explained.times > 1) == (code in LONG)


def meaning_of(text: str) -> list[str]:
    """The words of a text, however they are laid out."""
    return "".join(text.split()).splitlines()
