"""The TextMate grammar of the language, made from the tables of its words.

It is kept as grammars/hdsl.tmLanguage.json, for editors, and read by `hdsl.highlight.lexer`; a test holds the file
against this one. All its rules are single matches: what cannot be told from one line is left to `hdsl check`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hdsl.model.learning import WORDS
from hdsl.model.scope import FUNCTIONS, INITIALS, RESERVED
from hdsl.syntax.words import CLAUSES, DECLARING, KEYWORDS, SETTINGS

_NAME = r"[^\W\d]\w*"
_START = r"(?:^|(?<=[{}]))[ \t]*"  # where a statement begins
_WHOLE = (r"(?<![\w.])", r"(?![\w.])")  # around a word that is no part of a name
_NO_SETTING = r"(?![\w.'′’]|[ \t]*=)"  # behind a keyword: `cost = 1` below `learn` is a setting
FUNCTION_HEADS = ("component", "def")
# Words inside statements: `reset h each sample`, `project W = … every 10`, `costate p of q`, `control a in […]`, and more.
INSIDE = ("each sample", "each sequence", "never", "if", "else", "index", *sorted(frozenset().union(*CLAUSES.values())))


def words_of_settings() -> tuple[str, ...]:
    """What settings are set to."""
    return tuple(sorted({word for words in WORDS.values() for word in words}))


def textmate() -> dict[str, Any]:
    """The grammar as plain data."""
    return {
        "name": "hdsl",
        "scopeName": "source.ham",
        "fileTypes": ["ham"],
        "patterns": [
            {"name": "comment.line.documentation.ham", "match": r"##(?!#)[^\n]*"},
            {"name": "comment.line.number-sign.ham", "match": r"#[^\n]*"},
            {"name": "string.quoted.double.ham", "match": r'"[^"\n]*"'},
            _rule(
                rf"{_START}({_any(FUNCTION_HEADS)}){_NO_SETTING}[ \t]+({_NAME})",
                "storage.type.ham",
                "entity.name.function.ham",
            ),
            _rule(
                rf"{_START}({_any(DECLARING.difference(FUNCTION_HEADS))}){_NO_SETTING}[ \t]+({_NAME})",
                "keyword.declaration.ham",
                "variable.other.definition.ham",
            ),
            _rule(
                rf"{_START}({_any(KEYWORDS - DECLARING)}){_NO_SETTING}",
                "keyword.other.ham",
            ),
            _rule(rf"{_START}({_NAME})(['′’])", "variable.other.state.ham", "keyword.operator.prime.ham"),
            _rule(
                rf"{_START}({_any(SETTINGS)})((?:\.\w+)*)(?=[ \t]*=(?!=))",
                "support.type.property-name.ham",
                "variable.other.member.ham",
            ),
            {"name": "constant.numeric.ham", "match": r"(?<![\w.])[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?!\w)"},
            {"name": "keyword.control.ham", "match": rf"{_WHOLE[0]}(?:{_any(INSIDE)}){_WHOLE[1]}(?![ \t]*=(?!=))"},
            {
                "name": "support.function.ham",
                "match": rf"{_WHOLE[0]}(?:{_any({*FUNCTIONS, *INITIALS})}){_WHOLE[1]}",
            },
            {"name": "constant.language.ham", "match": rf"{_WHOLE[0]}(?:{_any({*RESERVED, 'None'})}){_WHOLE[1]}"},
            {
                "name": "support.constant.ham",
                "match": rf"(?<==)(?:[ \t]*)(?:{_any(words_of_settings())})(?=[ \t]*(?:$|#|\())",
            },
            {"name": "keyword.operator.transpose.ham", "match": r"\.T\b"},
            {"name": "keyword.operator.ham", "match": r"\*\*|[<>=!]=|[-+*/@^<>=]"},
            {"name": "punctuation.ham", "match": r"[()\[\]{},:]"},
            {"name": "variable.other.ham", "match": rf"{_NAME}(?:\.(?!T\b)\w+)*"},
        ],
    }


def _any(words: Iterable[str]) -> str:
    """One of the words, the longest first, so that none ends within another; the same at every run."""
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def _rule(match: str, *names: str) -> dict[str, Any]:
    """A rule whose groups have scopes of their own."""
    return {"match": match, "captures": {str(k): {"name": name} for k, name in enumerate(names, 1)}}
