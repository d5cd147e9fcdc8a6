"""Sampling: how a generated module reads a sample, inputs and targets checked and missing ones replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from hdsl.derive.layered import LAYER
from hdsl.derive.replay import TOKEN
from hdsl.emit.names import Names
from hdsl.model.model import Model, Quantity
from hdsl.terms.term import setting_name

FIRST = setting_name("first")


class OfSample(Protocol):
    """What of `hdsl.emit.facts.Facts` tells of samples."""

    model: Model
    names: Names
    uses_time: bool
    uses_first: bool
    uses_layer: bool
    marks: list[str]

    @property
    def turned(self) -> list[str]: ...

    @property
    def cells(self) -> list[tuple[str, str]]: ...

    def key(self, name: str) -> str: ...

    @property
    def columns(self) -> list[str]: ...

    @property
    def sample(self) -> list[str]: ...

    def size(self, size: Any, prefix: str = "") -> str: ...

    def sizes_of(self, quantity: Quantity) -> list[str]: ...


def sample_body(facts: OfSample) -> str:
    """The body of ``_sample`` in a generated module."""
    lines = []
    for q in facts.model.of_role("input"):
        name = facts.names[q.name]
        if q.below is not None:
            lines.append(f'{name} = self._whole({name}, "{q.name}", {facts.size(q.below, "self.")}, lead)')
        else:
            lines.append(f"{name} = self._real({', '.join([name, repr(q.name), 'lead', *facts.sizes_of(q)])})")
    for q in facts.model.of_role("target"):
        name, mark = facts.names[q.name], facts.names[f"present:{q.name}"]
        if q.below is not None:
            lines.append(f'{name}, {mark} = self._class({name}, "{q.name}", {facts.size(q.below, "self.")}, lead)')
        else:
            sizes = "".join(f"{n}, " for n in facts.sizes_of(q))
            lines.append(f'{name}, {mark} = self._target({name}, "{q.name}", ({sizes.strip()}), lead)')
    if facts.uses_time:
        lines.append("t = self.clock.to(self.share.dtype) * self.tau + self.offset")
    if facts.uses_first:
        lines.append(f"{facts.names[FIRST]} = (self.clock == 0).to(self.share.dtype)")
    if facts.uses_layer:
        lines.append(f"{facts.names[LAYER]} = (self.clock % {facts.model.cycle} + 1).to(self.share.dtype)")
    for name in facts.marks:
        if name == TOKEN:
            lines.append(f"{facts.names[name]} = (~self.waits).to(self.share.dtype)")
            continue
        ended = "self.ended" if name == "begins:stream" else "self.ended.all()"
        lines.append(f"{facts.names[name]} = ({ended} | (self.clock == 0)).to(self.share.dtype)")
    for target in facts.columns:
        column, mark = facts.names[f"column:present:{target}"], facts.names[f"present:{target}"]
        kept = f'self._buffers["column"] if {mark} is self._buffers["given"]'
        lines.append(f"{column} = {kept} else {mark}.unsqueeze(-1)")
    lines.append(f"return ({''.join(facts.names[name] + ', ' for name in facts.sample).strip()})")
    return "\n".join(f"    {line}" for line in lines)


TURNING = '''def _turned(self, parameters):
    """Transposed views of the matrices: those of the step before, where each lies as it lay then."""
    own = ({matrices})
    if not self._may_look(self._buffers["share"], ()):
        return tuple(matrix.t() for matrix in own)
    kept = self.__dict__.get("_views")
    if not kept or not all(map(torch.Tensor.is_set_to, kept[:{many}], own)):
        own = tuple(matrix.detach() for matrix in own)
        kept = self.__dict__["_views"] = (*own, *(matrix.t() for matrix in own))
    return kept[{many}:]

def _apply(self, *given, **more):
    self.__dict__.pop("_views", None)  # they hold memory that the module leaves
    return super()._apply(*given, **more)

def __getstate__(self):
    """Without the views: a copy or a pickle has parameters of its own."""
    return {{name: value for name, value in self.__dict__.items() if name != "_views"}}

'''

def turned_at_once(facts: OfSample) -> list[tuple[str, str]]:
    """The cells as ``_cells`` lists them: the transposes, which stand together, are handed over by one call."""
    first = f"turned:{facts.turned[0]}" if facts.turned else ""
    told = [(name, "*self._turned(parameters)" if name == first else where) for name, where in facts.cells]
    return [(name, where) for name, where in told if name == first or not name.startswith("turned:")]


def turning(facts: OfSample) -> str:
    """The methods that keep transposes, where some body reads one."""
    matrices = "".join(f'parameters["{facts.key(w)}"], ' for w in facts.turned)
    matrices = matrices.strip() if len(facts.turned) == 1 else matrices[:-2]
    return TURNING.format(matrices=matrices, many=len(facts.turned)) if facts.turned else ""


def bound_groups(places: Sequence[str]) -> str:
    """The line of ``_cells`` that binds the buffers of those modules in which cells are kept."""
    groups = [name for name in ("state", "costate", "control", "initial") if any(f"{name}[" in place for place in places)]
    buffers = (f'modules["{name}"]._buffers' for name in groups)
    return f"{', '.join(groups)} = {', '.join(buffers)}" if groups else ""
