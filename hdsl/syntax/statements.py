"""Make the statements of `hdsl.syntax.tree` from the parser's nodes. A method is named after the rule that it reads."""

from __future__ import annotations

from typing import Any

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.syntax.expressions import Children, ExpressionMaker, Node, without_signs
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Declare,
    Define,
    Dim,
    Dynamics,
    Expression,
    Learn,
    ModelName,
    Reset,
    Setting,
    Statement,
    Version,
)

LANGUAGE_VERSION = 1


class StatementMaker(ExpressionMaker):
    """Makes the statements of one line: several for ``dim n, m``, else one. Doc comments are added by the caller."""

    def version(self, node: Node, children: Children) -> list[Statement]:
        token = children[1]
        if str(token) != str(LANGUAGE_VERSION):
            self.found.append(catalogue.wrong_version(self.span(token), str(token)))
        return [Version(LANGUAGE_VERSION, self.span(node))]

    def model_name(self, node: Node, children: Children) -> list[Statement]:
        return [ModelName(self.word(children[1]), self.span(node))]

    def dims(self, node: Node, children: Children) -> list[Statement]:
        return children[1:]

    def dim(self, node: Node, children: Children) -> Dim:
        name, default = children
        return Dim(self.word(name), default, self.span(name), self.span(node))

    def declaration(self, node: Node, children: Children) -> list[Statement]:
        role, name, shape, index, value = children
        word: Any = str(role)
        return [Declare(word, self.word(name), shape or (), value, index, self.span(name), self.span(node))]

    def shape(self, node: Node, children: Children) -> tuple[Expression, ...]:
        return tuple(without_signs(children))

    def index_below(self, node: Node, children: Children) -> Expression:
        bound: Expression = children[2]
        return bound

    def definition(self, node: Node, children: Children) -> list[Statement]:
        role, name, for_indices, value = children
        if for_indices:
            self.refused.append(("named indices", for_indices))
        word: Any = str(role)
        return [Define(word, self.word(name), value, self.span(name), self.span(node))]

    def for_indices(self, node: Node, children: Children) -> Span:
        return self.span(node)

    def dynamics(self, node: Node, children: Children) -> list[Statement]:
        derivative, value = children
        whole = self.span(derivative)
        name_span = Span(whole.start, whole.end - 1)  # without the prime
        return [Dynamics("flow", self.word(derivative, name_span), value, name_span, self.span(node))]

    def propagation(self, node: Node, children: Children) -> list[Statement]:
        _, name, value = children
        return [Dynamics("next", self.word(name), value, self.span(name), self.span(node))]

    def reset(self, node: Node, children: Children) -> list[Statement]:
        name, when = children[1], children[-1]
        word: Any = str(when)
        return [Reset(self.word(name), word, self.span(name), self.span(node))]

    def learn(self, node: Node, children: Children) -> list[Statement]:
        return [Learn((), self.span(node))]

    def setting(self, node: Node, children: Children) -> Setting:
        path, value = children
        return Setting(tuple(self.word(path).split(".")), value, self.span(path), self.span(node))


