"""The driver: the passes in order, a line each. Every product is kept, so that any of them can be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TypeVar

from hdsl.diagnostics.diagnostic import Diagnostic, ModelError
from hdsl.syntax.source import Source

if TYPE_CHECKING:
    from hdsl.audit.audit import Audit
    from hdsl.derive.equations import Equations
    from hdsl.derive.hamiltonian import Hamiltonian
    from hdsl.derive.pullback import Pullback
    from hdsl.derive.step import Step
    from hdsl.model.check import Known
    from hdsl.model.model import Model
    from hdsl.optimise.lower import Programs
    from hdsl.syntax.tree import ModelText

try:
    VERSION = version("hdsl")
except PackageNotFoundError:  # a source tree that was never installed
    VERSION = "0+unknown"

Product = TypeVar("Product")

PASSES = ("text", "model", "hamiltonian", "equations", "step", "audit", "pullback", "program", "numpy", "torch")


class Compiler:
    """One source through the passes, each run when its product is first asked for.

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
    ) -> None:
        self.source = source
        self.dims = dict(dims or {})
        self.settings = dict(settings or {})
        self.delay = tuple(delay)
        self.watch = watch or (lambda name, product: None)

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
        model, more = check(text, dims=self.dims, settings=self.settings, delay=self.delay, told=known)
        if model is not None and model.hamiltonian is not None:
            from hdsl.derive.mechanics import set_in_motion

            model, wrong = set_in_motion(model)
            more = (*more, *wrong)
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

    @cached_property
    def hamiltonian(self) -> Hamiltonian:
        from hdsl.derive.hamiltonian import build_hamiltonian

        return self._made("hamiltonian", build_hamiltonian(self.model))

    @cached_property
    def equations(self) -> Equations:
        from hdsl.derive.equations import derive_equations

        return self._made("equations", derive_equations(self.hamiltonian))

    @cached_property
    def step(self) -> Step:
        from hdsl.derive.step import build_step

        return self._made("step", build_step(self.equations))

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
        from hdsl.emit.torch_module import emit_torch

        return self._made("torch", emit_torch(self.program, VERSION))

    @cached_property
    def torch_with_pullback(self) -> str:
        """The same module, longer: what comes back from its output goes on to its inputs. Raises ValueError if it cannot."""
        from hdsl.emit.torch_module import emit_torch
        from hdsl.optimise.pullback import with_pullback

        return emit_torch(with_pullback(self.program, self.pullback), VERSION, self.pullback)

    def product(self, name: str) -> Any:
        """The product of a pass, by name (one of `PASSES`)."""
        return getattr(self, name)
