"""Shown: products that show themselves in a notebook. How they look is decided above, in the room ``show``.

Rooms import downwards only, so that the printer is given from above, by `hdsl.api` when `hdsl` is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeAlias

Layout: TypeAlias = Literal["html", "markdown", "latex"]


class Shown:
    """A product with the methods that notebooks look for; each gives None while there is no printer."""

    printer: ClassVar[Callable[[Any, Layout], str | None] | None] = None

    def _repr_html_(self) -> str | None:
        return self._shown("html")

    def _repr_markdown_(self) -> str | None:
        return self._shown("markdown")

    def _repr_latex_(self) -> str | None:
        return self._shown("latex")

    def _shown(self, layout: Layout) -> str | None:
        printer = Shown.printer
        return None if printer is None else printer(self, layout)
