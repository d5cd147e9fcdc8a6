"""Integrators of several stages: each is a tableau with its order, and one function makes the stages of any flow.

A flow is Ẋ = k(X, t) of some cells, all else held. One explicit Runge-Kutta step of it is

    X⁽¹⁾ = X        X⁽ⁱ⁾ = X + τ Σ_{j<i} a_ij k_j  at  t + c_i τ        X⁺ = X + τ Σ b_j k_j

The slopes k_j are the lines of the flow with other names for what they read: of the second stage ``h`` is ``h@2``, and every
definition that depends on it likewise (`hdsl.terms.naming` shows h⁽²⁾). What depends on no cell is worked out once.

Source: Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, II.1; the integrating factor is Lawson's, *SIAM J.
Numer. Anal.* 4 (1967) 372.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy

from hdsl.derive.seeds import TAU
from hdsl.derive.workspace import Workspace
from hdsl.terms.elementwise import exp
from hdsl.terms.renaming import rename, renamed
from hdsl.terms.term import (
    Definition,
    Elementwise,
    Scalar,
    Summand,
    merge_spans,
    slot,
    trace_summands,
)


@dataclass(frozen=True)
class Tableau:
    """An explicit Runge-Kutta method: row i of ``rows`` has the a_ij with j < i, ``weights`` are the b_j."""

    order: int
    rows: tuple[tuple[Scalar, ...], ...]
    weights: tuple[Scalar, ...]

    @property
    def nodes(self) -> tuple[Scalar, ...]:
        """The c_i: at which part of the step each stage is."""
        return tuple(sympy.Add(*row) for row in self.rows)


def _numbers(*written: str) -> tuple[Scalar, ...]:
    return tuple(map(sympy.Rational, written))


TABLEAUS: Mapping[str, Tableau] = {
    "midpoint": Tableau(2, ((), _numbers("1/2")), _numbers("0", "1")),
    "rk4": Tableau(
        4, ((), _numbers("1/2"), _numbers("0", "1/2"), _numbers("0", "0", "1")), _numbers("1/6", "1/3", "1/3", "1/6")
    ),
}
"""By the word after ``step =``. Euler's method is no row: its three orders of update are `hdsl.derive.step.ORDERS`."""


@dataclass(frozen=True)
class Flow:
    """What is integrated.

    ``slopes`` gives each cell its slope, as summands at the canonical indices of the cell: short ones, for they stand in
    several lines. They read ``lines``, which stand in an order of evaluation and read the cells by name, ``t``, and whatever is
    held through the step. ``at`` is each cell itself as a summand, which says where it comes from.
    ``held`` are cells that no stage moves: of them the sum of the slopes alone is wanted. ``decays`` are rates η of cells
    whose slope has −η X besides, which is integrated exactly, by the factor e^{−ητ}.
    """

    lines: tuple[Definition, ...]
    slopes: Mapping[str, Sequence[Summand]]
    at: Mapping[str, Summand]
    held: frozenset[str] = frozenset()
    decays: Mapping[str, Scalar] = field(default_factory=dict)


def at_stage(name: str, stage: int) -> str:
    """What a cell, a definition or the time is called at a stage; at the first it is what the step found."""
    return name if stage == 1 else f"{name}@{stage}"


def integrate(
    workspace: Workspace,
    flow: Flow,
    tableau: Tableau,
    start: Mapping[str, str | None] | None = None,
    first: Flow | None = None,
) -> dict[str, list[Summand]]:
    """Add the lines of every stage to a workspace, which knows the cells and what the flow reads.

    Lines of the first stage that stand there already, under their own names, are not added again.

    Args:
        start: the names under which cells, and what is held, have their old values, where these are not their own; None for
            a cell whose old value is 0.
        first: the flow at the old values, where it is shorter because some of them are 0.

    Returns:
        X⁺ of each cell as summands: the old value and τ Σ b_j k_j; of a held cell the latter alone.
    """
    begin: dict[str, str | None] = {**{cell: cell for cell in flow.slopes}, **(start or {})}
    taken = first or flow
    swap = {name: where for name, where in begin.items() if where is not None}
    for line in taken.lines:
        if workspace.line(line.name) is None:
            workspace.append(rename(line, swap))
    slopes = [_renamed(taken.slopes, swap)]
    known = {line.name: line for line in taken.lines}
    moved = [cell for cell in flow.slopes if cell not in flow.held]
    nodes = tableau.nodes
    for stage, (row, node) in enumerate(zip(tableau.rows, nodes, strict=True), 1):
        if stage == 1:
            continue
        made: dict[str, str] = {}
        for cell in moved:
            summands = _combined(flow, cell, begin[cell], row, nodes, node, slopes)
            made[cell] = at_stage(cell, stage)
            workspace.append(summed(workspace, made[cell], cell, summands))
        if node != 0 and any("t" in line.reads() for line in flow.lines):
            made["t"] = at_stage("t", stage)
            workspace.append(Definition(made["t"], Elementwise(slot("t") + node * TAU), (), True))
        for line in flow.lines:
            # One that reads no cell stands already, unless the first stage had no need of it.
            if made.keys() & set(line.reads()) or line != known.get(line.name):
                made[line.name] = at_stage(line.name, stage)
                workspace.append(rename(line, swap | made))
        slopes.append(_renamed(flow.slopes, swap | made))
    ends = {cell: begin[cell] if cell in moved else None for cell in flow.slopes}
    return {cell: _combined(flow, cell, end, tableau.weights, nodes, sympy.Integer(1), slopes) for cell, end in ends.items()}


def _renamed(slopes: Mapping[str, Sequence[Summand]], swap: Mapping[str, str]) -> dict[str, list[Summand]]:
    return {
        cell: [replace(summand, expression=renamed(summand.expression, swap)) for summand in summands]
        for cell, summands in slopes.items()
    }


def _combined(
    flow: Flow,
    cell: str,
    start: str | None,
    row: Sequence[Scalar],
    nodes: Sequence[Scalar],
    node: Scalar,
    slopes: Sequence[Mapping[str, Sequence[Summand]]],
) -> list[Summand]:
    """The old value and τ Σ a_j k_j, at a part ``node`` of the step; what decays does so from where it is taken."""
    rate = flow.decays.get(cell, sympy.Integer(0))

    def kept(since: Scalar) -> Scalar:
        return exp(-(node - since) * TAU * rate) if rate != 0 and node != since else sympy.Integer(1)

    made = []
    if start is not None:
        at = flow.at[cell]
        made.append(replace(at, expression=kept(sympy.Integer(0)) * renamed(at.expression, {cell: start})))
    for part, since, of_stage in zip(row, nodes, slopes, strict=False):
        if part != 0:
            scale = part * TAU * kept(since)
            made += [replace(s, expression=scale * s.expression) for s in of_stage[cell]]
    return made


def summed(workspace: Workspace, name: str, of: str, summands: Sequence[Summand]) -> Definition:
    """A definition that is the sum of the summands, in the layout of a quantity ``of``."""
    value = sympy.Add(*(summand.expression for summand in summands))
    told, spans = trace_summands(value, summands), merge_spans(*(summand.spans for summand in summands))
    roots = tuple(dict.fromkeys(r for s in summands for r in s.roots if not r.startswith("learn:")))
    return Definition(name, Elementwise(value), workspace.sizes_of(of), workspace.shared([of]), spans, roots, told)
