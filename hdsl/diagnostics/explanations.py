"""Every code at length, with a file that is answered with it and one that says what was meant.

The text stands in explanations.md beside this file; a section reads ``## code``, paragraphs, and two fenced blocks,
``ham bad`` and ``ham good``. Behind ``bad`` may stand ``N times``, for what only a long file can show, or an encoding.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

_SECTION = re.compile(r"^## ([\w-]+)\n(.*?)(?=^## [\w-]+\n|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```ham (bad|good) ?([^\n]*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Explanation:
    """What a code means. ``bad`` is shown once and stands ``times`` times in its file, written in ``encoding``."""

    text: str
    bad: str
    good: str
    times: int = 1
    encoding: str = "utf-8"

    @property
    def bad_file(self) -> bytes:
        """The bytes of the file that is answered with the code."""
        return (self.bad * self.times).encode(self.encoding)


@functools.cache
def explanations() -> dict[str, Explanation]:
    """The explanation of every code, by its name."""
    page = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return {name: _explanation(body) for name, body in _SECTION.findall(page)}


def _explanation(body: str) -> Explanation:
    blocks = {kind: (how, text) for kind, how, text in _BLOCK.findall(body)}
    how, bad = blocks["bad"]
    times = int(how.removesuffix(" times")) if how.endswith(" times") else 1
    encoding = how if how and times == 1 else "utf-8"
    return Explanation(_BLOCK.sub("", body).strip(), bad, blocks["good"][1], times, encoding)
