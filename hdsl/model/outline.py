"""Outline: what a run reads of a checked model, in names and whole numbers.

It is kept beside generated text, so that a second start neither parses nor checks, and loads neither sympy nor lark. Whatever
else is asked of it comes from the model itself, which is checked then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from hdsl.model.model import Model
    from hdsl.terms.term import Size

LAYOUT = 1
"""Of what is kept; a change makes what was kept before unused."""


def outline_of(model: Model) -> dict[str, Any] | None:
    """What a run reads of a model, for JSON; None where a size is still to be told, or there is no run of single steps."""
    sizes = {name: None if size is None else whole(size, model.dims) for name, size in model.dims.items()}
    quantities = []
    for q in model.quantities.values():
        told = [whole(size, model.dims) for size in q.sizes]
        below = None if q.below is None else whole(q.below, model.dims)
        if None in told or (below is None) != (q.below is None):
            return None
        quantities.append([q.name, q.role, told, q.shared, below])
    if None in sizes.values() or model.hamiltonian is not None or model.learning.schedule == "boundary":
        return None
    return {
        "layout": LAYOUT,
        "name": model.name,
        "hamiltonian": None,
        "dims": sizes,
        "quantities": quantities,
        "dynamics": [*model.dynamics],
        "outputs": [*model.outputs],
        "costs": [*model.costs],
        "targets_of": {cost: [*targets] for cost, targets in model.targets_of.items()},
        "resets": dict(model.resets),
        "cycle": model.cycle,
        "learning": {name: getattr(model.learning, name) for name in ("schedule", "order", "tokens", "replays")},
        "paired": {q.name: [*paired_outputs(model, q.name)] for q in model.of_role("target")},
        "probabilities": [name for name in model.outputs if gives_probabilities(model, name)],
    }


def outlined(told: Mapping[str, Any], model: Callable[[], Model]) -> Model | None:
    """What `outline_of` gave, in the place of the model that it is of; None where it is not as that gives it."""
    try:
        if told["layout"] != LAYOUT:
            return None
        return cast("Model", Outline(told, model))
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


class _Part:
    """Something of which some attributes are known. The rest is asked of the whole, which is made for it."""

    def __init__(self, known: Mapping[str, Any], whole: Callable[[], Any]) -> None:
        self.__dict__.update(known)
        self.__dict__["_whole"] = whole

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_whole" not in self.__dict__:  # as copies and pickles ask before there is anything
            raise AttributeError(name)
        return getattr(self.__dict__["_whole"](), name)


class _Known(Mapping[str, Any]):
    """A mapping whose names are known, and whose values are asked of the whole."""

    def __init__(self, names: list[str], whole: Callable[[], Mapping[str, Any]]) -> None:
        self._names, self._whole = dict.fromkeys(names), whole

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._whole()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Outline(_Part):
    """Stands where a run takes a `Model`. Raises KeyError, TypeError or ValueError where it is told something else."""

    def __init__(self, told: Mapping[str, Any], model: Callable[[], Model]) -> None:
        quantities = {}
        for name, role, sizes, shared, below in told["quantities"]:
            known = {"name": name, "role": role, "sizes": tuple(map(int, sizes)), "shared": shared, "below": below}
            quantities[name] = _Part(known, lambda name=name: model().quantities[name])  # type: ignore[misc]
        known = {
            "name": str(told["name"]),
            "hamiltonian": told["hamiltonian"],
            "dims": dict(told["dims"]),
            "quantities": quantities,
            "dynamics": _Known(told["dynamics"], lambda: model().dynamics),
            "outputs": tuple(told["outputs"]),
            "costs": tuple(told["costs"]),
            "targets_of": {cost: tuple(targets) for cost, targets in told["targets_of"].items()},
            "resets": dict(told["resets"]),
            "cycle": int(told["cycle"]),
            "learning": _Part(dict(told["learning"]), lambda: model().learning),
            "paired": {target: tuple(outputs) for target, outputs in told["paired"].items()},
            "probabilities": frozenset(told["probabilities"]),
        }
        super().__init__(known, model)

    def of_role(self, role: str) -> tuple[Any, ...]:
        """The quantities of a role, in the order of the text."""
        return tuple(q for q in self.quantities.values() if q.role == role)


def paired_outputs(model: Model, target: str) -> tuple[str, ...]:
    """The outputs that predict a target: those of the right shape that a cost of the target reads; the first counts."""
    if isinstance(model, Outline):
        return tuple(model.paired[target])
    by_name = {d.name: d for d in model.definitions}
    quantity = model.quantities[target]
    sizes = quantity.sizes if quantity.below is None else (quantity.below,)
    found: dict[str, None] = {}
    for cost in model.costs:
        if target not in model.targets_of[cost]:
            continue
        seen: set[str] = set()
        todo = [cost]
        while todo:
            name = todo.pop()
            if name in by_name and name not in seen:
                seen.add(name)
                # What stands behind an output is part of its making, not of the cost.
                todo += [] if name in model.outputs else by_name[name].reads()
        found |= {name: None for name in model.outputs if name in seen and by_name[name].sizes == sizes}
    return tuple(found)


def gives_probabilities(model: Model, output: str) -> bool:
    """True where an output is a softmax, false where it is what stands before one."""
    if isinstance(model, Outline):
        return output in model.probabilities
    from hdsl.terms.term import Structured

    body = next(d.body for d in model.definitions if d.name == output)
    return isinstance(body, Structured) and body.row == "softmax"


def whole(size: Size, told: Mapping[str, Size | None]) -> int | None:
    """The number that a size is, or None where it depends on one that is not among those ``told``."""
    if isinstance(size, int):
        return size
    import sympy

    value = sympy.sympify(size, strict=True)
    for _ in range(len(told) + 1):
        value = value.subs({s: told[s.name] for s in value.free_symbols if told.get(s.name) is not None})
    return int(value) if value.is_Integer else None
