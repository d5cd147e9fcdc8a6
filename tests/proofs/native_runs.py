"""A module of torch and one of native code on the same stream: how far apart all that they leave is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

import hdsl
from hdsl.runtime import native_build
from tests.proofs.streams import draw_stream, fill

CLOSE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Sums in another order lose a few bits a step, which random cells make larger; a wrong sign, index or factor shows at 1e-2."""

SMALL = 0.3


@contextmanager
def plain_builds() -> Iterator[None]:
    """Compiled without optimisation, in a fraction of the time: the same text."""
    before = native_build.FLAGS
    native_build.FLAGS = tuple("-O0" if flag == "-O3" else flag for flag in before)
    try:
        yield
    finally:
        native_build.FLAGS = before


def nets_of(
    model: hdsl.api.Model, dtype: torch.dtype, batch: int, seed: int, held_back: int | None = None
) -> tuple[Any, Any, torch.Generator]:
    """A module of each backend with the same cells: random ones in float64, those that a model begins with in float32.

    Random ones are small: with larger ones some models part from themselves, or leave the range of numbers, in a dozen steps.
    """
    source = torch.Generator().manual_seed(1000 * seed + batch)
    plain = model.compile(dtype=dtype)(batch=batch, seed=0)
    if dtype == torch.float64:
        fill(model, plain, source)
        with torch.no_grad():
            for value in plain.state_dict().values():
                if value.is_floating_point():
                    value.mul_(SMALL)
    native = model.compile(dtype=dtype, backend="native", held_back=held_back)(batch=batch, seed=0)
    native.load_state_dict(plain.state_dict())
    return plain, native, source


def differences(
    model: hdsl.api.Model, dtype: torch.dtype, batch: int, seed: int, steps: int = 12, held_back: int | None = None
) -> dict[str, float]:
    """Run both over a stream with gaps, boundaries and uneven times, then some steps and a run that observes only."""
    plain, native, source = nets_of(model, dtype, batch, seed, held_back)
    found: dict[str, float] = {}

    def look(wanted: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
        found.update({name: max(value, found.get(name, 0.0)) for name, value in _apart(wanted, other).items()})

    if not model.product("model").of_role("input") and not model.product("model").of_role("target"):
        look(plain.run(steps), native.run(steps))
        look(plain.state_dict(), native.state_dict())
        return found
    for uneven in (False, True):
        stream = draw_stream(model, plain, steps, source, uneven=uneven)
        parts = {name: value.to(dtype) if value.is_floating_point() else value for name, value in stream.parts.items()}
        if dtype == torch.float32:  # a picture is divided by its sum, which is not to be near 0
            parts |= {name: parts[name].abs() for name in plain.inputs}
        look(plain.run(parts), native.run(parts))
        look(plain.state_dict(), native.state_dict())
        for k, names in enumerate([(*plain.inputs, *plain.targets)] * 2 + [plain.inputs]):  # of the last no target is told
            row = {plain.arguments[name]: parts[name][k] for name in names}
            (y, costs), (other, others) = plain.step(**row), native.step(**row)
            look({"y": y, **costs}, {"y": other, **others}) if y is not None else look(costs, others)
        plain.eval(), native.eval()
        look(plain.run(parts), native.run(parts))
        plain.train(), native.train()
    look(plain.state_dict(), native.state_dict())
    return found


def _apart(wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> dict[str, float]:
    assert wanted.keys() == found.keys()
    apart = {}
    for name, value in wanted.items():
        a, b = value.double(), found[name].double()
        assert a.shape == b.shape, name
        assert torch.equal(a.isfinite(), b.isfinite()), name
        a, b = a.nan_to_num(posinf=0.0, neginf=0.0), b.nan_to_num(posinf=0.0, neginf=0.0)
        apart[name] = float(((a - b).abs() / (1 + a.abs())).max()) if a.numel() else 0.0
    return apart
