"""The grammar has no conflicts, and the cache of its tables never matters to what is read."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import lark
import pytest

from hdsl.syntax import grammar as module
from hdsl.syntax.grammar import STARTS, grammar, grammar_text


def conflicts(text: str, starts: list[str]) -> list[str]:
    """What lark notes about conflicts while it makes the tables: it settles shift against reduce without a word."""
    notes: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            notes.append(record.getMessage())

    listener, level = Listener(), lark.logger.level
    lark.logger.addHandler(listener)
    lark.logger.setLevel(logging.DEBUG)
    try:
        lark.Lark(text, parser="lalr", lexer="contextual", start=starts, debug=True)
    finally:
        lark.logger.removeHandler(listener)
        lark.logger.setLevel(level)
    return [note for note in notes if "conflict" in note.lower()]


def test_no_conflicts() -> None:
    assert conflicts(grammar_text(), list(STARTS)) == []


def test_a_conflict_would_be_noted() -> None:
    ambiguous = grammar_text().replace("| sum (PLUS | MINUS) product", "| sum (PLUS | MINUS) sum")
    assert ambiguous != grammar_text()
    assert conflicts(ambiguous, list(STARTS)) != []


def test_a_setting_and_dynamics_never_compete() -> None:
    assert grammar().parse("h = 1", start="setting").data == "setting"
    assert grammar().parse("h' = 1", start="statement").data == "dynamics"
    for text, start in (("h = 1", "statement"), ("h' = 1", "setting")):
        with pytest.raises(lark.UnexpectedInput):
            grammar().parse(text, start=start)


def test_every_line_of_the_reference_is_short() -> None:
    assert [line for line in grammar_text().splitlines() if len(line) > 120] == []


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, and a parser that is made anew."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    grammar.cache_clear()
    yield tmp_path / "hdsl"
    grammar.cache_clear()


def reads() -> bool:
    """True if a parser made or loaded now reads a statement."""
    grammar.cache_clear()
    return grammar().parse("let a = f(x)^2", start="statement").data == "definition"


def count_makes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    makes: list[int] = []
    make = module._make
    monkeypatch.setattr(module, "_make", lambda *arguments: makes.append(1) or make(*arguments))
    return makes


def test_the_tables_are_made_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makes = count_makes(monkeypatch)
    assert reads()
    assert len(list(cache.iterdir())) == 1  # and no temporary file beside it
    assert reads()
    assert len(makes) == 1


def test_another_grammar_has_another_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reads()
    longer = grammar_text() + "\n// more\n"
    monkeypatch.setattr(module, "grammar_text", lambda: longer)
    assert reads()
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "a pickle of nothing"])
def test_damaged_tables_are_made_again(cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    assert reads()
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    nothing = b"\x80\x04N."
    file.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "changed": whole[:-100] + b"x" * 100,
            "empty": b"",
            "a pickle of nothing": hashlib.sha256(nothing).hexdigest().encode() + b"\n" + nothing,
        }[damage]
    )
    makes = count_makes(monkeypatch)
    assert reads()
    assert len(makes) == 1
    assert file.read_bytes() == whole or len(file.read_bytes()) > 1000  # mended
    assert reads()
    assert len(makes) == 1


def test_tables_that_others_can_write_are_not_trusted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reads()
    (file,) = cache.iterdir()
    makes = count_makes(monkeypatch)
    file.chmod(0o666)
    assert reads()
    assert len(makes) == 1
    assert file.stat().st_mode & 0o022 == 0  # replaced by a file of our own
    cache.chmod(0o777)
    assert reads()
    assert len(makes) == 2


def test_without_a_folder_to_write_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(taken))
    assert reads()
    assert taken.read_text() == "a file where the folder should be"


def test_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    assert reads()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", refuse)
    assert reads()
    assert list(cache.iterdir()) == []
