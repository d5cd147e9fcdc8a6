"""A source with another end of time, as `hdsl optimum --horizon` wants it, without an edit of the file."""

from __future__ import annotations

from dataclasses import replace

from hdsl.syntax.control_tree import Horizon
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source


def with_horizon(source: Source, end: float) -> Source:
    """The source with ``horizon`` as given: in place of its own, else below its text, where lines keep their numbers.

    A text that cannot be read comes back as it is; whoever compiles it tells why.
    """
    text, mistakes = parse(source)
    if mistakes:
        return source
    own = source.regions[0][1]
    line = f"horizon {end!r}"
    there = [s.span for s in text.statements if isinstance(s, Horizon) and s.span.end <= own]
    if there:
        start, stop = there[0].start, there[0].end
    else:
        start = stop = own
        line = f"\n{line}\n"
    further = len(line) - (stop - start)
    used = tuple((place + further, name) for place, name in source.used)
    return replace(source, text=source.text[:start] + line + source.text[stop:], used=used)
