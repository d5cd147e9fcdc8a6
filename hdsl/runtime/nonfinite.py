"""Where a nan or an infinity came from: the first step at which one appears, and the line of the model that made it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch

from hdsl.compiler import VERSION
from hdsl.runtime.loop import MANY, body_of, by_step, results_of
from hdsl.runtime.reference import evaluate, given
from hdsl.runtime.reference import put_back as projected
from hdsl.runtime.reference_replay import lines_back
from hdsl.runtime.replaying import replays
from hdsl.runtime.text import load_text
from hdsl.syntax.source import Source, Span

if TYPE_CHECKING:  # the compiler is loaded where something went wrong
    from hdsl.derive.provenance import Root
    from hdsl.optimise.program import Program
    from hdsl.terms.term import Definition


class NonFinite(ArithmeticError):
    """A value of the model became nan or infinite. ``step`` is the tick at which it first did (0 is the first ever), at the
    latest where no copy of the module was kept; ``found`` names it; ``line`` is the line of the .ham file that made it, or
    None. ``advice`` ends the message: what that copy would have told. ``lead_up`` are the steps before, where whoever ran the
    module kept them."""

    lead_up: Any = None

    def __init__(self, message: str, step: int, found: str, line: int | None, advice: str = "") -> None:
        super().__init__(message + advice)
        self.step, self.found, self.line, self.advice = step, found, line, advice

    def at(self, place: str) -> NonFinite:
        """The same, with its place in a stream."""
        message = str(self).removesuffix(self.advice)
        return NonFinite(message + place, self.step, self.found, self.line, self.advice)


def kept(net: Any) -> list[Any]:
    """Copies of all that a step moves; of a module that replays, what it keeps comes last."""
    copies: list[Any] = [value.detach().clone() for value in _moved(net)]
    return [*copies, (tuple(net._kept), tuple(net._path))] if replays(net) else copies


def is_kept(net: Any, rescue: bool) -> bool:
    """Whether a run keeps a copy to go back to: of at most `MANY` numbers always, of more where that is asked for."""
    return rescue or _many(net) <= MANY


def _many(net: Any) -> int:
    return sum(value.numel() for value in _moved(net))


def _moved(net: Any) -> list[torch.Tensor]:
    """Cells, clock and boundaries; not the views and constants that stand beside the cells."""
    cells = [
        c for name, c in zip(net.cells, net._cells(), strict=True) if not name.startswith((":", "initial:", "turned:"))
    ]
    counters = [net.waits, net.replays] if replays(net) else []
    return [*cells, net.clock, net.ended, *counters, *([net.offset] if hasattr(net, "offset") else [])]


def find_nonfinite(
    net: Any, chunk: dict[str, Any], sample: tuple[torch.Tensor, ...], before: list[Any]
) -> NoReturn:
    """Go back to the start of a chunk, step until a value is not finite, and ask the numpy reference which line made it.

    ``before`` is what `kept` gave at the start of the chunk. The module is left as it was before that step, so that it can be
    saved or looked at.

    Raises:
        NonFinite: always.
    """
    put_back(net, before)
    rows = list(zip(*(by_step(net, n, v, chunk) for n, v in zip(net.sample, sample, strict=True)), strict=True))
    boundary = chunk.get("boundary")
    for k in range(chunk["steps"]):
        row = rows[k] if rows else ()
        if net.sequences:
            net._begin(net._cells())
        tau = float(chunk["tau"][k]) if "tau" in chunk else net.tau
        here = kept(net)
        made = _step(net, row, tau)
        results = results_of(net, [value.unsqueeze(0) for value in made], 1, _one(sample, k))
        costs = {name: value for name, value in results.items() if name in net.costs}
        wrong = not all(bool(torch.isfinite(value).all()) for value in (*made, *net._cells()))
        if wrong or any(bool(torch.isinf(value).any()) for value in costs.values()):
            put_back(net, here)
            _tell(net, row, tau, int(net.clock), [name for name, value in costs.items() if bool(torch.isinf(value).any())])
        timing = {"tau": tau} if hasattr(net, "offset") else {}
        over = net._finish(1, None if boundary is None else boundary[k], **timing)
        if replays(net) and net.training and (over or len(net._kept) == net.tokens):
            replay_checked(net)
    raise NonFinite("a value became nan or infinite and could not be found again", int(net.clock), "", None)


def tell_late(
    net: Any, chunk: dict[str, Any], sample: tuple[torch.Tensor, ...], results: dict[str, torch.Tensor]
) -> NoReturn:
    """Say what a chunk itself tells where no copy was kept: the first step whose sample, output or cost is not finite, else
    the last, with a cell that is not. The module holds what came out of the chunk.

    Raises:
        NonFinite: always.
    """
    steps, found = chunk["steps"], list[tuple[int, bool, str, str]]()
    for name, value in zip(net.sample, sample, strict=True):
        if value.dim() and (k := _first(~torch.isfinite(value))) is not None:
            found.append((k, False, name, f"the sample's `{name}` is not finite at step"))
    for name, value in results.items():
        wrong = torch.isinf(value) if name in net.costs else ~torch.isfinite(value)
        if (k := _first(wrong)) is not None:
            found.append((k, True, name, f"{name} became {_kind(value[k])} at step"))
    for name, cell in zip(net.cells, net._cells(), strict=True):
        if not torch.isfinite(cell).all():
            found.append((steps - 1, True, _shown(name), f"{_shown(name)} became {_kind(cell)} at step"))
    unfound = (steps - 1, True, "", "a value became nan or infinite at step")
    k, late, name, told = min(found, key=lambda each: each[:2], default=unfound)
    step = int(net.clock) - steps + k
    raise NonFinite(f"{told} {step}{' at the latest' * late}", step, name, None, _without_copy(net))


def _without_copy(net: Any) -> str:
    return (
        f"; no copy is kept of a module that moves {_many(net)} numbers, so it holds what came out. With rescue=True in run, "
        "or --on-nonfinite rescue, one is kept, the line is found, and the module is put back to before that step"
    )


def _first(wrong: torch.Tensor) -> int | None:
    """The first row of (T, …) in which something is true."""
    rows = wrong.reshape(len(wrong), -1).any(1)
    return int(rows.int().argmax()) if bool(rows.any()) else None


def _kind(value: Any) -> str:
    return "nan" if bool(torch.as_tensor(value).isnan().any()) else "infinite"


def _one(sample: tuple[torch.Tensor, ...], k: int) -> tuple[torch.Tensor, ...]:
    return tuple(value[k : k + 1] if value.dim() else value for value in sample)


def put_back(net: Any, values: list[Any]) -> None:
    """Put the module back to where `kept` gave these copies."""
    if replays(net):
        *values, (rows, path) = values
        net._kept, net._path = list(rows), list(path)
    with torch.no_grad():
        for cell, value in zip(_moved(net), values, strict=True):
            cell.copy_(value)
    net.sequences = bool(net.ended.any())
    if hasattr(net, "_project"):
        net.ticks = int(net.replays if replays(net) else net.clock)


def _step(net: Any, row: tuple[torch.Tensor, ...], tau: float) -> tuple[torch.Tensor, ...]:
    """One step; of a module that replays, a token forward."""
    if not replays(net):
        made: tuple[torch.Tensor, ...] = body_of(net)(net._cells(), row, tau)
        return made
    cells = net._cells()
    if net.training:
        net._keep(cells, row, tau)
    made = net._observe(cells, row, tau)
    return made


def replay_checked(net: Any, rescue: bool = True) -> None:
    """Replay what a module keeps.

    Raises:
        NonFinite: a value of the way back is not finite; the module is left as it was before, where a copy is kept.
    """
    here, step = kept(net) if is_kept(net, rescue) else None, int(net.clock) - 1
    net._replay()
    if all(bool(torch.isfinite(cell).all()) for cell in net._cells()):
        return
    if here is None:
        told = f"a value became nan or infinite at step {step}, where it goes back"
        raise NonFinite(told, step, "", None, _without_copy(net))
    from hdsl.terms.notation import Notation

    put_back(net, here)
    compiler = net.origin.compiler()
    program = compiler.program.replay.token
    notation = Notation("text", program.lines, inline=())
    for ago, made in enumerate(lines_back(net, load_text(compiler.numpy, net.origin.model))):
        for line in program.lines:
            value = np.asarray(made[line.name], dtype=float)
            if not np.isfinite(value).all():
                kind, shown = _kind(value), _shown(line.name)
                number, places = _place(compiler.source, line.spans)
                back = f", on the way back {ago} token{'s' * (ago != 1)} before it" if ago else ", where it goes back"
                where = f"; made by {places}: {notation.equation(line)}" if places else ""
                raise NonFinite(f"{shown} became {kind} at step {step}{back}{where}", step, shown, number)
    raise NonFinite(f"a parameter became infinite at step {step}, at the end of the way back", step, "", None)


def _tell(net: Any, row: tuple[torch.Tensor, ...], tau: float, step: int, costs: list[str]) -> NoReturn:
    """Name the first line whose value is not finite although all that it reads is; ``costs`` are those that are infinite."""
    from hdsl.derive.provenance import place
    from hdsl.terms.notation import Notation

    compiler = net.origin.compiler()
    program = compiler.program.learn if net.training else compiler.program.observe
    made = evaluate(net, program.name, row, tau)
    notation = Notation("text", program.lines, inline=())
    for line in program.lines:
        value = np.asarray(made[line.name], dtype=float)
        if not np.isfinite(value).all():
            _tell_unsettled(made, line.name, step, tau)
            kind = _kind(value)
            roots = _cause(net, program, line, row, tau)
            own = tuple(span for root in roots for span in root.spans) if line.summands else ()
            number, places = _place(compiler.source, own or line.spans)
            where = f"; made by {places}: {notation.equation(line)}" if places else ""
            where += f"; there for {' and '.join(f'{root}, {place(compiler.source, root)}' for root in roots)}" if roots else ""
            shown = _shown(line.name)
            raise NonFinite(f"{shown} became {kind} at step {step}{where}", step, shown, number)
    for name in costs:  # worked out beside the step, which may read less of them
        spans = next(d.spans for d in compiler.model.definitions if d.name == name)
        number = compiler.source.line_of(spans[0]) if spans else None
        where = f"; made by {compiler.source.name}:{number}" if number else ""
        raise NonFinite(f"{name} became infinite at step {step}{where}", step, name, number)
    if net.training:
        _tell_projection(net, made, row, tau, step)
    for name, value in zip(net.sample, row, strict=True):
        if not bool(torch.isfinite(value.double()).all()):
            raise NonFinite(f"the sample's `{name}` is not finite at step {step}", step, name, None)
    raise NonFinite(f"a value became infinite at step {step} in {net.share.dtype}", step, "", None)


def _tell_unsettled(made: dict[str, Any], name: str, step: int, tau: float) -> None:
    """Of a cell that is nan because sweeps did not settle, by how much the last one moved it. Raises NonFinite."""
    cell = name.removesuffix("+")
    from hdsl.derive.mechanical_step import SWEEPS

    if f"gap:{cell}" in made and np.isfinite(np.asarray(made[f"moved:{cell}"], float)).all():
        left = float(np.sqrt(np.asarray(made[f"gap:{cell}"], float)))
        told = f"implicit-midpoint did not settle at step {step}: the last of its {SWEEPS} sweeps moved {cell} by {left:.1g}"
        raise NonFinite(f"{told}; tau = {tau:g} is too large for it", step, cell, None)


def _cause(net: Any, program: Program, line: Definition, row: tuple[torch.Tensor, ...], tau: float) -> tuple[Root, ...]:
    """What a derived line is there for; of a sum, the first of its summands that is not finite.

    The summands are worked out as lines of the numpy reference, behind those of the step; nothing of this is in the step.
    """
    from hdsl.derive.provenance import roots_of
    from hdsl.emit.numpy_module import emit_numpy
    from hdsl.terms.term import Definition, Elementwise

    compiler, causes = net.origin.compiler(), [line.roots]
    if line.summands:
        parts = [
            Definition(f"half:part{k}", Elementwise(summand.expression), line.sizes, line.shared)
            for k, summand in enumerate(line.summands)
        ]
        longer = replace(program, lines=(*program.lines, *parts))
        text = emit_numpy(replace(compiler.program, **{program.name: longer}), VERSION)
        with np.errstate(all="ignore"):
            made = getattr(load_text(text, net.origin.model), program.name)(given(net, row, tau))
        values = (np.asarray(made[part.name], dtype=float) for part in parts)
        causes = [s.roots for s, value in zip(line.summands, values, strict=True) if not np.isfinite(value).all()]
    return roots_of(compiler.model, replace(line, roots=causes[0])) if causes else ()


def _tell_projection(net: Any, made: dict[str, Any], row: tuple[torch.Tensor, ...], tau: float, step: int) -> None:
    """Name the first parameter whose projection is not finite although the step was."""
    compiler = net.origin.compiler()
    new = {name: made[f"{name}+"] for name in net.cells if f"{name}+" in made}
    put = projected(load_text(compiler.numpy, net.origin.model), {**given(net, row, tau), **new}, step + 1)
    for projection in compiler.model.projections:
        value = np.asarray(put.get(projection.param, 0.0), dtype=float)
        if not np.isfinite(value).all():
            kind = _kind(value)
            number, places = _place(compiler.source, (projection.span,))
            name = projection.param
            message = f"{name} became {kind} at step {step}; put back by {places}"
            raise NonFinite(message, step, name, number)


def _place(source: Source, spans: tuple[Span, ...]) -> tuple[int | None, str]:
    """The first line of the file itself, and that beside the first of each file it uses: ``net.ham:4, layers.ham:12``."""
    own = source.lines_of(spans[:1]) or source.lines_of(spans)
    places = [*([(source.name, own)] if own else []), *source.used_lines_of(spans)]
    return own[0] if own else None, ", ".join(f"{name}:{lines[0]}" for name, lines in places)


def _shown(name: str) -> str:
    """A line's name as a user knows it: ``z:h+`` is the costate ``z.h``, and ``z:h@2`` that at the second stage of a step."""
    whole, _, stage = name.partition("@")
    kind, _, rest = whole.rstrip("+").rpartition(":")
    shown = {
        "z": f"z.{rest}",
        "w": f"costate.{rest}",
        "adj": f"the adjoint of {rest}",
        "f": f"the dynamics of {rest}",
        "initial": f"what {rest} begins from",
        "begun": f"{rest} where it begins",
        "back": f"what a token hands back to {rest}",
    }.get(kind, rest)
    return f"{shown} at stage {stage}" if stage else shown
