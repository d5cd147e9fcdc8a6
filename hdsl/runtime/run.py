"""`run`: the loop over a stream. One Python call a step; everything else is prepared and handed back a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from hdsl.runtime.choice import Choice, measured
from hdsl.runtime.export import export_predictor
from hdsl.runtime.frozen import Encoder, encoded, encoders_of
from hdsl.runtime.hold import ONE_TICK, Hold, read_hold
from hdsl.runtime.leaving import leave
from hdsl.runtime.loop import Body, loop, results_of
from hdsl.runtime.native import held_from, run_native
from hdsl.runtime.nonfinite import NonFinite, find_nonfinite, is_kept, kept, tell_late
from hdsl.runtime.origin import Origin
from hdsl.runtime.parameters import load_parameters, save_parameters
from hdsl.runtime.replaying import check_padding, replays, rounds

__all__ = ["CHUNK", "NonFinite", "Runner", "run_chunk"]

CHUNK = 1024
"""Steps between two looks at the results: how often non-finite values are looked for and progress is told."""
LONGEST, NUMBERS = 16 * CHUNK, 2**20
"""Of native code, which is soon through with so many: more steps, as long as a piece of the stream has not too many numbers."""

if TYPE_CHECKING:
    Base = torch.nn.Module
else:
    Base = object


class _FromOrigin:
    """``Net.equations``: Hamilton's equations of the class's model, derived again when first asked for."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        return owner.origin.compiler().equations


class Runner(Base):
    """What is added to a generated module: `run`, files of what it has learned, and the way back to its equations."""

    source: str
    origin: Origin
    choice = Choice("torch")
    equations = _FromOrigin()
    tau: float
    share: torch.Tensor
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    outputs: tuple[str, ...]
    costs: Mapping[str, tuple[str, ...]]

    save_parameters = save_parameters
    load_parameters = load_parameters
    export_predictor = export_predictor

    def run(
        self,
        stream: Mapping[str, Any] | Iterable[Mapping[str, Any]] | int,
        *,
        encoder: Encoder | Mapping[str, Encoder] | None = None,
        hold: Hold | int | str | None = None,
        told: Callable[[int, dict[str, torch.Tensor]], None] | None = None,
        watching: Callable[[Body], Body] | None = None,
        keep: bool = True,
        ends: bool = True,
        rescue: bool = False,
    ) -> dict[str, torch.Tensor]:
        """Step through a stream.

        Args:
            stream: tensors (T, batch, …) by name, targets with NaN or −1 where missing or left out altogether, optionally
                ``tau`` (T,) and ``boundary`` (T,) or (T, batch); or any iterable of samples, each a mapping of (batch, …)
                tensors by the same names, a DataLoader too; or what ``Model.stream`` gives; or a file or a frame of pandas,
                polars or Arrow whose columns bear the model's names. Of a model that reads nothing a number of steps.
            encoder: a torch module, or any function of (rows, …), that maps the input first; by input if there are several. It
                is frozen: in evaluation mode meanwhile, without autograd, and many samples at a time.
            hold: for how many ticks each sample stays, as ``hdsl run --hold`` takes it: a number, or ``"auto"`` for the hold by
                which every layer gets the gradient once; or a `hdsl.runtime.hold.Hold`, which says at which tick the target is
                told. Where nothing is given one tick, and whole cycles under ``schedule = layerwise``. The results are those
                of the samples, at the tick that counts.
            told: called after each chunk with the number of steps done so far and that chunk's results.
            watching: makes of a step one that is watched, as hdsl.runtime.recorder does.
            keep: whether to keep the results of all chunks; a stream that memory does not hold is told of only.
            ends: whether the stream ends here: a module that replays then goes back over its last sequence as it stands.
            rescue: whether a module that moves more than 2²⁰ numbers is copied before each chunk, as smaller ones are, so
                that where a value is not finite the line that made it is found and the module is put back.

        Returns:
            outputs (T, batch, …) as predicted before learning from their sample, and costs (T, batch), NaN where the
            target is missing; a cost that is shared by all streams is (T,).

        Raises:
            NonFinite: a value became nan or infinite, with the step and the line of the .ham file; the module is as it was
                before that step. Of a large module that is not to be rescued, with the step at the latest, and no line;
                the module holds what came out.
            ValueError: a name is missing or unknown, or a shape does not fit.
            StreamError: a file or a frame cannot be read as the model wants it; it is a ValueError too.
        """
        parts: dict[str, list[torch.Tensor]] = {name: [] for name in (*self.outputs, *self.costs)}
        done, encoders, held = 0, encoders_of(encoder, self.inputs), self._hold(hold)
        self.choice = self.choice.expecting(_length(stream, held))
        most = CHUNK if self.choice.backend == "torch" or told is not None else LONGEST
        for chunk in _chunks(self._opened(stream), self.inputs, self.targets, most):
            results = run_chunk(self, encoded(chunk, encoders), watching, held, rescue)
            for name, value in results.items() if keep else ():
                parts[name].append(value)
            done += chunk["steps"]
            if told is not None:
                told(done, results)
        if replays(self):
            leave(self, ends, rescue)
        return {name: values[0] if len(values) == 1 else torch.cat(values) for name, values in parts.items() if values}


    def _hold(self, given: Hold | int | str | None) -> Hold:
        """The hold that was given, or the model's own."""
        if isinstance(given, Hold):
            return given
        if given in (1, "1") or (given is None and not hasattr(self, "cycle")):
            return ONE_TICK  # without a look at the model, which may have to be derived first
        return read_hold("" if given is None else str(given), None, self.origin.compiler().model)

    def _opened(self, stream: Any) -> Any:
        """A stream of the model's samples as chunks, where it is one; else as it was given."""
        if isinstance(stream, str | Path) or (hasattr(stream, "columns") and not hasattr(stream, "samples")):
            from hdsl.runtime.stream import read_stream

            stream = read_stream(stream, self.origin.compiler().model, {})
        if not hasattr(stream, "samples"):
            return stream
        parts = (part for part in stream.samples() if part is not None)
        return _Parts(part.chunk(float(self.tau), self.share.dtype, self.share.device) for part in parts)


