"""What Python users touch: `load` and `loads` give a `Model`, whose `compile` gives a torch module class."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdsl.compiler import PASSES, Compiler
from hdsl.derive.shown import Layout, Shown
from hdsl.diagnostics.diagnostic import Diagnostic, ModelError
from hdsl.resources import folder
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read as read_bytes
from hdsl.syntax.source import Source

if TYPE_CHECKING:
    from hdsl.audit.audit import Audit
    from hdsl.derive.equations import Equations
    from hdsl.derive.hamiltonian import Hamiltonian
    from hdsl.runtime.boundary.result import Solution
    from hdsl.show.why import Why


def _shown(product: Any, layout: Layout) -> str | None:
    """What notebooks show; the room ``show`` is imported when one does."""
    from hdsl.show.notebook import shown

    return shown(product.compiler.model if isinstance(product, Model) else product, layout)


Shown.printer = _shown


class Model(Shown):
    """A checked model and everything derived from it, each product worked out when first asked for."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.name = compiler.name

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings; a model with errors cannot be loaded."""
        return self.compiler.diagnostics

    @property
    def hamiltonian(self) -> Hamiltonian:
        """The cost functional, H, stationarity and H′, as sympy objects."""
        return self.compiler.hamiltonian

    @property
    def equations(self) -> Equations:
        """Hamilton's equations: ``.state["h"]``, ``.costate["h"]``, ``.costate["W"]``, ``.parameter["W"]``."""
        return self.compiler.equations

    @property
    def audit(self) -> Audit:
        """What each update reads and how local it is, what departs from optimal control, and what it equals."""
        return self.compiler.audit

    def why(self, path: str) -> Why:
        """Why each summand of an equation is there; printed, it is what ``hdsl derive --why`` shows.

        Args:
            path: ``costate.h``, ``state.h``, ``param.W``, ``step.z.h``, ``adjoint.a``, or the name of a definition.

        Raises:
            ValueError: there is nothing of this name.
        """
        from hdsl.show.why import explain_equation

        return explain_equation(self.compiler.equations, self.compiler.step, path)

    def product(self, name: str) -> Any:
        """The product of a pass of the compiler: one of `hdsl.compiler.PASSES`."""
        if name not in PASSES:
            raise ValueError(f"there is no pass {name!r}; the passes are {', '.join(PASSES)}")
        return self.compiler.product(name)

    def compile(
        self, *, dtype: Any = None, device: Any = None, backend: str = "torch", held_back: int | None = None,
        pullback: bool = False,
    ) -> Any:  # fmt: skip
        """The generated module class, a `torch.nn.Module` with ``step``, ``run`` and ``predict``.

        Args:
            dtype, device: what instances use where they are not told otherwise; torch's defaults if None.
            backend: ``torch``; ``native`` for a module whose step, and whose loop over a stream, is compiled C; ``auto`` for
                whichever is faster in a short trial at the first `run`, which ``net.choice`` then tells; or ``numpy`` for
                the text of the reference as a module of functions. Without a C compiler torch is taken, with a warning.
            held_back: of native code, over how many steps moves of matrices are held back at batch 1: 0 for none, a number for
                every matrix that allows it, and where it is left out 16 steps of large ones in long runs, where that pays.
            pullback: also give the class ``pullback`` and ``forward``, so that a module stands inside a larger torch model.

        Raises:
            ValueError: there is no such backend, no native code of this model, or nothing is held back over so many steps; with
                ``pullback``, no real input reaches an output.
        """
        from hdsl.runtime.choice import choice_of
        from hdsl.runtime.load import load_class
        from hdsl.runtime.origin import Origin
        from hdsl.runtime.text import load_text

        if backend == "numpy":
            return load_text(self.compiler.numpy, self.name)
        compiler = self.compiler
        outside = tuple(compiler.dims.items()), tuple(compiler.settings.items()), compiler.delay
        origin = Origin(self.name, compiler.source, *outside)
        choice = choice_of(backend, origin, held_back)
        text = compiler.torch_with_pullback if pullback else compiler.torch
        return load_class(text, origin, (dtype, device), choice, compiler.keeps)

    def solve(
        self,
        stream: Any = None,
        *,
        tol: float | None = None,
        warm: Any = None,
        seed: int = 0,
        parameters: Mapping[str, Any] | None = None,
    ) -> Solution:
        """Solve the boundary problem of a model with a horizon: ``hdsl.load("lqr").solve()["a"]``.

        Args:
            stream: what `stream` gave, for a model with inputs or targets.
            tol: the tolerance, the model's own where it is None.
            warm: a `Solution` to begin from.
            seed: of what is drawn.
            parameters: values that parameters begin with, by name.

        Returns:
            arrays by name, J, residuals and a ``status``: ``solved``, or why it is not; nothing is raised for that.

        Raises:
            ValueError: the model has no horizon, a size has no number, or ``warm`` is of another problem.
            StreamError: the stream ends before the horizon, or something in it is missing.
        """
        from hdsl.runtime.boundary.functions import nothing_arrives
        from hdsl.runtime.boundary.numbers import horizon_of, numbered
        from hdsl.runtime.boundary.signals import read_signals
        from hdsl.runtime.boundary.solve import solve_boundary

        record = self.compiler.model
        signals: Any = nothing_arrives
        if record.of_role("input") or record.of_role("target"):
            if stream is None:
                raise ValueError(f"{self.name} has inputs or targets: solve(model.stream(…))")
            signals = read_signals(stream.whole(), record, *horizon_of(record), stream.name)
        problem = numbered(self.compiler, seed, signals, parameters)
        return solve_boundary(problem, tol, None if warm is None else warm.path, "" if stream is None else stream.name)

    def resized(self, settings: Mapping[str, float | str] | None = None, **dims: int) -> Model:
        """The same text with other sizes and settings, checked again. Raises hdsl.ModelError."""
        made = self.compiler
        return Model(compiler(made.source, {**made.settings, **(settings or {})}, {**made.dims, **dims}, made.delay))

    def __reduce__(self) -> tuple[Any, ...]:
        """A model is pickled as its text, sizes and settings, and checked again where it is read."""
        made = self.compiler
        return _again, (made.source, made.settings, made.dims, made.delay)

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return self  # nothing of it changes

    def stream(
        self,
        source: Any,
        map: Mapping[str, str] | Iterable[str] = (),
        *,
        scale: str = "none",
        on_bad_row: str = "stop",
        batch: int = 1,
        follow: bool = False,
    ) -> Any:
        """A stream for this model: ``net.run(model.stream("sunspots.csv", {"u": "ssn", "v": "ssn@+1"}, scale="running"))``.

        Args:
            source: a file, a frame of pandas, polars or Arrow, arrays by name, or any iterable of samples; a list of these
                for several beside one another.
            map: columns by name, or as `--map` writes them.
            scale, on_bad_row, batch, follow: as the options of `hdsl run` of the same names.

        Raises:
            hdsl.runtime.source.block.StreamError: a ValueError; it cannot be read as the model wants it.
        """
        from hdsl.runtime.bad_rows import POLICIES, BadRows
        from hdsl.runtime.beside import Beside
        from hdsl.runtime.columns import read_map
        from hdsl.runtime.source.block import StreamError
        from hdsl.runtime.source.opening import open_source
        from hdsl.runtime.stream import read_stream

        if on_bad_row not in POLICIES:
            raise ValueError(f"on_bad_row is one of {', '.join(POLICIES)}; found {on_bad_row!r}")
        told = dict(map) if isinstance(map, Mapping) else read_map([map] if isinstance(map, str) else map)
        several = isinstance(source, list) and bool(source) and not isinstance(source[0], Mapping)
        opened = [open_source(each, follow) for each in (source if several else [source])]
        bad = BadRows(on_bad_row, lambda message: print(f"left out: {message}", file=sys.stderr))
        streams = [read_stream(each, self.compiler.outline, told, None, scale, bad) for each in opened]
        if unknown := streams[0].columns.sizes:
            wanted = ", ".join(f"{name}={size}" for name, size in unknown.items())
            raise StreamError(f"the stream decides a size that the model was loaded without: hdsl.load(…, {wanted})")
        return streams[0] if len(streams) == batch == 1 else Beside(streams, batch)

    def __repr__(self) -> str:
        return f"<hdsl model {self.name} of {self.compiler.source.name}>"


