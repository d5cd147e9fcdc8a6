"""The settings below ``learn``: which there are, what they may be set to, and which of them holds for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isnan
from typing import Any

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_learning as learning
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics import catalogue_replay as replaying
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Learning
from hdsl.model.scalars import ScalarReader
from hdsl.model.scope import Scope
from hdsl.model.two_step import TWO_STEP, owner_of
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Binary, Call, Expression, Learn, ModelText, Name, Number, Setting
from hdsl.terms.term import Scalar, slot

SYMPLECTIC = ("leapfrog", "yoshida4", "implicit-midpoint")  # the steps that are for mechanical systems alone

# Settings that are set to a word; the first is the default.
WORDS: dict[str, tuple[str, ...]] = {
    "step": ("euler", "midpoint", "rk4", TWO_STEP, *SYMPLECTIC),
    "order": ("sequential", "simultaneous", "semi-implicit"),
    "schedule": ("online", "replay", "layerwise", "boundary"),
    "dissipation": ("euler", "exact"),
    "first": ("damped", "undamped"),
    "states": ("stored", "recomputed"),
}
COUNTED = {"schedule": "replay", "states": "recomputed"}  # the words that may stand with a number of tokens
# Settings that are set to a number: the default, and what of the stream it may read.
NUMBERS: dict[str, tuple[Scalar, tuple[str, ...]]] = {
    "tau": (sympy.Integer(1), ()),
    "eta": (sympy.Integer(0), ("tau",)),
    "phi": (sympy.Integer(1), ("t", "tau")),
    "beta": (sympy.Rational(1, 100), ("tau",)),
    "tol": (sympy.Rational(1, 1_000_000), ()),
}
ABOVE = ("tau", "tol")  # what must not be 0
GROUPED = {"eta": ("state", "param"), "beta": ("param", "control"), "step": ("state",)}  # what a dotted path may name
EXACT = "exact"  # the one step that a state may have for itself
STAGED = ("midpoint", "rk4")  # the steps of several stages, in which all that flows moves at once


@dataclass
class LearningReader:
    """Reads the settings of one model. ``known`` has the numbers of sizes and of scalar consts that are known.

    ``followed`` are the controls that follow the gradient of H′: they have a rate, as params have.
    """

    scope: Scope
    consts: Set[str]
    known: dict[Scalar, float]
    followed: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Scalar] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)  # of the values themselves
    counts: dict[str, int] = field(default_factory=dict)  # of `replay(r)` and `recomputed(r)`
    exact: list[str] = field(default_factory=list)  # states with a step of their own
    refused: set[str] = field(default_factory=set)  # words that could not be read and are told

    def read(self, settings: Sequence[Setting], overrides: Sequence[Setting]) -> Learning:
        """The settings of a file, those from outside in place of its own. Mistakes are reported."""
        replaced = {setting.path for setting in overrides}
        seen: dict[str, Span] = {}
        for setting in settings:
            path = ".".join(setting.path)
            if path in seen:
                self.scope.report(catalogue.duplicate_setting(setting.path_span, path, seen[path]))
                continue
            seen[path] = setting.path_span
            if setting.path not in replaced:
                self._setting(setting, path)
        for setting in overrides:
            self._setting(setting, ".".join(setting.path))
        self._check_order()
        self._check_ranges()
        return self._resolved()

    # One setting -----------------------------------------------------------------------------------------------------

    def _setting(self, setting: Setting, path: str) -> None:
        head, below = setting.path[0], ".".join(setting.path[1:])
        if head == "step" and (below or word_of(setting.value) == EXACT):
            self._own_step(setting, below, path)
        elif head in WORDS and not below:
            self._word(setting, path)
        elif head in NUMBERS and (not below or self._names_group(setting, head, below)):
            self._number(setting, path)
        elif head not in NUMBERS or not below:
            self.scope.report(catalogue.unknown_setting(setting.path_span, path, self._suggest(path)))

    def _names_group(self, setting: Setting, head: str, below: str) -> bool:
        """Whether a dotted path names a state or a param that can have the setting; reported where it does not."""
        kinds = GROUPED.get(head, ())
        if below in kinds and head == "eta":
            return True
        entry = self.scope.entries.get(below)
        if entry is not None and entry.kind in kinds and (entry.kind != "control" or below in self.followed):
            return True
        path = f"{head}.{below}"
        if entry is not None and kinds and not self.scope.is_told(below):
            line, wanted = self.scope.line(entry.span), " or ".join(catalogue.a(kind) for kind in kinds if kind != "control")
            wanted += " or one of `gradient`" if entry.kind == "control" else ""
            self.scope.report(catalogue.setting_of(setting.path_span, path, below, entry.kind, line, wanted))
        elif not self.scope.is_told(below):
            self.scope.report(catalogue.unknown_setting(setting.path_span, path, self._suggest(path)))
        return False

    @cached_property
    def _paths(self) -> list[str]:
        """Every path that this model could set."""
        paths = [*WORDS, *NUMBERS, "eta.state", "eta.param"]
        for entry in self.scope.entries.values():
            paths += [f"{head}.{entry.name}" for head, kinds in GROUPED.items() if entry.kind in kinds]
        return paths

    def _suggest(self, path: str) -> catalogue.Suggestion | None:
        found = self.scope.nearest(path, self._paths)
        return None if found is None else catalogue.did_you_mean(found, "", None)

    def _word(self, setting: Setting, path: str) -> None:
        word = word_of(setting.value)
        if word is not None and COUNTED.get(path) == word:
            self._counted(setting, path, word)
        elif word in WORDS[path] and not isinstance(setting.value, Call):
            self.words[path] = word
            self.spans[path] = setting.span
            self.places[path] = setting.value.span
        else:
            self.refused.add(path)
            self.scope.report(catalogue.setting_word(setting.value.span, path, WORDS[path]))

    def _own_step(self, setting: Setting, state: str, path: str) -> None:
        """``step.h = exact``, for a state that is declared."""
        word, span = word_of(setting.value), setting.value.span
        if not state:
            self.scope.report(learning.exact_for_all(span))
        elif word in WORDS["step"]:
            self.scope.report(learning.step_of_one(span, path, word))
        elif word != EXACT or isinstance(setting.value, Call):
            self.scope.report(catalogue.setting_word(span, path, (EXACT,)))
        elif self._names_group(setting, "step", state):
            self.exact.append(state)
            self.spans[path], self.places[path] = setting.span, setting.path_span

    def _counted(self, setting: Setting, path: str, word: str) -> None:
        """A word, ``replay``, or with a whole number of tokens, ``replay(r)``."""
        if isinstance(setting.value, Call):
            given = setting.value.arguments
            number = given[0].value if len(given) == 1 and isinstance(given[0], Number) else None
            if number is None or number.denominator != 1 or number < 1 or setting.value.keywords:
                self.refused.add(path)
                self.scope.report(replaying.tokens(setting.value.span, path, word))
                return
            self.counts[path] = int(number)
        self.words[path] = word
        self.spans[path] = setting.span
        self.places[path] = setting.value.span

    def _number(self, setting: Setting, path: str) -> None:
        symbols = NUMBERS[setting.path[0]][1]
        number = ScalarReader(self.scope, self.consts, symbols).read(setting.value)
        if number is not None:
            self.numbers[path] = number
            self.spans[path] = setting.span
            self.places[path] = setting.value.span

    def _check_order(self) -> None:
        """A step of several stages has one order, which it takes where none is written, and goes one way."""
        if "schedule" in self.refused:
            return  # what goes with it is not known
        step = self.words.get("step", "")
        schedule = self.words.get("schedule", "online")
        if step in STAGED and schedule in ("replay", "layerwise"):
            self.scope.report(learning.step_schedule(self.places["step"], step, schedule))
        elif step == TWO_STEP and schedule != "replay":
            self.scope.report(learning.two_step_forward(self.places["step"], schedule))
        elif step in STAGED and self.words.setdefault("order", "simultaneous") != "simultaneous":
            self.scope.report(learning.step_order(self.places["order"], self.words["order"], step))
        if self.words.get("states") == "recomputed" and schedule != "replay":
            self.scope.report(replaying.recomputed_forward(self.places["states"], schedule))

    def _check_ranges(self) -> None:
        """No setting is negative, tau and tol are above 0, where the numbers are known."""
        tau = evaluate(self.numbers.get("tau", NUMBERS["tau"][0]), self.known)
        known = self.known if tau is None else self.known | {slot("tau"): tau}
        for path, number in self.numbers.items():
            value = evaluate(number, known)
            if value is None:
                continue
            if isnan(value):
                self.scope.report(formulas.not_real(self.places[path]))
            elif value < 0 or (path in ABOVE and value == 0):
                self.scope.report(catalogue.setting_range(self.places[path], path, path in ABOVE, value))

    # All of them -----------------------------------------------------------------------------------------------------

    def _resolved(self) -> Learning:
        states = [entry.name for entry in self.scope.entries.values() if entry.kind == "state"]
        params = [entry.name for entry in self.scope.entries.values() if entry.kind == "param"]
        eta = {name: self._holds("eta", name, "state") for name in states}
        eta |= {name: self._holds("eta", name, "param") for name in params}
        beta = {name: self._holds("beta", name, "") for name in (*params, *self.followed)}
        asked = ("tol",) if self.words.get("schedule") == "boundary" else ()
        in_force = dict.fromkeys(("tau", *eta.values(), *beta.values(), *asked))
        words: dict[str, Any] = {path: self.words.get(path, known[0]) for path, known in WORDS.items()}
        return Learning(
            step=words["step"],
            order=words["order"],
            schedule=words["schedule"],
            first=words["first"],
            dissipation=words["dissipation"],
            states=words["states"],
            phi=self.numbers.get("phi", NUMBERS["phi"][0]),
            values={path: self.numbers.get(path, NUMBERS[path.split(".")[0]][0]) for path in in_force},
            eta=eta,
            beta=beta,
            spans=dict(self.spans),
            tokens=self.counts.get("schedule"),
            exact=tuple(name for name in states if name in self.exact),
            stored_every=self.counts.get("states"),
        )

    def _holds(self, head: str, name: str, group: str) -> str:
        """The path that holds for a quantity: its name goes before its group, its group before all.

        What is hidden of a flow by two-step is as the flow.
        """
        paths = [f"{head}.{name}", f"{head}.{group}"]
        owner = owner_of(name) if self.words.get("step") == TWO_STEP else None
        if owner is not None and f"{head}.{owner}" in self.numbers:
            paths.insert(1, f"{head}.{owner}")
        return next((path for path in paths if path in self.numbers), head)


def asks_two_step(text: ModelText, settings: Mapping[str, str | float]) -> frozenset[str] | None:
    """The flows that have a step of their own where all others move by two-step, as a file or a setting from outside says.

    None where no flow moves by two-step.
    """
    written = [setting for s in text.statements if isinstance(s, Learn) for setting in s.settings]
    steps = {".".join(s.path): word_of(s.value) for s in written if s.path[0] == "step"}
    steps |= {path: str(value) for path, value in settings.items() if path.partition(".")[0] == "step"}
    own = frozenset(path.partition(".")[2] for path in steps if path != "step")
    return own if steps.get("step") == TWO_STEP else None


def word_of(tree: Expression) -> str | None:
    """The word that a setting is set to; ``semi-implicit`` reads as a difference."""
    match tree:
        case Name(name=name):
            return name
        case Call(function=function):
            return function
        case Binary(operator="-", left=Name(name=left), right=Name(name=right)):
            return f"{left}-{right}"
    return None


def moved(setting: Setting, span: Span) -> Setting:
    """A setting from outside the file, with every part of it at one place of the file."""
    return replace(setting, value=_moved(setting.value, span), path_span=span, span=span)


def _moved(tree: Expression, span: Span) -> Expression:
    changes: dict[str, Any] = {"span": span}
    for name in ("operand", "left", "right"):
        if hasattr(tree, name):
            changes[name] = _moved(getattr(tree, name), span)
    for name in ("arguments", "items"):
        if hasattr(tree, name):
            changes[name] = tuple(_moved(part, span) for part in getattr(tree, name))
    if isinstance(tree, Call):
        changes["keywords"] = tuple((keyword, _moved(value, span)) for keyword, value in tree.keywords)
        changes["function_span"] = span
    return replace(tree, **changes)
