"""From the bytes of a file to a source."""

from __future__ import annotations

import codecs

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Source, Span

LARGEST_FILE = 128 * 1024  # bytes; the worst of such files, a list of numbers, takes about four seconds to parse


def read(data: bytes, name: str = "<text>") -> tuple[Source, tuple[Diagnostic, ...]]:
    """The source that a file's bytes hold. With an error, the source is for showing that error only.

    A byte order mark of UTF-8 is left out; ends of lines stay as they are.
    """
    if len(data) > LARGEST_FILE:
        return Source("", name), (catalogue.file_too_large(Span(0, 0), len(data), LARGEST_FILE),)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Source("", name), (catalogue.not_utf8(Span(0, 0), "UTF-16"),)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Source(data.decode("utf-8"), name), ()
    except UnicodeDecodeError as error:
        at = len(data[: error.start].decode("utf-8"))
        # Latin-1 shows every byte as one character, so the line reads as nearly as it can.
        text = data[: error.start].decode("utf-8") + data[error.start :].decode("latin-1")
        return Source(text, name), (catalogue.not_utf8(Span(at, at + 1), f"byte 0x{data[error.start]:02x}"),)