def _again(source: Source, settings: dict[str, float | str], dims: dict[str, int], delay: tuple[str, ...]) -> Model:
    return Model(compiler(source, settings, dims, delay))


def load(
    path: str | Path,
    *,
    settings: dict[str, float | str] | None = None,
    delay: str | Iterable[str] = (),
    horizon: float | None = None,
    **dims: int,
) -> Model:
    """Read and check a .ham file.

    Args:
        path: a file, or the name of a model that ships.
        settings: values in place of those in the file, by path: ``{"beta": 0.1, "eta.h": 0.5, "alpha": 0.2}``.
        delay: definitions that are delayed by a step, by name (``"body.1,body.2"``, or a name each), or ``"all"``: every
            `let` between inputs or states and a cost that reads a parameter.
        horizon: the end of time, in place of the file's own.
        dims: sizes by name.

    Raises:
        hdsl.ModelError: the text is wrong; ``.diagnostics`` holds every finding.
        FileNotFoundError: there is no such file and no such model.
    """
    found = find(path)
    source = read(found, str(path) if found == Path(path) else found.name)
    if horizon is not None:
        from hdsl.syntax.horizon import with_horizon

        source = with_horizon(source, horizon)
    return Model(compiler(source, settings, dims, delay))


def loads(
    text: str,
    *,
    name: str = "<text>",
    settings: dict[str, float | str] | None = None,
    delay: str | Iterable[str] = (),
    **dims: int,
) -> Model:
    """The same from text. Raises hdsl.ModelError."""
    return Model(compiler(gather(Source(text, name), None), settings, dims, delay))


def compiler(
    source: Source, settings: dict[str, float | str] | None, dims: dict[str, int], delay: str | Iterable[str] = ()
) -> Compiler:
    """A compiler whose model has been checked, now or when its text was kept."""
    names = delay.split(",") if isinstance(delay, str) else delay
    made = Compiler(source, dims=dims, settings=settings, delay=[name.strip() for name in names], keeps=True)
    assert made.name
    return made


def find(path: str | Path) -> Path:
    """The file that a path names, or the model of that name that ships."""
    given = Path(path)
    shipped = folder("models") / f"{given.name.removesuffix('.ham')}.ham"
    if given.is_file():
        return given
    if given.parent == Path(".") and given.suffix in ("", ".ham") and shipped.is_file():
        return shipped
    known = ", ".join(sorted(p.stem for p in folder("models").glob("*.ham")))
    raise FileNotFoundError(f"there is no file {given} and no model of that name that ships (there are {known})")


def read(path: Path, name: str) -> Source:
    """The text of a .ham file, shown as ``name``. Raises hdsl.ModelError: it is not UTF-8, or too large."""
    source, found = read_bytes(path.read_bytes(), name)
    if found:
        raise ModelError(source, found)
    return gather(source, path.parent)
