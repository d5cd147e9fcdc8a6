"""What an audit says of a mechanical system: what its flow keeps, and what of that the step keeps."""

from __future__ import annotations

from collections.abc import Iterator

from hdsl.derive.methods import METHODS, Method
from hdsl.model.model import Model
from hdsl.model.reach import reached

HEAD = ("of the flow", "by the step")


def kept(model: Model) -> Iterator[tuple[str, str]]:
    """What the flow keeps, and how well the step keeps it."""
    method, step = METHODS[model.learning.step], model.learning.step
    reads = {definition.name: definition.reads() for definition in model.definitions}
    energy = str(model.hamiltonian)
    of_energy = reached([energy], reads)
    if "t" in of_energy:
        yield f"{energy} is not kept: it reads t", "–"
    else:
        yield f"the energy {energy}", _energy(method)
    yield "the symplectic form, and with it volume", f"kept exactly by {step}" if method.symplectic else f"lost by {step}"
    for state, momentum in model.pairs.items():
        if state not in of_energy:
            yield f"{momentum}: {energy} does not read {state}", "kept exactly"
    undone = f"a step of −τ undoes one of τ, but for round-off: {step} is symmetric"
    yield "the way back in time", undone if method.reversible else f"{step} back in time is another map"


def _energy(method: Method) -> str:
    if method.symplectic:
        powers = {2: "²", 4: "⁴"}
        return f"off by O(τ{powers[method.order]}) at most, without a trend where the motion is regular"
    return "drifts: the error of each step adds to that of the others"
