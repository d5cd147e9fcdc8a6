"""Steps of several stages of random models, against a Runge-Kutta step that is written here.

Its slopes are torch.autograd's of H′ on the walk of the text. It shares nothing with `hdsl.derive.integrators`, and nothing
but that walk with the stages of the judge (`hdsl.verify.stages`), which these models are held against as well.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.reference import given
from tests.proofs.drawing import draw_model
from tests.proofs.streams import cells_of_judge, distance, judge_of, named_cells
from tests.proofs.test_random_models import CLOSE, Case, cases, check_model

PARTS = {"midpoint": [[], [0.5], [0.0, 1.0]], "rk4": [[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0], [1 / 6, 1 / 3, 1 / 3, 1 / 6]]}
"""How much of each slope before it has gone at each stage, and at last in the whole step."""


@functools.lru_cache(maxsize=8)
def staged(seed: int, step: str) -> tuple[hdsl.api.Model, str]:
    text = draw_model(seed).text
    lines = [line for line in text.splitlines() if not line.strip().startswith(("order =", "step =", "step."))]
    at = next(k for k, line in enumerate(lines) if line == "learn")
    lines.insert(at + 1, f"    step = {step}")
    text = "\n".join(lines) + "\n"
    return hdsl.loads(text), text


class ByHand:
    """A step of one batch, worked out as a flow of h, z, θ and ω, with what moves by assignment beside it."""

    def __init__(self, case: Case, step: str) -> None:
        self.judge, self.samples = judge_of(case.model), case.stream.of_each(0)
        self.written = self.judge.written
        self.tau = case.stream.taus[0] or self.written.setting("tau")
        self.parts = PARTS[step]
        cells = cells_of_judge(case.model, case.fresh())
        again = {name for name, when in self.written.resets.items() if when == "sample"}
        self.h = {n: self.as_it_begins(n, v) if n in again else v for n, v in cells["state"].items()}
        self.z = {n: torch.zeros_like(v) if n in again else v for n, v in cells["costate"].items()}
        self.theta, self.omega = cells["parameter"], cells["parameter costate"]
        self.assigned = {name for name, law in self.written.dynamics.items() if law.kind == "next"}

    def as_it_begins(self, name: str, value: Any) -> Any:
        return self.written.initial(name).expand_as(value)

    def seen(self, h: Any, theta: Any, t: float) -> dict[str, Any]:
        """f of every flow and F of every ``next``, of all streams."""
        rows = []
        for b, sample in enumerate(self.samples):
            own = {n: v[b] if n in self.written.per_stream else v for n, v in h.items()}
            rows.append(self.judge.forward({**own, **theta}, sample, t, self.tau))
        names = [f"next {n}" if n in self.assigned else f"{n}'" for n in h]
        both = zip(h, names, strict=True)
        return {n: torch.stack([r[k] for r in rows]) if n in self.written.per_stream else rows[0][k] for n, k in both}

    def pulls(self, h: Any, theta: Any, z: Any, t: float) -> dict[str, Any]:
        return self.judge.gradients({**h, **theta}, z, self.samples, t, self.tau, first=True)

    def rate(self, kind: str, name: str) -> float:
        return self.written.rate(kind, name, self.tau)

    def kept(self, name: str, part: float) -> float:
        """What dissipation leaves after a part of a step, where it has a factor of its own."""
        exact = self.written.word("dissipation") == "exact"
        return math.exp(-part * self.tau * self.rate("eta", name)) if exact else 1.0

    def new(self) -> dict[str, Any]:
        """The new cells by the names of the step."""
        exact = self.written.word("dissipation") == "exact"
        slopes: list[dict[str, Any]] = []
        old = {**self.h, **{f"z:{n}": v for n, v in self.z.items()}, **self.theta}
        old |= {f"w:{n}": v for n, v in self.omega.items()}
        nodes = [sum(row) for row in self.parts]

        def at(row: list[float], node: float) -> dict[str, Any]:
            there = {}
            for name, value in old.items():
                kind, _, of = name.rpartition(":")
                factor = functools.partial(self.kept, of) if kind else lambda part: 1.0
                if kind == "z" and of in self.assigned:
                    factor, value = (lambda part: 1.0), torch.zeros_like(value)
                terms = zip(row, nodes, slopes, strict=False)
                there[name] = factor(node) * value + self.tau * sum(a * factor(node - c) * k[name] for a, c, k in terms)
            return there

        for row, node in zip(self.parts[:-1], nodes, strict=False):
            now = at(row, node)
            h, theta = {n: now[n] for n in self.h}, {n: now[n] for n in self.theta}
            z = {n: torch.zeros_like(v) if n in self.assigned else now[f"z:{n}"] for n, v in self.z.items()}
            f, pull = self.seen(h, theta, node * self.tau), self.pulls(h, theta, z, node * self.tau)
            slope = {n: torch.zeros_like(v) if n in self.assigned else f[n] for n, v in h.items()}
            for name in pull:
                cell = f"z:{name}" if name in h else f"w:{name}"
                fades = 0.0 if exact or name in self.assigned else self.rate("eta", name)
                slope[cell] = pull[name] - fades * now[cell]
            slope |= {name: -self.rate("beta", name) * now[f"w:{name}"] for name in theta}
            slopes.append(slope)
        made = at(self.parts[-1], 1.0)
        return made | self.by_assignment(made, exact)

    def by_assignment(self, made: dict[str, Any], exact: bool) -> dict[str, Any]:
        """F, and what ⟨z, F⟩ pulls, from the old values."""
        if not self.assigned:
            return {}
        z = {n: v if n in self.assigned else torch.zeros_like(v) for n, v in self.z.items()}
        nothing = {n: torch.zeros_like(v) for n, v in self.z.items()}
        both = self.pulls(self.h, self.theta, z, 0.0), self.pulls(self.h, self.theta, nothing, 0.0)
        pulled = {n: self.tau * (both[0][n] - both[1][n]) for n in both[0]}
        new = {f"{'z' if n in self.h else 'w'}:{n}": made[f"{'z' if n in self.h else 'w'}:{n}"] + v for n, v in pulled.items()}
        for name in self.assigned & self.z.keys():
            fades = self.tau * self.rate("eta", name)
            new[f"z:{name}"] = new[f"z:{name}"] + (math.exp(-fades) if exact else 1 - fades) * self.z[name]
        seen = self.seen(self.h, self.theta, 0.0)
        return new | {name: seen[name] for name in self.assigned}


def by_hand(seed: int, step: str) -> int:
    """How many cells of a drawn model were compared, of the torch module and of the numpy reference."""
    model, text = staged(seed, step)
    if model.product("model").begun:
        return 0  # what begins from the stream is compared with the judge alone
    compared = 0
    for case in cases(model, seed):
        wanted, net = ByHand(case, step).new(), case.fresh()
        tau = net.tau if case.stream.taus[0] is None else case.stream.taus[0]
        row = net._sample(*(case.given(net, 0).get(net.arguments[name]) for name in (*net.inputs, *net.targets)))
        with np.errstate(all="ignore"):
            reference = model.compile(backend="numpy").learn(dict(given(net, row, tau)))
        with torch.no_grad():
            net._learn(net._cells(), row, tau)
        for name, value in named_cells(model, net).items():
            for found in (value, reference[f"{name}+"]):
                apart = distance(found, wanted[name])
                assert apart <= CLOSE, f"model {seed}, {step}, {name}: {apart:.1e} apart\n{found}\n{wanted[name]}\n{text}"
                compared += 1
    return compared


@pytest.mark.parametrize("start", (0, 8))
@pytest.mark.parametrize("step", PARTS)
def test_steps_of_several_stages_are_those_of_runge_and_kutta(step: str, start: int) -> None:
    assert sum(by_hand(seed, step) for seed in range(start, start + 4)) > 15


@pytest.mark.parametrize("step", PARTS)
def test_steps_of_several_stages_are_as_the_judge_has_them(step: str) -> None:
    model, text = staged(100, step)
    check_model(model, 100, text)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(200, 1200, 25))
@pytest.mark.parametrize("step", PARTS)
def test_many_steps_of_several_stages(step: str, start: int) -> None:
    for seed in range(start, start + 25):
        by_hand(seed, step)
        check_model(staged(seed, step)[0], seed, staged(seed, step)[1], every=True)
