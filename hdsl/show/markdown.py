"""Markdown: a page for a README or a notebook, its formulas in fences that GitHub shows as mathematics."""

from __future__ import annotations

import re

from hdsl.show.latex import aligned
from hdsl.show.page import HEADINGS, Page, parted

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def page_markdown(page: Page) -> str:
    """A page in the LaTeX spelling as Markdown.

    Raises:
        ValueError: the page is in another spelling.
    """
    if page.style != "latex":
        raise ValueError("the page must be made in the style latex")
    parts = [f"# {plain_markdown(page.name)}", worded_markdown(page.facts)]
    if page.doc:
        parts.append(plain_markdown(page.doc))
    for section in page.sections:
        parts.append(f"## {plain_markdown(HEADINGS[section.key])}")
        if section.words:
            parts.append(worded_markdown(section.words))
        if section.rows:
            parts.append(f"```math\n{aligned(section, 'aligned')}\n```")
    return "\n\n".join(parts) + "\n"


def plain_markdown(text: str) -> str:
    """Text of anybody's with nothing in it that Markdown would read as its own."""
    return _SPECIAL.sub(r"\\\1", text)


def worded_markdown(words: str) -> str:
    """Words of hdsl's own making: formulas in them as GitHub reads them, the rest as `plain_markdown` has it."""
    return "".join(f"${part}$" if formula else plain_markdown(part) for part, formula in parted(words))
