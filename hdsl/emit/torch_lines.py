"""The lines of a program as torch statements: one equation a statement, in place where nothing reads the old value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import sympy

from hdsl.emit.align import Layout, slot_layout, view
from hdsl.emit.contraction import Product, as_product, axes_of, einsum
from hdsl.emit.expression import Printer, TorchPrinter
from hdsl.emit.names import Names
from hdsl.emit.statement import Statement, gather_additions
from hdsl.emit.taken_in import scaled_slot, taken_in
from hdsl.emit.torch_forms import faded, lerp, scaled_sum, tanh_pullback
from hdsl.optimise.program import Program
from hdsl.terms.chosen import scattered
from hdsl.terms.elementwise import ROWS, RowFunction, exp
from hdsl.terms.row import Written
from hdsl.terms.structured import STRUCTURED, is_view
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    ordered_terms,
    slot_indices,
    slot_name,
    slots,
)


class TorchLines:
    """Prints one program. ``numbers`` are names that are Python numbers in a step; ``shared`` tells a quantity's layout."""

    def __init__(
        self,
        program: Program,
        names: Names,
        numbers: set[str],
        shared: Callable[[str], bool],
        matrices: frozenset[str] = frozenset(),
    ) -> None:
        self.matrices = matrices
        self.program = program
        self.names = names
        self.numbers = numbers
        self._outer_shared = shared
        self.lines = {line.name: line for line in program.lines}
        self.given = {line.name: line.shared for line in program.given}
        self.renamed: dict[str, str] = {}
        self.taken = taken_in(program, self.shared, self.is_number)
        self.folded, self.scattered = self.taken.folded, self.taken.scattered
        self.position = 0
        self.uses_share = False
        self.uses_mean = False
        self.one_with: set[str] = set()  # lines that may be the same tensor as another line

    # --- names and layouts -----------------------------------------------------------------------

    def shared(self, name: str) -> bool:
        if name in self.lines:
            return self.lines[name].shared
        return self.given[name] if name in self.given else self._outer_shared(name)

    def name(self, name: str) -> str:
        """The identifier under which a quantity stands now: a new value made in place has its cell's."""
        return self.names[self.renamed.get(name, name)]

    def is_number(self, expression: Scalar) -> bool:
        return all(slot_name(s) in self.numbers for s in slots(expression))

    def bare(self, occurrence: Scalar) -> str:
        """A slot's tensor as it lies."""
        name = slot_name(occurrence)
        return self._structured(self.lines[name]) if name in self.scattered else self.name(name)

    def printer(self, target: Layout) -> Printer:
        """A printer that views every slot so that it broadcasts against the target."""

        def spell(occurrence: Scalar) -> str:
            if not is_slot(occurrence):
                return self.names[f"size:{occurrence.name}"]
            if slot_name(occurrence) in self.numbers:
                return self.names[slot_name(occurrence)]
            name, source = slot_name(occurrence), slot_layout(occurrence, self.shared)
            if name.startswith("present:") and target.axes[1:] and len(source.axes) == 1:
                return (
                    self.names[f"column:{name}"]
                    if len(target.axes) == 2
                    else view(self.bare(occurrence), source, target)
                )
            return view(self.bare(occurrence), source, target)

        return TorchPrinter(spell, self.is_number)

    def text(self, expression: Scalar, line: Definition, around: int = 0) -> str:
        return self.printer(Layout.of(line.indices, line.shared))(expression, around)

    # --- lines -----------------------------------------------------------------------------------

    @cached_property
    def statements(self) -> list[Statement]:
        """The whole body, without what binds the cells and returns."""
        made: list[Statement] = []
        taken = self.folded | self.scattered
        for position, line in enumerate(self.program.lines):
            self.position = position
            if line.name not in taken:
                made.append(self._statement(line))
            made += self._released(position)
        made = gather_additions(made)
        for line in self.program.lines:
            if line.name in self.program.held:
                made.append(Statement(f"{self.names[line.name[:-1]]}.copy_({self.names[line.name]})", ()))
        return made

    def _released(self, position: int) -> list[Statement]:
        """Parameters of a stage after their last reader: what is made for the next stage takes their memory."""
        parts = [(name, *name.rpartition("@")[::2]) for name in self._read_last[position]]
        own = [name for name, of, stage in parts if of in self.matrices and f"{of}@{int(stage) + 1}" in self.lines]
        named = ", ".join(self.names[name] for name in own)
        return [Statement(f"del {named}  # the next stage takes its memory", ())] if named else []

    @cached_property
    def _read_last(self) -> dict[int, list[str]]:
        """The lines whose last reader stands at a place."""
        found: dict[int, list[str]] = defaultdict(list)
        for name, last in self.taken.last_read.items():
            if name in self.lines:
                found[last].append(name)
        return found

    def _statement(self, line: Definition) -> Statement:
        used: tuple[Definition, ...] = (line,)
        if isinstance(line.body, Contraction):
            return self._assign(line, self._contraction(line), used)
        if isinstance(line.body, Structured):
            # What is returned is the caller's to keep: no view of what the next step overwrites.
            kept = ".clone()" if is_view(line) and line.name in self.program.results else ""
            return self._assign(line, self._structured(line) + kept, used)
        expression = line.body.expression
        folds = self._folds(expression)
        taken = (*(slot_name(s) for s, _, _ in folds), *(n for n in line.reads() if n in self.scattered))
        used = (*(self.lines[name] for name in taken), line)
        if self.program.is_update(line) and line.name not in self.program.held:
            text = self._in_place(line, folds)
            if text is not None:
                self.renamed[line.name] = line.name[:-1]
                return Statement(text, used)
        text = self._sum_of_products(line, folds) if folds else self._elementwise(line)
        return self._assign(line, text, used)

    def _assign(self, line: Definition, text: str, used: tuple[Definition, ...]) -> Statement:
        if not line.shared and all(self.shared(name) for name in line.reads()):
            sizes = "".join(f", {self.printer(Layout(()))(n)}" for n in line.sizes)
            text = f"({text}).expand(share.shape[0]{sizes})"
            self.uses_share = True
        elif isinstance(line.body, Elementwise) and lacks_axes(line):
            sizes = ", ".join([*(["-1"] * (not line.shared)), *(self.printer(Layout(()))(n) for n in line.sizes)])
            text = f"({text}).expand({sizes})"
        if self.program.is_update(line) and line.name not in self.program.held:
            self.renamed[line.name] = line.name[:-1]
            return Statement(f"{self.name(line.name)}.copy_({text})", used)
        return Statement(f"{self.names[line.name]} = {text}", used)

    def product(self, line: Definition) -> Product | None:
        """A contraction as a matrix product; the transpose of a matrix that is a cell is a view made beforehand."""

        def turn(occurrence: Scalar) -> str:
            name = slot_name(occurrence)
            made_once = name in self.matrices
            return self.names[f"turned:{name}"] if made_once else f"{self.bare(occurrence)}.t()"

        return as_product(line, self.shared, self.bare, turn)

    # --- contractions and structured operations --------------------------------------------------

    def _contraction(self, line: Definition) -> str:
        assert isinstance(line.body, Contraction)
        product = self.product(line)
        scale = line.body.coefficient
        if product is not None:
            self._note(product)
            call = f"torch.{product.kind}({product.left}, {product.right})"
            return self._scaled(call, scale, product.mean, line)
        axes = axes_of(line, self.shared)
        one = axes.factors[0].axes
        if len(axes.factors) == 2 and axes.factors[1].axes == one and one and axes.value.axes == one[:-1]:
            left, right = (self.bare(f) for f in line.body.factors)
            return self._scaled(f"torch.linalg.vecdot({left}, {right})", scale, axes.mean, line)
        pattern, mean, missing = einsum(line, self.shared)
        operands = ", ".join(self.bare(f) for f in line.body.factors)
        text = f'torch.einsum("{pattern}", {operands})'
        if pattern.split("->")[0] == pattern.split("->")[1] and not mean:
            text = operands
        for axis in missing:
            text = f"{text}.unsqueeze({axis})"
        if missing:
            sizes = [self.printer(axes.value)(n) for n in line.sizes]
            sizes = sizes if len(sizes) == len(axes.value.axes) else ["-1", *sizes]
            text = f"{text}.expand({', '.join(sizes)})"
        return self._scaled(text, scale, mean, line)

    def _scaled(self, text: str, scale: Scalar, mean: bool, line: Definition) -> str:
        """Text times a coefficient, and divided by the batch for a mean."""
        if mean:
            self.uses_mean = True
            text = f"{text} * mean"
        if scale == 1:
            return text
        return f"{self.text(scale, line, 1)} * {text}"

    def _structured(self, line: Definition) -> str:
        assert isinstance(line.body, Structured)
        row = STRUCTURED[line.body.row]
        written = self._written(line)
        self.uses_mean |= written.crosses
        if row.together and written.batched and not all(written.own):
            self.uses_share = True
            operands = (
                name if own else f"{name}.expand(share.shape[0], *{name}.shape)"
                for name, own in zip(written.operands, written.own, strict=True)
            )
            written = replace(written, operands=tuple(operands), own=(True,) * len(written.own))
        return row.spell("torch", written)

    def _written(self, line: Definition) -> Written:
        """A structured line as its row's spelling is handed it."""
        assert isinstance(line.body, Structured)
        operands = line.body.operands
        # What is a Python number in a step becomes a tensor: these calls take tensors only.
        texts = (
            f"torch.full((), {self.name(o)}, dtype=dtype, device=device)" if o in self.numbers else self.name(o)
            for o in operands
        )
        return Written(
            tuple(texts),
            tuple(not self.shared(operand) for operand in operands),
            not line.shared,
            line.sizes,
            dict(line.body.attributes),
            self.printer(Layout(())),
        )

    # --- elementwise lines -----------------------------------------------------------------------

    def _dead_after(self, occurrence: Scalar, line: Definition) -> bool:
        """True for a tensor that hdsl made in this body, that nothing reads any more, and that has the line's layout."""
        name = slot_name(occurrence)
        source = self.lines.get(name)
        if source is None or self.program.is_update(source) or self.taken.last_read[name] > self.position:
            return False
        if source.shared != line.shared or slot_indices(occurrence) != line.indices:
            return False
        return self._owns_storage(source)

    def _owns_storage(self, source: Definition) -> bool:
        """False for what may be a view of, or the same tensor as, something else."""
        if isinstance(source.body, Elementwise):
            return not is_slot(source.body.expression) and not source.shared and not lacks_axes(source)
        return isinstance(source.body, Contraction) and as_product(source, self.shared, self.bare) is not None

    def _elementwise(self, line: Definition) -> str:
        """The value of an elementwise line, by the one call that it is where it is one."""
        assert isinstance(line.body, Elementwise)
        expression = line.body.expression
        if isinstance(expression, RowFunction) and not (isinstance(expression, exp) and self.is_number(expression)):
            return self._function(line, expression)
        special = lerp(self, line) or tanh_pullback(self, line) or scaled_sum(self, expression, line)
        if line.name.startswith("z:") and not self.program.is_update(line):
            special = special or faded(self, line)
        if special:
            return special
        if not slots(expression) or self.is_number(expression):
            fill = self.text(expression, line)
            return f"torch.full((), {fill}, dtype=dtype, device=device)"
        text = self.text(expression, line)
        return f"{text}.clone()" if is_slot(expression) else text

    def _function(self, line: Definition, expression: Scalar) -> str:
        row = ROWS[type(expression).__name__]
        (first, *others) = expression.args
        if row.in_place and not others and is_slot(first) and self._dead_after(first, line):
            return row.in_place.format(self.bare(first))
        return self.text(expression, line)

    # --- sums that take matrix products in -------------------------------------------------------

    def _folds(self, expression: Scalar) -> list[tuple[Scalar, Scalar, Product]]:
        """(slot, coefficient, product) of the folded terms of a sum."""
        found = []
        for term in ordered_terms(expression):
            coefficient, occurrence = scaled_slot(term, self.is_number)
            if occurrence is not None and slot_name(occurrence) in self.folded:
                product = self.product(self.lines[slot_name(occurrence)])
                assert product is not None
                found.append((occurrence, coefficient, product))
        return found

    def _note(self, product: Product) -> None:
        self.uses_mean |= product.mean
        self.uses_share |= product.right == "share"

    def _factors(self, line: Definition, beta: Scalar, alpha: Scalar, product: Product) -> str:
        """The scaling arguments of addmm_: only those that are not one."""
        self._note(product)
        text = "" if beta == 1 else f", beta={self.text(beta, line)}"
        scale = "" if alpha == 1 else self.text(alpha, line, 1)
        if product.mean:
            scale = f"{scale} * mean" if scale else "mean"
        return text + (f", alpha={scale}" if scale else "")

    def _sum_of_products(self, line: Definition, folds: list[tuple[Scalar, Scalar, Product]]) -> str:
        """A fresh value: the rest of the sum first, then the products."""
        assert isinstance(line.body, Elementwise)
        rest = line.body.expression - sympy.Add(*(alpha * occurrence for occurrence, alpha, _ in folds))
        _, alpha, product = folds[0]
        if rest != 0:
            beta, base = scaled_slot(rest, self.is_number)
            text = scaled_sum(self, rest, line) or self.text(rest if base is None else base, line)
            if self.is_number(rest):
                text = f"torch.full((), {text}, dtype=dtype, device=device)"
            beta = beta if base is not None else sympy.Integer(1)
            scaling = self._factors(line, beta, alpha, product)
            text = f"torch.add{product.kind}({text}, {product.left}, {product.right}{scaling})"
        elif len(folds) == 1 or alpha != 1 or product.mean:
            self._note(product)
            text = self._scaled(f"torch.{product.kind}({product.left}, {product.right})", alpha, product.mean, line)
            text = text if text.startswith("torch.") and text.endswith(")") else f"({text})"
        else:
            text = f"torch.{product.kind}({product.left}, {product.right})"
        for _, alpha, product in folds[1:]:
            scaling = self._factors(line, sympy.Integer(1), alpha, product)
            text += f".add{product.kind}_({product.left}, {product.right}{scaling})"
        return text

    def _in_place(self, line: Definition, folds: list[tuple[Scalar, Scalar, Product]]) -> str | None:
        """``X+ = k X + …`` on X itself; None where X occurs in another way."""
        assert isinstance(line.body, Elementwise)
        cell = line.name[:-1]
        if line.body.expression == 0:
            return f"{self.names[cell]}.zero_()"
        moved = lerp(self, line)
        if moved and moved.startswith(f"torch.lerp({self.names[cell]}, "):
            return moved.replace("torch.lerp(", "", 1).replace(", ", ".lerp_(", 1)
        kept, others = sympy.Integer(0), []
        taken = {slot_name(occurrence) for occurrence, _, _ in folds}
        for term in ordered_terms(line.body.expression):
            coefficient, occurrence = scaled_slot(term, self.is_number)
            if occurrence is not None and slot_name(occurrence) == cell and slot_indices(occurrence) == line.indices:
                kept += coefficient
            elif occurrence is None or slot_name(occurrence) not in taken:
                others.append(term)
        if any(slot_name(s) == cell for term in others for s in slots(term)):
            return None
        if any(cell in self.lines[name].reads() for name in taken):
            return None
        text = self.names[cell]
        for _, alpha, product in folds:
            scaling = self._factors(line, kept, alpha, product)
            text += f".add{product.kind}_({product.left}, {product.right}{scaling})"
            kept = sympy.Integer(1)
        if not folds and kept == 0:
            return None
        if kept != 1:
            text += f".mul_({self.text(kept, line)})"
        for term in others:
            text += self._added(term, line)
        return text

    def _added(self, term: Scalar, line: Definition) -> str:
        """``.add_(…)`` of one term, its number as the call's own factor."""
        tensors = [f for f in sympy.Mul.make_args(term) if not self.is_number(f)]
        scale = sympy.Mul(*(f for f in sympy.Mul.make_args(term) if self.is_number(f)))
        if len(tensors) == 1 and is_slot(tensors[0]) and slot_name(tensors[0]) in self.scattered:
            self.uses_mean = True
            chosen, rows = scattered(self._written(self.lines[slot_name(tensors[0])]))
            alpha = "mean" if scale == 1 else f"{self.text(scale, line, 1)} * mean"
            return f".index_add_(0, {chosen}, {rows}, alpha={alpha})"
        if len(tensors) == 2 and all(is_slot(f) for f in tensors):
            left, right = (self.text(f, line) for f in tensors)
            return f".addcmul_({left}, {right}{self._keyword('value', scale, line)})"
        return f".add_({self.text(sympy.Mul(*tensors), line)}{self._keyword('alpha', scale, line)})"

    def _keyword(self, word: str, scale: Scalar, line: Definition) -> str:
        return "" if scale == 1 else f", {word}={self.text(scale, line)}"


def lacks_axes(line: Definition) -> bool:
    """True for a line that has the same value all along one of its axes, since nothing that it reads has that axis."""
    assert isinstance(line.body, Elementwise)
    return not {i for s in slots(line.body.expression) for i in slot_indices(s)}.issuperset(line.indices)
