"""Notation: definitions as formulas. One printer, two spellings (unicode text and LaTeX), in matrix or in index form.

    Notation("text", definitions).equation(definition)      a = W h + U u + b

Whatever is held as definitions — a model, its derivation, a step, a program — is printed by this one. What hdsl made only
to hold a part of another formula is put back into it; `Notation.inlined` names those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import sympy

from hdsl.terms.elementwise import RowFunction
from hdsl.terms.inlining import Inlining, occurrences
from hdsl.terms.matrix import ATOM, CHAIN, HADAMARD, POWER, SUM, Factor, Layout, NoMatrixForm, Piece, matrix_form
from hdsl.terms.naming import Naming, is_made, owner
from hdsl.terms.spelling import SPELLINGS, Style
from hdsl.terms.term import (
    INDEX_NAMES,
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    slot_indices,
    slot_name,
    slots,
)

Form: TypeAlias = Literal["matrix", "index"]
Indices: TypeAlias = tuple[sympy.Symbol, ...]


@dataclass
class Product:
    """A summand: ``number * scalars * Σ over bound of tensors``, everything that is inlined multiplied out."""

    number: Any = sympy.Integer(1)
    scalars: list[Scalar] = field(default_factory=list)
    tensors: list[Scalar] = field(default_factory=list)
    bound: list[tuple[sympy.Symbol, Any]] = field(default_factory=list)
    in_order: bool = False


class Notation:
    """Prints definitions.

    ``definitions`` are all that belong together: they decide how names look and what is inlined. ``inline`` names what is
    put into its readers (None: what reads well), ``written`` names that the user wrote, which stay. ``mean`` shows the mean
    over the streams as ⟨…⟩. ``shared`` names undefined quantities that are one for all streams (None: guessed from the
    definitions). ``order`` gives the order of undefined names in sums. ``nexts`` are the states that move by ``next``.
    """

    def __init__(
        self,
        style: Style,
        definitions: Iterable[Definition],
        *,
        form: Form = "matrix",
        inline: Collection[str] | None = None,
        written: Collection[str] = (),
        mean: bool = True,
        shared: Collection[str] | None = None,
        order: Sequence[str] = (),
        states: Collection[str] | None = None,
        nexts: Collection[str] = (),
        names: Collection[str] = (),
    ) -> None:
        self.definitions = tuple(definitions)
        self.spelling = SPELLINGS[style]
        self.layout = Layout(self.spelling)
        self.form, self.mean, self._shared = form, mean, shared
        self._by_name = {d.name: d for d in self.definitions}
        met = dict.fromkeys(names)
        for definition in self.definitions:
            met |= dict.fromkeys((definition.name, *definition.reads(), *_size_names(definition)))
        self._states = frozenset(_states(met) if states is None else states)
        self.naming = Naming(met, self._states, nexts)
        self._letters = self.naming.free((*INDEX_NAMES, *"abcdefghstuvwxyz"))
        self._places = {name: place for place, name in enumerate((*order, *(n for n in met if n not in order)))}
        self._defined = {d.name: place for place, d in enumerate(self.definitions)}
        chosen = Inlining(self.definitions, written).chosen if inline is None else inline
        self.inlined = frozenset(name for name in chosen if self._may_inline(name))
        self._fresh = 0

    # --- what is asked for -------------------------------------------------------------------------------------------

    def equation(self, definition: Definition) -> str:
        """``left = right``; in index form where matrix form cannot say it."""
        left, right = self.sides(definition)
        return f"{left} = {right}"

    def sides(self, definition: Definition) -> tuple[str, str]:
        """Left and right of the equation."""
        self._current: dict[sympy.Symbol, str] = {}
        for i in definition.indices:
            self._letter(i)
        form, value = self._in_form(definition)
        name = self.naming.of(definition.name).spell(self.spelling)
        at = definition.indices if form == "index" else ()
        return (self.spelling.at(name, self._spell_indices(at, definition.indices)) if at else name), value.text

    def name(self, name: str) -> str:
        """How a name looks."""
        return self.naming.of(name).spell(self.spelling)

    def expression(self, expression: Scalar) -> str:
        """A scalar expression (a setting, say) by itself."""
        self._current = {}
        return self._sum(expression, (), "index").text

    # --- definitions -------------------------------------------------------------------------------------------------

    def _in_form(self, definition: Definition) -> tuple[Form, Piece]:
        if self.form == "matrix":
            try:
                return "matrix", self._value(definition, definition.indices, "matrix")
            except NoMatrixForm:
                self._current = dict(zip(definition.indices, self._letters, strict=False))
        return "index", self._value(definition, definition.indices, "index")

    def _value(self, definition: Definition, at: Indices, form: Form) -> Piece:
        """The right side, at the given indices."""
        body = definition.body
        if isinstance(body, Structured):
            return self._structured(definition, body, at, form)
        if isinstance(body, Contraction):
            product = Product()
            self._splice_contraction(product, definition, body, at)
            piece = self._signed([product], at, form)
        else:
            swap = dict(zip(definition.indices, at, strict=True))
            piece = self._sum(body.expression.xreplace(swap), at, form, definition)
        if self.mean and self.is_mean(definition):
            return Piece(self.spelling.mean(piece.text), ATOM)
        return piece

    def _structured(self, definition: Definition, body: Structured, at: Indices, form: Form) -> Piece:
        operands = [Piece(self.name(operand), ATOM) for operand in body.operands]
        axis = dict(body.attributes).get("axis", -1)
        if body.row == "pick":
            return Piece(self.spelling.at(operands[0].text, [operands[1].text]), ATOM)
        if axis != -1:
            operands.append(Piece(f"axis {self.spelling.number(Fraction(axis))}", ATOM))
        piece = self.layout.call(body.row, *operands)
        if form == "index" and at:
            return Piece(self.spelling.at(piece.text, self._spell_indices(at, at)), ATOM)
        return piece

    def is_mean(self, definition: Definition) -> bool:
        """True where a shared definition reads what is per stream."""
        return definition.shared and any(self._per_stream(name) for name in definition.reads())

    def _per_stream(self, name: str) -> bool:
        if name in self._by_name:
            return not self._by_name[name].shared
        if name.startswith("present:"):
            return True
        if self._shared is not None:
            return owner(name) not in self._shared and name not in self._shared
        of = owner(name)
        marks = (f"{of}+", f"z:{of}+", f"dot:{of}", f"dot:z:{of}", f"f:{of}")
        known = [self._by_name[mark] for mark in marks if mark in self._by_name]
        return not known[0].shared if known else name.startswith("z:")

    # --- sums --------------------------------------------------------------------------------------------------------

    def _sum(self, expression: Scalar, at: Indices, form: Form, of: Definition | None = None) -> Piece:
        products = [product for term in sympy.Add.make_args(expression) for product in self._products(term)]
        return self._signed(self._ordered(products, of), at, form)

    def _signed(self, products: Sequence[Product], at: Indices, form: Form) -> Piece:
        text, piece = "", Piece("0", ATOM)
        for product in products:
            negative, piece = self._product(product, at, form)
            inner = self.layout.within(piece, HADAMARD)
            if text:
                text += (self.spelling.minus if negative else self.spelling.plus) + inner
            else:
                text = (self.spelling.negative if negative else "") + inner
                piece = Piece(text, SUM) if negative else piece
        return piece if len(products) < 2 else Piece(text, SUM)

    def _products(self, term: Scalar) -> list[Product]:
        """A summand multiplied out; several, where it is an inlined sum and nothing else."""
        sign, bare = (-1, -term) if term.could_extract_minus_sign() else (1, term)
        inner = self._inlined_elementwise(bare)
        if inner is not None and inner.func is sympy.Add:
            found = [product for part in inner.args for product in self._products(part)]
        else:
            product = Product()
            self._multiply(product, bare)
            found = [product]
        for product in found:
            product.number = product.number * sign
        return found

    def _multiply(self, product: Product, expression: Scalar) -> None:
        """Put a factor into a product, with what is inlined in it."""
        for factor in sympy.Mul.make_args(expression):
            definition = self._by_name[slot_name(factor)] if self._is_inlined(factor) else None
            inner = self._inlined_elementwise(factor)
            if factor.is_number:
                product.number = product.number * factor
            elif definition is not None and isinstance(definition.body, Contraction) and not self._shows_mean(definition):
                self._splice_contraction(product, definition, definition.body, slot_indices(factor))
            elif inner is not None and inner.func is not sympy.Add and not self._shows_mean(definition):
                self._multiply(product, inner)
            else:
                scalar = not self._indices_in(factor)
                (product.scalars if scalar else product.tensors).append(factor)

    def _splice_contraction(self, product: Product, definition: Definition, body: Contraction, at: Indices) -> None:
        swap = dict(zip(definition.indices, at, strict=True))
        for i, size in body.bound:
            swap[i] = sympy.Symbol(f"_{self._fresh}", integer=True)
            product.bound.append((swap[i], size))
            self._fresh += 1
        product.in_order = True
        self._multiply(product, body.coefficient)
        for factor in body.factors:
            self._multiply(product, factor.xreplace(swap))

    def _shows_mean(self, definition: Definition | None) -> bool:
        return definition is not None and self.mean and self.is_mean(definition)

    def _is_inlined(self, expression: Scalar) -> bool:
        return is_slot(expression) and slot_name(expression) in self.inlined

    def _inlined_elementwise(self, expression: Scalar) -> Scalar | None:
        """The expression of an inlined elementwise definition, at the indices of the slot that reads it."""
        if not self._is_inlined(expression):
            return None
        definition = self._by_name[slot_name(expression)]
        if not isinstance(definition.body, Elementwise) or self._shows_mean(definition):
            return None
        return definition.body.expression.xreplace(dict(zip(definition.indices, slot_indices(expression), strict=True)))

    def _may_inline(self, name: str) -> bool:
        return name in self._by_name and not isinstance(self._by_name[name].body, Structured)

    # --- one product -------------------------------------------------------------------------------------------------

    def _product(self, product: Product, at: Indices, form: Form) -> tuple[bool, Piece]:
        """Sign and formula of a summand."""
        number, scalars = product.number, sorted(product.scalars, key=self._factor_key)
        averaged = form == "matrix" and _is_average(product, at)
        if averaged:
            number, scalars = averaged
        above: list[Piece] = []
        below: list[Piece] = []
        negative = bool(number.could_extract_minus_sign())
        self._place_number(-number if negative else number, above, below)
        for scalar in scalars:
            base, exponent = scalar.as_base_exp()
            if exponent.is_number and exponent.is_negative:
                below.append(self._factor(base**-exponent, (), form))
            else:
                above.append(self._factor(scalar, (), form))
        # A contraction keeps the order in which it was written; sympy's products have none.
        tensors = product.tensors if product.in_order else sorted(product.tensors, key=self._factor_key)
        if form == "index":
            above += self._index_tensors(product, tensors, below)
        elif averaged:
            above.append(self.layout.call("mean", self._factor(tensors[0], self._indices_in(tensors[0]), form)))
        else:
            above += self._matrix_tensors(product, tensors, at, below)
        return negative, self._quotient(above, below)

    def _quotient(self, above: list[Piece], below: list[Piece]) -> Piece:
        top = self._juxtapose(above) if above else Piece("1", ATOM)
        if not below:
            return top
        bottom = self.layout.hadamard(below) if len(below) == 1 else self.layout.chain(below)
        if self.spelling.style == "latex":
            return Piece(self.spelling.fraction(top.text, bottom.text), CHAIN)
        return Piece(self.spelling.fraction(self.layout.within(top, HADAMARD), self.layout.within(bottom, POWER)), HADAMARD)

    def _juxtapose(self, pieces: list[Piece]) -> Piece:
        """Scalars in front of the last piece, which may be a Hadamard product and then needs no brackets."""
        if len(pieces) > 1 and pieces[-1].level == HADAMARD:
            head = self.layout.chain([*pieces[:-1], Piece("", ATOM)])
            return Piece(head.text + pieces[-1].text, HADAMARD)
        return self.layout.chain(pieces)

    def _place_number(self, number: Any, above: list[Piece], below: list[Piece]) -> None:
        if number == 1:
            return
        if not number.is_Rational:
            above.append(self._number(number))
            return
        spelt = self.spelling.number(Fraction(int(number.p), int(number.q)))
        if "/" in spelt:
            below.append(Piece(str(number.q), ATOM))
            spelt = "" if number.p == 1 else str(number.p)
        if spelt:
            above.append(Piece(spelt, ATOM))

    def _number(self, number: Any) -> Piece:
        """A number that is not rational: π, √2 and their like."""
        if number is sympy.pi or number in (sympy.oo, -sympy.oo):
            return Piece(self.spelling.pi if number is sympy.pi else self.spelling.infinity, ATOM)
        if number.is_Mul or number.is_Add:
            return self._raw(number)
        if number.is_Pow:
            return self._power(number, (), "index")
        return Piece(str(number), ATOM)

    def _raw(self, number: Any) -> Piece:
        above: list[Piece] = []
        below: list[Piece] = []
        if number.is_Add:
            parts = [self._number_term(part) for part in number.args]
            text = "".join((self.spelling.minus if n else self.spelling.plus) + p.text for n, p in parts)
            return Piece(text.removeprefix(self.spelling.plus), SUM)
        for factor in number.args:
            base, exponent = factor.as_base_exp()
            if factor.is_Rational:
                self._place_number(factor, above, below)
            elif exponent.is_negative:
                below.append(self._number(base**-exponent))
            else:
                above.append(self._number(factor))
        return self._quotient(above, below)

    def _number_term(self, number: Any) -> tuple[bool, Piece]:
        negative = bool(number.could_extract_minus_sign())
        number = -number if negative else number
        if number.is_Rational:
            return negative, Piece(self.spelling.number(Fraction(int(number.p), int(number.q))), ATOM)
        return negative, self._number(number)

    def _matrix_tensors(self, product: Product, tensors: list[Scalar], at: Indices, below: list[Piece]) -> list[Piece]:
        factors: list[Factor] = []
        plain = not product.bound
        for tensor in tensors:
            where = self._oriented(tensor, (*at, *(i for i, _ in product.bound)))
            base, exponent = tensor.as_base_exp()
            if plain and exponent.is_number and exponent.is_negative and where == at:
                below.append(self._factor(base**-exponent, at, "matrix"))
            else:
                factors.append((self._factor(tensor, where, "matrix"), where))
        return matrix_form(self.layout, factors, at, [i for i, _ in product.bound])

    def _index_tensors(self, product: Product, tensors: list[Scalar], below: list[Piece]) -> list[Piece]:
        known = tuple(i for i, _ in product.bound)
        pieces = []
        for tensor in tensors:
            base, exponent = tensor.as_base_exp()
            if not known and exponent.is_number and exponent.is_negative:
                below.append(self._factor(base**-exponent, (), "index"))
            else:
                pieces.append(self._factor(tensor, (), "index"))
        if known:
            inner = self.layout.chain(pieces).text if len(pieces) > 1 else self.layout.within(pieces[0], CHAIN)
            pieces = [Piece(self.spelling.total([self._letter(i) for i in known]) + inner, CHAIN)]
        return pieces

    # --- one factor --------------------------------------------------------------------------------------------------

    def _factor(self, expression: Scalar, at: Indices, form: Form) -> Piece:
        """A factor, a base or an argument, with the indices ``at``."""
        if self._is_inlined(expression):
            definition = self._by_name[slot_name(expression)]
            return self._value(definition, slot_indices(expression) if form == "index" else at, form)
        if is_slot(expression):
            return self._slot(expression, at, form)
        if expression.is_number:
            return self._number_piece(expression)
        if isinstance(expression, sympy.Symbol):
            return self._named(str(expression.name))
        if expression.is_Pow:
            return self._power(expression, at, form)
        if isinstance(expression, RowFunction):
            return self._function(expression, at, form)
        return self._sum(expression, at, form)

    def _number_piece(self, number: Any) -> Piece:
        negative, piece = self._number_term(number)
        return Piece(self.spelling.negative + piece.text, SUM) if negative else piece

    def _named(self, name: str) -> Piece:
        look = self.naming.of(name)
        raised = (lambda extra: look.spell(self.spelling, extra)) if look.marks else None
        return Piece(look.spell(self.spelling), ATOM, raised)

    def _slot(self, occurrence: Scalar, at: Indices, form: Form) -> Piece:
        own, piece = slot_indices(occurrence), self._named(slot_name(occurrence))
        if form == "index":
            return Piece(self.spelling.at(piece.text, [self._letter(i) for i in own]), ATOM) if own else piece
        if own in ((), at):
            return piece
        if own == at[::-1]:
            return self.layout.transpose(piece)
        raise NoMatrixForm

    def _power(self, expression: Any, at: Indices, form: Form) -> Piece:
        base, exponent = expression.args
        if exponent == sympy.Rational(1, 2):
            inner = self._argument(base, at, form)
            return Piece(self.spelling.root(inner.text, inner.level >= ATOM), POWER)
        if exponent.is_number and exponent.is_negative:
            return self._quotient([], [self._factor(base**-exponent, at, form)])
        return self.layout.power(self._argument(base, at, form), self._argument(exponent, at, form).text.replace("−", "-"))

    def _argument(self, expression: Scalar, at: Indices, form: Form) -> Piece:
        """Something that may have fewer indices than what it stands in: a matrix form is made of full ones only."""
        return self._sum(expression, at, form)

    def _function(self, expression: Any, at: Indices, form: Form) -> Piece:
        name, arguments = type(expression).__name__, [self._argument(a, at, form) for a in expression.args]
        special = _SPECIAL.get(name)
        return special(self, arguments) if special else self.layout.call(name, *arguments)

    # --- indices -----------------------------------------------------------------------------------------------------

    def _indices_in(self, expression: Scalar) -> Indices:
        return tuple(dict.fromkeys(i for occurrence in occurrences(expression) for i in slot_indices(occurrence)))

    def _oriented(self, tensor: Scalar, nodes: Indices) -> Indices:
        """Its own axes for a slot; for anything else the order of the whole."""
        if is_slot(tensor):
            return slot_indices(tensor)
        own = set(self._indices_in(tensor))
        return tuple(node for node in nodes if node in own)

    def _letter(self, i: sympy.Symbol) -> str:
        return self._current.setdefault(i, self._letters[len(self._current)])

    def _spell_indices(self, at: Indices, out: Indices) -> list[str]:
        return [self._letter(i) for i in at]

    # --- order -------------------------------------------------------------------------------------------------------

    def _ordered(self, products: list[Product], of: Definition | None) -> list[Product]:
        """The order of people: what was, what the costs say, what the dynamics says, what is lost; a plus sign first."""
        products = sorted(products, key=lambda p: self._summand_key(p, of))
        for position, product in enumerate(products):
            if not product.number.could_extract_minus_sign():
                return [product, *products[:position], *products[position + 1 :]]
        return products

    def _summand_key(self, product: Product, of: Definition | None) -> tuple[Any, ...]:
        parts = [s for factor in (*product.scalars, *product.tensors) for s in slots(factor)]
        names = [slot_name(s) for s in parts]
        places = [self._place(name) for name in names if not _is_scalar_setting(name)]
        return (self._summand_class(product, names, of), min(places, default=(0, 0)), str(product.tensors), str(product.scalars))

    def _summand_class(self, product: Product, names: list[str], of: Definition | None) -> int:
        """0 the old value in a step, 1 costs, 2 anything else, 3 a costate's own −z, 4 its −ηz; numbers 0 or 5."""
        if not names:
            return 5 if product.number.could_extract_minus_sign() else 0
        own = "" if of is None else of.name.removeprefix("dot:") if of.name.startswith("dot:") else of.name[:-1]
        tensors = product.tensors or [f for f in product.scalars if is_slot(f)]
        if own and is_made(of.name if of else "") and any(is_slot(t) and slot_name(t) == own for t in tensors):
            if of is not None and of.name.endswith("+"):
                return 0
            return 4 if any(name.startswith("eta") for name in names) else 3
        roots = {r for name in names if name in self._by_name for r in self._by_name[name].roots}
        if "phi" in names or any(n.startswith("seed:") for n in names) or (roots and not roots & self._states):
            return 1
        return 2

    def _factor_key(self, factor: Scalar) -> tuple[Any, ...]:
        """Settings, then quantities in the order of the model, then sums and functions of them, then adjoints."""
        names = [slot_name(s) for s in slots(factor)]
        if not names:
            return (0, (0, 0), str(factor))
        settings = all(_is_scalar_setting(name) for name in names)
        made = any(name.startswith(("z:", "w:", "adj:")) for name in names)
        compound = not is_slot(factor) and not factor.is_Pow
        place = min(self._place(name) for name in names)
        return (1 if settings else 3 if made else 2, place, compound, str(factor))

    def _place(self, name: str) -> tuple[int, int]:
        """Defined things in order, then the rest; settings (which multiply everything) count for nothing."""
        return (0, self._defined[name]) if name in self._defined else (1, self._places.get(name, len(self._places)))


