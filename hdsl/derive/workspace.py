"""The table of definitions that a derivation adds to: sizes, sharing and fresh names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from hdsl.model.model import Model
from hdsl.syntax.source import Span
from hdsl.terms.term import Body, Definition, Size, setting_name


class Workspace:
    """Knows every quantity and definition by name, and holds what has been added, in order."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._begin()
        for quantity in model.quantities.values():
            self.declare(quantity.name, quantity.sizes, quantity.shared)
            if quantity.role == "state":
                self.declare(f"z:{quantity.name}", quantity.sizes, quantity.shared)
                self.declare(f"z:{quantity.name}+", quantity.sizes, quantity.shared)
            elif quantity.role == "param":
                self.declare(f"w:{quantity.name}", quantity.sizes, quantity.shared)
            elif quantity.role == "target":
                self.declare(f"present:{quantity.name}", (), False)
        self.declare("begins:stream", (), False)
        self.declare("begins:all", (), True)
        for name in ("tau", *map(setting_name, ("first", "layer", *model.learning.values))):
            self.declare(name, (), True)
        for constraint in model.constraints:
            self.declare(f"weight:{constraint.name}", (), True)
        for name in ("t", "T", setting_name("phi")):
            self.declare(name, (), not model.along)
        for definition in model.definitions:
            self.declare(definition.name, definition.sizes, definition.shared)

    def _begin(self) -> None:
        self._lines: list[Definition | None] = []  # None where a line was taken out
        self._places: dict[str, int] = {}
        self._free: dict[str, int] = {}  # by stem, a number below which all names are taken
        self._stems: dict[str, tuple[str, int]] = {}
        self._read: set[str] = set()
        self._sizes: dict[str, tuple[Size, ...]] = {}
        self._shared: dict[str, bool] = {}

    @property
    def added(self) -> list[Definition]:
        """What has been added, in order."""
        return [line for line in self._lines if line is not None]

    @property
    def mark(self) -> int:
        """Where the next definition is added; `since` takes it."""
        return len(self._lines)

    def since(self, mark: int) -> list[Definition]:
        """What has been added from a mark on."""
        return [line for line in self._lines[mark:] if line is not None]

    def line(self, name: str) -> Definition | None:
        """The definition of that name that was added, if any."""
        place = self._places.get(name)
        return None if place is None else self._lines[place]

    def take_out(self, names: Iterable[str]) -> None:
        """Remove what was added and is read by nothing that stays; the names stay taken."""
        for name in names:
            self._lines[self._places.pop(name)] = None

    def declare(self, name: str, sizes: tuple[Size, ...], shared: bool) -> None:
        self._sizes[name] = sizes
        self._shared[name] = shared

    def knows(self, name: str) -> bool:
        return name in self._sizes

    def sizes_of(self, name: str) -> tuple[Size, ...]:
        return self._sizes[name]

    def shared(self, names: Iterable[str]) -> bool:
        """True when all of the names are shared."""
        return all(self._shared[name] for name in names)

    def fresh(self, stem: str) -> str:
        """A name that nothing has yet: the stem, then numbered (``adj:a`` is followed by ``adj:a~2``)."""
        mark = "~" if ":" in stem else ""
        count = self._free.get(stem, 1)
        name = f"{stem}{mark}{count}" if count > 1 else stem
        while name in self._sizes:
            count += 1
            name = f"{stem}{mark}{count}"
        self._free[stem] = count
        self._stems[name] = stem, count
        return name

    def append(self, definition: Definition) -> Definition:
        """Add a definition under its own name."""
        self.declare(definition.name, definition.sizes, definition.shared)
        self._places[definition.name] = len(self._lines)
        self._read.update(definition.reads())
        self._lines.append(definition)
        return definition

    def rename(self, name: str, new: str, spans: tuple[Span, ...], roots: tuple[str, ...]) -> bool:
        """Give a definition that was added another name and where it comes from; False where others read it already."""
        line = self.line(name)
        if line is None or name in self._read:
            return False
        place = self._places.pop(name)
        del self._sizes[name], self._shared[name]
        if name in self._stems:  # another pullback may take the name
            stem, count = self._stems.pop(name)
            self._free[stem] = min(self._free[stem], count)
        self._lines[place] = renamed = replace(line, name=new, spans=spans, roots=roots)
        self.declare(new, renamed.sizes, renamed.shared)
        self._places[new] = place
        return True

    def reads_only_shared(self, body: Body) -> bool:
        return self.shared(Definition("", body).reads())


class Tracing:
    """A Maker that adds definitions to a workspace with given spans and roots (what a pullback is handed)."""

    def __init__(
        self, workspace: Workspace, spans: tuple[Span, ...], roots: tuple[str, ...], active: Collection[str] = ()
    ) -> None:
        self.guards = False  # whether what a stream pulls back is 0 where its own adjoint is
        self.workspace = workspace
        self.spans = spans
        self.roots = roots
        self.active = active

    def wants(self, name: str) -> bool:
        return name in self.active

    def is_shared(self, name: str) -> bool:
        return self.workspace.shared([name])

    def averages(self, name: str) -> bool:
        return self.is_shared(name) and not self.guards

    def sizes_of(self, name: str) -> tuple[Size, ...]:
        return self.workspace.sizes_of(name)

    def add(self, stem: str, body: Body, sizes: tuple[Size, ...], shared: bool | None = None) -> str:
        """Add a definition; it is shared where all that it reads is, unless said otherwise (a mean over the streams)."""
        only_shared = self.workspace.reads_only_shared(body)
        name = self.workspace.fresh(stem)
        definition = Definition(name, body, sizes, only_shared if shared is None else shared, self.spans, self.roots)
        return self.workspace.append(definition).name
