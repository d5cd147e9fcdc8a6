"""MathML: equations for a browser, from their LaTeX."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

_LETTERS = re.compile(r'(?:<mi mathvariant="normal">[^<]+</mi>){2,}')
_LETTER = re.compile(r'<mi mathvariant="normal">([^<]+)</mi>')
_ACCENT = re.compile(r"<mo(?: [^>]*)?>(&#x002D9;|&#x000AF;|&#x0005E;|&#x02015;)</mo></mover>")
_SIGNS = {
    "<mo>&#x022A4;</mo>": '<mi mathvariant="normal">T</mi>',  # ⊤ is too high and too wide in many fonts
    # A prime stands high by itself; made small besides, it is a dot.
    "<msup><mi>H</mi><mi>&#x02032;</mi></msup>": '<mrow><mi>H</mi><mo lspace="0" rspace="0">&#x02032;</mo></mrow>',
}


@cache
def mathml(latex: str, display: Literal["inline", "block"] = "inline") -> str:
    """A formula in LaTeX, as hdsl itself spells it, as a ``<math>`` element."""
    from latex2mathml.converter import convert

    # The library reads \operatorname as \mathrm, but for an escaped underscore in it.
    made = str(convert(latex.replace(r"\operatorname", r"\mathrm"), display=display))
    # It sets a word as letters, an accent as an operator and a transposition as one: browsers space these apart.
    made = _LETTERS.sub(lambda word: f"<mi>{''.join(_LETTER.findall(word[0]))}</mi>", made)
    made = _ACCENT.sub(r'<mo accent="true" stretchy="false">\1</mo></mover>', made)
    for theirs, ours in _SIGNS.items():
        made = made.replace(theirs, ours)
    return made
