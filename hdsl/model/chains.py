"""How many steps a sample needs from the inputs to the costs: the longest chain of delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hdsl.model.model import Model, Role
from hdsl.model.order import in_order
from hdsl.model.reach import reached


class Endless(ValueError):
    """A state on the way has a memory of its own, so that no number of steps carries a sample through. ``state`` names it."""

    def __init__(self, state: str) -> None:
        super().__init__(f"`{state}` has a memory of its own, so no number of ticks carries a sample through the model")
        self.state = state


def longest_chain(model: Model) -> int:
    """The most delays, states that take a value one step late, on any way from an input to a cost.

    Raises Endless: a flow, or a state that depends on itself, is on such a way.
    """
    needs = on_the_way(model, ("input",))
    order, cycles = in_order(needs)
    states = [name for path in cycles for name in path if name in model.dynamics]
    states += [name for name in order if name in model.dynamics and model.dynamics[name].kind == "flow"]
    if states:
        raise Endless(states[0])
    length: dict[str, int] = {}
    for name in order:
        length[name] = max((length[read] for read in needs[name]), default=0) + (name in model.dynamics)
    return max((length[cost] for cost in model.costs if cost in length), default=0)


def on_the_way(model: Model, roles: tuple[Role, ...]) -> Mapping[str, Sequence[str]]:
    """What reaches a cost and depends on quantities of some roles, with what it reads of that; a state reads its dynamics."""
    reads: dict[str, Sequence[str]] = {d.name: tuple(d.reads()) for d in model.definitions}
    reads |= {name: (dynamics.definition,) for name, dynamics in model.dynamics.items()}
    starts = [q.name for role in roles for q in model.of_role(role)]
    reads = {**dict.fromkeys(starts, ()), **reads}
    readers: dict[str, list[str]] = {}
    for reader, names in reads.items():
        for name in names:
            readers.setdefault(name, []).append(reader)
    after = reached(starts, readers)
    before = reached(model.costs, reads)
    return {name: tuple(read for read in names if read in after) for name, names in reads.items() if name in after & before}


def read_by_costs(model: Model) -> tuple[str, ...]:
    """The states that costs read as they are, be it through definitions, in the order of the text."""
    found = reached(model.costs, {definition.name: tuple(definition.reads()) for definition in model.definitions})
    return tuple(state for state in model.dynamics if state in found)
