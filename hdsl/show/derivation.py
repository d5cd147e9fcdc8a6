"""Derivation: Hamilton's equations of a model and its discrete step as a page, step by step, for every format to print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import sympy

from hdsl.audit.departures import departures
from hdsl.derive.equations import Equations
from hdsl.derive.integrators import TABLEAUS
from hdsl.derive.replay import Replay
from hdsl.derive.step import Step
from hdsl.show.control import ControlRows, end_rows, end_words, inside_controls
from hdsl.show.conventions import Conventions
from hdsl.show.counting import parameter_count
from hdsl.show.ends import at_ends
from hdsl.show.mechanical import mechanical_facts, of_mechanics, settled, shortened, written_forward
from hdsl.show.notations import as_written, model_notation, written_names
from hdsl.show.page import Equation, Page, Row, Section, listed, worded
from hdsl.show.stages import method, stage_of, stage_rows, stages, words_of
from hdsl.show.summand import told_equation
from hdsl.show.way_back import way_back
from hdsl.syntax.source import Span
from hdsl.terms.inlining import Inlining
from hdsl.terms.notation import Form, Notation
from hdsl.terms.projected import how_often, sides_of_projection
from hdsl.terms.spelling import LATEX, Style
from hdsl.terms.term import Contraction, Definition, Elementwise, indices, keep_needed, setting_name, slot

DYNAMICS_AT_LENGTH = 48
"""The longest f, in characters, that is written out inside H′."""

NOTE_AT_LENGTH = 30
"""The longest formula whose adjoint is told of beside an equation."""

_WHEN = {
    "sample": "every sample",
    "sequence": "the first sample of a sequence",
    "never": "the very first sample",
}
_ORDERS = {
    "simultaneous": "{cells} from old values, all at once",
    "semi-implicit": "{old} from old values, then {theta} with {omega}",
    "sequential": "{state}{omega}{with_z}, then {theta} with {omega}",
}


def derivation_page(
    equations: Equations, step: Step, style: Style = "text", *, form: Form = "matrix", only: str | None = None
) -> Page:
    """The page of a derivation.

    Args:
        form: ``matrix``, or ``index`` for every equation with its indices.
        only: one equation with the definitions that it reads: ``costate.h``, ``parameter.W``, ``step.h``, …

    Raises:
        ValueError: there is no equation of the name ``only``.
    """
    builder = _Builder(equations, step, style, form)
    page = Page(
        name=equations.model.name,
        source=equations.model.source.name.replace("\\", "/").rpartition("/")[2],
        facts=builder.facts(),
        doc=equations.model.doc,
        style=style,
        sections=tuple(s for s in builder.sections() if s.rows or s.words),
        texts=equations.model.source.texts,
    )
    return page if only is None else page.only(only)


class _Builder:
    """Puts a page together; ``notation`` prints the continuous equations, ``step_notation`` the discrete ones."""

    def __init__(self, equations: Equations, step: Step, style: Style, form: Form) -> None:
        self.equations, self.step, self.style = equations, step, style
        whole = step.whole
        self.model = equations.model
        self.boundary = self.model.learning.schedule == "boundary"
        self.form = form
        self._by_name = {d.name: d for d in equations.definitions}
        self._plain = model_notation(self.model, (), style)
        self.conventions = Conventions(equations.hamiltonian, style)
        self.written = written_names(self.model)
        self.lagrangian = Definition("all:L", Elementwise(sympy.Add(*(slot(cost) for cost in self.model.costs))))
        self.pairs = [self._pair(name) for name in self.model.taught]
        weighted = slot(setting_name("phi")) * slot("all:L")
        self.robust = Definition("all:H", Elementwise(sympy.Add(weighted, *(slot(pair.name) for pair in self.pairs))))
        controls = (*equations.slope.values(), *equations.control.values())
        every = (*equations.definitions, self.lagrangian, *self.pairs, self.robust, *equations.all, *controls)
        chosen = Inlining((*equations.definitions, *equations.all, *controls), self.written).chosen
        chosen |= inside_controls(equations)
        chosen |= {pair.name for pair in self.pairs} | set(self._lone_cost())
        plain = model_notation(self.model, every, style, form=form, mean=False, inline=chosen)
        short = [n for n, d in equations.state.items() if len(plain.sides(d)[1]) <= DYNAMICS_AT_LENGTH]
        chosen |= {equations.state[name].name for name in short}
        self.notation = model_notation(self.model, every, style, form=form, mean=False, inline=chosen)
        self._controls = ControlRows(equations, self.notation, style, self._placed)
        results = {f"{cell}+" for cell in whole.cells} | {*step.outputs.values(), *step.costs.values()}
        self.lines, self.cells = keep_needed(whole.lines, results), whole.cells
        inlined = Inlining(self.lines, self.written).chosen
        lines = self.lines
        if self.model.learning.step in TABLEAUS:  # slopes of later stages stand for themselves: what they are is told once
            lines = (*lines, *stages(self.model.learning.step))
            inlined -= {line.name for line in lines if stage_of(line.name) > 1}
        self.step_notation = model_notation(self.model, lines, style, form=form, inline=inlined)

    # --- facts -------------------------------------------------------------------------------------------------------

    def facts(self) -> str:
        """``sequential Euler, s = −1, 5 parameters (1 121 numbers at n = 32)``"""
        if self.model.hamiltonian is not None:
            return mechanical_facts(self.model)
        params = self.model.of_role("param")
        learning = self.model.learning
        how = "solved from both ends, s = +1" if self.boundary else f"{method(learning)}, s = −1"
        how = f"{learning.how_often}, {how}" if learning.replays else how
        told = f"{how}, {len(params)} parameter{'s' * (len(params) != 1)}"
        numbers = parameter_count(self.model, lambda size, value: self._worded(f"{self._look(size)} = {value}"))
        return f"{told} ({numbers})" if numbers else told

    # --- sections ----------------------------------------------------------------------------------------------------

    def sections(self) -> Sequence[Section]:
        forward = written_forward(self.model)
        shown = [d for d in self.equations.definitions if d.name not in self.notation.inlined]
        adjoints = [d for d in shown if d.name not in forward]
        sections = (
            Section("where", "where", tuple(self._row(d) for d in shown if d.name in forward)),
            Section("lagrangian", "Lagrangian", self._lagrangian()),
            Section("convention", "derivation", self.conventions.rows(), self._together()),
            Section("robust", "robust H′", self._robust()),
            Section("control", "control", self._controls.rows()),
            Section("adjoint", "adjoints", tuple(self._row(d, self._note(d)) for d in adjoints)),
            Section("state", "state", self._group("state")),
            Section("end", "end", self._ends(), end_words(self.model, self._plain, self.style)),
            Section("beginning", "begins", words=self._beginnings()),
            Section("costate", "costate", self._group("costate")),
            Section("parameter", "parameters", self._parameters()),
            Section("ends", "costates", self._both_ends()),
            Section("settings", "settings", words=self._settings()),
            *self._steps(),
            Section("project", "put back", self._projections(), self._from_before()),
            Section("departures", "departs", words=self._departures()),
        )
        return sections if self.model.hamiltonian is None else of_mechanics(self.model, sections, self._look, self.style)

    def _lone_cost(self) -> tuple[str, ...]:
        return self.model.costs if len(self.model.costs) == 1 else ()

    def _pair(self, state: str) -> Definition:
        """⟨z, ḣ⟩ of one state."""
        sizes = self.model.quantities[state].sizes
        at = indices(len(sizes))
        factors = (slot(f"z:{state}", at), slot(f"dot:{state}", at))
        return Definition(f"pair:{state}", Contraction(factors, tuple(zip(at, sizes, strict=True))))

    def _lagrangian(self) -> tuple[Row, ...]:
        by_name = {d.name: d for d in self.model.definitions}
        if not self.model.costs:
            return ()
        spans = [span for cost in self.model.costs for span in by_name[cost].spans]
        lone = self._lone_cost()
        note = f"cost {lone[0]}" if lone else ""
        reads = by_name[lone[0]].reads() if lone else self.lagrangian.reads()
        return (self._equation_row(self.lagrangian, self.notation, "L", spans, note, reads),)

    def _robust(self) -> tuple[Row, ...]:
        """H′ as the conventions give it, and with the model's own dynamics in it."""
        right = self.notation.sides(self.robust)[1]
        left = "H′" if self.style == "text" else "H'"
        general = self.conventions.robust()
        rows = [Row((Equation(left, general),), note="what is left to differentiate", paths=("H",))]
        if right != general:
            reads = {name for d in self.equations.state.values() for name in d.reads()} | {"all:L"}
            rows.append(Row((Equation(left, right),), paths=("H",), reads=self._closed(reads)))
        return tuple(rows)

    def _group(self, key: Literal["state", "costate"]) -> tuple[Row, ...]:
        if key == "state":
            chosen = self.equations.state
        else:
            chosen = {name: d for name, d in self.equations.costate.items() if name in self.equations.state}
        return tuple(self._row(d, path=f"{key}.{name}") for name, d in chosen.items())

    def _parameters(self) -> tuple[Row, ...]:
        """ω̇ and θ̇ of a parameter side by side."""
        rows = []
        for name, moved in self.equations.parameter.items():
            costate = self.equations.costate[name]
            pair = [told_equation(self.model, self.notation, d) for d in (costate, moved)]
            reads = self._closed((*costate.reads(), *moved.reads()))
            row = Row(tuple(pair), paths=(f"costate.{name}", f"parameter.{name}"), reads=reads)
            rows.append(self._placed(row, costate.spans))
        return tuple(rows)

    def _steps(self) -> tuple[Section, ...]:
        """One step; and of a model that replays, the way back. Of one that is solved from both ends, none."""
        replay = self.step.replay
        if replay is None:
            told = (self._rows_of(self.lines), self._order()) if not self.boundary else ()
            return (Section("step", "one step", *told),)
        notation = model_notation(self.model, replay.turn, self.style, form=self.form, inline=())
        turn = [self._equation_row(x, notation, f"turn.{x.name[2:-1]}", x.spans, "", x.reads()) for x in replay.turn]
        return way_back(self.step, replay, self.lines, turn, self._rows_of, self._rows_of_undoing(replay))

    def _rows_of_undoing(self, replay: Replay) -> tuple[Row, ...]:
        """How the states before a token follow from those after it, where they are recomputed."""
        if replay.reversal is None:
            return ()
        lines = replay.reversal.lines
        inlined = Inlining(lines, self.written).chosen
        notation = model_notation(self.model, lines, self.style, form=self.form, inline=inlined)
        shown = (line for line in lines if line.name not in inlined)
        return tuple(self._equation_row(x, notation, f"undo.{x.name}", x.spans, "", x.reads()) for x in shown)

    def _rows_of(self, lines: Iterable[Definition]) -> tuple[Row, ...]:
        rows: list[Row] = []
        staged = self.model.learning.step in TABLEAUS
        for line in shortened(self.model, lines):
            if line.name.endswith("+") and not any(row.paths for row in rows) and staged:
                rows += stage_rows(self.model.learning.step, self.step_notation, self.style)
            if line.name not in self.step_notation.inlined and (stage_of(line.name) == 1 or not staged):
                cell = line.name[:-1] if line.name.endswith("+") and line.name[:-1] in self.cells else ""
                path = "step." + cell.replace("z:", "z.").replace("w:", "w.") if cell else ""
                rows.append(self._equation_row(line, self.step_notation, path, line.spans, "", line.reads()))
        return tuple(settled(rows, self.lines, lambda line: told_equation(self.model, self.step_notation, line)))

    def _projections(self) -> tuple[Row, ...]:
        """What is put back after a step, each parameter with how often."""
        often = {p.definition: how_often(p.every) for p in self.model.projections}
        inlined = Inlining(self.model.projected, self.written).chosen - often.keys()
        notation = model_notation(self.model, self.model.projected, self.style, form=self.form, inline=inlined)
        rows = []
        for line in keep_needed(self.model.projected, often):
            if line.name in often:
                sign = "←" if self.style == "text" else r"\leftarrow"
                equation = Equation(*sides_of_projection(line, notation), line.name, sign)
                path = (f"project.{line.name.partition(':')[2]}",)
                reads = self._closed(line.reads(), notation)
                rows.append(self._placed(Row((equation,), note=often[line.name], paths=path, reads=reads), line.spans))
            elif line.name not in inlined:
                rows.append(self._equation_row(line, notation, "", line.spans, "", line.reads()))
        return tuple(rows)

    def _from_before(self) -> str:
        return "after the step; all that are due from values before any of them" if self.model.projections else ""

    def _ends(self) -> tuple[Row, ...]:
        def notation(definitions: Sequence[Definition]) -> Notation:
            inlined = Inlining(definitions, self.written).chosen | {*self.model.terminals}
            return model_notation(self.model, definitions, self.style, form=self.form, inline=inlined)

        return end_rows(self.model, notation, self.style, self._placed)

    def _both_ends(self) -> tuple[Row, ...]:
        notation = partial(model_notation, style=self.style, form=self.form, mean=False)
        found = at_ends(self.model, self.style, self.written, notation)
        return tuple(self._placed(Row((one.equation,), note=one.note), one.spans) for one in found)

    # --- words -------------------------------------------------------------------------------------------------------

    def _note(self, definition: Definition) -> str:
        name = definition.name
        if not name.startswith("adj:"):
            return ""
        of = name.removeprefix("adj:").partition("~")[0]
        if of in self.notation.inlined:  # no line of the page says its name
            right = self.notation.sides(self._by_name[of])[1]
            return f"adjoint of {self._worded(right)}" if len(right) <= NOTE_AT_LENGTH else ""
        return f"adjoint of {self._worded(self._look(of))}"

    def _together(self) -> str:
        """What ν, ω and z stand for where they are the whole."""
        theta = Notation(self.style, (), names=("all:theta", *self.model.quantities), latex=self.model.latex).name("all:theta")
        params = [self._look(p.name) for p in self.model.of_role("param")]
        told = [f"{theta} = ({listed(params, self.style)})" if len(params) > 1 else f"{theta} = {params[0]}"] if params else []
        if len(self.model.taught) > 1:
            told.append("z = (" + listed([self._look(f"z:{h}") for h in self.model.taught], self.style) + ")")
        return "; ".join(map(self._worded, told))

    def _beginnings(self) -> str:
        """Which states begin from the stream and when, and what the parameters of that learn by it."""
        told: dict[str, list[str]] = {}
        for state in self.model.begun:
            look = self._worded(f"{self._look(state)} = {self._look(f'initial:{state}')}")
            when = "t = 0" if self.boundary else _WHEN[self.model.resets[state]]
            told.setdefault(when, []).append(look)
        if not told:
            return ""
        credit = "(∂h₀/∂θ)ᵀ z" if self.style == "text" else r"(\partial h_0 / \partial \theta)^\top z"
        omega = "ω" if self.style == "text" else LATEX.stem("ω")
        begun = "; ".join(f"{', '.join(looks)} at {when}" for when, looks in told.items())
        params = self.model.of_role("param")
        besides = f"; there {self._worded(omega)} takes {self._worded(credit)} besides"
        return begun + (besides if params and not self.boundary else "")

    def _settings(self) -> str:
        learning = self.model.learning
        values = {**learning.values, **({"phi": learning.phi} if self.model.hamiltonian is None else {})}
        told = [
            self._worded(f"{self._look(setting_name(path))} = {as_written(self._plain, value)}")
            for path, value in values.items()
        ]
        if self.model.exact:
            told.append(f"{', '.join(self._worded(self._look(name)) for name in self.model.exact)} by exact steps")
        if learning.first == "undamped":
            told.append("first step undamped")
        return ", ".join(told)

    def _order(self) -> str:
        if self.model.learning.step in TABLEAUS:
            return words_of(self.model, lambda name: self._worded(self._look(name)))
        states = [self._worded(self._look(f"{name}+")) for name in self.model.dynamics]
        moved, at = ", ".join(states), " and ".join(states)
        z_new, omega_new, theta_new = (
            self._worded(f"{mark}⁺" if self.style == "text" else f"{LATEX.stem(mark)}^{{+}}") for mark in "zωθ"
        )
        cells = [*states, *([z_new] if states else []), omega_new]
        return _ORDERS[self.model.learning.order].format(
            cells=", ".join([*cells, theta_new]),
            old=", ".join(cells),
            state=f"{moved}, then {z_new} at {at}, then " if states else "",
            with_z=f" with {z_new}" if states else "",
            omega=omega_new,
            theta=theta_new,
        )

    def _look(self, name: str) -> str:
        return self._plain.name(name)

    def _worded(self, formula: str) -> str:
        return worded(formula, self.style)

    def _departures(self) -> str:
        general = ", ".join(one.what for one in departures(self.model) if one.always)
        exact = "exact optimal control" if self.model.hamiltonian is None else "the exact flow"
        return f"from {exact}: {general}" if general else ""

    # --- rows --------------------------------------------------------------------------------------------------------

    def _row(self, definition: Definition, note: str = "", path: str = "") -> Row:
        return self._equation_row(definition, self.notation, path, definition.spans, note, definition.reads())

    def _equation_row(
        self,
        definition: Definition,
        notation: Notation,
        path: str,
        spans: Iterable[Span],
        note: str,
        reads: Iterable[str],
    ) -> Row:
        equation = told_equation(self.model, notation, definition, bool(path))
        row = Row((equation,), (), note, (path,) if path else (), self._closed(reads, notation))
        return self._placed(row, spans)

    def _placed(self, row: Row, spans: Iterable[Span]) -> Row:
        """The row with the lines on which spans start, in the file itself and in those that it uses."""
        source, spans = self.model.source, tuple(spans)
        return replace(row, lines=source.lines_of(spans), used=source.used_lines_of(spans))

    def _closed(self, reads: Iterable[str], notation: Notation | None = None) -> frozenset[str]:
        """What is read, through what is printed inside its readers."""
        notation = notation or self.notation
        found: set[str] = set()
        waiting = list(reads)
        while waiting:
            name = waiting.pop()
            if name in notation.inlined:
                waiting += notation.by_name[name].reads()
            else:
                found.add(name)
        return frozenset(found)
