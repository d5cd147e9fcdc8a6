"""The grammar that editors read: made from the tables of words, kept as files, the same in both places.

``GOLDEN=write`` writes the files.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from hdsl.highlight.textmate import INSIDE, textmate, words_of_settings
from hdsl.model.scope import FUNCTIONS, INITIALS, RESERVED
from hdsl.syntax.grammar import grammar
from hdsl.syntax.words import KEYWORDS, SETTINGS


def files(checkout: Path) -> list[Path]:
    return [checkout / "grammars" / "hdsl.tmLanguage.json", checkout / "editors" / "vscode" / "hdsl.tmLanguage.json"]


def test_the_files_are_what_the_tables_say(checkout: Path) -> None:
    made = json.dumps(textmate(), indent=2, ensure_ascii=False) + "\n"
    for path in files(checkout):
        if os.environ.get("GOLDEN") == "write":
            path.write_text(made, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == made, f"{path.name} is out of date: run this test with GOLDEN=write"


def words(scope: str) -> set[str]:
    """The words of the rules that give a scope."""
    found: set[str] = set()
    for rule in textmate()["patterns"]:
        names = [rule.get("name"), *(capture["name"] for capture in rule.get("captures", {}).values())]
        if scope in names:
            plain = re.sub(r"\(\?<?[!=][^()]*(?:\([^()]*\)[^()]*)*\)", "", rule["match"])  # without what looks around
            for group in re.findall(r"\((?:\?:)?([\w| -]{2,})\)", plain):
                found.update(group.split("|"))
    return found


def test_every_word_of_the_language_has_its_scope() -> None:
    assert words("keyword.declaration.ham") | words("keyword.other.ham") | words("storage.type.ham") == KEYWORDS
    assert words("support.type.property-name.ham") == SETTINGS
    assert words("support.function.ham") == FUNCTIONS | {*INITIALS}
    assert words("constant.language.ham") == {*RESERVED, "None"}
    assert words("support.constant.ham") == set(words_of_settings())


def test_the_words_inside_statements_are_those_of_the_reference() -> None:
    inside = {"EVERY", "INDEX", "EACH", "NEVER", "SAMPLE", "SEQUENCE", "IF", "ELSE"}
    inside |= {"OF", "IN", "GIVEN", "GRADIENT", "SOFT", "PENALTY"}
    spelt = {t.pattern.value.removesuffix(r"\b") for t in grammar().terminals if t.name in inside}
    assert {word for phrase in INSIDE for word in phrase.split()} == spelt


def test_the_folder_for_vs_code_points_to_what_it_has(checkout: Path) -> None:
    folder = checkout / "editors" / "vscode"
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    (language,), (read,) = package["contributes"]["languages"], package["contributes"]["grammars"]
    assert (folder / language["configuration"]).is_file()
    assert (folder / read["path"]).is_file()
    assert read["language"] == language["id"]
    assert read["scopeName"] == textmate()["scopeName"]
    assert language["extensions"] == [f".{kind}" for kind in textmate()["fileTypes"]]
    assert (folder / package["main"]).is_file() and package["activationEvents"] == [f"onLanguage:{language['id']}"]
    (setting,) = package["contributes"]["configuration"]["properties"]
    client = (folder / package["main"]).read_text(encoding="utf-8")
    assert setting == "hdsl.command" and 'getConfiguration("hdsl").get("command")' in client and 'args: ["lsp"]' in client
    assert all(f'require("{library}/node")' in client for library in package["dependencies"])
    settings = json.loads((folder / language["configuration"]).read_text(encoding="utf-8"))
    assert settings["comments"]["lineComment"] == "#"
    assert ["{", "}"] in settings["brackets"]
