"""JSON: a page for programs, every equation in text and in LaTeX, with the lines of the file that it comes from."""

from __future__ import annotations

import json
from typing import Any

from hdsl.show.page import Equation, Page

SCHEMA = "hdsl derivation 1"
"""What is written, and its version: docs/derivation.schema.json."""


def page_json(text: Page, latex: Page) -> str:
    """The same page in both spellings as one JSON object.

    ``sections`` holds rows; a row has ``equations`` (``name``, ``text``, ``latex``, ``summands``), ``lines``, ``used``
    (lines of the files that it uses), ``note`` and ``paths``, the names by which it can be asked for. A summand has ``text``,
    ``latex``, ``lines``, ``used`` and ``roots``, what it is there for.
    """
    return json.dumps(page_record(text, latex), ensure_ascii=False, indent=2) + "\n"


def page_record(text: Page, latex: Page) -> dict[str, Any]:
    """What `page_json` writes."""
    sections = []
    for plain, spelt in zip(text.sections, latex.sections, strict=True):
        rows = []
        for row, other in zip(plain.rows, spelt.rows, strict=True):
            pairs = zip(row.equations, other.equations, strict=True)
            equations = [_equation(e, o) for e, o in pairs]
            used = {name: list(lines) for name, lines in row.used}
            lines = {"lines": list(row.lines), "used": used}
            rows.append({"paths": list(row.paths), "equations": equations, **lines, "note": row.note})
        sections.append({"key": plain.key, "words": plain.words, "rows": rows})
    head: dict[str, Any] = {"schema": SCHEMA, "model": text.name, "source": text.source, "facts": text.facts, "doc": text.doc}
    return {**head, "sections": sections}


def _equation(text: Equation, latex: Equation) -> dict[str, Any]:
    pairs = zip(text.summands, latex.summands, strict=True)
    summands = [
        {
            "text": told.text.strip(),
            "latex": spelt.text.strip(),
            "lines": list(told.lines),
            "used": {name: list(lines) for name, lines in told.used},
            "roots": list(told.roots),
        }
        for told, spelt in pairs
    ]
    return {"name": text.name, "text": str(text), "latex": str(latex), "summands": summands}
