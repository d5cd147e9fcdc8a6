"""Notation: definitions as equations. One printer, two spellings (unicode text and LaTeX), in matrix or in index form.

    Notation("text", definitions).equation(definition)      a = W h + U u + b

Whatever is held as definitions — a model, its derivation, a step, a program — is printed by this one. What hdsl made
only to hold a part of another formula is put back into it; `Notation.inlined` names those.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import sympy

from hdsl.terms.alike import MOST, Alike, StandIns, Template
from hdsl.terms.arrangement import READABLE
from hdsl.terms.formula import Form, Formula
from hdsl.terms.inlining import Inlining
from hdsl.terms.matrix import NoMatrixForm, Piece
from hdsl.terms.naming import Naming, owner
from hdsl.terms.ordering import Ordering, is_setting
from hdsl.terms.product import Unfolding
from hdsl.terms.spelling import SPELLINGS, Style
from hdsl.terms.term import (
    INDEX_NAMES,
    KEPT,
    Body,
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    Summand,
    indices,
    merge_summands,
    ordered_terms,
)

__all__ = ["Form", "Notation", "Style"]

_MORE_LETTERS = tuple("abcdefghstuvwxyz") + tuple(f"{letter}{n}" for n in range(1, 20) for letter in "ijk")


class Notation:
    """Prints definitions.

    ``definitions`` are all that belong together: they decide how names look and what is inlined. ``inline`` names what
    is put into its readers (None: what reads well); ``written`` names what the user named, which stays. ``mean`` shows
    the mean over the streams as ⟨…⟩. ``shared`` names undefined quantities that are one for all streams (None: guessed
    from the definitions). ``order`` gives undefined names their order in sums and products. ``states`` are the model's
    states (None: whatever has dynamics or a costate), ``nexts`` those that move by ``next``. ``names`` are further
    names that belong to the model and must look like nothing else, ``latex`` what the file says of how names look in LaTeX.
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
        latex: Mapping[str, str] | None = None,
    ) -> None:
        # A definition that is given twice (by a model and by its program) is one.
        self.by_name = {d.name: d for d in definitions}
        self.definitions = tuple(self.by_name.values())
        self.form: Form = form
        self._spelling = SPELLINGS[style]
        self._mean, self._shared = mean, shared
        met = dict.fromkeys((*order, *names))
        for definition in self.definitions:
            met |= dict.fromkeys((definition.name, *definition.reads(), *_size_names(definition.sizes, definition.body)))
        known = frozenset(_states(met) if states is None else states)
        self._naming = Naming(met, known, nexts, latex if style == "latex" else None)
        self._letters = self._naming.free((*INDEX_NAMES, *_MORE_LETTERS))
        self._ordering = Ordering(self.by_name, {name: place for place, name in enumerate(met)}, known)
        chosen = Inlining(self.definitions, written).chosen if inline is None else inline
        self.inlined = frozenset(name for name in chosen if self._may_inline(name))
        self._known: dict[str, tuple[Definition, tuple[str, Piece]]] = {}
        self._unfolding = Unfolding(self.by_name, self.inlined, self._shows_mean)
        self._alike = Alike(self._naming, self._ordering, self._unfolding)
        self._templates: dict[Hashable, Template] = {}

    def equation(self, definition: Definition) -> str:
        """``left = right``; in index form where matrix form cannot say it."""
        return " = ".join(self.sides(definition))

    def sides(self, definition: Definition) -> tuple[str, str]:
        """Left and right side of the equation."""
        left, right = self._kept(definition)
        return left, right.text

    def summands(self, definition: Definition) -> tuple[tuple[str, Summand], ...]:
        """The right side of a derived equation in the texts of its summands, signs included, each with why it is there.

        One text where they have a factor in common that stands before all of them; nothing for what has no summands.
        """
        if not definition.summands:
            return ()
        known = {summand.expression: summand for summand in definition.summands}
        right = self._kept(definition)[1]
        if not right.summands or any(term not in known for _, term in right.summands):
            return ((right.text, merge_summands(definition.slot, definition.summands)),)
        return tuple((text, known[term]) for text, term in right.summands)

    def _kept(self, definition: Definition) -> tuple[str, Piece]:
        known = self._known.get(definition.name)
        if known is None or (known[0] is not definition and known[0] != definition):
            known = self._known[definition.name] = definition, self._told(definition)
        return known[1]

    def _told(self, definition: Definition) -> tuple[str, Piece]:
        if self._spelling.style != "text":
            return self._written(definition, self._naming)[1:]
        pattern, names = self._alike.pattern(definition)
        if len(names) > MOST:
            return self._written(definition, self._naming)[1:]
        template = self._templates.get(pattern)
        if template is None:
            form, _, piece = self._written(definition, StandIns(self._naming, names))
            template = self._templates[pattern] = Template.of(piece, form, definition.body)
        right = template.filled([self._naming.of(name) for name in names], definition.body)
        return self._formula(template.form, self._naming).left(definition), right

    def _written(self, definition: Definition, naming: Naming) -> tuple[Form, str, Piece]:
        if self.form == "matrix":
            try:
                return self._sides(definition, "matrix", naming)
            except NoMatrixForm:
                pass
        return self._sides(definition, "index", naming)

    def taken_apart(self, definition: Definition) -> tuple[Definition, ...]:
        """The summands that are shown of a definition, each as a definition of its own; what is no sum is one."""
        if not isinstance(definition.body, Elementwise) or self._shows_mean(definition):
            return (definition,)
        terms = ordered_terms(definition.body.expression)
        parts = (part for term in terms for part in self._unfolding.opened(term))
        return tuple(replace(definition, body=Elementwise(part), summands=()) for part in parts)

    def name(self, name: str) -> str:
        """How a name looks."""
        return self._naming.of(name).spell(self._spelling)

    def expression(self, expression: Scalar) -> str:
        """An expression of numbers, sizes and scalar quantities by itself (a setting, say)."""
        return self._formula("index", self._naming).sum(sympy.sympify(expression, strict=True), ()).text

    def is_mean(self, definition: Definition) -> bool:
        """True where a shared definition reads what is per stream."""
        return definition.shared and any(self._per_stream(name) for name in definition.reads())

    def _sides(self, definition: Definition, form: Form, naming: Naming) -> tuple[Form, str, Piece]:
        self._unfolding.begin()
        formula = self._formula(form, naming)
        return form, formula.left(definition), formula.value(definition, definition.indices)

    def _formula(self, form: Form, naming: Naming) -> Formula:
        return Formula(
            self._spelling, form, naming, self._unfolding, self._ordering, self._shows_mean, self._letters
        )

    def _shows_mean(self, definition: Definition) -> bool:
        return self._mean and self.is_mean(definition)

    def _per_stream(self, name: str) -> bool:
        if name in self.by_name:
            return not self.by_name[name].shared
        if name.startswith("present:"):
            return True
        of = owner(name)
        if is_setting(name) or of == "t":
            return False
        if self._shared is not None:
            return name not in self._shared and of not in self._shared
        marks = (f"{of}+", f"z:{of}+", f"dot:{of}", f"dot:z:{of}", f"f:{of}", f"F:{of}")
        known = [self.by_name[mark] for mark in marks if mark in self.by_name]
        return not known[0].shared if known else name.startswith("z:")

    def _may_inline(self, name: str) -> bool:
        body = self.by_name[name].body if name in self.by_name else None
        return body is not None and (not isinstance(body, Structured) or body.row in READABLE)


def _states(names: Iterable[str]) -> set[str]:
    """States are what has dynamics or a costate."""
    return {owner(name) for name in names if name.startswith(("z:", "f:", "F:", "dot:z:"))}


def _flat(attribute: Any) -> Iterator[Any]:
    """The numbers and sizes of an attribute."""
    if isinstance(attribute, tuple):
        for part in attribute:
            yield from _flat(part)
    else:
        yield attribute


@lru_cache(maxsize=KEPT)  # the bodies of a module have most of their lines in common
def _size_names(sizes: tuple[Size, ...], body: Body) -> tuple[str, ...]:
    """The sizes that stand in a definition."""
    where = list(sizes)
    own = set(indices(len(sizes)))
    match body:
        case Contraction(bound=bound, coefficient=coefficient):
            where += [size for _, size in bound] + [coefficient]
            own |= {i for i, _ in bound}
        case Elementwise(expression=expression):
            where.append(expression)
        case Structured(attributes=attributes):
            where += [part for _, attribute in attributes for part in _flat(attribute)]
    symbols = {s for place in where for s in sympy.sympify(place, strict=True).atoms(sympy.Symbol)}
    return tuple(sorted(str(s.name) for s in symbols - own if s.is_integer))
