"""A lexer for Pygments: .ham in Sphinx, in notebooks and in the shell.

It reads grammars/hdsl.tmLanguage.json, whose rules are single matches, so that editors and pages show the same colours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from hdsl.resources import folder

# The first part of a scope that is found here, from the longest, decides what a piece of text is.
TOKENS: dict[str, Any] = {
    "comment.line.documentation": String.Doc,
    "comment": Comment.Single,
    "string": String.Double,
    "storage.type": Keyword.Declaration,
    "keyword.declaration": Keyword.Declaration,
    "keyword.other": Keyword.Namespace,
    "keyword.control": Keyword,
    "keyword.operator": Operator,
    "entity.name.function": Name.Function,
    "variable.other.definition": Name.Variable,
    "variable.other.state": Name.Variable.Instance,
    "variable.other.member": Name.Attribute,
    "variable": Name,
    "support.type.property-name": Name.Attribute,
    "support.function": Name.Builtin,
    "support.constant": Name.Constant,
    "constant.numeric": Number,
    "constant.language": Name.Builtin.Pseudo,
    "punctuation": Punctuation,
}


def token(scope: str) -> Any:
    """What Pygments calls a scope. Raises KeyError for one that no row of `TOKENS` begins."""
    parts = scope.split(".")
    for length in range(len(parts), 0, -1):
        found = TOKENS.get(".".join(parts[:length]))
        if found is not None:
            return found
    raise KeyError(scope)


def _groups(
    names: dict[int, str], lexer: RegexLexer, match: re.Match[str], context: Any = None
) -> Iterator[tuple[int, Any, str]]:
    """The groups of a match as tokens of their own, and what stands between them as space."""
    at = match.start()
    for group, name in names.items():
        start, end = match.span(group)
        if at < start:
            yield at, Whitespace, match.string[at:start]
        if start < end:
            yield start, token(name), match.group(group)
        at = max(at, end)
    if at < match.end():
        yield at, Whitespace, match.string[at : match.end()]


def _rules() -> list[tuple[str, Any]]:
    """The rules of the grammar, in its order."""
    grammar = json.loads((folder("grammars") / "hdsl.tmLanguage.json").read_text(encoding="utf-8"))
    made: list[tuple[str, Any]] = []
    for rule in grammar["patterns"]:
        captures = {int(group): capture["name"] for group, capture in rule.get("captures", {}).items()}
        how: Any | Callable[..., Any] = partial(_groups, captures) if captures else token(rule["name"])
        made.append((rule["match"], how))
    # A line's end is a token of its own: what stands in front of the next line belongs to the rule that begins there.
    return [*made, (r"\n", Whitespace), (r"[ \t\r\f\u00a0\ufeff]+", Whitespace)]


class HamLexer(RegexLexer):
    """Lexes .ham text; an error token is a sign that the language does not have."""

    name = "hdsl"
    aliases: ClassVar[list[str]] = ["ham", "hdsl"]
    filenames: ClassVar[list[str]] = ["*.ham"]
    mimetypes: ClassVar[list[str]] = ["text/x-ham"]
    flags = re.MULTILINE
    tokens: ClassVar[dict[str, Any]] = {"root": _rules()}
