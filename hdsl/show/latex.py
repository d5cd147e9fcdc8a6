"""LaTeX: a page as a document of its own, from which equations can be taken."""

from __future__ import annotations

import re
import unicodedata

from hdsl.show.page import HEADINGS, Page, Row, Section, parted
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
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "′": r"$'$", "⊙": r"$\odot$", "\u00a0": "~", "–": "--",
    "|": r"$\vert$", "²": "$^{2}$", "½": r"$\tfrac{1}{2}$", "¼": r"$\tfrac{1}{4}$",
}  # fmt: skip
LONGEST = 64
"""How wide a row may be, in letters, before it is broken: what a page of the class article has room for."""

_BREAK = re.compile(r"\\left|\\right|[{}]| [+-] ")
_DEPTH = {r"\left": 1, "{": 1, r"\right": -1, "}": -1}
_NO_WIDTH = re.compile(r"\\(?:left|right|mathrm|operatorname|text|tfrac|frac|bar|dot|hat|overline|[,;!])(?![A-Za-z]) ?")
_FUNCTION = re.compile(r"\\(tanh|exp|log|sin|cos|min|max)")
_COMMAND = re.compile(r"\\(?!(?:tanh|exp|log|sin|cos|min|max)\b)(?:[A-Za-z]+|.) ?")
_SCRIPT = re.compile(r"[_^]\{[^{}]*\}")
_RAISED = {chr(mark): chr(plain) for plain, mark in SUPERSCRIPTS.items()} | {"ᵀ": r"\top"}
_LOWERED = {mark: plain for plain, mark in zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True)}


def page_latex(page: Page) -> str:
    """A page in the LaTeX spelling as a document that compiles with amsmath.

    Raises:
        ValueError: the page is in another spelling.
    """
    if page.style != "latex":
        raise ValueError("the page must be made in the style latex")
    parts = [_HEAD.format(title=plain_latex(page.name), facts=worded_latex(page.facts))]
    if page.doc:
        parts.append(plain_latex(page.doc) + "\n")
    for section in page.sections:
        parts.append(rf"\subsection*{{{plain_latex(HEADINGS[section.key])}}}" + "\n")
        if section.words:
            parts.append(worded_latex(section.words) + ".\n")
        if section.rows:
            parts.append(aligned(section, "align*") + "\n")
    return "\n".join([*parts, r"\end{document}"]) + "\n"


def aligned(section: Section, environment: str) -> str:
    """The rows of a section in an environment of amsmath."""
    pairs = max((len(row.equations) for row in section.rows if _is_short(row)), default=1)
    lines = " \\\\\n".join(f"  {line}" for row in section.rows for line in _aligned_row(row, pairs))
    return f"\\begin{{{environment}}}\n{lines}\n\\end{{{environment}}}"


def _is_short(row: Row) -> bool:
    return sum(width(str(equation)) for equation in row.equations) <= LONGEST


def _aligned_row(row: Row, pairs: int) -> list[str]:
    """Equations aligned at their equals signs, then lines of the file and words; what is long goes on below."""
    told = beside(row)
    behind = [rf"& \text{{{worded_latex(told)}}}"] if told else []
    if _is_short(row):
        cells = [f"{e.left} &{e.sign} {e.right}" for e in row.equations]
        return [" & ".join([*cells, *["&"] * (pairs - len(row.equations)), *behind])]
    lines = []
    for equation in row.equations:
        first, *others = parts(equation.right)
        lines.append(" & ".join([f"{equation.left} &{equation.sign} {first}", *["&"] * (pairs - 1), *behind]))
        lines += [rf"&\quad{other}" for other in others]
        behind = []
    return lines


def parts(formula: str) -> list[str]:
    """A formula, cut before a plus or minus outside all brackets where it is too long for a line."""
    found, depth, start = [""], 0, 0
    pieces = []
    for sign in _BREAK.finditer(formula):
        depth += _DEPTH.get(sign[0], 0)
        if depth == 0 and sign[0] in (" + ", " - ") and sign.start() > 0:
            pieces.append(formula[start : sign.start()])
            start = sign.start()
    for piece in (*pieces, formula[start:]):
        if found[-1] and width(found[-1] + piece) > LONGEST:
            found.append(piece)
        else:
            found[-1] += piece
    return found


def width(formula: str) -> int:
    """About as many letters as a formula in LaTeX is wide: a command is a letter, a script takes half."""
    told = _SCRIPT.sub(lambda script: script[0][: 2 + (len(script[0]) - 3) // 2], _NO_WIDTH.sub("", formula))
    return len(re.sub(r"[{}_^]| (?= )", "", _FUNCTION.sub(r"\1", _COMMAND.sub("x", told))).strip())


def worded_latex(words: str) -> str:
    """Words of hdsl's own making for LaTeX: formulas in them as they are, the rest as `plain_latex` has it."""
    return "".join(f"${part}$" if formula else plain_latex(part) for part, formula in parted(words))


def plain_latex(text: str) -> str:
    """Text of anybody's for LaTeX: its special characters, Greek letters and raised marks spelt in ASCII."""
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
