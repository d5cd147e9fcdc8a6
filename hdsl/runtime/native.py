"""A module whose loop over a stream, and whose step, is one call of compiled C on the module's own tensors.

Everything else is the generated torch module: parameters, states and costates are its buffers, so that whatever reads or sets
them sees what C has made. Where they are not as C wants them, on another device for example, a step is torch's.
"""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hdsl.cache import fetch, is_off, keep
from hdsl.compiler import VERSION
from hdsl.emit.holding import Holding
from hdsl.kept import key_of
from hdsl.runtime.choice import Choice
from hdsl.runtime.loop import anew, entry
from hdsl.runtime.native_build import BuildError, build
from hdsl.runtime.native_held import Between, asked_of, begun, pays_from, tell
from hdsl.runtime.prepared import Run, Step

if TYPE_CHECKING:  # the compiler is loaded where native text is read or printed: torch needs nothing of it
    from hdsl.emit.native_module import NativeText

Columns = tuple[torch.Tensor, ...]
KINDS = {torch.float32: "float", torch.float64: "double"}
AT_ONCE = 2**28
"""Of one call: so many steps times streams times numbers of the cells, some tenths of a second. Nobody can interrupt C."""


@dataclass(frozen=True)
class Library:
    """The functions of one model at one size, batch and type."""

    text: NativeText
    functions: Mapping[str, Any]


HOLDING = {
    "learn_held": (ctypes.POINTER(ctypes.c_int64), ctypes.c_int64),
    "weigh_held": (ctypes.POINTER(ctypes.c_int64),),
}
"""Functions beside the bodies where moves are held back, and what they are handed beside `struct run`."""
_LIBRARIES: dict[tuple[Any, ...], Library] = {}


def library_of(net: Any) -> Library:
    """The library of a module, built when it is first asked for. Raises NoCompiler and BuildError."""
    sizes = {name.removeprefix("size:"): getattr(net, of) for name, of in net.numbers.items() if name.startswith("size:")}
    kind = KINDS[net.share.dtype]
    key = (net.origin, tuple(sizes.items()), net.batch, kind, asked_of(net))
    if key not in _LIBRARIES:
        text = _text(net.origin, sizes, net.batch, kind, asked_of(net))
        loaded = build(text.text)
        functions = {}
        for name in text.results:
            functions[name] = loaded[name]
            functions[name].argtypes, functions[name].restype = [ctypes.POINTER(Run)], None
            functions[f"{name}_step"] = loaded[f"{name}_step"]
            functions[f"{name}_step"].argtypes, functions[f"{name}_step"].restype = [ctypes.POINTER(Step)], None
        for name, further in HOLDING.items() if text.held else ():
            functions[name] = loaded[name]
            functions[name].argtypes, functions[name].restype = [ctypes.POINTER(Run), *further], None
        functions["cells_finite"] = loaded["cells_finite"]
        functions["cells_finite"].argtypes, functions["cells_finite"].restype = [ctypes.POINTER(Run)], ctypes.c_int64
        _LIBRARIES[key] = Library(text, functions)
    return _LIBRARIES[key]


def _text(origin: Any, sizes: Mapping[str, int], batch: int, kind: Any, holding: Holding) -> NativeText:
    """Native text, printed now or by an earlier process."""
    from hdsl.emit.native_module import NativeText, NotNative, emit_native

    told = {**dict(origin.dims), **{f"size {name}": value for name, value in sizes.items()}, "batch": batch}
    name = f"{key_of(f'native {kind} {holding}', origin.source, told, dict(origin.settings), origin.delay)}.c"
    try:
        return NativeText.read((fetch(name) or b"").decode()) if not is_off() else NativeText.read("")
    except (ValueError, KeyError, TypeError):
        try:
            made = emit_native(origin.compiler().program, VERSION, sizes, batch, kind, holding)
        except NotNative as wrong:
            raise BuildError(str(wrong)) from None
        if not is_off():
            keep(name, made.told().encode())
        return made


class Native:
    """Comes before the generated class, whose bodies it replaces by calls."""

    def _learn(self: Any, cells: Columns, sample: Columns, tau: float) -> Columns:
        made = self._native_step("learn", cells, sample, tau)
        return super()._learn(cells, sample, tau) if made is None else made  # type: ignore[misc, no-any-return]

    def _observe(self: Any, cells: Columns, sample: Columns, tau: float) -> Columns:
        made = self._native_step("observe", cells, sample, tau)
        return super()._observe(cells, sample, tau) if made is None else made  # type: ignore[misc, no-any-return]

    def _native_step(self: Any, body: str, cells: Columns, sample: Columns, tau: float) -> Columns | None:
        """One body on cells and a sample that are looked up already: of a run that someone watches."""
        if self.choice.backend != "native":
            return None
        rows = [value.unsqueeze(0) for value in sample]
        columns = call(self, body, cells, rows, Timing(1, tau, projects=False))
        return None if columns is None else tuple(column[0] for column in columns)

    def _apply(self: Any, *given: Any, **more: Any) -> Any:
        vars(self).pop("_steps", None)  # they keep memory that the module may leave
        return super()._apply(*given, **more)  # type: ignore[misc]


