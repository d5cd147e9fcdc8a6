"""Bad models and the exact text that each is answered with.

``tests/bad/NAME.ham`` goes with ``tests/bad/NAME.txt``: drop both there. A file goes through parser and checker,
as it does for a user. Texts that no editor would keep, or that are too long to be kept, are made here (MADE); their
answers are files like the others.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import hdsl.diagnostics
from hdsl.compiler import Compiler
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.render import render_all
from hdsl.model.scope import FUNCTIONS, INITIALS, RESERVED
from hdsl.syntax.gather import gather
from hdsl.syntax.lines import MOST_LINES
from hdsl.syntax.parse import MOST_MISTAKES
from hdsl.syntax.read import LARGEST_FILE, read
from hdsl.syntax.source import Source
from hdsl.syntax.words import SETTINGS, STATEMENTS

BAD = Path(__file__).parent / "bad"

MADE: dict[str, bytes] = {
    "not_utf8": "ham 1\nmodel not_utf8\n\n# Größe\nconst a = 1\n".encode("latin-1"),
    "not_utf8_but_utf16": "ham 1\nmodel m\n".encode("utf-16"),
    "character_zero": b"ham 1\nmodel zero\0\nlet = (\n",
    "character_invisible": "ham 1\nconst a\u200b = 1\nconst b = 1 # \u202efdp\nconst c = 1\x07\n".encode(),
    "character_return": b"ham 1\rmodel old\rconst a = 1\r",
    "file_too_large": b"#" * (LARGEST_FILE + 1),
    "too_many_statements": b"const a = 1\n" * (MOST_LINES + 1),
    "too_many_mistakes": b"= 3\n" * (MOST_MISTAKES + 1),
}

NAMES = sorted({path.stem for path in BAD.glob("*.ham")} | set(MADE))


def answer(name: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    """What a user is told about a bad model."""
    data = MADE[name] if name in MADE else (BAD / f"{name}.ham").read_bytes()
    source, found = read(data, f"{name}.ham")
    source = source if found else gather(source, BAD)
    return source, found or Compiler(source).diagnostics


@pytest.mark.parametrize("name", NAMES)
def test_answer(name: str) -> None:
    expected = (BAD / f"{name}.txt").read_text(encoding="utf-8")
    if name == "too_many_statements":  # the same constant over and over: only what is said about their number counts
        source, found = answer(name)
        assert render_all(source, [d for d in found if d.code == "too-many-statements"]) + "\n" == expected
    elif name == "too_many_mistakes":
        source, found = answer(name)
        assert len(found) == MOST_MISTAKES + 1
        assert render_all(source, found[-1:]) + "\n" == expected
    else:
        assert render_all(*answer(name)) + "\n" == expected


def test_every_word_has_a_bad_model() -> None:
    """Each function, reserved name, statement and setting stands in a line that some answer shows."""
    answers = "\n".join(path.read_text(encoding="utf-8") for path in BAD.glob("*.txt"))
    shown = set(re.findall(r"\w+", " ".join(re.findall(r"^ *\d+ \|(.*)$", answers, re.MULTILINE))))
    words = {*FUNCTIONS, *INITIALS, *RESERVED, *STATEMENTS, *SETTINGS}
    assert words - shown == set()


def test_every_answer_has_its_model() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == set(NAMES)
    assert not set(MADE) & {path.stem for path in BAD.glob("*.ham")}


def test_every_code_has_a_bad_model() -> None:
    for module in pkgutil.iter_modules(hdsl.diagnostics.__path__):
        importlib.import_module(f"hdsl.diagnostics.{module.name}")
    answers = "".join(path.read_text(encoding="utf-8") for path in BAD.glob("*.txt"))
    assert [code for code in CODES if f"[{code}]" not in answers] == []
