"""The nearest name: what a misspelt word was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST_NAME = 60  # longer names are not compared: nobody misspells them by hand, and the comparison is quadratic
LIKENESS = 0.6


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like ``name``, or None where none is like it.

    Upper and lower case count as alike; of equally good candidates the first by alphabet is taken, so that the answer
    does not depend on their order. ``name`` itself is never the answer.
    """
    if len(name) > LONGEST_NAME:
        return None
    best: tuple[float, float, str] | None = None
    folded = name.casefold()
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    for candidate in sorted(set(candidates) - {name}):
        if len(candidate) > LONGEST_NAME:
            continue
        matcher.set_seq1(candidate.casefold())
        if matcher.real_quick_ratio() < LIKENESS:
            continue
        likeness = matcher.ratio()
        if likeness < LIKENESS:
            continue
        exact = difflib.SequenceMatcher(None, candidate, name, autojunk=False).ratio()
        if best is None or (likeness, exact) > best[:2]:
            best = (likeness, exact, candidate)
    return best[2] if best else None
