"""Make the expressions of `hdsl.syntax.tree` from the parser's nodes.

A method is named after the rule of the grammar that it reads. Nodes are visited from the leaves up without recursion,
so that no depth of a file is a danger here; what comes out is at most `DEEPEST` operations deep, which later passes may
walk recursively.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

from lark import Token, Tree

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.names import ascii_spelling, stray_character
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Slice,
    Subscript,
    Transpose,
)

DEEPEST = 100
MOST_DIGITS = 40
LARGEST_EXPONENT = 400
LONGEST_NAME = 100

Node: TypeAlias = Tree[Token]
Children: TypeAlias = list[Any]


class TooDeep(Exception):
    """An expression is deeper than `DEEPEST`; ``diagnostic`` says where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class ExpressionMaker:
    """Makes expressions and gathers what is wrong in them in ``found``.

    ``base`` is the place in the file of the text that was parsed.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.found: list[Diagnostic] = []
        # Both by id, of objects that are alive: the tree is, and the expressions are in `make`'s values.
        self.places: dict[int, Span] = {}
        self.depths: dict[int, int] = {}

    def make(self, tree: Node) -> Any:
        """What the tree stands for."""
        values: dict[int, Any] = {}
        for node in tree.iter_subtrees():
            self._place(node)
            children = [values[id(child)] if isinstance(child, Tree) else child for child in node.children]
            value = getattr(self, node.data)(node, children)
            if isinstance(value, Expression) and id(value) not in self.depths:
                self._measure(value, children)
            values[id(node)] = value
        return values[id(tree)]

    def _measure(self, value: Expression, children: Children) -> None:
        depth = 1 + max((self._depth(child) for child in children), default=0)
        if depth > DEEPEST:
            raise TooDeep(catalogue.expression_too_deep(value.span, DEEPEST))
        self.depths[id(value)] = depth

    def _depth(self, child: Any) -> int:
        if isinstance(child, list):
            return max((self._depth(item) for item in child), default=0)
        if isinstance(child, tuple):  # an argument: its name and its value
            return self._depth(child[1])
        if isinstance(child, At):
            return self._depth(child.value)
        if isinstance(child, Slice):
            return max(map(self._depth, (child.start, child.stop, child.step)))
        return self.depths.get(id(child), 0)

    # --- places and words --------------------------------------------------------------------------------------------

    def span(self, node: Node | Token) -> Span:
        """Where a node or a word stands in the file."""
        if isinstance(node, Token):
            assert node.start_pos is not None and node.end_pos is not None
            return Span(self.base + node.start_pos, self.base + node.end_pos)
        return self.places[id(node)]

    def _place(self, node: Node) -> None:
        """A node reaches from its first part to its last; a subscript ``:`` has none and needs no place."""
        parts = [child for child in (node.children[0], node.children[-1]) if child is not None]
        parts = parts if len(parts) == 2 else [child for child in node.children if child is not None]
        if parts:
            self.places[id(node)] = Span(self.span(parts[0]).start, self.span(parts[-1]).end)

    def word(self, token: Token, span: Span | None = None) -> str:
        """The ASCII spelling of a name or a path, which may be a part of its token."""
        span = span or self.span(token)
        text = str(token)[: span.end - span.start]
        if len(text) > LONGEST_NAME:
            self.found.append(catalogue.name_too_long(span, len(text), LONGEST_NAME))
        elif (stray := stray_character(text)) is not None:
            at = span.start + stray
            self.found.append(catalogue.character(Span(at, at + 1), text[stray], stray == len(text) - 1))
        return ascii_spelling(text[:LONGEST_NAME])

    # --- leaves ------------------------------------------------------------------------------------------------------

    def number(self, node: Node, children: Children) -> Number:
        span = self.span(node)
        text = str(children[0])
        mantissa, _, exponent = text.lower().partition("e")
        digits = sum(map(str.isdigit, mantissa))
        if digits > MOST_DIGITS:
            self.found.append(catalogue.too_many_digits(span, digits, MOST_DIGITS))
            return Number(Fraction(0), span)
        # A long exponent is not read as a number: its value is of no interest, and Python bounds its digits.
        magnitude = exponent.lstrip("+-").lstrip("0")
        if len(magnitude) > 3 or int(magnitude or 0) > LARGEST_EXPONENT:
            self.found.append(catalogue.exponent_too_large(span, LARGEST_EXPONENT))
            return Number(Fraction(0), span)
        return Number(Fraction(text), span)

    def name(self, node: Node, children: Children) -> Expression:
        """A path; each ``.T`` at its end is a transpose."""
        token, whole = children[0], self.span(node)
        length = len(token)
        while token[:length].endswith(".T"):
            length -= 2
        inner = Span(whole.start, whole.start + length)
        made: Expression = self._checked(Name(self.word(token, inner), inner))
        for end in range(inner.end + 2, whole.end + 1, 2):
            made = self._checked(Transpose(made, Span(whole.start, end)), made)
        return made

    def _checked(self, made: Expression, *operands: Expression) -> Expression:
        """An expression made outside a rule of its own, measured like the others."""
        self._measure(made, list(operands))
        return made

    # --- operations --------------------------------------------------------------------------------------------------

    def binary(self, node: Node, children: Children) -> Binary:
        left, operator, right = children
        sign: Any = "^" if operator == "**" else str(operator)
        return Binary(sign, left, right, self.span(node))

    def negate(self, node: Node, children: Children) -> Negate:
        return Negate(children[1], self.span(node))

    def transpose(self, node: Node, children: Children) -> Transpose:
        return Transpose(children[0], self.span(node))

    def parenthesised(self, node: Node, children: Children) -> Expression:
        """The expression itself; its place takes in the parentheses."""
        inner: Expression = children[1]
        if isinstance(inner, Name):
            return replace(inner, span=self.span(node), own_span=inner.own_span or inner.span)
        return replace(inner, span=self.span(node))

    def list_literal(self, node: Node, children: Children) -> ListLiteral:
        return ListLiteral(tuple(without_signs(children)), self.span(node))

    def call(self, node: Node, children: Children) -> Call:
        path, _, arguments, _ = children
        function_span = self.span(path)
        function = self.word(path)
        positional: list[Expression] = []
        keywords: dict[str, Expression] = {}
        places: dict[str, Span] = {}
        for name, value in arguments or ():
            if name is None:
                if places:
                    self.found.append(catalogue.positional_after_keyword(value.span, next(iter(places.values()))))
                positional.append(value)
                continue
            word, place = self.word(name), self.span(name)
            if word in keywords:
                self.found.append(catalogue.keyword_twice(place, word, places[word]))
            elif "." in word:
                self.found.append(catalogue.dotted_argument(place, word))
            keywords[word], places[word] = value, place
        named = tuple(keywords.items()), function_span, self.span(node), tuple(places.values())
        return Call(function, tuple(positional), *named)

    def arguments(self, node: Node, children: Children) -> list[tuple[Token | None, Expression]]:
        return [child for child in children if child is not None]

    def argument(self, node: Node, children: Children) -> tuple[Token | None, Expression]:
        return children[0], children[1]

    # --- comparisons and indices -------------------------------------------------------------------------------------

    def compare(self, node: Node, children: Children) -> Compare:
        left, operator, right = children
        sign: Any = str(operator)
        return Compare(sign, left, right, self.span(node))

    def conditional(self, node: Node, children: Children) -> Conditional:
        value, _, condition, _, other = children
        return Conditional(value, condition, other, self.span(node))

    def indexing(self, node: Node, children: Children) -> Index:
        return Index(children[0], tuple(without_signs(children[1:])), self.span(node))

    def index_sum(self, node: Node, children: Children) -> Expression:
        """``sum[i, j](value)``: what looks like an indexed name is the function with its indices."""
        indexed, _, arguments, _ = children
        head = indexed.operand
        subscripts = [s.value for s in indexed.subscripts if isinstance(s, At)]
        indices = tuple(s for s in subscripts if isinstance(s, Name) and "." not in s.name)
        given = [*(arguments or ())]
        values = [value for name, value in given if name is None]
        span = self.span(node)
        if not isinstance(head, Name) or head.name != "sum" or len(indices) < len(indexed.subscripts):
            self.found.append(catalogue.calls_indexed(indexed.span, isinstance(head, Name) and head.name == "sum"))
        elif len(given) != 1 or not values:
            self.found.append(catalogue.index_sum_arguments(span))
        else:
            return IndexSum(indices, values[0], head.span, span)
        return Number(Fraction(0), span)

    def subscript(self, node: Node, children: Children) -> Subscript:
        colons = [place for place, child in enumerate(children) if isinstance(child, Token)]
        span = self.span(node)
        if not colons:
            return At(children[0], span)
        parts = [child for child in children if not isinstance(child, Token)]
        start, stop, step = (parts[0], parts[1], parts[-1] if len(colons) > 1 else None)
        return Slice(start, stop, step, span)


def without_signs(children: Children) -> Children:
    """The parts that a rule is about, without its brackets and commas."""
    return [child for child in children if child is not None and not isinstance(child, Token)]
