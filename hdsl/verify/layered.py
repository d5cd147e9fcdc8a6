"""The judge's ``schedule = layerwise``: a cycle has a tick for each layer of states, and a tick moves one layer.

The layers are read from the written text, in another way than the compiler's: by raising each state above those that it reads,
until nothing is raised any more. A graph of states with a cycle, its own leak apart, has no layers.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hdsl.verify.written import Written


def layers_of(written: Written) -> dict[str, int]:
    """The layer of each state and of each parameter, from 1; empty under any other schedule. Raises ValueError for a cycle."""
    if written.schedule != "layerwise":
        return {}
    reads = {name: written.reads(law.value) for name, law in written.dynamics.items()}
    layers = dict.fromkeys(written.states, 1)
    for _ in range(len(layers) + 1):
        raised = {
            name: max([1, *(1 + layers[other] for other in reads.get(name, ()) if other in layers and other != name)])
            for name in layers
        }
        if raised == layers:
            break
        layers = raised
    else:
        raise ValueError("the states form no layers")
    last = max(layers.values())
    own = {p: [layers[name] for name, read in reads.items() if p in read] for p in written.parameters}
    return layers | {p: max(found, default=last) for p, found in own.items()}


def at_its_tick(
    written: Written, clock: int, old: Mapping[str, Tensor], new: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The new values of what the tick moves, and the old ones of all else; all new ones under any other schedule."""
    layers = layers_of(written)
    if not layers:
        return dict(new)
    now = clock % max(layers.values()) + 1
    return {name: value if layers[name] == now else old[name].clone() for name, value in new.items()}
