"""The driver: the passes in order, a line each. Every product is kept, so that any of them can be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from hdsl.diagnostics.diagnostic import Diagnostic, ModelError
from hdsl.kept import Kept, fetch_kept, keep_made, key_of
from hdsl.syntax.source import Source

if TYPE_CHECKING:
    from hdsl.audit.audit import Audit
    from hdsl.derive.boundary import Boundary, Endless
    from hdsl.derive.equations import Equations
    from hdsl.derive.hamiltonian import Hamiltonian
    from hdsl.derive.pullback import Pullback
    from hdsl.derive.step import Step
    from hdsl.model.check import Known
    from hdsl.model.model import Model
    from hdsl.optimise.boundary import BoundaryPrograms
    from hdsl.optimise.lower import Programs
    from hdsl.syntax.tree import ModelText

VERSION = "0.1.0"  # what a wheel is of, too; to ask the installation takes longer than to parse a model

Product = TypeVar("Product")

PASSES = ("text", "model", "hamiltonian", "equations", "step", "audit", "pullback", "program", "numpy", "torch", "boundary")


class Compiler:
    """One source through the passes, each run when its product is first asked for.

    Where it ``keeps``, generated torch text is taken from the cache, and put there: then no pass is run for it.

    Raises:
        ModelError: the text is wrong; raised by `model` and everything after it.
    """

    def __init__(
        self,
        source: Source,
        *,
        dims: Mapping[str, int] | None = None,
        settings: Mapping[str, float | str] | None = None,
        delay: Iterable[str] = (),
        watch: Callable[[str, Any], None] | None = None,
        keeps: bool = False,
    ) -> None:
        self.source = source
        self.dims = dict(dims or {})
        self.settings = dict(settings or {})
        self.delay = tuple(delay)
        self.watch = watch or (lambda name, product: None)
        self.keeps = keeps
        self._found: dict[str, Kept | None] = {}

    def _made(self, name: str, product: Product) -> Product:
        self.watch(name, product)
        return product

    @cached_property
    def _parsed(self) -> tuple[ModelText, tuple[Diagnostic, ...]]:
        from hdsl.syntax.parse import parse

        return parse(self.source)

    @cached_property
    def _checked(self) -> tuple[Model | None, tuple[Diagnostic, ...], Known]:
        from hdsl.model.check import Known, check

        text, found = self._parsed
        known = Known()
        wrong: tuple[Diagnostic, ...] = ()
        model, more = check(text, dims=self.dims, settings=self.settings, delay=self.delay, told=known)
        if model is not None and model.hamiltonian is not None:
            from hdsl.derive.mechanics import set_in_motion

            model, wrong = set_in_motion(model)
            more = (*more, *wrong)
        if model is not None and model.learning.exact:
            from hdsl.derive.exact import set_exact
            from hdsl.model.demands import unmet

            model, wrong = set_exact(model)
            wrong = wrong or tuple(unmet(model, model.local))  # a matrix that is raised to a power mixes units
            more = wrong or more
        if model is not None and model.controls and not wrong:
            from hdsl.derive.refusals import refusals

            more = tuple(refusals(model)) or more  # warnings are given for files without mistakes
        if model is not None and model.learning.states == "recomputed":
            from hdsl.derive.reversing import refusals as irreversible

            more = tuple(irreversible(model)) or more
        failed = any(d.severity == "error" for d in (*found, *more))
        return (None if failed else model), (*found, *more), known

    @cached_property
    def _linted(self) -> tuple[Diagnostic, ...]:
        """Findings with those of the lints, without the warnings that the file allows."""
        from hdsl.lint.allow import allowed
        from hdsl.lint.lints import lints

        model, found, _ = self._checked
        more = () if model is None else lints(model)
        return tuple(allowed(self.source, (*found, *more)))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding, errors and warnings, in the order of the text."""
        if self._kept is not None:
            return self._kept.diagnostics
        return tuple(sorted(self._linted, key=lambda d: (d.span, d.code)))

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What is told to who writes the file: of one that holds components for others to use, not that no model is in it."""
        return tuple(d for d in self.diagnostics if not (d.code == "empty-model" and self._parsed[0].parts_only))

    @property
    def known(self) -> Known:
        """What is known of the names of the file, be it right or wrong."""
        return self._checked[2]

    @property
    def text(self) -> ModelText:
        return self._made("text", self._parsed[0])

    @cached_property
    def model(self) -> Model:
        model = self._checked[0]  # without lints: what is asked for more than its warnings need not wait for them
        if model is None:
            raise ModelError(self.source, self.diagnostics)
        return self._made("model", model)

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.model.name if self._kept is None else self._kept.name

    @cached_property
    def outline(self) -> Model:
        """The model as a run reads it: of what an earlier process kept, where it did, until more is asked of it."""
        from hdsl.model.outline import outlined

        kept = self._kept
        told = None if kept is None or kept.outline is None else outlined(kept.outline, lambda: self.model)
        return told or self.model

    @cached_property
    def hamiltonian(self) -> Hamiltonian:
        from hdsl.derive.hamiltonian import build_hamiltonian

        return self._made("hamiltonian", build_hamiltonian(self.model))

    @cached_property
    def equations(self) -> Equations:
        from hdsl.derive.equations import derive_equations

        return self._made("equations", derive_equations(self.hamiltonian))

    @cached_property
    def boundary(self) -> Boundary | Endless:
        from hdsl.derive.boundary import derive_boundary

        return self._made("boundary", derive_boundary(self.model))

    @cached_property
    def boundary_programs(self) -> BoundaryPrograms:
        """Raises ValueError for a model without a horizon."""
        from hdsl.derive.boundary import Endless
        from hdsl.optimise.boundary import lower_boundary

        if isinstance(self.boundary, Endless):
            raise ValueError(f"{self.model.name} has no horizon, so it has no boundary problem")
        return lower_boundary(self.boundary)

    @cached_property
    def boundary_numpy(self) -> str:
        """The functions of the boundary problem as text. Raises ValueError for a model without a horizon."""
        from hdsl.emit.numpy_module import emit_numpy

        return emit_numpy(self.boundary_programs, VERSION)

    @cached_property
    def step(self) -> Step:
        from hdsl.derive.step import build_step

        return self._made("step", build_step(self.model))

    @cached_property
    def audit(self) -> Audit:
        from hdsl.audit.audit import build_audit

        return self._made("audit", build_audit(self.step))

    @cached_property
    def pullback(self) -> Pullback:
        from hdsl.derive.pullback import derive_pullback

        return self._made("pullback", derive_pullback(self.step))

    @cached_property
    def program(self) -> Programs:
        from hdsl.optimise.lower import lower

        return self._made("program", lower(self.step))

    @cached_property
    def numpy(self) -> str:
        from hdsl.emit.numpy_module import emit_numpy

        return self._made("numpy", emit_numpy(self.program, VERSION))

    @cached_property
    def torch(self) -> str:
        def make() -> str:
            from hdsl.emit.torch_module import emit_torch

            return emit_torch(self.program, VERSION)

        return self._made("torch", self._keeping("torch", make))

    @cached_property
    def torch_with_pullback(self) -> str:
        """The same module, longer: what comes back from its output goes on to its inputs. Raises ValueError if it cannot."""

        def make() -> str:
            from hdsl.emit.torch_module import emit_torch
            from hdsl.optimise.pullback import with_pullback

            return emit_torch(with_pullback(self.program, self.pullback), VERSION, self.pullback)

        return self._keeping("pullback", make)

    @property
    def largest(self) -> int:
        """The products that the largest line of a step takes, for one stream."""
        if self._kept is not None:
            return self._kept.largest
        from hdsl.optimise.extent import largest

        return largest(self.program.learn, self.model.dims)

    # Products of an earlier process ----------------------------------------------------------------------------------

    @cached_property
    def _kept(self) -> Kept | None:
        return self._fetched("torch") or self._fetched("pullback")

    def _key(self, kind: str) -> str:
        return key_of(kind, self.source, self.dims, self.settings, self.delay)

    def _fetched(self, kind: str) -> Kept | None:
        if kind not in self._found:
            self._found[kind] = fetch_kept(self._key(kind)) if self.keeps else None
        return self._found[kind]

    def _keeping(self, kind: str, make: Callable[[], str]) -> str:
        """What was kept of a kind, or else what is made now, which is kept."""
        kept = self._fetched(kind)
        if kept is not None:
            return kept.text
        text = make()
        if self.keeps:
            from hdsl.model.outline import outline_of

            keep_made(self._key(kind), Kept(self.name, text, self.largest, self.diagnostics, outline_of(self.model)))
        return text

    def product(self, name: str) -> Any:
        """The product of a pass, by name (one of `PASSES`)."""
        return getattr(self, name)
