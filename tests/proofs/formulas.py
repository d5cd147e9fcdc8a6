"""Random formulas of a wanted shape over the names in scope, with every function in its domain and magnitudes tame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from hdsl.terms.elementwise import ROWS, WRITABLE
from tests.proofs.parts import Parts

Shape: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A name of a shape. Level 0 reads nothing of a stream, 1 reads inputs or per-stream states, 2 reads targets."""

    name: str
    shape: Shape
    level: int


def meets(part: Shape, whole: Shape) -> bool:
    """Whether a value of shape ``part`` broadcasts to ``whole`` by the rules of the language."""
    pairs = zip(reversed(part), reversed(whole), strict=False)
    return len(part) <= len(whole) and all(one in ("1", other) for one, other in pairs)


@dataclass
class Formulas:
    """Draws formulas; ``names`` grows as a model is drawn. Those that may not read the time have no ``times``."""

    random: Random
    names: list[Name] = field(default_factory=list)
    inputs: list[Name] = field(default_factory=list)
    indices: list[Name] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)
    times: tuple[str, ...] = ("t", "tau")

    def __post_init__(self) -> None:
        self.parts = Parts(self)

    def shapes(self, level: int) -> list[Shape]:
        """Every shape that some name of a level or below has, and ()."""
        return [*dict.fromkeys([(), *(name.shape for name in self.names if name.level <= level)])]

    def of_stream(self) -> str:
        """A scalar that surely differs from stream to stream."""
        chosen = self.random.choice(self.inputs)
        return self.random.choice((f"0.3*sum({chosen.name})", f"mean({chosen.name})"))

    def draw(self, shape: Shape, level: int, depth: int) -> str:
        """A formula of a shape over names up to a level."""
        if depth == 0:
            return self.leaf(shape, level)
        makers = [self.row, self.row, self.arithmetic, self.broadcast, self.power, self.leaf_only, self.negate, self.choice]
        if shape:
            makers += [self.product, self.product, self.both_ways, self.softmax, self.along_axis]
        else:
            makers += [self.reduction, self.reduction, self.loss, self.loss, self.dot]
        if len(shape) == 2:
            makers += [self.transpose, self.outer, self.parts.matrix, self.parts.matrix]
        if len(shape) == 1:
            makers += [self.parts.vector, self.parts.vector]
        makers += [self.parts.piece, self.parts.piece, self.parts.by_index]
        self.random.shuffle(makers)
        return next(made for maker in makers if (made := maker(shape, level, depth)))

    def leaf(self, shape: Shape, level: int) -> str:
        """A name of the shape, one that broadcasts to it beside one of the shape, or a number."""
        exact = [name.name for name in self.names if name.shape == shape and name.level <= level]
        if not shape:
            exact += ["0.5", "2", "1/3", *self.times, "0.25*pi", *(f"{size}/4" for size in self.sizes)]
        return self.random.choice(exact)

    # Makers: a formula, or "" where the shape cannot be made this way ------------------------------------------------

    def leaf_only(self, shape: Shape, level: int, depth: int) -> str:
        return self.leaf(shape, level)

    def negate(self, shape: Shape, level: int, depth: int) -> str:
        return f"(-{self.draw(shape, level, depth - 1)})"

    def row(self, shape: Shape, level: int, depth: int) -> str:
        """An elementwise row of the table, each argument in its domain."""
        row = ROWS[self.random.choice(WRITABLE)]
        first = self.argument(row.name, row.domain, shape, level, depth - 1)
        others = [self.operand(shape, level, depth - 1) for _ in range(row.arity - 1)]
        if row.name == "clip" and self.random.random() < 0.5:
            others = ["-0.3", "0.4"]
        return f"{row.name}({', '.join((first, *others))})"

    def argument(self, name: str, domain: str, shape: Shape, level: int, depth: int) -> str:
        inner = self.draw(shape, level, depth)
        if domain == "positive":
            return self.random.choice((f"1 + ({inner})^2", f"0.5 + softplus({inner})", f"2 + tanh({inner})"))
        return f"0.5*tanh({inner})" if name == "exp" else inner

    def choice(self, shape: Shape, level: int, depth: int) -> str:
        """A conditional, or a comparison that stands as a number."""
        sides = [self.operand(shape, level, depth - 1) for _ in range(2)]
        compared = f"{sides[0]} {self.random.choice(('<', '>', '<=', '>=', '==', '!='))} {sides[1]}"
        if self.random.random() < 0.3:
            return f"(({compared}) + {self.draw(shape, level, depth - 1)})"
        condition = compared if self.random.random() < 0.8 else f"({compared})*({self.operand(shape, level, depth - 1)})"
        branches = [self.draw(shape, level, depth - 1), self.operand(shape, level, depth - 1)]
        self.random.shuffle(branches)
        return f"({branches[0]} if {condition} else {branches[1]})"

    def operand(self, shape: Shape, level: int, depth: int) -> str:
        """A formula that broadcasts to a shape."""
        smaller = [one for one in self.shapes(level) if meets(one, shape)]
        return self.draw(self.random.choice([*smaller, shape]) if shape in self.shapes(level) else shape, level, depth)

    def arithmetic(self, shape: Shape, level: int, depth: int) -> str:
        left, right = self.draw(shape, level, depth - 1), self.operand(shape, level, depth - 1)
        pair = self.random.choice(((left, right), (right, left)))
        operator = self.random.choice("+-*/")
        return f"({pair[0]} {operator} {pair[1] if operator != '/' else f'(1.5 + ({pair[1]})^2)'})"

    def broadcast(self, shape: Shape, level: int, depth: int) -> str:
        """A name of a smaller shape, repeated along the missing axes or those of size 1."""
        smaller = [name.name for name in self.names if name.level <= level and name.shape != shape and meets(name.shape, shape)]
        if not smaller:
            return ""
        pair = [self.random.choice(smaller), self.draw(shape, level, depth - 1)]
        self.random.shuffle(pair)
        return f"({pair[0]} {self.random.choice('+-*')} {pair[1]})"

    def power(self, shape: Shape, level: int, depth: int) -> str:
        base = self.draw(shape, level, depth - 1)
        positive = self.argument("", "positive", shape, level, depth - 1)
        exponent = self.operand(shape, level, depth - 1)
        return self.random.choice(
            (
                f"({base})^2",
                f"tanh({base})^3",
                f"({base})**1",
                f"({positive})^-1",
                f"({positive})^0.5",
                f"({positive})^(-3/2)",
                f"({positive})^tanh({exponent})",
                f"2^tanh({base})",
            )
        )

    def product(self, shape: Shape, level: int, depth: int) -> str:
        """``A @ x``, ``A.T @ x``, ``x @ A`` and the like, through any size that names in scope share."""
        known = [name for name in self.names if name.level <= level]
        found: list[Callable[[], str]] = []
        shapes = self.shapes(level)
        for name in known:
            if len(name.shape) == len(shape) + 1 and name.shape[:-1] == shape and name.shape[-1:] in shapes:
                found.append(lambda n=name: f"{n.name} @ {self.draw(n.shape[-1:], level, depth - 1)}")
            if len(name.shape) == 2 and len(shape) == 1 and name.shape[1:] == shape and name.shape[:1] in shapes:
                found.append(lambda n=name: f"{n.name}.T @ {self.draw(n.shape[:1], level, depth - 1)}")
                found.append(lambda n=name: f"{self.draw(n.shape[:1], level, depth - 1)} @ {n.name}")
            if len(name.shape) == 2 and len(shape) == 2:
                inner, outer = name.shape[1], name.shape[0]
                if outer == shape[0] and (inner, shape[1]) in shapes:
                    found.append(lambda n=name: f"{n.name} @ {self.draw((n.shape[1], shape[1]), level, depth - 1)}")
                if inner == shape[0] and (outer, shape[1]) in shapes:
                    found.append(lambda n=name: f"{n.name}.T @ {self.draw((n.shape[0], shape[1]), level, depth - 1)}")
        return f"({self.random.choice(found)()})" if found else ""

    def both_ways(self, shape: Shape, level: int, depth: int) -> str:
        """``W @ x + W.T @ y``: one parameter twice, once transposed."""
        if len(shape) != 1:
            return ""
        square = [name.name for name in self.names if name.shape == (*shape, *shape) and name.level <= level]
        if not square:
            return ""
        name = self.random.choice(square)
        left, right = self.draw(shape, level, depth - 1), self.draw(shape, level, depth - 1)
        return f"({name} @ {left} {self.random.choice('+-')} {name}.T @ {right})"

    def transpose(self, shape: Shape, level: int, depth: int) -> str:
        turned = shape[::-1]
        return f"({self.draw(turned, level, depth - 1)}).T" if turned in self.shapes(level) else ""

    def outer(self, shape: Shape, level: int, depth: int) -> str:
        """A column and a row that broadcast to a matrix, whether or not there is one of that shape."""
        column, rows = (shape[0], "1"), [one for one in self.shapes(level) if one in (shape[1:], ("1", shape[1]))]
        if column not in self.shapes(level) or not rows:
            return ""
        row = self.random.choice(rows)
        return f"({self.draw(column, level, depth - 1)} {self.random.choice('+*')} {self.draw(row, level, depth - 1)})"

    def softmax(self, shape: Shape, level: int, depth: int) -> str:
        inner = self.draw(shape, level, depth - 1)
        axis = self.random.randrange(-len(shape), len(shape))
        return f"softmax({inner}{self.random.choice(('', f', {axis}', f', axis={axis}'))})"

    def along_axis(self, shape: Shape, level: int, depth: int) -> str:
        """A larger shape without one of its axes."""
        found = [
            (one, axis)
            for one in self.shapes(level)
            for axis in range(len(one))
            if one[:axis] + one[axis + 1 :] == shape
        ]
        if not found:
            return ""
        one, axis = self.random.choice(found)
        written = self.random.choice((axis, axis - len(one)))
        function = self.random.choice(("sum", "mean", "logsumexp", "norm2"))
        return f"{function}({self.draw(one, level, depth - 1)}, {self.random.choice(('', 'axis='))}{written})"

    def reduction(self, shape: Shape, level: int, depth: int) -> str:
        one = self.random.choice(self.shapes(level))
        inner = self.draw(one, level, depth - 1)
        functions = ["0.2*sum", "mean", "0.1*squared", "0.3*norm2"]
        return f"{self.random.choice([*functions, 'logsumexp'] if len(one) == 1 else functions)}({inner})"

    def dot(self, shape: Shape, level: int, depth: int) -> str:
        one = self.random.choice([one for one in self.shapes(level) if one] or [()])
        left, right = self.draw(one, level, depth - 1), self.draw(one, level, depth - 1)
        return f"({left} @ {right})" if len(one) == 1 and self.random.random() < 0.5 else f"0.3*dot({left}, {right})"

    def loss(self, shape: Shape, level: int, depth: int) -> str:
        """A cross entropy at an index or under probabilities."""
        found = [index for index in self.indices if index.level <= level and index.shape in self.shapes(level)]
        if found:
            index = self.random.choice(found)
            return f"cross_entropy({self.draw(index.shape, level, depth - 1)}, {index.name})"
        vectors = [one for one in self.shapes(level) if len(one) == 1]
        if not vectors:
            return ""
        one = self.random.choice(vectors)
        shares = f"softmax({self.draw(one, level, depth - 1)})"
        return f"cross_entropy({self.draw(one, level, depth - 1)}, {shares})"
