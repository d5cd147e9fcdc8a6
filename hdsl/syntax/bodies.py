"""Bodies: the lines between the braces of a component, put together with its head."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hdsl.diagnostics import catalogue_component as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Component, Return, Statement
from hdsl.syntax.words import KEYWORDS, OF_COMPONENTS


@dataclass
class Body:
    """A component that is open: its head, or None where that has a mistake; its statements; what it returns.

    ``whole`` is false once one of its lines has a mistake: then the component is left out, and nothing is missed in it.
    """

    head: Component | None
    statements: list[Statement] = field(default_factory=list)
    returned: list[Return] = field(default_factory=list)
    whole: bool = True

    def add(self, statement: Statement, word: str) -> Diagnostic | None:
        """Take in a statement, which starts with ``word``; what is wrong with it where it cannot stand here."""
        if isinstance(statement, Return):
            self.returned.append(statement)
            again = len(self.returned) > 1
            return catalogue.return_twice(statement.span, self.returned[0].span) if again else None
        if isinstance(statement, Component) or (word in KEYWORDS and word not in OF_COMPONENTS):
            return catalogue.not_in_component(statement.span, word)
        if self.returned:
            return catalogue.after_return(statement.span, self.returned[0].span)
        self.statements.append(statement)
        return None

    def missing(self) -> Diagnostic | None:
        """What is wrong with the body as a whole."""
        if self.head is None or self.returned or not self.whole:
            return None
        return catalogue.return_missing(self.head.name_span, self.head.name)

    def component(self, end: int) -> Component | None:
        """The component, which ends at a place of the file; None where a mistake has been reported."""
        return self._made(end) if self.returned and self.whole else None

    def broken(self, end: int) -> Component | None:
        """The component without what could not be read; None where that is its head."""
        return self._made(end)

    def _made(self, end: int) -> Component | None:
        if self.head is None:
            return None
        value = self.returned[0].value if self.returned else self.head.value
        return replace(self.head, body=tuple(self.statements), value=value, span=Span(self.head.span.start, end))
