"""Definitions that are to be delayed without editing the file: the value of each becomes ``delay(…)`` of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hdsl.model.chains import on_the_way
from hdsl.model.model import Model
from hdsl.model.walk import names_in
from hdsl.syntax.tree import Call, Define, Expression

ALL = "all"


class Delayed:
    """Puts delays in as `let` definitions are read, those of instances under their dotted names.

    ``lets`` are the definitions that have been asked for so far, whether they are delayed or not.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self.lets: list[str] = []

    def value(self, name: str, tree: Expression) -> Expression:
        """The value of a definition, as it would be written."""
        self.lets.append(name)
        return Call("delay", (tree,), (), tree.span, tree.span) if name in self.names else tree

    @property
    def unmet(self) -> tuple[str, ...]:
        """The names of no definition."""
        return tuple(name for name in self.names if name not in self.lets)


def every(model: Model, lets: Collection[str]) -> tuple[str, ...]:
    """Which of the definitions ``all`` stands for: those between inputs or states and a cost that read a parameter.

    One that depends on a target is none of them, for no state may know it.
    """
    between = on_the_way(model, ("input", "state"))
    late = on_the_way(model, ("target",))
    params = {q.name for q in model.of_role("param")}
    found = []
    for statement in model.written.statements:
        if not isinstance(statement, Define) or statement.name not in lets:
            continue
        reads = any(name.name in params for name in names_in(statement.value))
        if reads and statement.name in between and statement.name not in late:
            found.append(statement.name)
    return tuple(found)
