"""Where the new values of the cells are made: last, each after what still reads its cell, where that can be had.

The time is linear in what the lines read, but for the heaps: a net of a thousand layers has thousands of cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush

from hdsl.optimise.program import read_through
from hdsl.terms.term import Contraction, Definition


def arrange(lines: Iterable[Definition], cells: tuple[str, ...], taken_in: bool = False) -> tuple[Definition, ...]:
    """Put the new values that no other line needs last, each after what still reads its cell, where that can be had.

    ``taken_in``: a product that a new value alone reads counts as made with it, so that its call can take the product in.
    """
    lines = list(lines)
    new = {f"{cell}+" for cell in cells}
    own = {line.name: frozenset(line.reads()) for line in lines}
    last = {line.name for line in lines if line.name in new}
    for line in reversed(lines):  # whoever reads a line stands below it
        if line.name not in last:
            last -= own[line.name]
    body = [line for line in lines if line.name not in last]
    waiting = [line for line in lines if line.name in last]
    return (*body, *_Waiting(body, waiting, own, cells, taken_in).in_turn())


class _Waiting:
    """The new values that are still to be made, by the group of cells that each belongs to."""

    def __init__(
        self, body: list[Definition], waiting: list[Definition], own: dict[str, frozenset[str]], cells: tuple[str, ...],
        taken_in: bool,
    ) -> None:
        self.lines, self.taken_in = waiting, taken_in
        self.place = {line.name: place for place, line in enumerate(waiting)}
        self.kinds = [_kind(line.name, frozenset(cells)) for line in waiting]
        through = read_through(body + waiting)
        if taken_in:
            times = Counter(name for line in body + waiting for name in line.reads())
            products = {line.name for line in body if isinstance(line.body, Contraction) and times[line.name] == 1}
            for line in waiting:
                through[line.name] += tuple(read for name in own[line.name] & products for read in through[name])
        # A line waits for the new values that it reads; it is free when no other still reads its cell.
        self.values = [{self.place[n] for n in own[line.name] if n in self.place} for line in waiting]
        self.cells = [{self.place[f"{n}+"] for n in through[line.name] if f"{n}+" in self.place} for line in waiting]
        self.readers: list[list[int]] = [[] for _ in waiting]
        for place, values in enumerate(self.values):
            for value in values:
                self.readers[value].append(place)
        self.cell_readers = Counter(cell for place, cells_read in enumerate(self.cells) for cell in cells_read if cell != place)
        self.ready: dict[str, list[int]] = {kind: [] for kind in "ωθzh"}
        self.free: dict[str, list[int]] = {kind: [] for kind in "ωθzh"}
        self.done = [False] * len(waiting)

    def in_turn(self) -> Iterable[Definition]:
        """The lines in the order in which they are made."""
        left = Counter(self.kinds)
        for place in range(len(self.lines)):
            self._enter(place)
        previous = ""
        for _ in self.lines:
            free = self._first(self.free)
            # ω takes in outer products of old states and costates, so it goes first, and θ before it where θ reads old ω.
            order = ["ω", "θ", "z", "h"] if left["ω"] else ["z", "h", "θ"]
            order = ["z", "h", "ω", "θ"] if self.taken_in else order  # so that parameters, made last, stand together
            # Where every choice would be read again, hold back the smallest: a costate or state of neurons, not a parameter.
            order = order if free else ["z", "h", "θ", "ω"]
            first = self._before_parameters(free) or free or self._first(self.ready)
            goes_on = previous in first and (bool(free) or not self.taken_in)
            previous = previous if goes_on else min(first, key=order.index)
            chosen = first[previous]
            left[previous] -= 1
            self._make(chosen)
            yield self.lines[chosen]

    def _before_parameters(self, free: dict[str, int]) -> dict[str, int]:
        """States and costates, where only a parameter is free that holds nothing back: parameters then stand together."""
        place = free.get("θ", -1)
        if not self.taken_in or len(free) != 1 or place < 0 or self.cells[place] - {place}:
            return {}
        return {kind: first for kind, first in self._first(self.ready).items() if kind in "zh"}

    def _first(self, heaps: dict[str, list[int]]) -> dict[str, int]:
        """The first line of each group that is still to be made."""
        for heap in heaps.values():
            while heap and self.done[heap[0]]:
                heappop(heap)
        return {kind: heap[0] for kind, heap in heaps.items() if heap}

    def _enter(self, place: int) -> None:
        """Let a line be chosen, if it reads no new value that is still to be made."""
        if self.values[place] or self.done[place]:
            return
        heappush(self.ready[self.kinds[place]], place)
        if not self.cell_readers[place]:
            heappush(self.free[self.kinds[place]], place)

    def _make(self, chosen: int) -> None:
        """Take a line out, with what it kept waiting."""
        self.done[chosen] = True
        for place in self.readers[chosen]:
            self.values[place].discard(chosen)
            self._enter(place)
        for place in self.cells[chosen] - {chosen}:
            self.cell_readers[place] -= 1
            if not self.cell_readers[place]:
                self._enter(place)


def _kind(name: str, cells: frozenset[str]) -> str:
    """Which of the four groups of cells a new value belongs to."""
    if ":" in name:
        return {"w": "ω", "z": "z", "back": "z"}[name.split(":")[0]]
    return "θ" if f"w:{name[:-1]}" in cells else "h"


def held(lines: tuple[Definition, ...], cells: tuple[str, ...]) -> frozenset[str]:
    """The new values whose cell, or a view of it, is read again below them."""
    reads = read_through(lines)
    last = {name: place for place, line in enumerate(lines) for name in reads[line.name]}
    new = {f"{cell}+": cell for cell in cells}
    return frozenset(x.name for place, x in enumerate(lines) if x.name in new and last.get(new[x.name], -1) > place)
