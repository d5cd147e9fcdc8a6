"""What may follow, in the words in which a message lists it."""

from __future__ import annotations

from collections.abc import Iterable

# The words of the grammar as people know them, in the order in which a message lists them.
PHRASES: dict[str, str] = {
    "NAME": "a name",
    "NUMBER": "a value",
    "PATH": "a name",
    "DERIVATIVE": "`NAME' =`",
    "HAM": "`ham`",
    "MODEL": "`model`",
    "DIM": "`dim`",
    "ROLE": "a declaration",
    "DEFINES": "a definition",
    "NEXT": "`next`",
    "RESET": "`reset`",
    "LEARN": "`learn`",
    "EACH": "`each sample`, `each sequence`",
    "NEVER": "`never`",
    "SAMPLE": "`sample`",
    "SEQUENCE": "`sequence`",
    "INDEX": "`index(…)`",
    "COMPONENT": "`component`",
    "DEF": "`def`",
    "RETURN": "`return`",
    "USE": "`use`",
    "PROJECT": "`project`",
    "LATEX": "`latex`",
    "LOCAL": "`local`",
    "EVERY": "`every`",
    "CONTROL": "`control`",
    "GIVEN": "`given`",
    "GRADIENT": "`gradient`",
    "IN": "`in […]`",
    "COSTATE": "`costate`",
    "OF": "`of`",
    "HORIZON": "`horizon`",
    "FINAL": "`final`",
    "CONSTRAINT": "`constraint`",
    "SOFT": "`soft`",
    "PENALTY": "`penalty`",
    "STRING": "a text in \"…\"",
    "PLUS": "an operator",
    "MINUS": "an operator",
    "TIMES": "an operator",
    "OVER": "an operator",
    "AT": "an operator",
    "POWER": "an operator",
    "TRANSPOSE": "an operator",
    "COMPARE": "an operator",
    "IF": "`if`",
    "ELSE": "`else`",
    "LSQB": "`[…]`",
    "COLON": "`: index(…)`",
    "EQUAL": "`=`",
    "LPAR": "`(`",
    "COMMA": "`,`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "BODY": "`{`",  # no word of the grammar: the lines of a component are cut there
    "$END": "the end of the line",
}

# Where a value may stand, these may start it; behind an operand, those may follow besides one more operator. Unnamed.
_STARTS_VALUE = frozenset({"PATH", "MINUS", "LPAR", "LSQB", "COLON"})
_FOLLOWS_OPERAND = frozenset({"IF", "LSQB", "LPAR", "COLON"})


def phrases(expected: Iterable[str], size: bool = False) -> list[str]:
    """What may follow, in people's words, each once. ``size`` is true where a value is the size of an axis."""
    words = set(expected)
    if "NUMBER" in words:
        words -= _STARTS_VALUE
    elif "PLUS" in words:
        words -= _FOLLOWS_OPERAND | ({"EQUAL"} if "COMMA" in words else set())
    elif words == {"LSQB", "EQUAL"}:  # behind the name of a definition, whose named indices are rare
        words = {"EQUAL"}
    said = dict.fromkeys(phrase for word, phrase in PHRASES.items() if word in words)
    return ["a size" if size and phrase == "a value" else phrase for phrase in said]


def alternatives(phrases: list[str]) -> str:
    """``a, b or c``"""
    return " or ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))
