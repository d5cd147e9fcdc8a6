"""The pass ``check``: from what was written to a model in which every name is bound and every size agrees."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from hdsl.diagnostics import catalogue_learning as settings
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics import catalogue_replay as replaying
from hdsl.diagnostics.catalogue_component import delay_kind, delay_unknown
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.render import in_order
from hdsl.model.components import read_components
from hdsl.model.declarations import Declarations, declare, read_learning
from hdsl.model.delaying import ALL, Delayed, every
from hdsl.model.demands import read_demands, unmet
from hdsl.model.free import taken_free
from hdsl.model.latex import read_latex
from hdsl.model.layers import layers_of, unlayered
from hdsl.model.learning import asks_two_step
from hdsl.model.mechanics import hamiltonians, pair_up, report_mechanics
from hdsl.model.model import ControlOf, Learning, Model, Quantity
from hdsl.model.reach import targets_of, warnings, without_costate
from hdsl.model.schedules import BOUNDARY, report_schedule
from hdsl.model.scope import Entry, Scope, build_scope
from hdsl.model.sharing import settle
from hdsl.model.statements import Statements, read_statements
from hdsl.model.suited import unsuited
from hdsl.model.trial import try_unused
from hdsl.syntax.control_tree import Control
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Declare,
    Define,
    Dynamics,
    Learn,
    ModelName,
    ModelText,
)
from hdsl.terms.term import Size


@dataclass(frozen=True)
class Known:
    """What is known of the names of a file, be the rest of it right or wrong.

    ``entries`` are all names by what they stand for, those of instances (``a.W``) with the place of the component's own
    declaration; of a component that nothing uses, those of its trial. ``sizes`` are those of quantities and definitions,
    ``numbers`` those of sizes.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    sizes: dict[str, tuple[Size, ...]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


def check(
    text: ModelText,
    *,
    dims: Mapping[str, int] | None = None,
    settings: Mapping[str, str | float] | None = None,
    delay: Collection[str] = (),
    told: Known | None = None,
) -> tuple[Model | None, tuple[Diagnostic, ...]]:
    """Check a file. The model is None if there is an error among the findings, or if the parser left a statement out.

    Args:
        text: what was written.
        dims: numbers for sizes, in place of the file's own.
        settings: scalar consts and settings of ``learn`` by path (``alpha``, ``eta.h``), as they would be written, in place
            of the file's own.
        delay: `let` definitions that are read as ``delay(…)`` of themselves, by name; ``all`` for those that hold a
            parameter and stand between inputs or states and a cost.
        told: where to put what is known of the names of the file.

    Every mistake of the file is reported in one run, each once; what depends on a mistake is silent about it. Warnings are
    given for files without mistakes only, since a mistake may be what they come from.
    """
    delayed = Delayed(name for name in delay if name != ALL)
    if ALL in delay:
        plain = Delayed(())
        model, found = _checked(text, dims or {}, settings or {}, plain, Known(), demanding=False)
        if model is None:
            return None, found
        delayed = Delayed((*delayed.names, *every(model, plain.lets)))
    return _checked(text, dims or {}, settings or {}, delayed, Known() if told is None else told)


def known(text: ModelText) -> Known:
    """What can be known of the names of a file. Never raises for anything that a text may hold."""
    found = Known()
    check(text, told=found)
    return found


def _checked(
    text: ModelText,
    dims: Mapping[str, int],
    settings: Mapping[str, str | float],
    delayed: Delayed,
    told: Known,
    demanding: bool = True,
) -> tuple[Model | None, tuple[Diagnostic, ...]]:
    """A model and what is found; what is known of names goes to ``told``."""
    text, free, wrong_free = taken_free(text)
    scope = build_scope(text)
    for finding in wrong_free:
        scope.report(finding)
    name = _name(text, scope)
    text, pairs = pair_up(text, scope)
    declared = declare(text, scope, dims, settings)
    components = read_components(text, scope)
    statements = read_statements(text, scope, declared, components, delayed, asks_two_step(text, settings))
    told.entries.update({**try_unused(text, scope, components), **scope.entries})
    told.sizes.update(statements.sizes)
    told.numbers.update(declared.polynomials.numbers)
    learning = read_learning(text, scope, declared, settings)
    report_mechanics(text, scope, learning, {d.name: d.span for d in declared.declares if d.role == "state"}, pairs)
    report_schedule(scope, learning, statements.optimal, free, declared.known)
    latex = read_latex(text, scope)
    demands = read_demands(statements.written, scope)
    scope.report_unknown()
    if not scope.findings and not text.unread:
        _report_unmet(text, scope, delayed)
    if not scope.findings and not text.unread and not (statements.states or statements.outputs or statements.costs):
        scope.report(catalogue.empty_model(Span(0, 0), text.parts_only))
    if scope.findings or text.unread:
        return None, in_order(scope.findings)
    model = _model(text, name, declared, statements, learning)
    model = replace(model, latex=latex, local=demands, free=frozenset(free), pairs=pairs)
    demanding = demanding and not learning.exact  # of exact steps it is asked once they are made
    wrong = [*(unmet(model, demands) if demanding else ()), *unsuited(model), *unlayered(model)]
    if wrong:
        return None, in_order(wrong)
    model = replace(model, layers=layers_of(model))
    return model, in_order(_warnings(text, model, declared, statements))


def _report_unmet(text: ModelText, scope: Scope, delayed: Delayed) -> None:
    """Names from outside that are to be delayed and are of no definition."""
    for name in delayed.unmet:
        entry = scope.entries.get(name)
        if entry is not None:
            scope.report(delay_kind(_learn_span(text), name, entry.kind, scope.line(entry.span)))
        else:
            scope.report(delay_unknown(_learn_span(text), name, scope.nearest(name, delayed.lets) or ""))


def _name(text: ModelText, scope: Scope) -> str:
    """The name that the file gives, else the file's own."""
    named = [statement for statement in text.statements if isinstance(statement, ModelName)]
    for again in named[1:]:
        scope.report(catalogue.model_twice(again.span, named[0].span))
    if named:
        return named[0].name
    stem = PurePath(text.source.name).stem
    letters = "".join(letter if letter.isalnum() else "_" for letter in stem).strip("_")
    return letters if letters and not letters[0].isdigit() else f"model_{letters}".rstrip("_")


def _model(
    text: ModelText, name: str, declared: Declarations, statements: Statements, learning: Learning
) -> Model:
    dynamics = {name: d.definition for name, d in statements.dynamics.items()}
    optimal = statements.optimal
    streamed = [*(d.name for d in declared.declares if d.role in ("input", "target")), *optimal.controls]
    definitions, own = settle(statements.definitions, dynamics, streamed, statements.reads)
    quantities = {d.name: _quantity(d, declared, d.name not in own) for d in declared.declares}
    quantities |= {name: _control(name, made, declared, text) for name, made in optimal.controls.items()}
    quantities |= statements.lists
    targets = [q.name for q in quantities.values() if q.role == "target"]
    params = [q.name for q in quantities.values() if q.role == "param"]
    reads = {d.name: tuple(d.reads()) for d in definitions} | {name: (made,) for name, made in dynamics.items()}
    hidden = _hidden(statements.written)
    return Model(
        name=name,
        doc=text.doc or next((s.doc for s in text.statements if isinstance(s, ModelName)), ""),
        source=text.source,
        dims=declared.dims,
        quantities=quantities,
        definitions=definitions,
        dynamics=statements.dynamics,
        outputs=statements.outputs,
        costs=statements.costs,
        targets_of=targets_of(statements.costs, definitions, targets),
        resets=statements.resets,
        learning=learning,
        docs=_docs(statements.written, dynamics),
        written=statements.written,
        fixed=_behind(statements.fixed, declared.dims),
        projections=statements.projections,
        projected=statements.projected,
        without_costate=without_costate(hidden, dynamics, reads, params),
        hidden=hidden,
        reset_spans=statements.reset_spans,
        controls=optimal.controls,
        terminals=tuple(optimal.terminals),
        horizon=optimal.horizon,
        finals=tuple(optimal.finals),
        constraints=tuple(optimal.constraints),
        costate_names=optimal.costates,
        hamiltonian=next((s.name for s in hamiltonians(text)), None),
    )


def _behind(fixed: set[str], dims: Mapping[str, Size | None]) -> frozenset[str]:
    """Sizes that say how many copies there are, and those that they are worked out from."""
    found, todo = set[str](), list(fixed)
    while todo:
        name = todo.pop()
        default = dims[name]
        if name not in found and default is not None:
            todo.extend(symbol.name for symbol in default.free_symbols)
        found.add(name)
    return frozenset(found)


def _hidden(text: ModelText) -> tuple[str, ...]:
    """The states that delays have made: what no one wrote has its value where it stands itself."""
    states = [s for s in text.statements if isinstance(s, Declare) and s.role == "state" and s.value is not None]
    return tuple(s.name for s in states if s.value is not None and s.value.span == s.span)


def _docs(text: ModelText, dynamics: Mapping[str, str]) -> dict[str, str]:
    """The doc comments of definitions, by their names: those of dynamics stand at ``f:h`` or ``F:h``."""
    docs: dict[str, str] = {}
    for statement in text.statements:
        if isinstance(statement, Define | Dynamics) and statement.doc:
            docs[dynamics[statement.name] if isinstance(statement, Dynamics) else statement.name] = statement.doc
    return docs


def _quantity(declared: Declare, known: Declarations, shared: bool) -> Quantity:
    return Quantity(
        name=declared.name,
        role=declared.role,
        sizes=known.sizes[declared.name],
        shared=shared,
        initial=known.initials.get(declared.name),
        below=known.below.get(declared.name),
        span=declared.span,
        doc=declared.doc,
    )


def _control(name: str, made: ControlOf, known: Declarations, text: ModelText) -> Quantity:
    doc = next(s.doc for s in text.statements if isinstance(s, Control) and s.span == made.span)
    return Quantity(name, "control", known.sizes[name], False, None, None, made.span, doc)


def _warnings(text: ModelText, model: Model, declared: Declarations, statements: Statements) -> list[Diagnostic]:
    reads = dict(statements.reads)
    for name, scalars in declared.constants_in.items():
        reads[name] = (*reads.get(name, ()), *scalars)
    ends = ("terminal ", "final ", "constraint ") if model.learning.schedule == BOUNDARY else ()
    asked = (*model.costs, *(name for name in statements.optimal.reads if name.startswith(ends)))
    found = list(warnings(statements.scope.entries, reads, declared.used_sizes, asked))
    found += [
        catalogue.no_dynamics(model.quantities[name].span, name)
        for name in statements.states
        if name not in statements.moved and model.hamiltonian is None
    ]
    learning = model.learning
    if learning.replays:
        return [*found, *_of_replay(text, model)]
    if (
        learning.order == "simultaneous"
        and all(learning.values[path] == 0 for path in learning.eta.values())
        and learning.eta
        and model.hamiltonian is None
    ):
        path = "order" if learning.step == "euler" else "step"
        found.append(settings.no_dissipation(learning.spans.get(path, _learn_span(text)), learning.step))
    if learning.order != "sequential":
        found += [
            settings.reset_order(span, name, learning.order, learning.step)
            for name, span in statements.reset_spans.items()
            if model.resets[name] == "sample" and (learning.step == "euler" or _is_assigned(model, name))
        ]
    return found


def _is_assigned(model: Model, state: str) -> bool:
    """Whether a state moves once a step; the costate of a flow is there from the second stage on."""
    return state in model.dynamics and model.dynamics[state].kind == "next"


def _of_replay(text: ModelText, model: Model) -> Iterator[Diagnostic]:
    """Settings that do not go with a replay, which has an order of its own and one tick of the parameters a sequence."""
    learning = model.learning
    if "order" in learning.spans:
        yield replaying.unused_order(learning.spans["order"])
    moved = [name for name, path in learning.beta.items() if learning.values[path] != 0]
    if any(learning.values[learning.eta[name]] == 0 for name in moved):
        yield replaying.lasting_gradients(learning.spans.get("schedule", _learn_span(text)))


def _learn_span(text: ModelText) -> Span:
    return next((Span(s.span.start, s.span.start + 5) for s in text.statements if isinstance(s, Learn)), Span(0, 0))