_SETTING_ORDER = ("seed", "phi", "tau", "eta", "beta", "first")


def _is_scalar_setting(name: str) -> bool:
    return name.startswith(("seed:", "present:")) or name.partition(".")[0] in ("phi", "tau", "eta", "beta", "first")


def _states(names: Iterable[str]) -> set[str]:
    """States are what has dynamics or a costate."""
    return {owner(name) for name in names if name.startswith(("z:", "f:", "dot:z:"))}


def _size_names(definition: Definition) -> list[str]:
    body = definition.body
    sizes = list(definition.sizes)
    if isinstance(body, Contraction):
        sizes += [size for _, size in body.bound] + [body.coefficient]
    if isinstance(body, Elementwise):
        sizes.append(body.expression)
    known = {i for i in definition.indices} | ({i for i, _ in body.bound} if isinstance(body, Contraction) else set())
    found = {s for size in sizes for s in sympy.sympify(size).atoms(sympy.Symbol) if s.is_integer and s not in known}
    return sorted(str(s.name) for s in found)


def _is_average(product: Product, at: Indices) -> tuple[Any, list[Scalar]] | None:
    """What is left of number and scalars where they divide one plain sum by its number of terms."""
    if at or len(product.tensors) != 1 or not product.bound:
        return None
    count = sympy.Mul(*(size for _, size in product.bound))
    before = sympy.Mul(product.number, *product.scalars)
    after = before * count
    if count == 1 or any(after.has(s) for s in count.free_symbols) or (count.is_Integer and product.number.q % count):
        return None
    number, rest = after.as_coeff_Mul()
    return number, [] if rest == 1 else list(sympy.Mul.make_args(rest))


