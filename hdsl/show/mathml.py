"""MathML: equations for a browser, from their LaTeX."""

from __future__ import annotations

from typing import Literal


def mathml(latex: str, display: Literal["inline", "block"] = "inline") -> str:
    """A formula in LaTeX as a ``<math>`` element.

    The LaTeX is what hdsl itself has spelt; what the library cannot read it would show as text, which tests look for.
    """
    from latex2mathml.converter import convert

    # The library reads \operatorname and \mathrm alike; only the second one keeps an escaped underscore.
    return str(convert(latex.replace(r"\operatorname", r"\mathrm"), display=display))
