"""The parser that grammars/hdsl.lark describes, with its tables kept in the user's cache folder.

Making the tables takes about a tenth of a second, reading them back a hundredth. The cache is a convenience alone:
where its folder is missing, not writable or not the user's own, or the file is damaged, the tables are made again.
"""

from __future__ import annotations

import functools
import hashlib
import io
import sys

import lark

from hdsl.cache import fetch, keep
from hdsl.resources import folder

STARTS = ("statement", "setting")
LAYOUT = "1"  # of the cache file; a change makes old files unused


def grammar_text() -> str:
    """The text of grammars/hdsl.lark. Raises FileNotFoundError where the installation is incomplete."""
    return (folder("grammars") / "hdsl.lark").read_text(encoding="utf-8")


@functools.cache
def grammar() -> lark.Lark:
    """The parser; ``start`` is ``statement`` or ``setting``. Positions count from the start of the text given to it."""
    text = grammar_text()
    key = hashlib.sha256("\0".join((LAYOUT, lark.__version__, sys.version, *STARTS, text)).encode()).hexdigest()
    name = f"grammar-{key[:24]}"
    return _load(fetch(name)) or _make(text, name)


def _make(text: str, name: str) -> lark.Lark:
    made = lark.Lark(text, parser="lalr", lexer="contextual", start=list(STARTS))
    tables = io.BytesIO()
    made.save(tables)
    keep(name, tables.getvalue())
    return made


def _load(tables: bytes | None) -> lark.Lark | None:
    """The parser from its tables; None where there are none, or none that lark reads. They are a pickle, and the user's own."""
    try:
        return None if tables is None else lark.Lark.load(io.BytesIO(tables))
    except Exception:  # whatever a stale table raises, the remedy is the same: make it again
        return None
