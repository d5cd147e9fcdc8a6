"""Points: numbers for the sizes of a model, and random points at which its derivation is judged.

Everything is drawn in float64 from one seed. No cell is zero, so that no term can hide; matrices are scaled by their rows, so
that saturating functions keep their slopes; points where a value is not finite, or close to a kink, are drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hdsl.derive.hamiltonian import sign_of
from hdsl.model.model import Model
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Learn, ModelText
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Definition, Elementwise, Structured, setting_name, slot_name, slots
from hdsl.verify.interpret import Array, Readings, distance_to_kinks, interpret, scalar, shape_of
from hdsl.verify.literals import literal
from hdsl.verify.walk import Walk

LARGEST = 200_000
"""Parameters and states above this many numbers are judged at smaller sizes."""

MARGIN = 1e-4
"""How far every argument is from a kink: beyond the steps of the central differences that judge there."""

TRIES = 60

Settings = Mapping[str, float | str]
WORDS = ("order", "step", "schedule", "first", "dissipation")


class NoPoint(ValueError):
    """No point was found at which everything is finite and away from kinks."""


@dataclass(frozen=True)
class Sized:
    """A model with numbers for its sizes: the walk of its text, the sizes by name, and which were not the file's."""

    model: Model
    walk: Walk
    sizes: dict[str, int]
    changed: dict[str, int]


@dataclass(frozen=True)
class Point:
    """All cells and controls, and a sample for each stream.

    ``values`` (states, controls and parameters) and ``costates`` (z by state, ω by parameter) are (batch, …) where each stream
    has its own, else (…). ``samples`` has inputs and targets by name; a missing target is None.
    """

    values: dict[str, Tensor]
    costates: dict[str, Tensor]
    samples: tuple[dict[str, Any], ...]
    t: float
    tau: float

    def of(self, names: Iterable[str]) -> dict[str, Tensor]:
        """The costates of some states or parameters, as a walk wants them."""
        return {name: self.costates[name] for name in names}


# Sizes ----------------------------------------------------------------------------------------------------------------


def sized(model: Model, text: ModelText, dims: Mapping[str, int], settings: Settings) -> Sized:
    """The sizes of the file, or as given; small ones for those that nothing gives, and where the model is very large."""
    plain = list(model.free_sizes)
    missing = [name for name in plain if model.dims[name] is None and name not in dims]
    found = _try(model, text, settings, {**dims, **_small(missing, 3)}, missing)
    if found is not None and _count(found) <= LARGEST:
        return found
    for least in (5, 4, 3, 2):
        smaller = _try(model, text, settings, {**dims, **_small(plain, least)}, plain)
        if smaller is not None:
            return smaller
    if found is None:
        raise NoPoint(f"no number for the size {missing[0]} fits" if missing else "no sizes fit")
    return found


def smallest(model: Model, text: ModelText, settings: Settings) -> Sized | None:
    """The model with every size 2 or 3, as far as its literals allow; None if they do not."""
    plain = list(model.free_sizes)
    return _try(model, text, settings, _small(plain, 2, spread=2), plain)


def as_read(settings: Settings) -> dict[str, Any]:
    """Settings from outside as the walk takes them: words as they are, numbers as numbers, else the tree of the text."""
    found: dict[str, Any] = {}
    for path, value in settings.items():
        if path in WORDS or not isinstance(value, str):
            found[path] = value
            continue
        tree, _ = parse(Source(f"learn\n    {path} = {value}"))
        (learn,) = (statement for statement in tree.statements if isinstance(statement, Learn))
        written = learn.settings[0].value
        exact = literal(written)
        found[path] = written if exact is None else float(exact)
    return found


def _small(names: list[str], least: int, spread: int = 3) -> dict[str, int]:
    """Small sizes that differ from one another, so that a transposed use has the wrong shape or the wrong value."""
    return {name: least + position % spread for position, name in enumerate(names)}


