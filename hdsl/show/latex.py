"""LaTeX: a page as a document of its own, from which equations can be taken."""

from __future__ import annotations

import unicodedata

from hdsl.show.page import HEADINGS, Page, Row, Section
from hdsl.show.text import beside
from hdsl.terms.spelling import LATEX, SUPERSCRIPTS

_HEAD = r"""\documentclass{{article}}
\usepackage{{amsmath,amssymb}}
\allowdisplaybreaks
\begin{{document}}
\section*{{{title}}}
{facts}.
"""
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "′": r"$'$", "⊙": r"$\odot$", "\u00a0": "~",
    "²": "$^{2}$", "½": r"$\tfrac{1}{2}$", "¼": r"$\tfrac{1}{4}$",
}  # fmt: skip
_RAISED = {chr(mark): chr(plain) for plain, mark in SUPERSCRIPTS.items()} | {"ᵀ": r"\top"}
_LOWERED = {mark: plain for plain, mark in zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True)}


def page_latex(page: Page) -> str:
    """A page in the LaTeX spelling as a document that compiles with amsmath.

    Raises:
        ValueError: the page is in another spelling.
    """
    if page.style != "latex":
        raise ValueError("the page must be made in the style latex")
    parts = [_HEAD.format(title=plain_latex(page.name), facts=plain_latex(page.facts))]
    if page.doc:
        parts.append(plain_latex(page.doc) + "\n")
    for section in page.sections:
        parts.append(rf"\subsection*{{{plain_latex(HEADINGS[section.key])}}}" + "\n")
        if section.words:
            parts.append(plain_latex(section.words) + ".\n")
        if section.rows:
            parts.append(aligned(section, "align*") + "\n")
    return "\n".join([*parts, r"\end{document}"]) + "\n"


def aligned(section: Section, environment: str) -> str:
    """The rows of a section in an environment of amsmath."""
    pairs = max(len(row.equations) for row in section.rows)
    lines = " \\\\\n".join(f"  {_aligned_row(row, pairs)}" for row in section.rows)
    return f"\\begin{{{environment}}}\n{lines}\n\\end{{{environment}}}"


def _aligned_row(row: Row, pairs: int) -> str:
    """Equations aligned at their equals signs, then lines of the file and words."""
    cells = [f"{e.left} &= {e.right}" for e in row.equations]
    cells += ["&"] * (pairs - len(row.equations))
    told = beside(row)
    if told:
        cells.append(rf"& \text{{{plain_latex(told)}}}")
    return " & ".join(cells)


def plain_latex(text: str) -> str:
    """Words for LaTeX: its special characters, Greek letters and raised marks spelt in ASCII."""
    spelt = []
    for mark in unicodedata.normalize("NFC", text):
        stem = LATEX.stem(mark)
        if mark in _SPECIAL:
            spelt.append(_SPECIAL[mark])
        elif mark in _RAISED:
            spelt.append(f"$^{{{_RAISED[mark]}}}$")
        elif mark in _LOWERED:
            spelt.append(f"$_{{{_LOWERED[mark]}}}$")
        elif stem != mark and not mark.isascii():
            spelt.append(f"${stem}$")
        else:
            spelt.append(mark)
    return "".join(spelt)
