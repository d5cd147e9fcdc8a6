"""Initial values: how states, params and consts begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Initial
from hdsl.model.scalars import ScalarReader
from hdsl.model.scope import INITIALS, Scope
from hdsl.model.sizes import Sizes, show_size, show_sizes
from hdsl.syntax.tree import Call, Declare, Expression, ListLiteral, Name
from hdsl.terms.term import Scalar, Size

ARGUMENTS = {"normal": (2, 2), "uniform": (2, 2), "orthogonal": (0, 1)}  # the others take none
OF_MATRICES = ("eye", "orthogonal")
OF_KERNELS = ("glorot", "he")  # of matrices too: of any two axes or more, out and in first
OF_STATES = ("zeros", "ones", "eye")


@dataclass(frozen=True)
class InitialReader:
    """Reads initial values in one scope; ``known`` has the numbers of sizes and of scalar consts that are known."""

    scope: Scope
    scalars: ScalarReader
    sizes: Sizes
    known: Mapping[Scalar, float]

    def read(self, declared: Declare, sizes: tuple[Size, ...] | None) -> Initial | None:
        """The initial value of a declaration, or None after its mistakes have been reported."""
        tree = declared.value
        if tree is None:
            return self._refuse(catalogue.no_value(declared.name_span, declared.role, declared.name))
        kind = named_kind(tree)
        if kind is not None:
            return self._named(declared, tree, kind, sizes)
        if isinstance(tree, ListLiteral):
            values = self.numbers(tree)
            if values is None or sizes is None or not self._fits(declared, tree, sizes, 0):
                return None
            return Initial("list", (), values)
        number = self.scalars.read(tree)
        if number is None or not self._finite(number, tree):
            return None
        return Initial("number", (number,))

    def _refuse(self, finding: Diagnostic) -> Initial | None:
        self.scope.report(finding)
        return None

    def _finite(self, number: Scalar, tree: Expression) -> bool:
        value = evaluate(number, self.known)
        if value is not None and isnan(value):
            self._refuse(formulas.not_real(tree.span))
            return False
        return True

    # Named initial values --------------------------------------------------------------------------------------------

    def _named(self, declared: Declare, tree: Expression, kind: str, sizes: tuple[Size, ...] | None) -> Initial | None:
        """``zeros``, ``normal(0, 1)``, …"""
        given = tree.arguments if isinstance(tree, Call) else ()
        if isinstance(tree, Call) and tree.keywords:
            return self._refuse(formulas.unknown_keyword(tree.keywords[0][1].span, kind, tree.keywords[0][0], ""))
        arguments = [self.scalars.read(argument) for argument in given]
        fewest, most = ARGUMENTS.get(kind, (0, 0))
        if not fewest <= len(given) <= most:
            return self._refuse(
                formulas.arity(
                    tree.span, kind, catalogue.INITIAL_ARGUMENTS.get(kind, formulas.values_wanted(0)), len(given)
                )
            )
        if declared.role == "state" and kind not in OF_STATES:
            return self._refuse(catalogue.initial_random(tree.span, kind, declared.name))
        if sizes is not None and ((kind in OF_MATRICES and len(sizes) != 2) or (kind in OF_KERNELS and len(sizes) < 2)):
            what = "a matrix" if kind in OF_MATRICES else "a matrix or a kernel"
            return self._refuse(catalogue.initial_rank(tree.span, kind, what, declared.name, show_sizes(sizes)))
        present = tuple(argument for argument in arguments if argument is not None)
        if len(present) < len(arguments) or not self._in_range(kind, present, given):
            return None
        if kind == "orthogonal" and not present:
            present = (sympy.Integer(1),)
        return Initial(kind, present)

    def _in_range(self, kind: str, arguments: tuple[Scalar, ...], trees: tuple[Expression, ...]) -> bool:
        if not all([self._finite(argument, tree) for argument, tree in zip(arguments, trees, strict=True)]):
            return False
        values = [evaluate(argument, self.known) for argument in arguments]
        if kind == "normal" and values[1] is not None and values[1] < 0:
            self._refuse(catalogue.deviation_range(trees[1].span, values[1]))
            return False
        if kind == "uniform" and values[0] is not None and values[1] is not None and values[0] > values[1]:
            self._refuse(catalogue.bounds_range(trees[1].span, values[0], values[1]))
            return False
        return True

    # Lists -----------------------------------------------------------------------------------------------------------

    def numbers(self, tree: ListLiteral) -> tuple[object, ...] | None:
        """The scalars of a nested list, or None after the mistakes of all of them have been reported."""
        with self.scope.once("not-constant"):
            return self._numbers(tree)

    def _numbers(self, tree: ListLiteral) -> tuple[object, ...] | None:
        values: list[object] = []
        for item in tree.items:
            if isinstance(item, ListLiteral):
                values.append(self._numbers(item))
            else:
                number = self.scalars.read(item)
                values.append(number if number is not None and self._finite(number, item) else None)
        return None if any(value is None for value in values) else tuple(values)

    def _fits(self, declared: Declare, tree: Expression, sizes: tuple[Size, ...], axis: int) -> bool:
        """Whether a list has the sizes of what it fills; the first thing that does not fit is reported."""
        if not isinstance(tree, ListLiteral) or axis == len(sizes):
            if not isinstance(tree, ListLiteral) and axis == len(sizes):
                return True
            self._refuse(catalogue.list_depth(tree.span, declared.name, show_sizes(sizes)))
            return False
        wanted = self.sizes.value(sizes[axis])
        if wanted is None:
            self._refuse(catalogue.list_unknown(tree.span, show_size(sizes[axis])))
            return False
        if wanted != len(tree.items):
            rows = axis < len(sizes) - 1
            named = f"{sizes[axis]} = {wanted}" if sizes[axis].free_symbols else str(wanted)
            self._refuse(catalogue.list_length(tree.span, len(tree.items), named, rows))
            return False
        return all(self._fits(declared, item, sizes, axis + 1) for item in tree.items)


def named_kind(tree: Expression) -> str | None:
    """The name of a named initial value."""
    if isinstance(tree, Call) and tree.function in INITIALS:
        return tree.function
    return tree.name if isinstance(tree, Name) and tree.name in INITIALS else None
