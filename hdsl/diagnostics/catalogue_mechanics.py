"""What can be said about a mechanical system: its Hamiltonian, the momenta of its states, the steps that are for it alone."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import and_list
from hdsl.diagnostics.diagnostic import Diagnostic, Fix, Label
from hdsl.syntax.source import Span

NO_MOMENTUM = register("no-momentum", "a state of a mechanical system has no momentum")
MOMENTUM_TWICE = register("momentum-twice", "a state of a mechanical system has two momenta")
HAMILTONIAN_TWICE = register("hamiltonian-twice", "a model has two hamiltonians")
NOT_MECHANICAL = register("not-mechanical", "a mechanical system has something that belongs to learning")
MECHANICAL_STEP = register("mechanical-step", "a step for mechanical systems stands in a model that has no hamiltonian")
NOT_SEPARABLE = register("not-separable", "a step wants H = T(p) + V(q), and a term of the hamiltonian holds both")
IDLE_MOMENTUM = register("idle-momentum", "a hamiltonian does not read a momentum, so its state stands still", "warning")


def no_momentum(span: Span, name: str, hidden: bool) -> Diagnostic:
    """``hidden`` is true of a state that no statement of the model itself declares."""
    hint = "a mechanical system has no states of components or delays" if hidden else f"`costate p of {name} = 0` gives it one"
    return NO_MOMENTUM.at(span, f"the state `{name}` has no momentum, and the model has a hamiltonian", hint)


def nothing_moves(span: Span) -> Diagnostic:
    return NO_MOMENTUM.at(
        span, "the hamiltonian has no state to move", "declare `state q = …`, and with `costate p of q = …` its momentum"
    )


def momentum_twice(span: Span, state: str, first: Span) -> Diagnostic:
    return MOMENTUM_TWICE.at(span, f"the state `{state}` has its momentum twice", "here again", (Label(first, "first here"),))


def momentum_of(span: Span, state: str, line: int) -> Diagnostic:
    """A momentum of what is itself a momentum."""
    return MOMENTUM_TWICE.at(span, f"`{state}` is a momentum and has none of its own", f"its state stands on line {line}")


def hamiltonian_twice(span: Span, first: Span) -> Diagnostic:
    return HAMILTONIAN_TWICE.at(
        span,
        "the model has two hamiltonians",
        "the second one",
        (Label(first, "first here"),),
        notes=("the energy of a system is one sum",),
    )


def not_mechanical(span: Span, what: str, line: int, others: Sequence[int]) -> Diagnostic:
    """``what`` is wrong as a whole clause, ``line`` that of the hamiltonian, ``others`` those of what is wrong likewise."""
    lines = f"line{'s' * (len(others) > 1)} {and_list(list(map(str, others)))}" if others else ""
    also = (f"no more {'do' if len(others) > 1 else 'does'} {lines}",) if others else ()
    return NOT_MECHANICAL.at(
        span,
        f"{what} does not go with the hamiltonian of line {line}",
        "q′ = ∂H/∂p and p′ = −∂H/∂q say how all moves; nothing is learned, and nothing arrives",
        notes=also,
    )


def mechanical_step(span: Span, word: str, others: Sequence[str]) -> Diagnostic:
    """``others`` are the words for a model that learns."""
    return MECHANICAL_STEP.at(
        span,
        f"step = {word} is for a mechanical system, and this model has no hamiltonian",
        f"a model that learns moves by {and_list(list(others)).replace(' and ', ' or ')}",
    )


def not_separable(span: Span, word: str, by: str, reads: str, setting: Span, fix: Fix | None) -> Diagnostic:
    """``by`` is the momentum or the state by which H was differentiated, ``reads`` what that should not read."""
    return NOT_SEPARABLE.at(
        span,
        f"step = {word} wants H = T(p) + V(q), but ∂H/∂{by} reads `{reads}`",
        "this holds both",
        (Label(setting, "`implicit-midpoint` takes any H"),),
        fix=fix,
    )


def idle_momentum(span: Span, state: str, momentum: str) -> Diagnostic:
    return IDLE_MOMENTUM.at(
        span, f"the hamiltonian does not read `{momentum}`, so `{state}` stands still", "a kinetic energy would read it"
    )
