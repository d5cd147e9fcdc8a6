"""The lines of a step with its sums as calls: `TorchLines`, with numbers and products taken along by the call that adds.

A call that is handed a number as a factor of its own takes it as it is; of a number times a tensor torch makes a tensor first,
which takes as long as two calls.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from hdsl.emit.align import Layout, slot_layout
from hdsl.emit.contraction import Product
from hdsl.emit.statement import Statement
from hdsl.emit.torch_forms import lerp
from hdsl.emit.torch_lines import TorchLines, lacks_axes
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    is_slot,
    ordered_terms,
    slot_name,
    slots,
)


class CalledLines(TorchLines):
    """Prints `learn` as a step of a module makes it, on cells as they lie and with fresh tensors."""

    marked = True
    """Whether marks are those of a sample, the module's own where no target is missing."""

    def has_room(self, line: Definition) -> bool:
        """Whether a line's value is a tensor of its own, as large as its indices say."""
        if not line.indices and line.shared:
            return False
        if not line.shared and all(self.shared(name) for name in line.reads()):
            return False
        return isinstance(line.body, Contraction) or (isinstance(line.body, Elementwise) and not lacks_axes(line))

    def _elementwise(self, line: Definition) -> str:
        assert isinstance(line.body, Elementwise)
        if not self.has_room(line):
            return super()._elementwise(line)
        return self._with_numbers(line) or super()._elementwise(line)

    def _with_numbers(self, line: Definition) -> str | None:
        """A sum as calls where a number of it would be made a tensor."""
        assert isinstance(line.body, Elementwise)
        if isinstance(line.body.expression, RowFunction) or lerp(self, line):
            return None
        apart = (self._apart(term) for term in ordered_terms(line.body.expression))
        return self._calls(line) if any(tensors and abs(scale) != 1 for scale, tensors in apart) else None

    def _statement(self, line: Definition) -> Statement:
        return self._where_given(line) or super()._statement(line)

    def _where_given(self, line: Definition) -> Statement | None:
        """A value times the mark of a target: the value itself where none is missing, for a 1 would change no bit."""
        if not self.marked or self.program.is_update(line) or not isinstance(line.body, Elementwise) or not self.has_room(line):
            return None
        mark, rest = self._marked_by(line)
        if mark is None:
            return None
        if is_slot(rest):
            name = slot_name(rest)
            source = self.lines.get(name)
            if source is None or source.shared or self.program.is_update(source) or not self._owns_storage(source):
                return None
            # From here on both names may be of one tensor.
            self.taken.last_read[name] = max(self.taken.last_read[name], self.taken.last_read.get(line.name, 0))
            self.one_with.add(line.name)
        value = self.bare(rest) if is_slot(rest) else self._elementwise(replace(line, body=Elementwise(rest)))
        own, given = self.names[line.name], self.text(mark, line)
        known = "column" if given.endswith("_column") else "given"
        asked = f"if {given.partition('[')[0]} is not {known}:\n    {own} = {given} * {own}"
        return Statement(f"{own} = {value}\n{asked}", (line,))

    def _owns_storage(self, source: Definition) -> bool:
        return source.name not in self.one_with and super()._owns_storage(source)

    def _marked_by(self, line: Definition) -> tuple[Scalar | None, Scalar]:
        """The mark of a target that a line's value is multiplied by, where it is by one, and what is multiplied.

        What is one for all streams, ``[v given] exp(−t)``, has to be spread over them by its mark: such a line has none here.
        """
        assert isinstance(line.body, Elementwise)
        factors = sympy.Mul.make_args(line.body.expression)
        marks = [f for f in factors if is_slot(f) and slot_name(f).startswith("present:")]
        if len(marks) != 1 or len(factors) < 2:
            return None, line.body.expression
        rest = sympy.Mul(*(f for f in factors if f != marks[0]))
        twice = any(slot_name(s).startswith("present:") for s in slots(rest))
        if twice or not self._fills(list(slots(rest)), line):
            return None, line.body.expression
        return marks[0], rest

    def _calls(self, line: Definition) -> str | None:
        """A sum of numbers times one or two quantities as calls one after another, the first as large as the value."""
        assert isinstance(line.body, Elementwise)
        terms = [(term, *self._apart(term)) for term in ordered_terms(line.body.expression)]
        if len(terms) == 1:
            _, scale, tensors = terms[0]
            if scale != 1 or not 2 <= len(tensors) <= 3 or not self._fills(tensors[:2], line):
                return None
            rest = "".join(f".mul_({self.text(f, line)})" for f in tensors[2:])
            return f"torch.mul({', '.join(self.text(f, line) for f in tensors[:2])}){rest}"
        plain = [t for t in terms if t[1] == 1 and 1 <= len(t[2]) <= 2 and self._fills(t[2], line)]
        scaled = [t for t in terms if len(t[2]) == 1 and self._fills(t[2], line)]
        first = next((t for t in plain if len(t[2]) == 1), None) or next(iter([*plain, *scaled]), None)
        if first is None or (not plain and len(terms) < 2):
            return None
        others = [t for t in terms if t is not first]
        texts = [self.text(f, line) for f in first[2]]
        if len(texts) == 2:
            text = f"torch.mul({', '.join(texts)})"
        elif first[1] != 1:
            text = f"torch.mul({texts[0]}, {self.text(first[1], line)})"
        else:
            (_, scale, tensors), *others = others
            text = f"torch.{self._first_call(texts[0], scale, tensors, line)}"
        return text + "".join(self._added(term, line) for term, _, _ in others)

    def _first_call(self, base: str, scale: Scalar, tensors: list[Scalar], line: Definition) -> str:
        texts = [self.text(f, line) for f in tensors]
        if not tensors:
            return f"add({base}, {self.text(scale, line)})"
        if len(tensors) == 2:
            return f"addcmul({base}, {texts[0]}, {texts[1]}{self._keyword('value', scale, line)})"
        if scale == -1 and len(tensors) == 1:
            return f"sub({base}, {texts[0]})"
        return f"add({base}, {self.text(sympy.Mul(*tensors), line)}{self._keyword('alpha', scale, line)})"

    def _apart(self, term: Scalar) -> tuple[Scalar, list[Scalar]]:
        """The number of a term and its quantities; one that is no slot counts as three, which no call takes."""
        tensors: list[Scalar] = []
        numbers: list[Scalar] = []
        for factor in sympy.Mul.make_args(term):
            (numbers if self.is_number(factor) else tensors).append(factor)
        scale = sympy.Mul(*numbers)
        if not all(is_slot(f) for f in tensors):
            return scale, [sympy.Mul(*tensors)] if len(tensors) != 1 else tensors
        return scale, tensors

    def _fills(self, tensors: list[Scalar], line: Definition) -> bool:
        if not all(is_slot(f) for f in tensors):
            return False
        axes = {axis for f in tensors for axis in slot_layout(f, self.shared).axes}
        return axes >= set(Layout.of(line.indices, line.shared).axes)

    def _sum_of_products(self, line: Definition, folds: list[tuple[Scalar, Scalar, Product]]) -> str:
        """The products into one quantity of the rest of the sum, then what else there is."""
        assert isinstance(line.body, Elementwise)
        rest = line.body.expression - sympy.Add(*(alpha * occurrence for occurrence, alpha, _ in folds))
        terms = ordered_terms(rest) if rest != 0 else []
        base = next((t for t in terms if len(self._apart(t)[1]) == 1 and is_slot(self._apart(t)[1][0])), None)
        if len(terms) < 2 or base is None or not self.has_room(line):
            return super()._sum_of_products(line, folds)
        left = line.body.expression - sympy.Add(*(term for term in terms if term is not base))
        text = super()._sum_of_products(replace(line, body=Elementwise(left)), folds)
        return text + "".join(self._added(term, line) for term in terms if term is not base)
