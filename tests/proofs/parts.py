"""Random formulas that take quantities apart and put them together: slices, lists, named indices and the like."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

Shape: TypeAlias = tuple[str, ...]


class Parts:
    """Makers for `tests.proofs.formulas.Formulas`, whose names and draws they use."""

    def __init__(self, formulas: Any) -> None:
        self.formulas = formulas
        self.random: Random = formulas.random

    def draw(self, shape: Shape, level: int, depth: int) -> str:
        made: str = self.formulas.draw(shape, level, depth)
        return made

    def known(self, level: int, rank: int) -> list[Any]:
        return [name for name in self.formulas.names if name.level <= level and len(name.shape) == rank]

    def number(self, size: str) -> int:
        """The number behind a size."""
        found: int = self.formulas.values[size]
        return found

    def piece(self, shape: Shape, level: int, depth: int) -> str:
        """A position of one axis more, a whole axis turned, or a new axis that broadcasts."""
        found: list[Callable[[], str]] = []
        for name in self.known(level, len(shape) + 1):
            for axis in range(len(name.shape)):
                if (*name.shape[:axis], *name.shape[axis + 1 :]) == shape:
                    found.append(lambda n=name, a=axis: self.position(n, a))
        if shape and shape in self.formulas.shapes(level):
            axis = self.random.randrange(len(shape))
            turned = ", ".join([":"] * axis + ["::-1"])
            found.append(lambda: f"({self.draw(shape, level, depth - 1)})[{turned}]")
            order = list(range(len(shape)))
            self.random.shuffle(order)
            before = tuple(shape[order.index(axis)] for axis in range(len(shape)))
            if before in self.formulas.shapes(level):
                written = ", ".join(map(str, order))
                written = self.random.choice((written, f"[{written}]"))
                found.append(lambda: f"permute({self.draw(before, level, depth - 1)}, {written})")
        return self.random.choice(found)() if found else ""

    def position(self, name: Any, axis: int) -> str:
        size = name.shape[axis]
        at = self.random.choice(("0", "-1", f"{size} - 1", "-(" + size + ")"))
        return f"{name.name}[{', '.join([':'] * axis + [at])}]"

    def vector(self, shape: Shape, level: int, depth: int) -> str:
        """A vector of pieces, of an index, of a matrix, or beside a list."""
        (size,) = shape
        inner = (lambda: self.draw(shape, level, depth - 1)) if shape in self.formulas.shapes(level) else None
        found: list[Callable[[], str]] = [lambda: self.from_matrix(size, level)]
        for index in self.formulas.indices:
            if index.level <= level:
                if index.shape == shape:
                    found += [lambda k=index: f"one_hot({k.name})"] * 3
                tables = [n for n in self.known(level, 2) if n.shape == (*index.shape, size)]
                if tables:
                    table = self.random.choice(tables)
                    found += [lambda k=index, e=table: self.embedded(e.name, k.name)] * 3
        if inner:
            found.append(lambda: f"concat(({inner()})[0:1], ({inner()})[1:])" if self.number(size) > 1 else "")
            found.append(lambda: f"diag(outer({inner()}, {inner()}))")
            found.append(lambda: f"(diag({inner()}) @ {inner()})")
            found.append(lambda: f"(eye({size}) @ {inner()})")
            squared = (size, size)
            found.append(lambda: f"solve({self.regular(squared, level, depth)}, {inner()})")
            found.append(lambda: f"({inner()} {self.random.choice('+*-')} {self.list(self.number(size))})")
            found.append(lambda: self.windowed(inner(), level, depth))
            found.append(lambda: f"stack({inner()}, {inner()})[{self.random.choice(('0', '1'))}]")
            found.append(lambda: f"reshape({inner()}, {size}, 1)[:, 0]")
            found.append(lambda: f"reshape(reshape({inner()}, [1, {size}]), {size})")
            found.append(lambda: f"stack({inner()}, {inner()}, axis=1)[:, {self.random.choice(('0', '1'))}]")
            found.append(lambda: f"concat({inner()}, {inner()})[::2]" if self.number(size) == 2 and size == "2" else "")
        return self.random.choice(found)()

    def windowed(self, vector: str, level: int, depth: int) -> str:
        """A vector of the same size from the windows on an image of one row."""
        scalar = lambda: self.draw((), level, depth - 1)  # noqa: E731
        kernel = self.random.choice(
            (f"reshape(stack({scalar()}, {scalar()}, {scalar()}), 1, 1, 1, 3)", f"[[[{self.list(3)}]]]")
        )
        return self.random.choice(
            (
                f"(0.5*conv2d(({vector})[None, None], {kernel}, pad=1)[0, 1])",
                f"conv2d(({vector})[None, None, ::-1], {kernel}, pad=1)[0, 1]",
                f"avgpool2d(({vector})[None, None], 3, stride=1, pad=1)[0, 0]",
                f"maxpool2d(({vector})[None, None], 3, stride=1, pad=1)[0, 0]",
            )
        )

    def embedded(self, table: str, index: str) -> str:
        return self.random.choice((f"embed({table}, {index})", f"{table}[{index}]", f"embed(tanh({table}), {index})"))

    def from_matrix(self, size: str, level: int) -> str:
        rows = [name for name in self.known(level, 2) if name.shape == (size, size)]
        return f"diag({self.random.choice(rows).name})" if rows else ""

    def list(self, count: int) -> str:
        numbers = ("0.5", "-1", "1/3", "2", "pi/4")
        return f"[{', '.join(self.random.choice(numbers) for _ in range(count))}]"

    def matrix(self, shape: Shape, level: int, depth: int) -> str:
        rows, columns = (shape[0],), (shape[1],)
        known = self.formulas.shapes(level)
        found: list[Callable[[], str]] = []
        if rows in known and columns in known:
            pair = lambda: (self.draw(rows, level, depth - 1), self.draw(columns, level, depth - 1))  # noqa: E731
            found.append(lambda: "outer({}, {})".format(*pair()))
            found.append(lambda: "(({})[:, None] + ({})[None, :])".format(*pair()))
            found.append(lambda: "(({})[:, None] @ ({})[None])".format(*pair()))
        if shape[0] == shape[1] and rows in known:
            found.append(lambda: f"diag({self.draw(rows, level, depth - 1)})")
            found.append(lambda: f"(eye({shape[0]}) + {self.draw(shape, level, depth - 1)})")
            found.append(lambda: f"inv({self.regular(shape, level, depth)})")
            found.append(lambda: f"expm({self.small(shape, level, depth)})")
            found.append(lambda: f"solve({self.regular(shape, level, depth)}, {self.draw(shape, level, depth - 1)})")
        if shape in known and self.number(shape[0]) > 1:
            found.append(lambda: "concat(({0})[:1], ({0})[1:], axis=0)".format(self.draw(shape, level, depth - 1)))
        return self.random.choice(found)() if found else ""

    def small(self, shape: Shape, level: int, depth: int) -> str:
        """A square matrix of small entries."""
        inner = self.draw(shape, level, depth - 1) if shape in self.formulas.shapes(level) else f"eye({shape[0]})"
        return f"0.2*tanh({inner})"

    def regular(self, shape: Shape, level: int, depth: int) -> str:
        """A square matrix whose inverse is of moderate size."""
        return f"(2*eye({shape[0]}) + {self.small(shape, level, depth)})"

    def by_index(self, shape: Shape, level: int, depth: int) -> str:
        """Sums over named indices, of one factor, of a product, and around a function; scalars only."""
        if shape:
            return ""
        vectors, matrices = self.known(level, 1), self.known(level, 2)
        found: list[Callable[[], str]] = []
        for x in vectors:
            found.append(lambda x=x: f"0.2*sum[i_](tanh({x.name}[i_])*{x.name}[i_])")
            for w in matrices:
                if w.shape[1:] == x.shape:
                    found.append(lambda x=x, w=w: f"0.2*sum[i_, j_]({w.name}[i_, j_]*{x.name}[j_])")
                    found.append(lambda x=x, w=w: f"0.2*sum[a_](max(sum[b_]({w.name}[a_, b_]*{x.name}[b_]), 0.1))")
        return self.random.choice(found)() if found else ""
