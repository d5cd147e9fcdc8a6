"""Put a file right as far as its messages say how: what `hdsl check --fix` does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.edits import mended
from hdsl.syntax.source import Source

ROUNDS = 20  # a fix may let the next mistake be seen
_VERSION = re.compile(r"^[ \t]*ham\b", re.MULTILINE)


@dataclass(frozen=True)
class Repaired:
    """The text of a file after its safe fixes, and a line for each of them."""

    text: str
    done: tuple[str, ...]


def repaired(source: Source, gathered: Callable[[Source], Source]) -> Repaired:
    """Make every safe fix, then those that become visible by it, and put `ham 1` in front where no version is told.

    ``gathered`` puts the files that a text uses behind it: what they declare is known, and nothing in them is changed.
    """
    text, done = source.text, list[str]()
    seen = {text}
    for _ in range(ROUNDS):
        now = Source(text, source.name)
        found = Compiler(gathered(now)).diagnostics
        after, taken = mended(text, (d for d in found if d.fix and all(e.span.end <= len(text) for e in d.fix.edits)))
        if not taken or after in seen:
            break
        done += _told(now, taken)
        text = after
        seen.add(text)
    if not _VERSION.search(text):
        text = ("ham 1\r\n" if "\r\n" in text else "ham 1\n") + text
        done.append(f"{source.name}:1:1: `ham 1` put in front")
    return Repaired(text, tuple(done))


def _told(source: Source, taken: tuple[Diagnostic, ...]) -> Iterator[str]:
    for diagnostic in taken:
        assert diagnostic.fix is not None
        for edit in diagnostic.fix.edits:
            line, column = source.position(edit.span.start)
            before, after = (_shown(part) for part in (source.text[edit.span.start : edit.span.end], edit.text))
            change = f"{before} left out" if not edit.text else f"{after} put in" if not before else f"{before} → {after}"
            yield f"{source.name}:{line}:{column}: {change} ({diagnostic.code})"


def _shown(text: str) -> str:
    """A piece of text on one line, in quotes that a message uses; nothing for an empty one."""
    if not text:
        return ""
    visible = text if text.isprintable() else text.encode("unicode_escape", "surrogatepass").decode("ascii")
    return f"`{visible}`"