@dataclass(frozen=True)
class _Parts:
    """Tensors (steps, …) by name, a part of a stream at a time."""

    parts: Iterator[dict[str, torch.Tensor]]


def _chunks(
    stream: Any, inputs: tuple[str, ...], targets: tuple[str, ...], most: int = CHUNK
) -> Iterator[dict[str, Any]]:
    """A stream in pieces of at most `CHUNK` steps, or ``most`` where it is tensors already.

    Each is a dict of tensors with their number of steps under ``steps``.
    """
    known = {*inputs, *targets, "tau", "boundary"}
    if isinstance(stream, int):
        _check_names({}, inputs, known)
        yield from ({"steps": min(CHUNK, stream - start)} for start in range(0, stream, CHUNK))
        return
    if isinstance(stream, _Parts):
        for part in stream.parts:
            yield from _chunks(part, inputs, targets, most)
        return
    if isinstance(stream, Mapping):
        stream = {name: torch.as_tensor(value) for name, value in stream.items() if value is not None}
        _check_names(stream, inputs, known)
        lengths = {name: len(value) for name, value in stream.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the parts of the stream differ in length: {lengths}")
        total = next(iter(lengths.values()), 0)
        width = sum(value[0].numel() for value in stream.values()) if total else 1
        most = max(CHUNK, min(most, NUMBERS // max(1, width)))
        for start in range(0, total, most):
            piece = {name: value[start : start + most] for name, value in stream.items()}
            yield {**piece, "steps": min(most, total - start)}
        return
    held: list[Mapping[str, Any]] = []
    done = 0
    for sample in stream:
        _check_names(sample, inputs, known)
        if held and _given(sample) != _given(held[0]):
            yield from _stacked(held, done)
            done, held = done + len(held), []
        held.append(sample)
        if len(held) == CHUNK:
            yield from _stacked(held, done)
            done, held = done + len(held), []
    if held:
        yield from _stacked(held, done)


def _length(stream: Any, hold: Hold) -> int | None:
    """The ticks that a stream takes, where it tells them beforehand."""
    if isinstance(stream, Mapping):
        stream = next((len(value) for value in stream.values() if value is not None), 0)
    return stream * hold.ticks if isinstance(stream, int) else None


def _given(sample: Mapping[str, Any]) -> set[str]:
    return {name for name, value in sample.items() if value is not None}


def _stacked(samples: list[Mapping[str, Any]], first: int) -> Iterator[dict[str, Any]]:
    """Samples as one piece. Raises ValueError at one that is not shaped as those before it, which are handed out."""
    try:
        yield _stack(samples)
    except RuntimeError:
        shapes = [{name: tuple(torch.as_tensor(sample[name]).shape) for name in _given(sample)} for sample in samples]
        same = next((k for k, each in enumerate(shapes) if each != shapes[0]), None)
        if same is None:
            raise
        yield _stack(samples[:same])
        name = next(name for name, shape in shapes[same].items() if shape != shapes[0][name])
        raise ValueError(
            f"sample {first + same}: `{name}` is {shapes[same][name]}, and before it was {shapes[0][name]}; a DataLoader "
            "leaves a short last batch out with drop_last=True"
        ) from None


def _stack(samples: list[Mapping[str, Any]]) -> dict[str, Any]:
    piece = {name: torch.stack([torch.as_tensor(s[name]) for s in samples]) for name in _given(samples[0])}
    return {**piece, "steps": len(samples)}


def _check_names(sample: Mapping[str, Any], inputs: tuple[str, ...], known: set[str]) -> None:
    for name in inputs:
        if sample.get(name) is None:
            raise ValueError(
                f"the stream has no `{name}`, an input of the model; it has {', '.join(sample) or 'nothing'}"
            )
    for name in sample:
        if name not in known:
            raise ValueError(
                f"the stream has `{name}`, which the model does not read; it reads {', '.join(sorted(known))}"
            )


def run_chunk(
    net: Any, chunk: dict[str, Any], watching: Callable[[Body], Body] | None = None, hold: Hold = ONE_TICK,
    rescue: bool = False,
) -> dict[str, torch.Tensor]:
    """Run one chunk; on a non-finite result go back to its start and find the step and the line that made it, where a copy
    of the module is kept."""
    if hold.ticks == 1:
        return _run_ticks(net, chunk, watching, rescue)

    def ran(ticks: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return _run_ticks(net, {**ticks, "steps": len(next(iter(ticks.values())))}, watching, rescue)

    samples = {name: value for name, value in chunk.items() if name != "steps"}
    return hold.through(samples, net.targets, ran, CHUNK)


def _run_ticks(
    net: Any, chunk: dict[str, Any], watching: Callable[[Body], Body] | None, rescue: bool
) -> dict[str, torch.Tensor]:
    """Run one chunk whose steps are ticks."""
    steps = chunk["steps"]
    if "boundary" in chunk:  # a copy of all of it, not one at each step
        chunk = {**chunk, "boundary": torch.as_tensor(chunk["boundary"], device=net.share.device)}
    with torch.no_grad():
        given = {net.arguments[name]: chunk.get(name) for name in (*net.inputs, *net.targets)}
        sample = net._sample(**given, lead=(steps,))
        tokens = rounds(net, chunk)[0] if replays(net) else None
        if tokens is not None:
            check_padding(net, sample, tokens)
        before = kept(net) if is_kept(net, rescue) else None
        if net.choice.backend == "auto":
            net.choice = measured(net, chunk, run_chunk, held_from)
        ran = run_native(net, chunk, sample) if watching is None and net.choice.backend == "native" else None
        columns = loop(net, chunk, sample, watching) if ran is None else ran.columns
        results = results_of(net, columns, steps, sample, tokens)
        if not (_finite(net, results, cells=ran is None or not ran.finite) or _finite(net, results, torch.float64)):
            tell_late(net, chunk, sample, results) if before is None else find_nonfinite(net, chunk, sample, before)
    return results


def _finite(net: Any, results: dict[str, torch.Tensor], dtype: torch.dtype | None = None, cells: bool = True) -> bool:
    """Whether sums over all that a chunk has made and moved are finite. In single precision, which is faster by the memory
    that it does not take, they may overflow where no value has: so double precision is asked before it is believed.

    Args:
        cells: whether to ask for what was moved too.
    """
    sums = [value.nansum(dtype=dtype) if name in net.costs else value.sum(dtype=dtype) for name, value in results.items()]
    moved = zip(net.cells, net._cells(), strict=True) if cells else ()
    sums += [cell.sum(dtype=dtype) for name, cell in moved if not name.startswith("turned:")]
    if len({each.dtype for each in sums}) > 1:
        sums = [each.double() for each in sums]
    return not sums or bool(torch.stack(sums).sum().isfinite())
