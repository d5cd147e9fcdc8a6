"""Written: what a .ham text says, put in order for the judge. Names, sizes in numbers, settings, and who reads whom.

It reads the tree of the text and nothing else of the compiler. The text is supposed to have been checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

import torch
from torch import Tensor

from hdsl.syntax.control_tree import Control, Costate
from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Declare,
    Define,
    Dim,
    Dynamics,
    Expression,
    Index,
    IndexSum,
    Learn,
    ListLiteral,
    ModelText,
    Name,
    Negate,
    Number,
    Project,
    Reset,
    Transpose,
)
from hdsl.verify.evaluate import DTYPE, evaluate, number
from hdsl.verify.parts import ByIndex

Setting = float | str | Expression

DEFAULTS: Mapping[str, float | str] = {
    "step": "euler",
    "order": "sequential",
    "schedule": "online",
    "tol": 1e-6,
    "tau": 1.0,
    "eta": 0.0,
    "phi": 1.0,
    "dissipation": "euler",
    "first": "damped",
    "states": "stored",
    "beta": 0.01,
}

STAGED = ("midpoint", "rk4")
"""The steps of several stages, which have one order."""

MECHANICAL = ("leapfrog", "yoshida4", "implicit-midpoint")
"""The steps of systems that an energy moves."""


class Written:
    """A written model with numbers for its sizes and settings.

    ``dims`` gives sizes by name, over their defaults. ``settings`` replaces consts by name and settings of ``learn``
    by dotted path (``alpha``, ``eta.h``, ``order``); where a name is both, the const is meant.

    A quantity that reads an input, a target or a control, through any chain of definitions and states, is *per stream*; any
    other is *shared*. `per_stream` holds the declared names of the first kind.

    Raises ValueError for a size without a number, and for settings that this judge does not know.
    """

    def __init__(
        self, text: ModelText, dims: Mapping[str, int] | None = None, settings: Mapping[str, float | str] | None = None
    ) -> None:
        statements = text.statements
        self.declared = {s.name: s for s in statements if isinstance(s, Declare)}
        self.defined: dict[str, Expression | ByIndex] = {
            s.name: ByIndex(tuple(i.name for i in s.indices), s.value) if s.indices else s.value
            for s in statements
            if isinstance(s, Define) and s.role != "terminal"
        }
        self.dynamics = {s.name: s for s in statements if isinstance(s, Dynamics)}
        self.beginnings = self._beginnings()
        self.resets = {s.name: s.when for s in statements if isinstance(s, Reset)}
        self.projections = [s for s in statements if isinstance(s, Project)]
        self.outputs = [s.name for s in statements if isinstance(s, Define) and s.role == "output"]
        self.costs = [s.name for s in statements if isinstance(s, Define) and s.role == "cost"]
        self.energy = next((s.name for s in statements if isinstance(s, Define) and s.role == "hamiltonian"), None)
        self.pairs = {s.state.name: s.name for s in statements if isinstance(s, Costate)} if self.energy is not None else {}
        self.outputs += [self.energy] if self.energy is not None else []
        self.controls = {s.name: s for s in statements if isinstance(s, Control)}
        self.followed = [s.name for s in self.controls.values() if s.rule == "gradient"]
        named = statements if self.energy is None else ()  # of a mechanical system these are momenta
        self.costates = {s.name: s.state.name for s in named if isinstance(s, Costate)}
        self.inputs, self.targets = self._of_role("input"), self._of_role("target")
        self.states, self.parameters = self._of_role("state"), self._of_role("param")

        self.sizes = self._sizes([s for s in statements if isinstance(s, Dim)], dims or {})
        self._shapes: dict[str, tuple[int, ...]] = {}
        changed = dict(settings or {})
        self.consts: dict[str, Tensor] = {}
        for name in self._of_role("const"):
            self.consts[name] = self._filled(self.declared[name], changed.pop(name, None))
        self.settings = self._settings([s for s in statements if isinstance(s, Learn)], changed)

        self._read_by = {name: self.reads(value) for name, value in self.defined.items()}
        self.per_stream = self._per_stream()

    def _beginnings(self) -> dict[str, Expression]:
        """How those states begin that read more than numbers and scalar consts, at the first sample of a sequence."""
        read = {name for name, s in self.declared.items() if s.role != "const" or s.shape} | self.defined.keys()
        states = [s for s in self.declared.values() if s.role == "state" and s.value is not None]
        return {s.name: s.value for s in states if s.value is not None and names_in(s.value) & read}

    def _of_role(self, role: str) -> list[str]:
        return [name for name, statement in self.declared.items() if statement.role == role]

    # --- sizes and values written as numbers -------------------------------------------------------------------------

    def _sizes(self, statements: list[Dim], given: Mapping[str, int]) -> dict[str, Fraction]:
        """Every named size; a default may be an expression in other sizes, wherever these stand."""
        sizes = {name: Fraction(value) for name, value in given.items()}
        waiting = [s for s in statements if s.name not in sizes]
        while waiting:
            ready = [s for s in waiting if s.default is not None and names_in(s.default) <= sizes.keys()]
            if not ready:
                raise ValueError(f"no number for the size {waiting[0].name}")
            for statement in ready:
                assert statement.default is not None
                sizes[statement.name] = exact(statement.default, sizes)
            waiting = [s for s in waiting if s not in ready]
        return sizes

    def shape(self, name: str) -> tuple[int, ...]:
        """The sizes of something declared, in numbers."""
        if name not in self._shapes:
            self._shapes[name] = self._shape(name)
        return self._shapes[name]

    def _shape(self, name: str) -> tuple[int, ...]:
        declared = self.controls[name] if name in self.controls else self.declared[name]
        axes = [exact(axis, self.sizes) for axis in declared.shape]
        if any(axis.denominator != 1 or axis < 1 for axis in axes):
            raise ValueError(f"a size of {name} is not a whole number above 0")
        return tuple(int(axis) for axis in axes)

    def constants(self) -> dict[str, Tensor]:
        """What never changes: sizes as scalars, consts, pi and inf."""
        return {**self.consts, **self._numbers}

    @cached_property
    def _numbers(self) -> dict[str, Tensor]:
        """Constants without the consts of the file."""
        sizes = {name: number(float(value)) for name, value in self.sizes.items()}
        # How many values an index has, for what makes a vector of it.
        sizes |= {
            f"index({name})": number(float(exact(s.index, self.sizes)))
            for name, s in self.declared.items()
            if s.index is not None
        }
        return {**sizes, "pi": number(torch.pi), "inf": number(torch.inf)}

    def _filled(self, statement: Declare, given: float | str | None = None) -> Tensor:
        """The value of a declaration in its shape: the one given, else the one written. Nothing is drawn at random."""
        shape = self.shape(statement.name)
        if given is not None:
            return number(given).broadcast_to(shape).clone()
        match statement.value:
            case None | Name(name="zeros") | Call(function="zeros"):
                return torch.zeros(shape, dtype=DTYPE)
            case Name(name="ones") | Call(function="ones"):
                return torch.ones(shape, dtype=DTYPE)
            case Name(name="eye") | Call(function="eye"):
                return torch.eye(*shape, dtype=DTYPE)
            case written:
                return evaluate(written, self.constants().__getitem__).broadcast_to(shape).clone()

    def initial(self, state: str) -> Tensor:
        """The value with which a state begins, and to which it returns; 0 where a sample says it. Shape: the state's."""
        if state in self.beginnings:
            return torch.zeros(self.shape(state), dtype=DTYPE)
        return self._filled(self.declared[state])

    # --- settings ----------------------------------------------------------------------------------------------------

    def _settings(self, written: list[Learn], given: Mapping[str, float | str]) -> dict[str, Setting]:
        settings: dict[str, Setting] = {}
        for learn in written:
            settings.update({".".join(setting.path): setting.value for setting in learn.settings})
        settings.update(given)
        ordered = "order" in settings
        settings = {**DEFAULTS, **settings}
        for path in settings:
            prefix, _, narrower = path.partition(".")
            if prefix not in DEFAULTS or (narrower and prefix not in ("eta", "beta", "step")):
                raise ValueError(f"the judge knows no setting {path}")
        self.settings = settings
        self.exact = frozenset(path[5:] for path in settings if path.startswith("step.") and self.word(path) == "exact")
        if other := next((path for path in settings if path.startswith("step.") and path[5:] not in self.exact), None):
            raise ValueError(f"the judge knows {other} = exact alone")
        if self.schedule == "boundary":  # it has no steps
            self.exact = frozenset()
        schedules, steps = ("online", "replay", "layerwise", "boundary"), ("euler", "two-step", *STAGED)
        if self.word("step") not in (*steps, *MECHANICAL) or self.schedule not in schedules:
            raise ValueError(f"the judge knows the steps {', '.join(steps)} and the schedules {', '.join(schedules)}")
        if self.word("step") in STAGED and not ordered:
            settings["order"] = "simultaneous"
        return settings

    @property
    def replays(self) -> bool:
        """Whether sequences are replayed, whole or some tokens at a time."""
        return self.schedule == "replay"

    @property
    def schedule(self) -> str:
        """The word of ``schedule``, without the number of tokens of ``replay(20)``."""
        given = self.settings["schedule"]
        return given.function if isinstance(given, Call) else self.word("schedule").partition("(")[0]

    def word(self, path: str) -> str:
        """A setting that is a word, the order say; the tree of ``semi-implicit`` is that of a difference."""
        match self.settings[path]:
            case str(word) | Name(name=word):
                return word
            case Binary(operator="-", left=Name(name=left), right=Name(name=right)):
                return f"{left}-{right}"
        raise ValueError(f"the judge does not know this {path}")

    def setting(self, path: str, **moment: float) -> float:
        """A setting that is a number; ``moment`` gives `t` and `tau` where it may read them."""
        match self.settings[path]:
            case str():
                raise ValueError(f"{path} is not a number")
            case float() | int() as given:
                return float(given)
            case Number(value=value):
                return float(value)
            case written:
                known = self.constants() | {name: number(value) for name, value in moment.items()}
                return float(evaluate(written, known.__getitem__))

    def phi(self, t: float, tau: float, first: bool) -> float:
        """φ at a time; 1/τ at the very first sample where ``first = undamped``."""
        if first and self.word("first") == "undamped":
            return 1.0 / tau
        return self.setting("phi", t=t, tau=tau)

    def rate(self, prefix: str, name: str, tau: float) -> float:
        """η or β of a state or a parameter: that of its name, else of its group, else the general one."""
        group = "state" if name in self.states else "param"
        own = (name, *self._with(name))
        paths = (*(f"{prefix}.{n}" for n in (*own, group)), prefix)
        narrowest = next(path for path in paths if path in self.settings)
        return self.setting(narrowest, tau=tau)

    def _with(self, name: str) -> tuple[str, ...]:
        """The flow that moves by two-step, of which a state is a hidden part."""
        whole, _, part = name.rpartition(".")
        paired = self.word("step") == "two-step" and part in ("before", "tau") and whole in self.states
        return (whole,) if paired else ()

    # --- who reads whom ----------------------------------------------------------------------------------------------

    def reads_costate(self, definition: str) -> bool:
        """Whether a definition reads a costate by its name, as the rule of a control may."""
        return not self._read_by[definition].isdisjoint(self.costates)

    def reads(self, expression: Expression | ByIndex) -> set[str]:
        """Every name, but those of definitions, that an expression reads, be it through definitions."""
        found: set[str] = set()
        waiting = list(names_in(expression))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(names_in(self.defined[name]) if name in self.defined else ())
        return found - self.defined.keys()

    def _per_stream(self) -> set[str]:
        """Inputs, targets, controls, every state that reads one of these, every state that reads such a state, and so on."""
        found = {*self.inputs, *self.targets, *self.controls}
        while True:
            more = {name for name, law in self.dynamics.items() if self.reads(law.value) & found}
            more |= {name for name, value in self.beginnings.items() if self.reads(value) & found}
            more -= found
            if not more:
                return found
            found |= more

    def is_shared(self, name: str) -> bool:
        """Whether something declared or defined is one for all streams."""
        return not (self._read_by[name] if name in self.defined else {name}) & self.per_stream

    def targets_of(self, definition: str) -> set[str]:
        """The targets that a definition reads."""
        return self._read_by[definition] & set(self.targets)


