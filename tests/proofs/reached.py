"""What a drawn model reaches of the language and of the compiler's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import hdsl
from hdsl.model.arithmetic import COMPARISONS
from hdsl.model.learning import NUMBERS, WORDS
from hdsl.model.scope import ARRANGING, HOLDING, SLIDING
from hdsl.syntax.tree import (
    Binary,
    Call,
    Compare,
    Component,
    Conditional,
    Declare,
    Define,
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
    Slice,
    Statement,
    Transpose,
)
from hdsl.syntax.words import STATEMENTS
from hdsl.terms.elementwise import ROWS, RowFunction
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured

ORDERS = WORDS["order"]
CONTRACTING = ("sum", "mean", "dot", "norm2", "squared", "softmax", "logsumexp", "cross_entropy")
INITIALS = ("zeros", "ones", "eye", "normal", "uniform", "orthogonal", "glorot", "he")


def wanted() -> set[str]:
    """Everything that some drawn model must reach, by kind and name, out of the tables."""
    found = {f"row {name}" for name in ROWS} | {f"structured {name}" for name in STRUCTURED}
    found -= {"structured maxpool2d_taken"}  # the derivative of a derivative, which no model has: tests/terms judge it
    elsewhere = {"use", "local"}  # files, and demands that few models meet: tests/model/test_locality.py adds them
    elsewhere |= {"control", "costate", "constraint"}  # tests/proofs/test_random_controls.py draws them
    elsewhere |= {"terminal", "horizon", "final", "hamiltonian"}  # what is no learning has proofs of its own
    found |= {f"statement {word}" for word in STATEMENTS if word not in elsewhere}
    found |= {f"dynamics {kind}" for kind in ("flow", "next")}
    found |= {f"reset {when}" for when in ("sample", "sequence", "never")}
    found |= {f"order {order}" for order in ORDERS}
    found |= {f"setting {path}" for path in (*WORDS, *NUMBERS) if path not in ("tol", "states")}
    found |= {f"setting {path}" for path in ("eta.state", "eta.param", "eta.NAME", "beta.NAME", "first undamped")}
    found |= {f"function {name}" for name in (*CONTRACTING, *INITIALS, *ARRANGING, *SLIDING, *HOLDING)}
    found |= {"position", "range", "new axis", "index of the stream", "sum over indices", "definition by indices"}
    found |= {f"{order}: rows added in place" for order in ORDERS}
    found |= {"project every step", "project every few steps", "project reads a let"}
    found |= {"index input", "index target", "real target", "list", "transpose", "t in a formula", "tau in a formula"}
    found |= {f"{operator} between values" for operator in "+-*/@^"}
    found |= {f"comparison {operator}" for operator in COMPARISONS} | {"conditional"}
    found |= {f"{order}: state begins from the stream" for order in ORDERS}
    for order in ORDERS:
        found |= {f"{order}: per stream into a shared {kind}" for kind in ("param", "definition", "state")}
        found |= {f"{order}: shared {kind} read per stream" for kind in ("param", "definition", "state")}
    return found


def reached(model: hdsl.api.Model) -> set[str]:
    """Everything of `wanted` that one model reaches, and perhaps more."""
    text, step = model.product("text"), model.product("step")
    order = step.model.learning.order
    found = {f"order {order}", *of_text(text)}
    for line in (*step.lines, *model.product("equations").definitions):
        match line.body:
            case Elementwise(expression=expression):
                found |= {f"row {type(call).__name__}" for call in expression.atoms(RowFunction)}
            case Structured(row=row):
                found.add(f"structured {row}")
    if any(definition.name.startswith("initial:") for definition in step.model.definitions):
        found.add(f"{order}: state begins from the stream")
    found |= {f"{order}: {crossing}" for crossing in crossings(model)}
    checked = model.product("model")
    found |= {"project every step" if p.every == 1 else "project every few steps" for p in checked.projections}
    if {d.name for d in checked.definitions} & {d.name for d in checked.projected}:
        found.add("project reads a let")
    if ".index_add_(" in model.product("torch").replace("device=device).index_add_(", ""):
        found.add(f"{order}: rows added in place")
    return found


def of_text(text: ModelText) -> Iterator[str]:
    """What stands in the text."""
    return of_statements(text.statements)


def of_statements(statements: Iterable[Statement]) -> Iterator[str]:
    """What stands in statements, and in the components among them."""
    for statement in statements:
        match statement:
            case Component(body=body, value=value, pure=pure):
                yield from ("statement def",) if pure else ("statement component", "statement return")
                yield from of_statements(body)
                yield from of_expressions([value])
            case Declare(role=role, index=index, value=value, shape=shape):
                yield f"statement {role}"
                if role in ("input", "target"):
                    yield f"{'real' if index is None else 'index'} {role}"
                yield from of_expressions((*shape, *([] if value is None else [value])), named=INITIALS)
            case Define(role=role, value=value, indices=indices):
                yield f"statement {role}"
                yield from ["definition by indices"] if indices else []
                yield from of_expressions([value])
            case Dynamics(kind=kind, value=value):
                yield f"dynamics {kind}"
                yield from ["statement next"] if kind == "next" else []
                yield from of_expressions([value])
            case Reset(when=when):
                yield f"reset {when}"
                yield "statement reset"
            case Project(value=value, every=every):
                yield "statement project"
                yield from of_expressions([value, *([] if every is None else [every])])
            case Learn(settings=settings):
                yield "statement learn"
                for setting in settings:
                    head, *below = setting.path
                    yield f"setting {'.'.join(setting.path)}"
                    yield f"setting {head}{'.NAME' if below and below[0] not in ('state', 'param') else ''}"
                    if isinstance(setting.value, Name):
                        yield f"setting {head} {setting.value.name}"
            case _:
                words = {"Version": "ham", "ModelName": "model", "Dim": "dim", "Latex": "latex"}
                yield f"statement {words[type(statement).__name__]}"


def of_expressions(expressions: Iterable[Expression], named: tuple[str, ...] = ()) -> Iterator[str]:
    """Operators, functions and reserved names; of ``named`` those that stand without arguments."""
    waiting = list(expressions)
    while waiting:
        match waiting.pop():
            case Name(name=name):
                if name in ("t", "tau"):
                    yield f"{name} in a formula"
                elif name in named:
                    yield f"function {name}"
            case Negate(operand=operand):
                waiting.append(operand)
            case Transpose(operand=operand):
                yield "transpose"
                waiting.append(operand)
            case Binary(operator=operator, left=left, right=right):
                yield f"{operator} between values"
                waiting += [left, right]
            case Compare(operator=operator, left=left, right=right):
                yield f"comparison {operator}"
                waiting += [left, right]
            case Conditional(value=value, condition=condition, other=other):
                yield "conditional"
                waiting += [value, condition, other]
            case Call(function=function, arguments=arguments):
                yield f"function {function}"
                waiting += arguments
            case IndexSum(value=value):
                yield "sum over indices"
                waiting.append(value)
            case Index(operand=operand, subscripts=subscripts):
                waiting.append(operand)
                for subscript in subscripts:
                    if isinstance(subscript, Slice):
                        yield "range"
                    elif isinstance(subscript.value, Name):
                        yield "new axis" if subscript.value.name == "None" else "index of the stream"
                    else:
                        yield "position"
            case ListLiteral(items=items):
                yield "list"
                waiting += items
            case Number():
                pass


def crossings(model: hdsl.api.Model) -> Iterator[str]:
    """Where shared quantities are read per stream, and where what is per stream becomes part of a shared costate."""
    checked, step = model.product("model"), model.product("step")
    lines = {line.name: line for line in step.lines}
    readers: dict[str, list[Definition]] = {}
    for line in step.lines:
        for name in line.reads():
            readers.setdefault(name, []).append(line)
    quantities = {q.name: q for role in ("state", "param") for q in checked.of_role(role)}
    own = {d.name for d in checked.definitions}
    for line in step.lines:
        if not line.shared:
            for name in line.reads():
                base = name.removesuffix("+")
                if base in quantities and quantities[base].shared:
                    yield f"shared {quantities[base].role} read per stream"
                elif base in own and name in lines and lines[name].shared:
                    yield "shared definition read per stream"
        elif isinstance(line.body, Contraction) and any(is_own(model, lines, name) for name in line.reads()):
            for reader in (line, *readers.get(line.name, ())):
                kind = reader.name.partition(":")[0]
                named = {"w": "param", "z": "state", "adj": "definition"}.get(kind)
                if named and reader.shared:
                    yield f"per stream into a shared {named}"


def is_own(model: hdsl.api.Model, lines: dict[str, Definition], name: str) -> bool:
    """Whether a name has one value a stream."""
    if name in lines:
        return not lines[name].shared
    kind, _, rest = name.rpartition(":")
    known = model.product("model").quantities
    return kind == "present" or (rest in known and kind in ("", "z") and not known[rest].shared)