@dataclass(frozen=True)
class Timing:
    """The steps of a call: how many, and ``tau`` of each, or ``taus`` (steps,); before which of them streams begin anew
    (steps, batch); how many were made before, where the module's clock does not tell; whether what is due is put back."""

    steps: int
    tau: float
    taus: torch.Tensor | None = None
    begins: torch.Tensor | None = None
    tick: int | None = None
    projects: bool = True


@dataclass(frozen=True)
class Ran:
    """What a chunk has made: results (steps, …) in the order of the body's, and whether all cells are finite."""

    columns: Columns
    finite: bool


def run_native(net: Any, chunk: dict[str, Any], sample: Sequence[torch.Tensor]) -> Ran | None:
    """All steps of a chunk in a few calls, or None where torch has to do it.

    Args:
        sample: what ``net._sample`` gave for the whole chunk.
    """
    steps, boundary = chunk["steps"], chunk.get("boundary")
    taus = chunk["tau"].double().contiguous() if "tau" in chunk else None
    entries = [entry(net, name, value, chunk) for name, value in zip(net.sample, sample, strict=True)]
    body, begins, cells = "learn" if net.training else "observe", anew(net, chunk), net._cells()
    most = max(1, AT_ONCE // (net.batch * sum(cell.numel() for cell in cells) or 1))
    columns, done, made_by_c, between = [], 0, [0], _between(net, steps) if taus is None else None
    try:
        while done < steps:
            rows, ticks, done = slice(done, done + most), getattr(net, "ticks", 0) + done, min(steps, done + most)
            given = [value[rows] for value in entries]
            parts = (None if value is None else value[rows] for value in (taus, begins))
            holding = None if between is None else (between, done == steps)
            timing = Timing(done - rows.start, net.tau, *parts, tick=ticks)
            made = call(net, body, cells, given, timing, holding, made_by_c)
            if made is None:
                return None
            columns.append(made)
    except KeyboardInterrupt:  # which comes once C is through: what it has made is counted
        if between is not None:
            call(net, body, cells, [value[:0] for value in entries], Timing(0, net.tau), (between, True))
        if made_by_c[0]:
            _finished(net, made_by_c[0], boundary, taus)
        raise
    _finished(net, done, boundary, taus)
    if between is not None:
        tell(net, between.told)
    made = columns[0] if len(columns) == 1 else tuple(torch.cat(parts) for parts in zip(*columns, strict=True))
    return Ran(made, _finite(net, cells))


def _finite(net: Any, cells: Columns) -> bool:
    library, by_name = library_of(net), dict(zip(net.cells, cells, strict=True))
    table = _pointers([by_name[name].contiguous() for name in library.text.cells])
    return bool(library.functions["cells_finite"](ctypes.byref(Run(cells=ctypes.addressof(table)))))


def _between(net: Any, steps: int) -> Between | None:
    """What a run's calls hand to one another where it holds moves back."""
    weighed = _weighed(net)
    return None if weighed is None else begun(net, *weighed, steps)


def held_from(net: Any) -> int:
    """The steps from which on a run of native code holds moves back; 0 where none does."""
    weighed = _weighed(net)
    return 0 if weighed is None else pays_from(net, *weighed)


def _weighed(net: Any) -> tuple[NativeText, Callable[[Any], None]] | None:
    """Native text, and what weighs how moves are held back; None where there is none."""
    if net.share.dtype not in KINDS or net.share.device.type != "cpu":
        return None
    try:
        library = library_of(net)
    except BuildError:  # `call` says so
        return None
    numbers = _numbers(net, library.text)
    told = Run(tau=float(net.tau), numbers=ctypes.addressof(numbers))

    def weigh(left: Any, kept: Any = numbers) -> None:
        library.functions["weigh_held"](ctypes.byref(told), left)

    return library.text, weigh


def _numbers(net: Any, text: NativeText) -> Any:
    """The settings as doubles, which have to be kept as long as C reads them."""
    return (ctypes.c_double * len(text.numbers))(*(float(getattr(net, net.numbers[name])) for name in text.numbers))


def _finished(net: Any, steps: int, boundary: torch.Tensor | None, taus: torch.Tensor | None) -> None:
    with torch.inference_mode():  # as a step moves the clock: a copy that was made in that mode has no other way
        net._finish(steps, None if boundary is None else boundary[steps - 1])
        if taus is not None and hasattr(net, "offset"):
            net.offset.copy_(offset_after(net.offset, taus[:steps], net.tau))


def call(
    net: Any, body: str, cells: Sequence[torch.Tensor], sample: Sequence[torch.Tensor], timing: Timing,
    holding: tuple[Between, bool] | None = None, counted: list[int] | None = None,
) -> Columns | None:  # fmt: skip
    """One call; None where the tensors are not as C wants them, or no library can be made: the module is torch's then.

    ``holding`` is what the calls of a run hand to one another that holds moves back, and whether this one is the last. To
    ``counted`` the steps are added when nothing comes before C any more: an interrupt in C is told behind it, and one before
    leaves them out.
    """
    share = net.share
    if share.device.type != "cpu" or share.dtype not in KINDS:
        return None
    try:
        library = library_of(net)
    except BuildError as wrong:
        net.choice = Choice("torch", f"torch: {wrong}")
        warnings.warn(f"{wrong}; torch is used", stacklevel=2)
        return None
    text = library.text
    by_name = dict(zip(net.cells, cells, strict=True))
    own = [by_name[name] for name in text.cells]
    laid = _laid(own, text, share)
    if laid is None:
        return None
    entries = dict(zip(net.sample, sample, strict=True))
    given = [entries[name].contiguous() for name in text.sample]
    made = [_room(each, timing.steps, net.batch, share) for each in text.results[body]]
    work = share.new_empty(text.work + 16) if holding is None else holding[0].work
    numbers = _numbers(net, text)
    first = [value.contiguous() for value in net._initials()] if timing.begins is not None else []
    marks = timing.begins.to(torch.uint8).contiguous() if timing.begins is not None else None
    tables = [_pointers(values) for values in (laid, first, given, made)]
    cells_at, first_at, given_at, made_at = map(ctypes.addressof, tables)
    tick = getattr(net, "ticks", 0) if timing.tick is None else timing.tick
    told = Run(
        timing.steps, tick, timing.projects, float(timing.tau), _pointer(timing.taus), ctypes.addressof(numbers), cells_at,
        first_at, _pointer(marks), given_at, made_at, (work.data_ptr() + 63) // 64 * 64, torch.get_num_threads(),
    )  # fmt: skip
    function = library.functions[body if holding is None else "learn_held"]
    handed = (ctypes.byref(told),) if holding is None else (ctypes.byref(told), holding[0].state, holding[1])
    if counted is not None:
        counted[0] += timing.steps
    function(*handed)
    torch.autograd.graph.increment_version(own)  # who kept one for a derivative is told that it has moved
    return tuple(made)


def _laid(own: Sequence[torch.Tensor], text: NativeText, like: torch.Tensor) -> list[torch.Tensor] | None:
    """The cells row by row; None where C cannot take them: it knows no ends but those that it was printed for."""
    alike = all(cell.dtype == like.dtype and cell.device == like.device for cell in own)
    if not alike or any(tuple(cell.shape) != shape for cell, shape in zip(own, text.shapes, strict=True)):
        return None
    laid = [cell if cell.is_contiguous() or not name.startswith("initial:") else cell.contiguous()
            for name, cell in zip(text.cells, own, strict=True)]  # fmt: skip
    return laid if all(cell.is_contiguous() for cell in laid) else None


def _room(each: Any, steps: int, batch: int, like: torch.Tensor) -> torch.Tensor:
    return like.new_empty((steps, *(() if each.shared else (batch,)), *each.sizes))


def _pointer(value: torch.Tensor | None) -> int | None:
    return None if value is None else value.data_ptr()


def _pointers(values: Sequence[torch.Tensor]) -> Any:
    """An array of addresses, which has to be kept as long as C reads it."""
    return (ctypes.c_void_p * len(values))(*(value.data_ptr() for value in values))


def offset_after(offset: torch.Tensor, taus: torch.Tensor, tau: float) -> torch.Tensor:
    """A clock's offset after steps of these lengths, added up one after another as single steps do it."""
    added = (taus.double().numpy() - tau).astype(offset.numpy().dtype)
    return torch.from_numpy(np.add.accumulate(np.concatenate([offset.numpy().reshape(1), added])))[-1]
