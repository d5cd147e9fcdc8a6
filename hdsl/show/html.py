"""HTML: pages that are one file, need no network, and hold their equations as MathML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdsl.show.mathml import mathml
from hdsl.show.page import HEADINGS, Page, Row, ToldSummand, parted
from hdsl.show.text import places
from hdsl.syntax.source import ranges
from hdsl.syntax.words import KEYWORDS

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
COLOURS = 6
"""How many colours there are for roots in the style; more roots have them again."""

LEARN = "root-learn"
_SETTING = "learn "
_NUMBER = re.compile(r"\d+")
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
    made.filters |= {"linked": linked, "colours": colours, "pointers": pointers, "classes": classes}
    made.filters |= {"math": math, "ham": ham_lines, "words": words, "places": places, "ranges": ranges}
    made.globals |= {"headings": HEADINGS, "style": trusted((TEMPLATES / "style.css").read_text(encoding="utf-8"))}
    return made


def math(latex: str) -> Markup:
    """A formula that hdsl has spelt, as MathML that a template takes as it is."""
    return trusted(mathml(latex))


def colours(page: Page) -> dict[str, str]:
    """The class of each root that the summands of a page have: costs and dynamics in the colours in turn, settings grey."""
    found = dict.fromkeys(root for row in page.rows for e in row.equations for s in e.summands for root in s.roots)
    own = [root for root in found if not root.startswith(_SETTING)]
    told = {root: f"root-{place % COLOURS + 1}" for place, root in enumerate(own)}
    return told | {root: LEARN for root in found if root not in told}


def linked(row: Row) -> Markup | None:
    """The lines of each summand of a derived equation as links to the listing; None where they are told in another way."""
    marks = row.equations[0].marks
    if not marks or row.used:
        return None
    return trusted(_NUMBER.sub(lambda line: f'<a href="#line-{line[0]}">{line[0]}</a>', marks))


def classes(summand: ToldSummand, colours: Mapping[str, str]) -> str:
    """The classes of a summand: the colour of its root, its settings left aside, and the lines that it comes from."""
    own = {colours[root] for root in summand.roots} - {LEARN} or {LEARN}
    lines = [_class(*place) for place in _places(summand)]
    return " ".join(["summand", own.pop() if len(own) == 1 else "root-several", *lines])


def pointers(page: Page) -> list[tuple[str, str]]:
    """The lines that summands come from: the class of these summands, and the id of the line in the listing."""
    summands = [s for row in page.rows for e in row.equations for s in e.summands]
    places = [place for s in summands for place in _places(s)]
    return [(_class(name, line), f"line-{name and name + '-'}{line}") for name, line in dict.fromkeys(places)]


def _places(summand: ToldSummand) -> Iterator[tuple[str, int]]:
    """File and line of each place that a summand comes from; the file itself has no name."""
    yield from (("", line) for line in summand.lines)
    yield from ((name, line) for name, lines in summand.used for line in lines)


def _class(name: str, line: int) -> str:
    return f"of-{re.sub(r'[^A-Za-z0-9]', '_', name)}-{line}"


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
