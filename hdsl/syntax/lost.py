"""Lost: the names that what could not be read would have declared. To call them unknown would be a second message."""

from __future__ import annotations

import re
from collections.abc import Collection

from hdsl.syntax.names import ascii_spelling
from hdsl.syntax.words import DECLARING, KEYWORDS, PYTHON_WORDS

_NAME = re.compile(r"[^\W\d]\w*")
_BESIDE = re.compile(r"\S+[ \t]+[^\W\d]")  # `h' W = …`: one word beside another
_PRIMED = re.compile(r"([^\W\d]\w*)['′’]")
_FURTHER = re.compile(r",\s*([^\W\d]\w*)\s*(?=[,:]|=(?!=)|$)")  # of `const a = 1, b = 2`
# Each begins where a path does and gives nothing back: the time is linear in the text, whatever stands in it.
_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*+(?:\.\w++)*+)\s*+\(")
_DOTTED = re.compile(r"(?<![\w.])[^\W\d]\w*+(?:\.\w++)++")


def declared_by(text: str, word: str) -> set[str]:
    """The names that a line would have declared; ``word`` is its keyword, or the nearest to it."""
    names = [ascii_spelling(name) for name in _NAME.findall(text)]
    if _PRIMED.match(text):
        return {f"{names[0]}'", *(names[1:2] if _BESIDE.match(text) else ())}
    if word == "use":
        return set()
    names = [*names[:1], *(name for name in names[1:] if name not in KEYWORDS)]  # `target target c` would declare c
    if word == "dim":
        return set(names[1:])
    if word == "next":
        return {f"{name}'" for name in names[1:2]}
    further = map(ascii_spelling, _FURTHER.findall(_outside_brackets(text)))
    if word in DECLARING or word in ("learn", "model") or word in PYTHON_WORDS:
        return {*names[1:2], *further}
    return set() if word in KEYWORDS else {*names[:2], *further}


def is_nameless(text: str, word: str) -> bool:
    """Whether a line that declares something lacks its name: ``target : index(k)``, ``dim n = 4, = 3``."""
    rest = text[len(word) :].lstrip()
    if word == "dim":
        return any(not _NAME.match(piece.lstrip()) for piece in _outside_brackets(rest).split(","))
    return word in DECLARING and not _NAME.match(rest)


def declared_elsewhere(text: str, lost: Collection[str]) -> set[str]:
    """The names that a file may have from a `use` line or a component that could not be read: ``lost`` says which."""
    found: set[str] = set()
    if lost:  # an instance of it would have declared names with dots
        paths = map(_without_transposes, _DOTTED.findall(text))
        found.update(ascii_spelling(path) for path in paths if "." in path)
    if "use" in lost:
        found.update(ascii_spelling(name) for name in _CALLED.findall(text))
    return found


def _without_transposes(path: str) -> str:
    while path.endswith(".T"):
        path = path[:-2]
    return path


def _outside_brackets(text: str) -> str:
    """A statement without what its brackets hold."""
    kept, depth = [], 0
    for piece in re.split(r"([(\[{)\]}])", text):
        depth += (piece in "([{") - (piece in ")]}") if piece else 0
        if depth <= 0 and piece not in (")", "]", "}"):
            kept.append(piece)
    return "".join(kept)
