"""Model: the checked model, the product of the pass ``check``. Every name is bound, every size agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from hdsl.model.two_step import TWO_STEP, owner_of
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import ModelText
from hdsl.terms.term import Definition, Scalar, Size

Role: TypeAlias = Literal["input", "target", "state", "param", "const", "control"]


@dataclass(frozen=True)
class Initial:
    """How a value begins.

    ``kind`` is ``number`` (one scalar expression), ``list`` (a nested tuple of scalar expressions, in ``values``), or one of
    zeros ones eye normal uniform orthogonal glorot he with its arguments. Scalar expressions hold numbers, sizes and
    scalar consts only.
    """

    kind: str
    arguments: tuple[Scalar, ...] = ()
    values: tuple[object, ...] = ()


@dataclass(frozen=True)
class Quantity:
    """Something declared: an input, a target, a state, a parameter, a const or a control.

    ``below`` is the bound of an index input or target (its values are integers, its sizes are ()), else None.
    """

    name: str
    role: Role
    sizes: tuple[Size, ...]
    shared: bool
    initial: Initial | None
    below: Size | None
    span: Span
    doc: str = ""


@dataclass(frozen=True)
class DynamicsOf:
    """The dynamics of a state: the definition ``definition`` is f for a flow, and F for a ``next``."""

    state: str
    kind: Literal["flow", "next"]
    definition: str
    span: Span


@dataclass(frozen=True)
class Projection:
    """What a parameter is put back to by the definition ``definition``, after every ``every`` steps from the first."""

    param: str
    every: int
    definition: str
    span: Span


@dataclass(frozen=True)
class ControlOf:
    """How a control is chosen: within ``lower`` and ``upper`` (None where there is none), scalars in numbers and consts.

    ``rule`` is ``stationarity`` of H′, ``given`` by the definition ``definition``, or the ``gradient`` of H′.
    """

    name: str
    lower: Scalar | None
    upper: Scalar | None
    rule: Literal["stationarity", "given", "gradient"]
    definition: str | None
    span: Span


@dataclass(frozen=True)
class Horizon:
    """The end of time: ``end``, or None where it is free; then ``guess`` is where to begin, within ``lower`` and ``upper``."""

    end: Scalar | None
    guess: Scalar | None
    lower: Scalar | None
    upper: Scalar | None
    span: Span


@dataclass(frozen=True)
class Final:
    """A condition at the end: the definition ``definition``, left side less right side, is zero there."""

    definition: str
    span: Span


@dataclass(frozen=True)
class Constraint:
    """What holds all along: the definition ``definition`` is at most zero.

    A ``soft`` one costs ``weight``/2 times the square of what it is above; the weight of a ``penalty`` is raised until
    nothing is.
    """

    name: str
    definition: str
    kind: Literal["soft", "penalty"]
    weight: Scalar | None
    span: Span


@dataclass(frozen=True)
class Exact:
    """States whose flow ḣ = A h + r is followed exactly, r and A held through a step: their dynamics are the map of a step.

    It is one state, or two that turn one another: ẋ = a x + b y + r, ẏ = a y − b x + s. ``flows`` are the definitions of ḣ.
    ``rates`` has A in indices of its entries: (i, j) where it is a ``matrix``, those of the state where each entry moves by
    itself; of two states a and b. ``forced`` is false where nothing is held besides A.
    """

    states: tuple[str, ...]
    flows: tuple[str, ...]
    rates: tuple[Scalar, ...]
    matrix: bool
    forced: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Learning:
    """The settings of ``learn``, defaults filled in.

    ``values`` maps each path in force (``tau``, ``eta``, ``eta.h``, ``beta.W``, …) to a scalar expression in numbers, sizes,
    scalar consts and ``tau``. ``eta`` maps every state and parameter, and ``beta`` every parameter, to the path that holds for
    it. ``phi`` may also read ``t``. ``dissipation`` says whether −η z is integrated by the factor 1 − τη or by e^{−τη}.
    ``tokens`` are those of ``replay(r)``, None for a whole sequence; ``states`` says whether a replay has kept the states of
    each token, or works them out again by the inverse of a step, from those of every ``stored_every`` tokens, of
    ``recomputed(r)``, or of the last alone. ``exact`` are the states with
    ``step.h = exact``.
    """

    step: str
    order: Literal["simultaneous", "sequential", "semi-implicit"]
    schedule: str
    first: Literal["damped", "undamped"]
    phi: Scalar
    values: Mapping[str, Scalar]
    eta: Mapping[str, str]
    beta: Mapping[str, str]
    spans: Mapping[str, Span]
    dissipation: Literal["euler", "exact"] = "euler"
    tokens: int | None = None
    states: Literal["stored", "recomputed"] = "stored"
    stored_every: int | None = None
    exact: tuple[str, ...] = ()

    @property
    def replays(self) -> bool:
        """Whether sequences are replayed in place of being learned from sample by sample."""
        return self.schedule == "replay"

    @property
    def how_often(self) -> str:
        """The schedule as it is written: ``online``, ``replay`` or ``replay(20)``."""
        return self.schedule if self.tokens is None else f"{self.schedule}({self.tokens})"


@dataclass(frozen=True)
class Model:
    """A checked model.

    ``definitions`` stand in an order in which each reads only declared quantities, ``t``, ``tau`` and earlier definitions.
    ``outputs`` and ``costs`` name definitions, in the order of the text; so do the dynamics. ``dims`` maps each size to its
    default, a number or an expression in other sizes, or None. ``docs`` holds the doc comments of what is defined,
    ``latex`` how names look in LaTeX by the file's own lines, which changes nothing else.
    ``targets_of`` gives for each cost the targets that it depends on. ``written`` is the text with every instance of a
    component written out as statements with dotted names; ``fixed`` the sizes that say how many copies there are.
    ``projected`` are the definitions of the ``projections``, which read params, consts and one another only; those of the
    model that they need stand among them under their own names.
    ``without_costate`` are the delays of inputs: no param and no other state is behind them that a costate could teach.
    ``hidden`` are the states that delays have made; ``reset_spans`` has where the file resets states; ``local`` the params
    whose update it demands to be local, and where.

    ``controls`` are by name how each is chosen; ``terminals`` the definitions of the terminal costs; ``finals`` and
    ``constraints`` what holds at the end and all along; ``free`` the states and params whose beginning is chosen, too.
    ``hamiltonian`` is the definition of a mechanical system's H, and ``pairs`` has for each of its states the momentum.
    ``costate_names`` are the names that the file gives to costates, with the state of each.
    ``exact`` has what is known of the states that `step.h = exact` moves, by name.
    ``along`` says that the batch are points of one path: parameters and the time are then per stream, too.
    """

    name: str
    doc: str
    source: Source
    dims: Mapping[str, Size | None]
    quantities: Mapping[str, Quantity]
    definitions: tuple[Definition, ...]
    dynamics: Mapping[str, DynamicsOf]
    outputs: tuple[str, ...]
    costs: tuple[str, ...]
    targets_of: Mapping[str, tuple[str, ...]]
    resets: Mapping[str, Literal["sample", "sequence", "never"]]
    learning: Learning
    docs: Mapping[str, str]
    written: ModelText
    fixed: frozenset[str] = frozenset()
    latex: Mapping[str, str] = field(default_factory=dict)
    projections: tuple[Projection, ...] = ()
    projected: tuple[Definition, ...] = ()
    without_costate: frozenset[str] = frozenset()
    hidden: tuple[str, ...] = ()
    reset_spans: Mapping[str, Span] = field(default_factory=dict)
    local: Mapping[str, Span] = field(default_factory=dict)
    controls: Mapping[str, ControlOf] = field(default_factory=dict)
    terminals: tuple[str, ...] = ()
    horizon: Horizon | None = None
    finals: tuple[Final, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    free: frozenset[str] = frozenset()
    hamiltonian: str | None = None
    pairs: Mapping[str, str] = field(default_factory=dict)
    costate_names: Mapping[str, str] = field(default_factory=dict)
    exact: Mapping[str, Exact] = field(default_factory=dict)
    along: bool = False

    @property
    def taught(self) -> tuple[str, ...]:
        """The states that have a costate, in the order of the text."""
        return tuple(name for name in self.dynamics if name not in self.without_costate)

    @property
    def steps_before(self) -> frozenset[str]:
        """The states that two-step holds of the sample before: they are no delays of the model's own."""
        of = ((name, owner_of(name)) for name in self.hidden if self.learning.step == TWO_STEP)
        return frozenset(name for name, owner in of if owner in self.dynamics)

    @property
    def followed(self) -> tuple[str, ...]:
        """The controls that follow the gradient of H′, in the order of the text: a step moves them."""
        return tuple(name for name, control in self.controls.items() if control.rule == "gradient")

    @property
    def begun(self) -> tuple[str, ...]:
        """The states that begin from what arrives, in the order of the text."""
        defined = {definition.name for definition in self.definitions}
        return tuple(name for name in self.dynamics if f"initial:{name}" in defined)

    @property
    def free_sizes(self) -> tuple[str, ...]:
        """The sizes that an instance of the model may be given: neither worked out from others nor fixed."""
        plain = (name for name, default in self.dims.items() if default is None or default.is_Integer)
        return tuple(name for name in plain if name not in self.fixed)

    @property
    def listed(self) -> tuple[str, ...]:
        """The consts that no declaration has: the literal lists of formulas."""
        return tuple(name for name in self.quantities if name.startswith(("[", "(")))

    def of_role(self, role: Role) -> tuple[Quantity, ...]:
        """The quantities of a role, in the order of the text."""
        return tuple(q for q in self.quantities.values() if q.role == role)
