"""Make the statements of `hdsl.syntax.tree` from the parser's nodes. A method is named after the rule that it reads."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lark import Token

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.syntax.control_tree import Bounds, Constraint, Control, Costate, Final, Horizon
from hdsl.syntax.expressions import Children, ExpressionMaker, Node, without_signs
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Component,
    Declare,
    Define,
    Dim,
    Dynamics,
    Expression,
    Latex,
    Learn,
    Local,
    ModelName,
    Name,
    Number,
    Parameter,
    Project,
    Reset,
    Return,
    Setting,
    Statement,
    Use,
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
        word: Any = str(role)
        if for_indices and role != "let":
            names = Span(for_indices[0].span.start, for_indices[-1].span.end)
            self.found.append(catalogue.indices_here(names, self.span(node.children[2]), word))
        made = Define(word, self.word(name), value, self.span(name), self.span(node), indices=for_indices or ())
        return [made]

    def for_indices(self, node: Node, children: Children) -> tuple[Name, ...]:
        names = [child for child in children if isinstance(child, Token) and child.type == "NAME"]
        return tuple(Name(self.word(name), self.span(name)) for name in names)

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

    # --- components and what goes with them --------------------------------------------------------------------------

    def component(self, node: Node, children: Children) -> list[Statement]:
        """The head of a component; its body, and what it returns, are lines of their own."""
        _, name, parameters = children
        span = self.span(node)
        nothing = Number(Fraction(0), Span(span.end, span.end))
        return [Component(self.word(name), parameters, (), nothing, False, self.span(name), span)]

    def function(self, node: Node, children: Children) -> list[Statement]:
        _, name, parameters, value = children
        return [Component(self.word(name), parameters, (), value, True, self.span(name), self.span(node))]

    def parameters(self, node: Node, children: Children) -> tuple[Parameter, ...]:
        return tuple(without_signs(children))

    def parameter(self, node: Node, children: Children) -> Parameter:
        name, shape, default = children
        return Parameter(self.word(name), shape or (), default, self.span(name), self.span(node))

    def returned(self, node: Node, children: Children) -> list[Statement]:
        return [Return(children[1], self.span(node))]

    def use(self, node: Node, children: Children) -> list[Statement]:
        return [Use(str(children[1])[1:-1], self.span(children[1]), self.span(node))]

    def project(self, node: Node, children: Children) -> list[Statement]:
        name, value = children[1], children[2]
        every = children[4] if len(children) > 4 else None
        return [Project(self.word(name), value, every, self.span(name), self.span(node))]

    def latex(self, node: Node, children: Children) -> list[Statement]:
        _, name, text = children
        return [Latex(self.word(name), str(text)[1:-1], self.span(name), self.span(node))]

    def local(self, node: Node, children: Children) -> list[Statement]:
        names = tuple(Name(self.word(path), self.span(path)) for path in children[1:])
        return [Local(names, self.span(node))]

    # --- optimal control and mechanics -------------------------------------------------------------------------------

    def control(self, node: Node, children: Children) -> list[Statement]:
        _, name, shape, bounds, *rule = children
        told = [child for child in rule if child is not None]
        word: Any = str(told[0]) if told else "stationarity"
        value = told[1] if len(told) > 1 else None
        named = self.span(name)
        return [Control(self.word(name), shape or (), bounds, word, value, named, self.span(node))]

    def bounds(self, node: Node, children: Children) -> Bounds:
        lower, upper = without_signs(children[1:])
        return Bounds(lower, upper, self.span(node))

    def costate(self, node: Node, children: Children) -> list[Statement]:
        _, name, _, state, value = children
        of = Name(self.word(state), self.span(state))
        return [Costate(self.word(name), of, value, self.span(name), self.span(node))]

    def horizon(self, node: Node, children: Children) -> list[Statement]:
        _, end, guess, bounds = children
        return [Horizon(end, guess, bounds, self.span(node))]

    def final(self, node: Node, children: Children) -> list[Statement]:
        return [Final(children[1], self.span(node))]

    def constraint(self, node: Node, children: Children) -> list[Statement]:
        _, name, value, _, *weight = children
        held = weight[0] if weight else None
        return [Constraint(self.word(name), value, held, self.span(name), self.span(node))]

    def setting(self, node: Node, children: Children) -> Setting:
        path, value = children
        return Setting(tuple(self.word(path).split(".")), value, self.span(path), self.span(node))


