"""What a parameter's update is to torch.optim.SGD (1-mathematics.md, section 4): the setting that it equals, or why none.

A step does ω⁺ = (1 − τη) ω + τφ g and θ⁺ = θ − τβ ω⁺, torch does b⁺ = μ b + (1 − ρ) g and θ⁺ = θ − lr b⁺, with b = g undamped
at its first step. So μ = 1 − τη. With ω = τφ b, which holds from the first step on, lr = τ²βφ and ρ = 0; with ``first =
undamped`` ω is b itself, lr = τβ and ρ = 1 − τφ. This holds where g is the gradient of this sample's costs: where no credit
reaches the parameter by the costate of a state that remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from hdsl.audit.numbers import some, written
from hdsl.derive.integrators import TABLEAUS
from hdsl.model.model import Model
from hdsl.model.sharing import depending_on
from hdsl.stability.numbers import Numbers
from hdsl.syntax.source import Span
from hdsl.terms.term import slot


@dataclass(frozen=True)
class Setting:
    """``torch.optim.SGD(params, lr, momentum, dampening)``; ``late`` where the gradient is applied one step late.

    ``through`` says how the gradient was propagated back in time, where it was: ``BPTT over a sequence``.
    """

    lr: float
    momentum: float
    dampening: float
    late: bool = False
    through: str = ""

    def __str__(self) -> str:
        damped = f", dampening={self.dampening:.12g}" if self.dampening else ""
        return f"torch.optim.SGD(params, lr={self.lr:.12g}, momentum={self.momentum:.12g}{damped})"


@dataclass(frozen=True)
class Equivalence:
    """What the update of a parameter equals: a setting, or ``why`` none.

    ``held`` are the states whose values torch must be given as they stand (their costates do not teach this parameter).
    ``span`` is the line of the reason.
    """

    param: str
    setting: Setting | None
    why: str = ""
    held: tuple[str, ...] = ()
    span: Span | None = None


def equivalences(model: Model) -> tuple[Equivalence, ...]:
    """For each parameter of a model, in the order of the text.

    Under ``schedule = replay`` a step of torch.optim is a replay, with the gradient of the costs of a sequence, summed over its
    tokens: backpropagation through time, truncated by ``replay(r)``. Its costates have to keep: η of the states is 0.
    """
    reader = _Reader(model)
    return tuple(reader.equivalence(param.name) for param in model.of_role("param"))


class _Reader:
    def __init__(self, model: Model) -> None:
        self.model, self.numbers = model, Numbers(model)
        self.reads: Mapping[str, Iterable[str]] = {d.name: tuple(d.reads()) for d in model.definitions}
        self.order = model.learning.order

    def equivalence(self, param: str) -> Equivalence:
        model, learning = self.model, self.model.learning
        behind = depending_on([param], self.reads)
        states = [s for s in model.taught if {model.dynamics[s].definition, f"initial:{s}"} & behind]
        why = self._of_states(states) or self._of_settings(param)
        if not why and not states and not behind.intersection(model.costs):
            why = "no cost depends on it", None
        if model.cycle > 1 and not why:
            why = f"it moves once in {model.cycle} ticks (schedule layerwise)", learning.spans.get("schedule")
        for projection in model.projections:
            if projection.param == param and not why:
                why = "it is put back after its update, which torch.optim does not do", projection.span
        if why:
            return Equivalence(param, None, *why[:1], span=why[1])
        tau, phi = self.numbers.tau, self.numbers.phi
        kept, weight = 1 - tau * self.numbers.eta(param), tau * phi
        if learning.first == "undamped" and kept != 0:
            lr, dampening = tau * self.numbers.beta(param), 1 - weight
        elif learning.first == "undamped" and weight != 1:
            return Equivalence(param, None, "its first step is undamped, and without momentum torch has nothing to damp",
                               span=learning.spans.get("first"))  # fmt: skip
        else:
            lr, dampening = tau * self.numbers.beta(param) * weight, 0
        if learning.replays:
            through = f"truncated BPTT, {learning.tokens} tokens at most" if learning.tokens else "BPTT over a sequence"
            return Equivalence(param, Setting(float(lr), float(kept), float(dampening), through=through))
        setting = Setting(float(lr), float(kept), float(dampening), self.order == "simultaneous")
        return Equivalence(param, setting, held=self._held(param, behind))

    def _of_states(self, states: list[str]) -> tuple[str, Span | None] | None:
        """Why credit that comes by costates is not this sample's gradient, if it does and is not."""
        model = self.model
        lasting = [state for state in states if model.resets[state] != "sample"]
        if model.learning.replays:
            fading = [state for state in lasting if self.numbers.eta(state) != 0]
            if not fading:
                return None
            path = model.learning.eta[fading[0]]
            why = f"the costate of {some(fading)} fades by 1 − τη a token ({path}): it is no gradient of a sequence"
            return why, model.learning.spans.get(path)
        delays = [state for state in lasting if state in model.hidden]
        if delays:
            return f"credit reaches it by the costate of {some(delays)}, a step late or more", model.dynamics[delays[0]].span
        if lasting:
            place = model.reset_spans.get(lasting[0], model.dynamics[lasting[0]].span)
            remember = "remembers" if len(lasting) == 1 else "remember"
            return f"credit reaches it by the costate of {some(lasting)}, which {remember} earlier samples", place
        if states and self.order != "sequential":
            why = f"{some(states)} begins each sample anew, and order {self.order} reads the costate before: it learns nothing"
            return why, model.learning.spans.get("order")
        return None

    def _of_settings(self, param: str) -> tuple[str, Span | None] | None:
        learning, numbers = self.model.learning, self.numbers
        spans = learning.spans
        if learning.step in TABLEAUS:
            return f"a step of {learning.step} is none of torch.optim", spans.get("step")
        eta, beta = learning.eta[param], learning.beta[param]
        kept = 1 - numbers.tau * numbers.eta(param)
        values = {"phi": numbers.phi, eta: kept, beta: numbers.beta(param), "tau": numbers.tau}
        for path, value in values.items():
            if not value.is_number:
                reads = "changes with t" if path == "phi" and slot("t") in value.free_symbols else "has no number yet"
                return f"{path} {reads}", spans.get(path)
        if values[beta] == 0:
            return f"it does not move ({beta} = 0)", spans.get(beta)
        if values["phi"] == 0:
            return "no cost counts (phi = 0)", spans.get("phi")
        if learning.dissipation == "exact" and kept != 1:
            left = f"e^(−τη) = {written(sympy.exp(kept - 1).evalf())}"
            return f"dissipation is exact: ω keeps {left} a step, where 1 − τη is the momentum", spans.get("dissipation")
        if kept < 0:
            told = f"{eta} is above 1/tau: 1 − τη = {written(kept)}, and torch takes no negative momentum"
            return told, spans.get(eta)
        return None

    def _held(self, param: str, behind: set[str]) -> tuple[str, ...]:
        """The states that remember and that the costs behind a parameter read."""
        model = self.model
        reads = dict(self.reads)
        wanted: set[str] = set()
        waiting = [cost for cost in model.costs if cost in behind]
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting += reads.get(name, ())
        return tuple(state for state in model.dynamics if state in wanted and model.resets[state] != "sample")


def grouped(found: Iterable[Equivalence]) -> dict[tuple[Any, ...], list[Equivalence]]:
    """Those that are alike in all but their parameter, together."""
    groups: dict[tuple[Any, ...], list[Equivalence]] = {}
    for one in found:
        groups.setdefault((one.setting, one.why, one.held, one.span), []).append(one)
    return groups