def _try(model: Model, text: ModelText, settings: Settings, dims: dict[str, int], changed: list[str]) -> Sized | None:
    """The model at these sizes; None where an expression in sizes, or a literal list, does not fit them."""
    try:
        walk = Walk(text, dims, as_read(settings))
        for name in (*walk.written.states, *walk.written.parameters, *walk.written.inputs, *walk.written.targets):
            walk.written.shape(name)
        for name in walk.written.states:
            walk.written.initial(name)
    except (ValueError, RuntimeError):
        return None
    sizes = {name: int(value) for name, value in walk.written.sizes.items()}
    if not _fits(model, sizes):
        return None
    return Sized(model, walk, sizes, {name: sizes[name] for name in changed})


def _fits(model: Model, sizes: dict[str, int]) -> bool:
    """Whether every position and range of a formula is on its axis at these sizes, and every list as long as what it meets."""
    for name, quantity in model.quantities.items():
        if name not in model.listed or quantity.initial is None:
            continue
        if _lengths(quantity.initial.values) != shape_of(quantity.sizes, sizes):
            return False
    for definition in model.definitions:
        if min(shape_of(definition.sizes, sizes), default=1) < 1:
            return False  # a window is larger than its image
        if isinstance(definition.body, Structured) and definition.body.row == "slice":
            attributes = dict(definition.body.attributes)
            for place, length in zip(attributes["places"], shape_of(attributes["of"], sizes), strict=True):
                first, last = (*shape_of(place[:2], sizes), 0)[:2]
                end = first + 1 if len(place) == 1 else last
                if not 0 <= first < end <= length:
                    return False
    return True


def _lengths(values: Any) -> tuple[int, ...]:
    """The shape of a literal list."""
    return (len(values), *_lengths(values[0])) if isinstance(values, tuple) else ()


def numbers_of(values: Any, known: Mapping[str, Array], sizes: Mapping[str, int]) -> Any:
    """The numbers of a literal list, nested as they are written; ``known`` has those of scalar consts."""
    if isinstance(values, tuple):
        return [numbers_of(value, known, sizes) for value in values]
    return float(scalar(values, (), known, sizes))


def _count(found: Sized) -> int:
    written = found.walk.written
    return sum(math.prod(written.shape(name)) for name in (*written.states, *written.parameters))


# Points ---------------------------------------------------------------------------------------------------------------


def draw_point(found: Sized, batch: int, generator: torch.Generator, positive: bool = False) -> Point:
    """One random point with every target present. ``positive`` keeps every cell and real above 0."""
    written, model = found.walk.written, found.model

    def normal(shape: tuple[int, ...]) -> Tensor:
        size = 0.1 + 0.6 * torch.randn(shape, generator=generator, dtype=torch.float64).abs()
        sign = 1.0 - 2.0 * torch.randint(2, shape, generator=generator)
        return size if positive else size * sign

    def cell(name: str, scale: float = 1.0) -> Tensor:
        shape = written.shape(name)
        return scale * normal(shape if model.quantities[name].shared else (batch, *shape))

    def seen(name: str) -> Any:
        below = model.quantities[name].below
        if below is None:
            return normal(written.shape(name))
        bound = int(scalar(below, (), {}, found.sizes))
        return int(torch.randint(bound, (), generator=generator))

    # A sum over all axes but the first, as of a matrix and of a kernel, is then of the size of what it sums.
    parameters = {name: cell(name, 1 / math.sqrt(math.prod(written.shape(name)[1:]))) for name in written.parameters}
    rank_one = [name for name in written.parameters if len(written.shape(name)) < 2]
    parameters |= {name: cell(name) for name in rank_one}
    return Point(
        values={**{name: cell(name) for name in (*written.states, *written.controls)}, **parameters},
        costates={name: cell(name) for name in (*written.states, *written.parameters)},
        samples=tuple({name: seen(name) for name in (*written.inputs, *written.targets)} for _ in range(batch)),
        t=0.3 + float(torch.rand((), generator=generator, dtype=torch.float64)),
        tau=written.setting("tau"),
    )


