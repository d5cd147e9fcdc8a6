"""Spelling: the two tables of the notation, unicode text and LaTeX. What is printed is decided in `hdsl.terms.formula`.

Both tables hold the same entries, so a formula has one structure and two looks. A newcomer adds a look by adding a
table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["text", "latex"]

SUPERSCRIPTS = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LOWERED = frozenset("₀₁₂₃₄₅₆₇₈₉")
_INDEX_SUBSCRIPTS = str.maketrans("ijklmpr", "ᵢⱼₖₗₘₚᵣ")
_VULGAR = {(1, 2): "½", (1, 3): "⅓", (2, 3): "⅔", (1, 4): "¼", (3, 4): "¾"}
_ACCENTS = {"bar": "\u0304", "dot": "\u0307", "hat": "\u0302", "tilde": "\u0303"}


@dataclass(frozen=True)
class Spelling:
    """How each part of a formula is written. Arguments and results are finished strings."""

    style: Style
    plus: str
    minus: str
    negative: str
    hadamard: str
    ones: str
    pi: str
    infinity: str
    brackets: Callable[[str], str]
    stem: Callable[[str], str]
    accent: Callable[[str, str, bool], str]
    scripts: Callable[[str, str, str], str]
    within: Callable[[str, str], str]
    power: Callable[[str, str], str]
    transpose: Callable[[str], str]
    fraction: Callable[[str, str], str]
    root: Callable[[str, bool], str]
    norm_squared: Callable[[str], str]
    norm: Callable[[str], str]
    inner: Callable[[str, str], str]
    mean: Callable[[str], str]
    absolute: Callable[[str], str]
    function: Callable[[str, Sequence[str]], str]
    condition: Callable[[str], str]
    word: Callable[[str], str]
    compare: Callable[[str], str]
    choice: Callable[[str, str, str], str]
    total: Callable[[Sequence[str]], str]
    at: Callable[[str, Sequence[str]], str]
    number: Callable[[Fraction], str]


def decimal(value: Fraction) -> str | None:
    """The exact decimal of a number where it is short, else None."""
    for digits in range(13):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            whole = str(abs(scaled.numerator)).rjust(digits + 1, "0")
            point = f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole
            return point if value >= 0 else f"−{point}"
    return None


def _text_number(value: Fraction) -> str:
    """½ and its like, else a decimal as one writes it, else a quotient."""
    if value < 0:
        return "−" + _text_number(-value)
    vulgar = _VULGAR.get((value.numerator, value.denominator))
    return vulgar or decimal(value) or f"{value.numerator}/{value.denominator}"


def _latex_number(value: Fraction) -> str:
    if value < 0:
        return "-" + _latex_number(-value)
    if (value.numerator, value.denominator) in _VULGAR:
        return rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"
    return decimal(value) or rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"


def _text_scripts(base: str, subscript: str, superscript: str) -> str:
    if subscript:
        lowered = subscript.translate(SUBSCRIPTS) if subscript.isdigit() and subscript.isascii() else subscript
        base += lowered if lowered[0] in _LOWERED else f"_{subscript}"
    return base + superscript


def _text_within(subscript: str, instance: str) -> str:
    """A subscript and the instance behind it: W₁_a."""
    lowered = subscript.translate(SUBSCRIPTS) if subscript.isdigit() and subscript.isascii() else subscript
    return f"{lowered}_{instance}" if subscript else instance


def _latex_within(subscript: str, instance: str) -> str:
    return f"{subscript},{instance}" if subscript else instance


def _latex_scripts(base: str, subscript: str, superscript: str) -> str:
    return base + (f"_{{{subscript}}}" if subscript else "") + (f"^{{{superscript}}}" if superscript else "")


def _text_accent(stem: str, accent: str, _letter: bool) -> str:
    """Over the first letter: a combining mark belongs behind the letter that carries it."""
    return stem[0] + _ACCENTS[accent] + stem[1:]


def _latex_accent(stem: str, accent: str, letter: bool) -> str:
    command = accent if letter or accent == "dot" else {"bar": "overline", "hat": "widehat", "tilde": "widetilde"}[accent]
    return rf"\{command}{{{stem}}}"


_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))
_LATEX_GREEK = {letter: f"\\{name}" for name, letter in GREEK.items()} | {"ε": r"\varepsilon", "φ": r"\varphi"}


def latex_escape(text: str) -> str:
    """Text of a name inside \\mathrm."""
    return text.replace("\\", r"\backslash ").replace("_", r"\_").replace("~", r"\sim ")


def _latex_stem(stem: str) -> str:
    if stem in _LATEX_GREEK:
        return _LATEX_GREEK[stem]
    return stem if len(stem) == 1 else rf"\mathrm{{{latex_escape(stem)}}}"


def _text_power(base: str, exponent: str) -> str:
    raised = exponent.translate(SUPERSCRIPTS)
    plain = all(mark in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻" for mark in raised)
    return base + (raised if plain else f"^({exponent})" if len(exponent) > 1 else f"^{exponent}")


def _text_total(letters: Sequence[str]) -> str:
    joined = "".join(letters)
    below = joined.translate(_INDEX_SUBSCRIPTS)
    return f"Σ{below} " if all(mark in "ᵢⱼₖₗₘₚᵣ" for mark in below) else f"Σ_{','.join(letters)} "


_LATEX_FUNCTIONS = {"tanh", "exp", "log", "sin", "cos", "min", "max"}


def _latex_function(name: str, arguments: Sequence[str]) -> str:
    head = f"\\{name}" if name in _LATEX_FUNCTIONS else rf"\operatorname{{{latex_escape(name)}}}"
    return rf"{head}\left({', '.join(arguments)}\right)"


_LATEX_RELATIONS = {"≤": r"\le", "≥": r"\ge", "≠": r"\ne", "or": r"\text{ or }"}


def _latex_compare(relation: str) -> str:
    return f" {_LATEX_RELATIONS.get(relation, relation)} "


def _latex_choice(value: str, condition: str, other: str) -> str:
    return rf"\begin{{cases}} {value} & \text{{if }} {condition} \\ {other} & \text{{otherwise}} \end{{cases}}"


TEXT = Spelling(
    style="text",
    plus=" + ",
    minus=" − ",
    negative="−",
    hadamard=" ⊙ ",
    ones="𝟏",
    pi="π",
    infinity="∞",
    brackets=lambda inner: f"({inner})",
    stem=lambda stem: stem,
    accent=_text_accent,
    scripts=_text_scripts,
    within=_text_within,
    power=_text_power,
    transpose=lambda inner: f"{inner}ᵀ",
    fraction=lambda above, below: f"{above} / {below}",
    root=lambda inner, atom: f"√{inner}" if atom else f"√({inner})",
    norm_squared=lambda inner: f"‖{inner}‖²",
    norm=lambda inner: f"‖{inner}‖",
    inner=lambda left, right: f"⟨{left}, {right}⟩",
    mean=lambda inner: f"⟨{inner}⟩",
    absolute=lambda inner: f"|{inner}|",
    function=lambda name, arguments: f"{name}({', '.join(arguments)})",
    condition=lambda inner: f"[{inner}]",
    word=lambda word: f" {word}",
    compare=lambda relation: f" {relation} ",
    choice=lambda value, condition, other: f"{value} if {condition} else {other}",
    total=_text_total,
    at=lambda name, letters: f"{name}[{','.join(letters)}]",
    number=_text_number,
)

LATEX = Spelling(
    style="latex",
    plus=" + ",
    minus=" - ",
    negative="-",
    hadamard=r" \odot ",
    ones=r"\mathbf{1}",
    pi=r"\pi",
    infinity=r"\infty",
    brackets=lambda inner: rf"\left({inner}\right)",
    stem=_latex_stem,
    accent=_latex_accent,
    scripts=_latex_scripts,
    within=_latex_within,
    power=lambda base, exponent: f"{base}^{{{exponent}}}",
    transpose=lambda inner: rf"{inner}^{{\top}}",
    fraction=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    root=lambda inner, atom: rf"\sqrt{{{inner}}}",
    norm_squared=lambda inner: rf"\left\lVert {inner} \right\rVert^{{2}}",
    norm=lambda inner: rf"\left\lVert {inner} \right\rVert",
    inner=lambda left, right: rf"\left\langle {left}, {right} \right\rangle",
    mean=lambda inner: rf"\left\langle {inner} \right\rangle",
    absolute=lambda inner: rf"\left| {inner} \right|",
    function=_latex_function,
    condition=lambda inner: rf"\left[{inner}\right]",
    word=lambda word: rf"\text{{ {word}}}",
    compare=_latex_compare,
    choice=_latex_choice,
    total=lambda letters: rf"\sum_{{{','.join(letters)}}} ",
    at=lambda name, letters: f"{name}[{','.join(letters)}]",
    number=_latex_number,
)

SPELLINGS: dict[Style, Spelling] = {"text": TEXT, "latex": LATEX}
