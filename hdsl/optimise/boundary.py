"""The functions of a boundary problem as programs: what is read along the path, at its beginning and at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hdsl.derive.boundary import ROBUST, RUNNING, WHOLE, Boundary
from hdsl.model.model import Model
from hdsl.optimise.lower import plain
from hdsl.optimise.program import Program, check_program
from hdsl.terms.term import Definition


@dataclass(frozen=True)
class BoundaryPrograms:
    """The functions of `hdsl.derive.boundary.Boundary`, each for many points side by side; ``slope`` makes ∂H′/∂a."""

    choose: Program
    slope: Program
    flow: Program
    begin: Program
    end: Program

    @property
    def model(self) -> Model:
        return self.flow.model

    @property
    def all(self) -> tuple[Program, ...]:
        return (self.choose, self.slope, self.flow, self.begin, self.end)

    @property
    def bodies(self) -> tuple[Program, ...]:
        return self.all

    @property
    def reference(self) -> tuple[Program, ...]:
        return self.all

    @property
    def projections(self) -> Mapping[int, Program]:
        return {}

    @property
    def replay(self) -> None:
        return None


def lower_boundary(boundary: Boundary) -> BoundaryPrograms:
    """The programs of a boundary problem; every result keeps its name."""
    model = boundary.model
    along = [line.name for line in boundary.equations.all]
    along += [*dict.fromkeys((*model.outputs, *model.costs, *(c.definition for c in model.constraints)))]
    begin = [f"initial:{state}" for state in model.begun]
    begin += [line.name for line in boundary.begin if line.name.startswith("begin:")]
    end = [line.name for line in boundary.end if line.name.startswith("end:")]
    end += [*dict.fromkeys((*model.terminals, *(final.definition for final in model.finals)))]
    programs = BoundaryPrograms(
        _program("choose", model, boundary.choose, list(boundary.choices.values())),
        _program("slope", model, boundary.choose, list(boundary.slopes.values())),
        _program("flow", model, boundary.flow, [*along, RUNNING, ROBUST, WHOLE]),
        _program("begin", model, boundary.begin, begin),
        _program("end", model, boundary.end, end),
    )
    for program in programs.all:
        check_program(program)
    return programs


def _program(name: str, model: Model, lines: Iterable[Definition], results: list[str]) -> Program:
    return Program(name, model, plain(lines, set(results)), (), frozenset(), tuple(results))