def smooth_point(found: Sized, batch: int, generator: torch.Generator) -> Point:
    """A random point where all values are finite and no argument is near a kink. Raises NoPoint."""
    always = always_read(found.model.definitions)
    for attempt in range(TRIES):
        point = draw_point(found, batch, generator, positive=attempt % 2 == 1)
        made = interpret(found.model.definitions, readings(found, point), found.sizes)
        finite = all(np.isfinite(made.of(name)).all() for name in always)
        if finite and distance_to_kinks(found.model.definitions, made, found.sizes) > MARGIN:
            return point
    raise NoPoint(f"none of {TRIES} random points has finite values away from kinks")


def always_read(definitions: Sequence[Definition]) -> tuple[str, ...]:
    """The names of the definitions that are not behind a branch: what is read as one may have no value where not chosen."""
    behind: set[str] = set()
    for definition in reversed(definitions):
        if definition.name in behind:
            behind.update(definition.reads())
        elif isinstance(definition.body, Elementwise):
            expression = definition.body.expression
            row = ROWS.get(type(expression).__name__)
            for place in row.branches if row is not None else ():
                behind |= {slot_name(occurrence) for occurrence in slots(expression.args[place])}
    return tuple(definition.name for definition in definitions if definition.name not in behind)


def readings(found: Sized, point: Point) -> Readings:
    """A point by hdsl's own names: consts, settings, φ, cells, samples."""
    model, written = found.model, found.walk.written
    shared: dict[str, Array] = {name: value.numpy() for name, value in written.consts.items()}
    for name in model.listed:
        initial = model.quantities[name].initial
        assert initial is not None
        shared[name] = np.asarray(numbers_of(initial.values, shared, found.sizes))
    shared["T"] = np.asarray(point.t)
    shared |= {"t": np.asarray(point.t), "tau": np.asarray(point.tau), setting_name("first"): np.zeros(())}
    for path, setting in model.learning.values.items():
        if path != "tau":
            shared[setting_name(path)] = scalar(setting, (), shared, found.sizes)
    shared[setting_name("phi")] = scalar(model.learning.phi, (), shared, found.sizes)
    streams: list[dict[str, Array]] = [{} for _ in point.samples]
    cells = {**point.values, **{f"z:{name}": point.costates[name] for name in written.states}}
    cells |= {f"w:{name}": point.costates[name] for name in written.parameters}
    for name, value in cells.items():
        if model.quantities[name.rpartition(":")[2]].shared:
            shared[name] = value.numpy()
        else:
            for stream, own in zip(streams, value.numpy(), strict=True):
                stream[name] = own
    for stream, sample in zip(streams, point.samples, strict=True):
        stream |= {name: np.asarray(value) for name, value in sample.items()}
        stream |= {f"present:{name}": np.ones(()) for name in written.targets}
    return Readings(shared, tuple(streams))


def own(found: Sized, name: str) -> str:
    """The name of the costate of a state or a parameter."""
    return f"z:{name}" if name in found.model.dynamics else f"w:{name}"


def pulls_of(found: Sized, point: Point, made: Readings) -> dict[str, Array]:
    """∂H′/∂h and ∂H′/∂θ as the derived equations have them: what ż and ω̇ hold besides −ηz and −ηω, −s times."""
    pulls, sign = {}, sign_of(found.model)
    for name, costate in point.costates.items():
        equation = f"dot:{own(found, name)}"
        if equation in made.shared or equation in made.streams[0]:
            eta = found.walk.written.rate("eta", name, point.tau)
            pulls[name] = -sign * (made.of(equation) + eta * costate.numpy())
    return pulls


def streams(point: Point) -> range:
    return range(len(point.samples))


def of_stream(found: Sized, point: Point, stream: int, **changed: torch.Tensor) -> dict[str, torch.Tensor]:
    """The values of one stream, in their own shapes."""
    values = {**point.values, **changed}
    return {n: v if found.model.quantities[n].shared else v[stream] for n, v in values.items()}
