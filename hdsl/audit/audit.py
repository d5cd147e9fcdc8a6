"""Audit: what a model's step reads and from where, how local it is, and in what it departs from what one may know it by.

The pass ``audit`` reads the step and the checked model; nothing is run. What local means: docs/audit.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hdsl.audit.delays import Crossing, crossings
from hdsl.audit.departures import Departure, departures
from hdsl.audit.reads import Read, Reads
from hdsl.audit.sgd import Equivalence, equivalences
from hdsl.audit.stability import Limit, limits
from hdsl.derive.shown import Shown
from hdsl.derive.step import Step
from hdsl.model.locality import Way, uses, ways
from hdsl.model.model import Model
from hdsl.model.reach import reached, reads_of
from hdsl.syntax.source import Span
from hdsl.terms.term import Size

Class: TypeAlias = Literal["local", "weakly local", "non-local", "untaught"]
Kind: TypeAlias = Literal["state", "costate", "control", "parameter costate", "parameter"]


@dataclass(frozen=True)
class Locality:
    """How credit reaches a parameter, or the costate of a state, in one step.

    ``connections`` are those that it passes at once on ``way``, the longest. A parameter is local where that is 0, a
    costate where it is at most 1; weakly local where only ways that begin at a costate are longer. ``in_time`` says that the
    update reads nothing that moved in this very step; ``places`` are the sizes over which the uses of a parameter are summed.
    """

    target: str
    kind: Class
    connections: int = 0
    way: Way | None = None
    in_time: bool = True
    places: tuple[Size, ...] = ()


@dataclass(frozen=True)
class Update:
    """The update of one cell: a state ``h``, a costate ``z:h`` or ``w:W``, a parameter. ``spans`` are where it comes from."""

    cell: str
    kind: Kind
    reads: tuple[Read, ...]
    spans: tuple[Span, ...]

    @property
    def transposed(self) -> tuple[str, ...]:
        """What it uses transposed."""
        return tuple(dict.fromkeys(name for read in self.reads if read.transposed for name in read.by))


@dataclass(frozen=True)
class Audit(Shown):
    """The product of the pass ``audit``.

    ``scheme`` is the class of the whole: local where all is; weakly local where states cut the credit; non-local where
    nothing does. ``connections`` are the most that credit passes at once; ``in_time`` says that no costate waits for this step.
    """

    model: Model
    step: Step
    scheme: Class
    connections: int
    in_time: bool
    updates: tuple[Update, ...]
    locality: tuple[Locality, ...]
    crossings: tuple[Crossing, ...]
    departures: tuple[Departure, ...]
    equivalences: tuple[Equivalence, ...]
    limits: tuple[Limit, ...]


def build_audit(step: Step) -> Audit:
    """The pass ``audit``."""
    model = step.model
    reads = Reads(step)
    spans = {line.name: line.spans for line in step.lines}
    found = _localities(model, reads)
    same = equivalences(model)
    return Audit(
        model=model,
        step=step,
        scheme=_scheme(found),
        connections=max((one.connections for one in found), default=0),
        in_time=all(one.in_time for one in found),
        updates=tuple(Update(cell, _kind(cell, model), reads.of(cell), spans[f"{cell}+"]) for cell in step.cells),
        locality=found,
        crossings=crossings(model),
        departures=departures(model),
        equivalences=same,
        limits=limits(model, same),
    )


def _kind(cell: str, model: Model) -> Kind:
    if cell.startswith(("z:", "w:")):
        return "costate" if cell.startswith("z:") else "parameter costate"
    return "state" if cell in model.dynamics else "control" if cell in model.controls else "parameter"


def _localities(model: Model, reads: Reads) -> tuple[Locality, ...]:
    """Of every parameter, then of every costate, in the order of the text."""
    found = ways(model)
    of_costs = reached(model.costs, reads_of(model))  # the costates of all else stay 0
    made = []
    for name in (*(q.name for q in model.of_role("param")), *model.taught):
        most = 0 if name not in model.dynamics else 1
        longest = found.get(name, ())
        if not longest or name not in of_costs:
            made.append(Locality(name, "untaught"))
            continue
        connections = max(way.connections for way in longest)
        of_a_cost = max((way.connections for way in longest if way.kind == "cost"), default=0)
        kind: Class = "local" if connections <= most else "weakly local" if of_a_cost <= most else "non-local"
        cell = f"z:{name}" if most else f"w:{name}"
        in_time = not any(read.name.endswith("+") for read in reads.of(cell))
        made.append(Locality(name, kind, connections, longest[0], in_time, uses(model, found, name)))
    return tuple(made)


def _scheme(found: tuple[Locality, ...]) -> Class:
    taught = [one for one in found if one.kind != "untaught"]
    if not taught:
        return "untaught"
    if all(one.kind == "local" for one in taught):
        return "local"
    cut = any(one.way is not None and one.way.kind == "costate" for one in taught)
    return "weakly local" if cut else "non-local"
