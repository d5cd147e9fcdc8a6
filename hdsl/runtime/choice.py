"""The backend of a class, or of a module for which it was measured: torch, or native code; and why."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hdsl.cache import fetch, is_off, keep
from hdsl.kept import key_of
from hdsl.runtime.native_build import NONE_FOUND, find_compiler
from hdsl.runtime.origin import Origin

STEPS, SECONDS = 64, 0.15
"""Of a trial: the samples that it takes over and over, and how long for each backend."""

COMPILES = 0.5
"""Seconds that a C compiler takes for a small net: what torch is through with by then is not worth one."""

MOST = 512
"""Steps over which moves are held back, at most."""


@dataclass(frozen=True)
class Choice:
    """``backend`` is torch or native, or auto where it is still to be measured. ``told`` is a line for the user, or empty.

    ``held_back`` is over how many steps native code holds moves back; None for where it pays. Of auto, as long as it is torch
    because there is little to do: the ``rate`` of torch as measured, the steps ``done``, and all that are ``expected``, where
    they are known.
    """

    backend: str
    told: str = ""
    held_back: int | None = None
    rate: float = 0.0
    done: int = 0
    expected: int | None = None

    def expecting(self, steps: int | None) -> Choice:
        """The same where so many more steps are known to come, if that matters."""
        if steps is None or self.backend != "auto":
            return self
        return replace(self, expected=max(self.expected or 0, self.done + steps))

    @property
    def taken(self) -> str:
        """The backend that makes steps now."""
        return "torch" if self.backend == "auto" and self.told else self.backend

    @property
    def asked(self) -> dict[str, Any]:
        """What of it changes the last digits of a run: torch, and what is left to hdsl, go without saying."""
        told = {"backend": self.backend, "held back": self.held_back}
        return {name: value for name, value in told.items() if value not in ("torch", None)}


def choice_of(backend: str, origin: Origin, held_back: int | None = None) -> Choice:
    """What is meant by the backend that a user names; a warning says so where the tool for it is missing.

    Raises ValueError: there is no such backend, or the model has no native code, or nothing can be held back so.
    """
    whole = type(held_back) is int and 0 <= held_back <= MOST  # it is printed into C: True and 2.5 would be too
    if held_back is not None and not (whole and backend in ("native", "auto")):
        raise ValueError(f"moves are held back by native code, over 0 to {MOST} steps; not over {held_back!r} with {backend}")
    if backend == "torch":
        return Choice("torch")
    if backend not in ("native", "auto"):
        raise ValueError(f"there is no backend {backend!r}; there are torch, native, auto and numpy")
    reason = reason_against(origin)
    if reason and backend == "native":
        raise ValueError(f"the model {origin.model} has no native code: {reason}")
    if reason:
        return Choice("torch", f"torch: {reason}")
    if find_compiler() is None:
        if backend == "native":
            warnings.warn(NONE_FOUND, stacklevel=3)
        return Choice("torch", NONE_FOUND)
    return Choice(backend, held_back=held_back)


def reason_against(origin: Origin) -> str:
    """Why a model has no native code, as found now or by an earlier process; empty where it has."""
    name = f"{key_of('native', origin.source, dict(origin.dims), dict(origin.settings), origin.delay)}.why"
    kept = None if is_off() else fetch(name)
    if kept is not None:
        return kept.decode()
    from hdsl.emit.native_module import why_not

    reason = why_not(origin.compiler().program) or ""
    if not is_off():
        keep(name, reason.encode())
    return reason


def measured(
    net: Any, chunk: Mapping[str, Any], run: Callable[[Any, dict[str, Any]], Any], held_from: Callable[[Any], int]
) -> Choice:
    """Try both backends on copies of a module with the first samples of a stream; the module itself stays as it is.

    Torch is tried first. Where all steps that are known to come take it less time than a compiler takes, it is torch for now,
    and auto stays: it is asked again at the next steps. What is held back is held back in the trial.

    Args:
        held_from: from how many steps on native code holds moves back, of a module that has its library; 0 for never.
    """
    choice: Choice = net.choice
    try:
        rate = choice.rate or _rate(copy.deepcopy(net), "torch", chunk, run)
        expected = choice.expected
        if expected is not None and expected < COMPILES * rate:
            told = f"torch: {rate:.3g} steps/s, through with {expected} steps before a compiler would be"
            return replace(choice, told=told, rate=rate, done=choice.done + chunk["steps"])
        own = copy.deepcopy(net)
        native = _rate(own, "native", chunk, run, held_from)
    except ArithmeticError:  # the run itself says what became of it
        return Choice("torch", "torch: a value became nan or infinite in the trial")
    if own.choice.backend != "native":
        return own.choice  # type: ignore[no-any-return]
    rates = {"torch": rate, "native": native}
    best, other = sorted(rates, key=lambda name: -rates[name])
    told = f"{best}: {rates[best]:.3g} steps/s in a short trial, {rates[other]:.3g} with {other}"
    return Choice(best, told, choice.held_back)


def _rate(
    own: Any, backend: str, chunk: Mapping[str, Any], run: Callable[[Any, dict[str, Any]], Any],
    held_from: Callable[[Any], int] = lambda net: 0,
) -> float:  # fmt: skip
    """Steps a second of a module that may be used up; 0 where the backend is not to be had, as its choice says then."""
    expected: int | None = own.choice.expected
    own.choice = replace(own.choice, backend=backend, told="")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is said of a library that is not to be had is in the choice
        run(own, _first(chunk, STEPS))  # builds what is to be built, and warms what is to be warm
    if own.choice.backend != backend:
        return 0.0
    piece = _first(chunk, max(STEPS, held_from(own)))
    began, done = time.perf_counter(), 0
    while True:
        run(own, dict(piece))
        done += int(piece["steps"])
        passed = time.perf_counter() - began
        clear = backend == "torch" and expected is not None and 2 * expected * passed < COMPILES * done
        if clear or passed > SECONDS:
            return done / passed


def _first(chunk: Mapping[str, Any], steps: int) -> dict[str, Any]:
    steps = min(steps, chunk["steps"])
    return {name: steps if name == "steps" else value[:steps] for name, value in chunk.items()}
