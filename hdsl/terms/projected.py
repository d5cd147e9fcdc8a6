"""Projected: how what is put back after a step is written: ``W ← W / ‖W‖``, every 10 steps."""

from __future__ import annotations

from dataclasses import replace

from hdsl.terms.notation import Notation
from hdsl.terms.term import Definition


def how_often(every: int) -> str:
    return "every step" if every == 1 else f"every {every} steps"


def sides_of_projection(definition: Definition, notation: Notation) -> tuple[str, str]:
    """What is put back, under its own name, and what it is put back to."""
    return notation.sides(replace(definition, name=definition.name.partition(":")[2]))


def put_back_to(definition: Definition, notation: Notation) -> str:
    return " ← ".join(sides_of_projection(definition, notation))