def _iverson(*relations: str) -> Callable[[Notation, list[Piece]], Piece]:
    """[x < y]: 1 where it holds and 0 elsewhere."""

    def show(notation: Notation, arguments: list[Piece]) -> Piece:
        parts = [relations[0].format(*(a.text for a in arguments))]
        text = parts[0]
        for relation in ("≤", "≥", "<", ">", "or"):
            text = text.replace(f" {relation} ", notation.spelling.compare(relation))
        return Piece(notation.spelling.condition(text), ATOM)

    return show


def _absolute(notation: Notation, arguments: list[Piece]) -> Piece:
    return Piece(notation.spelling.absolute(arguments[0].text), ATOM)


def _root(notation: Notation, arguments: list[Piece]) -> Piece:
    return Piece(notation.spelling.root(arguments[0].text, arguments[0].level >= ATOM), POWER)


def _raised(notation: Notation, arguments: list[Piece]) -> Piece:
    return notation.layout.power(arguments[0], arguments[1].text)


_SPECIAL: Mapping[str, Callable[[Notation, list[Piece]], Piece]] = {
    "abs": _absolute,
    "sqrt": _root,
    "power": _raised,
    "positive": _iverson("{0} > 0"),
    "less": _iverson("{0} < {1}"),
    "inside": _iverson("{1} ≤ {0} ≤ {2}"),
    "clipped_low": _iverson("{0} < {1} < {2}"),
    "clipped_high": _iverson("{0} > {2} or {1} > {2}"),
}
