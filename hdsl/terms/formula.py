"""Formula: the right side of one definition, written in one spelling and one form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import sympy

from hdsl.terms.arrangement import phi1, write_arrangement
from hdsl.terms.matrix import ATOM, CHAIN, CHOICE, HADAMARD, POWER, SUM, Factor, Layout, Piece, matrix_form
from hdsl.terms.naming import Naming
from hdsl.terms.ordering import Ordering
from hdsl.terms.product import Indices, Product, Unfolding, averaged, indices_in, take_common
from hdsl.terms.spelling import Spelling
from hdsl.terms.term import Contraction, Definition, Scalar, Structured, at_indices, is_slot, slot_indices, slot_name

Form: TypeAlias = Literal["matrix", "index"]


@dataclass
class Formula:
    """A writer for one equation. ``letters`` are free for indices; ``means`` tells of definitions shown as a mean.

    Raises NoMatrixForm (in matrix form) for what only indices can say.
    """

    spelling: Spelling
    form: Form
    naming: Naming
    unfolding: Unfolding
    ordering: Ordering
    means: Callable[[Definition], bool]
    letters: Sequence[str]
    _letter: dict[sympy.Symbol, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layout = Layout(self.spelling)

    # --- definitions and sums ----------------------------------------------------------------------------------------

    def left(self, definition: Definition) -> str:
        """The name that is defined, with its indices in index form."""
        name = self.naming.of(definition.name).spell(self.spelling)
        at = self.spell_indices(definition.indices)
        return self.spelling.at(name, at) if at and self.form == "index" else name

    def value(self, definition: Definition, at: Indices) -> Piece:
        """The right side, at the given indices."""
        body = definition.body
        if isinstance(body, Structured):
            piece = self._structured(definition, body, at)
            return Piece(self.spelling.mean(piece.text), ATOM) if self.means(definition) else piece
        if isinstance(body, Contraction):
            piece = self._signed([self.unfolding.contraction(definition, body, at)], at)
        else:
            piece = self.sum(at_indices(body.expression, definition.indices, tuple(at)), at, definition)
        return Piece(self.spelling.mean(piece.text), ATOM) if self.means(definition) else piece

    def sum(self, expression: Scalar, at: Indices, of: Definition | None = None) -> Piece:
        """An expression whose slots have no other indices than ``at``."""
        products = self.ordering.summands(self.unfolding.sum(expression), of)
        common = take_common(products)
        if not common:
            return self._signed(products, at)
        above: list[Piece] = []
        below: list[Piece] = []
        for scalar in self.ordering.factors(common):
            self._place_factor(scalar, (), above, below)
        return self.quotient([*above, self._signed(products, at)], below)

    def spell_indices(self, at: Sequence[sympy.Symbol]) -> list[str]:
        """Letters for indices, in the order in which they turn up."""
        for i in at:
            if i not in self._letter:
                self._letter[i] = self.letters[len(self._letter)]
        return [self._letter[i] for i in at]

    def _signed(self, products: Sequence[Product], at: Indices) -> Piece:
        signed = [self._product(product, at) for product in products]
        if len(signed) == 1 and not signed[0][0]:
            return signed[0][1]
        summands: list[tuple[str, Scalar]] = []
        for (negative, piece), product in zip(signed, products, strict=True):
            sign = self.spelling.minus if negative else self.spelling.plus
            if not summands:
                sign = self.spelling.negative if negative else ""
            summands.append((sign + self.layout.within(piece, HADAMARD if negative else SUM), product.term))
        return Piece("".join(text for text, _ in summands), SUM, summands=tuple(summands))

    def _structured(self, definition: Definition, body: Structured, at: Indices) -> Piece:
        piece = write_arrangement(self, definition)
        if piece is None:
            operands = [self._named(operand) for operand in body.operands]
            axis = dict(body.attributes).get("axis", -1)
            if axis != -1:
                operands.append(Piece(f"axis {self.spelling.number(Fraction(axis))}", ATOM))
            piece = self.layout.call(body.row, *operands)
        if self.form == "index" and at:
            return Piece(self.spelling.at(self.layout.within(piece, ATOM), self.spell_indices(at)), ATOM)
        return piece

    def operand(self, name: str) -> Piece:
        """A whole operand of a structured operation: its name, or what is printed in its place."""
        definition = self.unfolding.named(name)
        if definition is None or not isinstance(definition.body, Structured):
            return self._named(name)
        return self._structured(definition, definition.body, ())

    # --- one product -------------------------------------------------------------------------------------------------

    def _product(self, product: Product, at: Indices) -> tuple[bool, Piece]:
        """Sign and formula of a summand."""
        average = averaged(product, at) if self.form == "matrix" else None
        number, scalars = average or (product.number, product.scalars)
        above: list[Piece] = []
        below: list[Piece] = []
        negative = bool(number.could_extract_minus_sign())
        self._place_number(-number if negative else number, above, below)
        for scalar in self.ordering.factors(scalars):
            self._place_factor(scalar, (), above, below)
        tensors = product.tensors if product.in_order else self.ordering.factors(product.tensors)
        if average:
            above.append(self.layout.call("mean", self._factor(tensors[0], indices_in(tensors[0]))))
        elif self.form == "index":
            above += self._summed(product, tensors, below)
        else:
            above += self._multiplied(product, tensors, at, below)
        return negative, self.quotient(above, below)

    def _place_factor(self, factor: Scalar, at: Indices, above: list[Piece], below: list[Piece]) -> None:
        """A factor goes above the line, a power with a negative exponent below it."""
        base, exponent = factor.as_base_exp()
        if type(factor).__name__ == "reciprocal":
            below.append(self._factor(factor.args[0], at))
        elif exponent.is_number and exponent.is_negative:
            below.append(self._factor(base**-exponent, at))
        else:
            above.append(self._factor(factor, at))

    def _multiplied(self, product: Product, tensors: list[Scalar], at: Indices, below: list[Piece]) -> list[Piece]:
        """The tensors in matrix form."""
        bound = tuple(i for i, _ in product.bound)
        factors: list[Factor] = []
        for tensor in tensors:
            own = set(indices_in(tensor))
            where = slot_indices(tensor) if is_slot(tensor) else tuple(i for i in (*at, *bound) if i in own)
            base, exponent = tensor.as_base_exp()
            # Only where everything stands side by side may a tensor divide; elsewhere 1 / y is a factor of its own.
            if not bound and where == at and exponent.is_number and exponent.is_negative:
                below.append(self._factor(base**-exponent, at))
            else:
                factors.append((self._factor(tensor, where), where))
        return matrix_form(self.layout, factors, at, bound)

    def _summed(self, product: Product, tensors: list[Scalar], below: list[Piece]) -> list[Piece]:
        """The tensors with their indices; behind a sum sign, matrices first, what has one of the summed indices."""
        bound = [i for i, _ in product.bound]
        letters = self.spell_indices(bound)
        pieces: list[Piece] = []
        if not bound:
            for tensor in tensors:
                self._place_factor(tensor, (), pieces, below)
            return pieces
        inside = sorted((t for t in tensors if {*indices_in(t)} & {*bound}), key=lambda t: -len(indices_in(t)))
        pieces = [self._factor(tensor, ()) for tensor in tensors if tensor not in inside]
        counts = Counter(inside)  # e[i] e[i] is a square
        summed = [self._factor(tensor**count, ()) for tensor, count in counts.items()]
        text = self.layout.chain([*summed, Piece("", ATOM)]).text.rstrip() if summed else "1"
        return [*pieces, Piece(self.spelling.total(letters) + text, CHAIN)]

    def quotient(self, above: list[Piece], below: list[Piece]) -> Piece:
        top = self._juxtapose(above) if above else Piece("1", ATOM)
        if not below:
            return top
        bottom = below[0] if len(below) == 1 else self.layout.chain(below)
        if self.spelling.style == "latex":
            return Piece(self.spelling.fraction(top.text, bottom.text), CHAIN)
        texts = self.layout.within(top, HADAMARD), self.layout.within(bottom, POWER)
        return Piece(self.spelling.fraction(*texts), HADAMARD)

    def _juxtapose(self, pieces: list[Piece]) -> Piece:
        """Scalars in front of the last piece, which may be a Hadamard product and then needs no brackets."""
        if len(pieces) > 1 and pieces[-1].level == HADAMARD:
            return Piece(self.layout.chain([*pieces[:-1], Piece("", ATOM)]).text + pieces[-1].text, HADAMARD)
        return self.layout.chain(pieces)

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _place_number(self, number: Any, above: list[Piece], below: list[Piece]) -> None:
        """A positive number: nothing for 1, a denominator where the number has no short spelling."""
        for factor in sympy.Mul.make_args(number):
            base, exponent = factor.as_base_exp()
            if not factor.is_Rational:
                irrational = self._irrational(base**-exponent if exponent.is_negative else factor)
                (below if exponent.is_negative else above).append(irrational)
                continue
            spelt = self.spelling.number(Fraction(int(factor.p), int(factor.q)))
            if "/" in spelt or (self.spelling.style == "latex" and factor.q > 4 and "frac" in spelt):
                below.append(Piece(str(factor.q), ATOM))
                spelt = str(factor.p)
            if spelt != "1":
                above.append(Piece(spelt, ATOM))

    def _irrational(self, number: Any) -> Piece:
        if number is sympy.pi or number is sympy.oo:
            return Piece(self.spelling.pi if number is sympy.pi else self.spelling.infinity, ATOM)
        if number.is_Pow:
            return self._power(number, ())
        return self.sum(number, ()) if number.is_Add or number.is_Mul else Piece(str(number), ATOM)

    # --- one factor --------------------------------------------------------------------------------------------------

    def _factor(self, expression: Scalar, at: Indices) -> Piece:
        """A factor with the indices ``at``."""
        definition = self.unfolding.inlined(expression)
        if definition is not None:
            return self.value(definition, slot_indices(expression))
        if is_slot(expression):
            piece = self._named(slot_name(expression))
            own = self.spell_indices(slot_indices(expression)) if self.form == "index" else []
            return Piece(self.spelling.at(piece.text, own), ATOM) if own else piece
        if expression.is_Rational and expression >= 0:
            return Piece(self.spelling.number(Fraction(int(expression.p), int(expression.q))), ATOM)
        if isinstance(expression, sympy.Symbol):
            return self._named(str(expression.name))
        if expression.is_Pow:
            return self._power(expression, at)
        if isinstance(expression, sympy.Function):
            arguments = [self.sum(argument, at) for argument in expression.args]
            return write_function(self, type(expression).__name__, arguments)
        return self.sum(expression, at)

    def _named(self, name: str) -> Piece:
        look = self.naming.of(name)
        text = look.spell(self.spelling)
        if not look.marks:
            return Piece(text, ATOM)
        return Piece(text, ATOM, lambda extra: look.spell(self.spelling, extra))

    def _power(self, expression: Any, at: Indices) -> Piece:
        base, exponent = expression.args
        if exponent.is_number and exponent.is_negative:
            return self.quotient([], [self._factor(base**-exponent, at)])
        inner = self._factor(base, at)
        if exponent == sympy.Rational(1, 2):
            return Piece(self.spelling.root(inner.text, inner.level >= ATOM), POWER)
        return self.layout.power(inner, self.sum(exponent, at).text)


def _condition(pattern: str) -> Callable[[Formula, list[Piece]], Piece]:
    """[x < y]: 1 where it holds and 0 elsewhere."""

    def show(formula: Formula, arguments: list[Piece]) -> Piece:
        texts = [argument.text for argument in arguments]
        words = (formula.spelling.compare(w) if w in "<>≤≥or" else w.format(*texts) for w in pattern.split())
        return Piece(formula.spelling.condition("".join(words)), ATOM)

    return show


_TURNED = str.maketrans("<>≤≥", "><≥≤")


def _choice(relation: str, opposite: str) -> Callable[[Formula, list[Piece]], Piece]:
    """x if a < b else y; a comparison that stands as a number is that condition in square brackets."""

    def show(formula: Formula, arguments: list[Piece]) -> Piece:
        left, right, value, other = (argument.text for argument in arguments)
        signs = relation, opposite
        if not any(map(str.isalpha, left)):  # as one reads it: u > 0 rather than 0 < u
            left, right, signs = right, left, (relation.translate(_TURNED), opposite.translate(_TURNED))
        if (value, other) in (("1", "0"), ("0", "1")):
            sign = formula.spelling.compare(signs[value == "0"])
            return Piece(formula.spelling.condition(f"{left}{sign}{right}"), ATOM)
        condition = f"{left}{formula.spelling.compare(signs[0])}{right}"
        return Piece(formula.spelling.choice(value, condition, other), CHOICE)

    return show


def _power_slope(formula: Formula, arguments: list[Piece]) -> Piece:
    """∂ x^y / ∂x = y x^(y − 1)."""
    base, exponent = arguments
    less = f"{formula.layout.within(exponent, HADAMARD)}{formula.spelling.minus}1"
    return formula.layout.chain([exponent, formula.layout.power(base, less)])


def _root(formula: Formula, arguments: list[Piece]) -> Piece:
    """The root of ‖x‖² is ‖x‖."""
    (inner,) = arguments
    head, tail = formula.spelling.norm_squared("\n").split("\n")
    norm = formula.spelling.norm("\n").split("\n")
    within = inner.text.removeprefix(head).removesuffix(tail)
    if len(within) + len(head) + len(tail) == len(inner.text) and head not in within:
        return Piece(within.join(norm), ATOM)
    return Piece(formula.spelling.root(inner.text, inner.level >= ATOM), POWER)


def _power_log(formula: Formula, arguments: list[Piece]) -> Piece:
    """∂ x^y / ∂y = x^y log(x)."""
    base, exponent = arguments
    return formula.layout.chain([formula.layout.power(base, exponent.text), formula.layout.call("log", base)])


PARTS = (("re", "Re"), ("im", "Im"))


def _of_turned(name: str, part: str) -> Callable[[Formula, list[Piece]], Piece]:
    """Re φ₁(a + i b)"""

    def show(formula: Formula, arguments: list[Piece]) -> Piece:
        sign = "i" if formula.spelling.style == "text" else r"\mathrm{i}"
        turned = formula.layout.chain([Piece(sign, ATOM), arguments[1]])
        sum_ = Piece(f"{arguments[0].text} + {turned.text}", SUM)
        return formula.layout.call(part, write_function(formula, name, [sum_]))

    return show


def _phi1_slope(formula: Formula, arguments: list[Piece]) -> Piece:
    """φ₁′(x)."""
    value, mark = phi1(formula.spelling, arguments[0]), "′" if formula.spelling.style == "text" else "'"
    return Piece(value.text.replace("₁", f"₁{mark}", 1).replace("_1", f"_1{mark}", 1), ATOM)


_FUNCTIONS: Mapping[str, Callable[[Formula, list[Piece]], Piece]] = {
    "abs": lambda formula, a: Piece(formula.spelling.absolute(a[0].text), ATOM),
    "sqrt": lambda formula, a: Piece(formula.spelling.root(a[0].text, a[0].level >= ATOM), POWER),
    "root": _root,
    "reciprocal": lambda formula, a: formula.quotient([], a),
    "power": lambda formula, a: formula.layout.power(a[0], a[1].text),
    "power_slope": _power_slope,
    "power_log": _power_log,
    "phi1": lambda formula, a: phi1(formula.spelling, a[0]),
    "phi1_slope": _phi1_slope,
    **{f"phi1{slope}_{part}": _of_turned(f"phi1{slope}", word) for slope in ("", "_slope") for part, word in PARTS},
    "positive": _condition("{0} > 0"),
    "less": _condition("{0} < {1}"),
    "inside": _condition("{1} ≤ {0} ≤ {2}"),
    "clipped_low": _condition("{0} < {1} < {2}"),
    "clipped_high": _condition("{0} > {2} or {1} > {2}"),
    "where_less": _choice("<", "≥"),
    "where_at_most": _choice("≤", ">"),
    "where_equal": _choice("=", "≠"),
}


def write_function(formula: Formula, name: str, arguments: list[Piece]) -> Piece:
    """A function of the table of elementwise functions, by its name unless mathematics has a sign for it."""
    special = _FUNCTIONS.get(name)
    return special(formula, arguments) if special else formula.layout.call(name, *arguments)