def names_in(expression: Expression | ByIndex) -> set[str]:
    """Every name that stands in an expression; neither those of functions nor those of indices that it binds."""
    match expression:
        case ByIndex(indices=indices, value=value):
            return names_in(value) - set(indices)
        case IndexSum(indices=bound, value=value):
            return names_in(value) - {index.name for index in bound}
        case Index(operand=operand, subscripts=subscripts):
            parts = [(s.value,) if isinstance(s, At) else (s.start, s.stop, s.step) for s in subscripts]
            inner = {name for group in parts for part in group if part is not None for name in names_in(part)}
            return names_in(operand) | inner - {"None"}
        case Name(name=name):
            return {name}
        case Number():
            return set()
        case Negate(operand=operand) | Transpose(operand=operand):
            return names_in(operand)
        case Binary(left=left, right=right) | Compare(left=left, right=right):
            return names_in(left) | names_in(right)
        case Conditional(value=value, condition=condition, other=other):
            return names_in(value) | names_in(condition) | names_in(other)
        case Call(arguments=arguments, keywords=keywords):
            return {n for part in (*arguments, *(value for _, value in keywords)) for n in names_in(part)}
        case ListLiteral(items=items):
            return {n for item in items for n in names_in(item)}
    raise ValueError(f"{type(expression).__name__} is not an expression")


def exact(expression: Expression, sizes: Mapping[str, Fraction]) -> Fraction:
    """The exact value of an expression in numbers and sizes."""
    match expression:
        case Number(value=value):
            return value
        case Name(name=name):
            return sizes[name]
        case Negate(operand=operand):
            return -exact(operand, sizes)
        case Binary(operator="+", left=left, right=right):
            return exact(left, sizes) + exact(right, sizes)
        case Binary(operator="-", left=left, right=right):
            return exact(left, sizes) - exact(right, sizes)
        case Binary(operator="*", left=left, right=right):
            return exact(left, sizes) * exact(right, sizes)
        case Binary(operator="/", left=left, right=right):
            return exact(left, sizes) / exact(right, sizes)
    raise ValueError("a size is made of numbers, sizes, sums, differences, products and quotients")
