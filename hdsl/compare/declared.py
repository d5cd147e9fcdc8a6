"""What two files declare and set that is not the same: sizes, quantities with how they begin, settings, resets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hdsl.model.model import Model, Quantity
from hdsl.model.outside import is_outside
from hdsl.syntax.source import Span
from hdsl.terms.spelling import decimal

WORDS = {"step": "step", "order": "order", "schedule": "how_often", "dissipation": "dissipation", "first": "first"}
"""The settings that are words, and the attribute of `Learning` that has each as it is written."""


@dataclass(frozen=True)
class Declared:
    """A declaration or a setting; ``old`` or ``new`` is empty on the side that does not have it."""

    what: str
    old: str
    new: str
    old_span: Span | None = None
    new_span: Span | None = None


def declared(old: Model, new: Model, renamed: Mapping[str, str]) -> Iterator[Declared]:
    """Sizes and quantities that one side has alone, or has otherwise."""
    sizes = {name: _size(value) for name, value in old.dims.items()}, {name: _size(v) for name, v in new.dims.items()}
    for name in dict.fromkeys((*sizes[0], *sizes[1])):
        before, after = (own.get(name, "") for own in sizes)
        if before != after:
            yield Declared(f"dim {name}", before, after)
    left = {renamed.get(q.name, q.name): q for q in old.quantities.values() if q.name not in old.listed}
    right = {q.name: q for q in new.quantities.values() if q.name not in new.listed}
    for name in dict.fromkeys((*left, *right)):
        one, other = left.get(name), right.get(name)
        if _facts(one) != _facts(other):
            spans = (None if made is None else made.span for made in (one, other))
            yield Declared(name, _written(old, one), _written(new, other), *spans)


def settings(old: Model, new: Model, renamed: Mapping[str, str]) -> Iterator[Declared]:
    """Settings of ``learn`` and resets that are not the same; of η and β what holds for each quantity that both have."""
    first, second = old.learning, new.learning
    for word, attribute in WORDS.items():
        yield from _set(word, getattr(first, attribute), getattr(second, attribute), old, new)
    for path, values in (("tau", (first.values["tau"], second.values["tau"])), ("phi", (first.phi, second.phi))):
        yield from _set(path, _number(values[0]), _number(values[1]), old, new)
    for head in ("eta", "beta"):
        paths = getattr(first, head), getattr(second, head)
        changed: dict[tuple[str, str], list[str]] = {}
        both = [(name, renamed.get(name, name)) for name in paths[0] if renamed.get(name, name) in paths[1]]
        for before, after in both:
            values = _number(first.values[paths[0][before]]), _number(second.values[paths[1][after]])
            if values[0] != values[1]:
                changed.setdefault(values, []).append(after)
        for values, names in changed.items():
            what = head if len(names) == len(both) else f"{head} of {', '.join(names)}"
            sides = (old, _before(names[0], renamed)), (new, names[0])
            yield Declared(what, *values, *(_span(m, getattr(m.learning, head)[name]) for m, name in sides))
    for before, after in ((name, renamed.get(name, name)) for name in old.resets):
        steps = ["exact" if name in m.learning.exact else m.learning.step for m, name in ((old, before), (new, after))]
        if after in new.resets and (before in old.learning.exact) != (after in new.learning.exact):
            places = _span(old, f"step.{before}"), _span(new, f"step.{after}")
            yield Declared(f"step.{after}", steps[0], steps[1], *places)
        if after in new.resets and old.resets[before] != new.resets[after]:
            yield Declared(f"reset {after}", _when(old.resets[before]), _when(new.resets[after]))
    none: Mapping[str, str] = {}
    often = [{names.get(p.param, p.param): p.every for p in m.projections} for m, names in ((old, renamed), (new, none))]
    for name in (name for name in often[0] if often[1].get(name, often[0][name]) != often[0][name]):
        yield Declared(f"project {name} every", str(often[0][name]), str(often[1][name]))


def _before(name: str, renamed: Mapping[str, str]) -> str:
    return next((old for old, new in renamed.items() if new == name), name)


def _set(path: str, before: str, after: str, old: Model, new: Model) -> Iterable[Declared]:
    if before != after:
        yield Declared(path, before, after, _span(old, path), _span(new, path))


def _span(model: Model, path: str) -> Span | None:
    """Where a setting stands in the file, if it does."""
    span = model.learning.spans.get(path)
    return None if span is None or is_outside(model.source.text, span) else span


def _number(value: Any) -> str:
    """A setting as one writes it: 0.2, not 1/5."""
    exact = Fraction(int(value.p), int(value.q)) if getattr(value, "is_Rational", False) else None
    return str(value) if exact is None else (decimal(exact) or str(value)).replace("−", "-")


def _when(word: str) -> str:
    return word if word == "never" else f"each {word}"


def _size(value: Any) -> str:
    return "no number" if value is None else str(value)


def _facts(quantity: Quantity | None) -> tuple[Any, ...] | None:
    if quantity is None:
        return None
    return quantity.role, quantity.sizes, quantity.initial, quantity.below


def _written(model: Model, quantity: Quantity | None) -> str:
    """The declaration as it stands in the file, on one line; the state that a delay has made stands in none."""
    if quantity is None:
        return ""
    text = " ".join(model.source.text[quantity.span.start : quantity.span.end].split())
    return text if text.startswith((quantity.role, "costate")) else f"{quantity.role} {quantity.name}, which a delay keeps"
