"""HTML: pages that are one file, need no network, and hold their equations as MathML."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdsl.show.mathml import mathml
from hdsl.show.page import HEADINGS, Page, parted
from hdsl.show.text import places, ranges
from hdsl.syntax.words import KEYWORDS

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
_TOKEN = re.compile(r"(?P<comment>#[^\n]*)|(?P<word>[^\W\d]\w*)")


def page_html(page: Page) -> str:
    """A derivation in the LaTeX spelling as one HTML file.

    Raises:
        ValueError: the page is in another spelling.
    """
    return fill("derivation.html", page=page)


def fill(template: str, **values: Any) -> str:
    """A template of this room with values; text in them is escaped."""
    page = values.get("page")
    if page is not None and page.style != "latex":
        raise ValueError("the page must be made in the style latex")
    return str(_environment().get_template(template).render(**values))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"math": math, "ham": ham_lines, "words": words, "places": places, "ranges": ranges}
    made.globals |= {"headings": HEADINGS, "style": trusted((TEMPLATES / "style.css").read_text(encoding="utf-8"))}
    return made


def math(latex: str) -> Markup:
    """A formula that hdsl has spelt, as MathML that a template takes as it is."""
    return trusted(mathml(latex))


def words(text: str) -> Markup:
    """Words with formulas in them; what is no formula is escaped."""
    from markupsafe import escape

    return trusted("".join(mathml(part) if formula else str(escape(part)) for part, formula in parted(text)))


def ham_lines(text: str) -> list[Markup]:
    """The lines of a .ham text, escaped, with its keywords and comments marked."""
    return [trusted(_marked(line.rstrip("\r"))) for line in text.removesuffix("\n").split("\n")]


def _marked(line: str) -> str:
    from markupsafe import escape

    parts, end = [], 0
    for found in _TOKEN.finditer(line):
        kind = "comment" if found["comment"] else "keyword" if found["word"] in KEYWORDS else ""
        parts.append(str(escape(line[end : found.start()])))
        shown = str(escape(found[0]))
        parts.append(f'<span class="{kind}">{shown}</span>' if kind else shown)
        end = found.end()
    return "".join([*parts, str(escape(line[end:]))])


def trusted(text: str) -> Markup:
    """Text of our own making that a template must not escape."""
    from markupsafe import Markup

    return Markup(text)
