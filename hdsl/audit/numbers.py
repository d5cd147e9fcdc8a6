"""Numbers: how an audit writes what settings come to, and many names."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hdsl.diagnostics.catalogue_model import and_list
from hdsl.terms.spelling import decimal

MOST_NAMES = 4


def written(value: Any) -> str:
    """A number as one writes it, to six digits where it has no short decimal; what is no number as a formula."""
    if value.is_Rational:
        return decimal(Fraction(int(value.p), int(value.q))) or f"{float(value):.6g}"
    return f"{float(value):.6g}" if value.is_number and value.is_real else str(value).replace("learn:", "")


def some(names: Sequence[str]) -> str:
    """The names, or where there are many the first of them and how many more."""
    return and_list(names) if len(names) <= MOST_NAMES else f"{names[0]} and {len(names) - 1} more"
