"""Provenance: why each summand of a derived equation is there, in lines of the .ham file and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hdsl.model.model import Model
from hdsl.syntax.source import Source, Span, ranges
from hdsl.terms.term import Definition, Summand, setting_name

LEARN = "learn"
"""What stands in place of a line for a summand that is there for a setting, whether the file says it or not."""

LONGEST = 50
"""Columns that the lines of all summands of an equation may take beside it."""


@dataclass(frozen=True)
class Root:
    """What a summand is there for: a cost term, a hamiltonian, the dynamics of a state, or a setting of ``learn``.

    ``name`` is the user's (``fit``, ``h``, ``eta.h``); ``spans`` are where it stands: nowhere for a setting that is not in
    the file, which ``unsaid`` says in words.
    """

    kind: Literal["cost", "hamiltonian", "dynamics", "learn"]
    name: str
    spans: tuple[Span, ...]
    unsaid: str = ""

    def __str__(self) -> str:
        return f"dynamics of {self.name}" if self.kind == "dynamics" else f"{self.kind} {self.name}"


def root_of(model: Model, name: str) -> Root:
    """The root of the name that `hdsl.terms.term.Summand` has. Raises KeyError for what is none."""
    (root,) = _roots(model, (name,))
    return root


def roots_of(model: Model, derived: Summand | Definition) -> tuple[Root, ...]:
    """The roots of a summand, or of a definition as a whole: costs and dynamics in the order of the text, then settings."""
    written = (*model.costs, *([model.hamiltonian] if model.hamiltonian else []), *model.dynamics)
    order = {name: k for k, name in enumerate((*written, *map(setting_name, (*model.learning.values, "schedule"))))}
    names = sorted(derived.roots, key=order.__getitem__)
    return tuple(sorted(_roots(model, names), key=lambda root: (root.kind == "learn", root.spans)))


def _roots(model: Model, names: Sequence[str]) -> list[Root]:
    """The roots of some names, looked for in one walk over the definitions: a summand may have all costs as its roots."""
    wanted = set(names).intersection(model.costs)
    costs = {d.name: Root("cost", d.name, d.spans) for d in model.definitions if d.name in wanted} if wanted else {}
    return [costs.get(name) or _other_root(model, name) for name in names]


def _other_root(model: Model, name: str) -> Root:
    if name == model.hamiltonian:
        return Root("hamiltonian", name, next(d.spans for d in model.definitions if d.name == name))
    if name in model.dynamics:
        return Root("dynamics", name, (model.dynamics[name].span,))
    path = {setting_name(path): path for path in (*model.learning.values, "schedule")}[name]
    span = model.learning.spans.get(path)
    if span is None:
        return Root("learn", path, (), "by default")
    if model.source.text[span.start : span.end] in (LEARN, ""):  # a setting from outside stands at the block as a whole
        return Root("learn", path, (), "given from outside")
    return Root("learn", path, (span,))


def place(source: Source, root: Root) -> str:
    """Where a root stands, in words: ``line 20``, ``line 12 of layers.ham``, ``by default``."""
    lines = source.lines_of(root.spans)
    told = [f"line{'s' * (len(lines) > 1)} {ranges(lines)}"] if lines else []
    told += [f"line{'s' * (len(used) > 1)} {ranges(used)} of {name}" for name, used in source.used_lines_of(root.spans)]
    return ", ".join(told) or root.unsaid


def mark(source: Source, roots: Iterable[Root], own: str = "", short: bool = False) -> str:
    """The lines of one summand: ``17, 20, layers.ham:12``, and ``learn`` for what is there for a setting.

    ``own`` stands before the lines of the file itself; ``short`` names other files without their lines.
    """
    given = tuple(roots)
    spans = [span for root in given if root.kind != "learn" for span in root.spans]
    lines = source.lines_of(spans)
    told = [f"{own}{ranges(lines)}"] if lines else []
    told += [name if short else f"{name}:{ranges(used)}" for name, used in source.used_lines_of(spans)]
    return ", ".join([*told, *([LEARN] if any(root.kind == "learn" for root in given) else [])])


def marks(model: Model, definition: Definition, summands: Sequence[Summand], own: str = "") -> str:
    """The lines of each summand of an equation, in their order: ``20 | 17 | learn``.

    ``own`` stands before the first lines of the file itself. Of ω, whose −ηω goes without saying, the other summands. What
    would be too long to be read at a glance names other files without their lines. Empty where all are the same, so that the
    lines of the equation itself tell more, and where it is too long all the same.
    """
    source, every = model.source, [roots_of(model, summand) for summand in summands]
    taught = [roots for roots in every if any(root.kind != "learn" for root in roots)]
    if definition.name.startswith(("w:", "dot:w:")):
        every = taught if len(taught) > 1 else []
    if not taught or len({mark(source, roots) for roots in every}) < 2:
        return ""
    first = next((k for k, roots in enumerate(every) if mark(source, roots, "\n").startswith("\n")), -1)
    for short in (False, True):
        text = " | ".join(mark(source, roots, own if k == first else "", short) for k, roots in enumerate(every))
        if len(text) - len(own) <= LONGEST:
            return text
    return ""
