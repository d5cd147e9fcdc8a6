"""Which lines of a native program run together over blocks of rows of large matrices, so that these are read once.

A line *goes by rows* where it makes, or sums up, one entry or row after another of the same axis. Two such lines may share a
block where the second reads of the first only the rows that the block has made. Whatever is small runs one line after another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hdsl.terms.term import Contraction, Definition, Elementwise, slot_indices, slot_name, slots


@dataclass(frozen=True)
class Node:
    """A line to be placed.

    ``rows`` is the length of its leading axis, None where it does not go by rows; ``large`` asks for blocks. ``along`` are
    what it reads at its own row only, ``whole`` what it reads otherwise. ``sums`` says that its value is a sum over the rows,
    so that nothing of it is there before the last. ``writes`` is the cell that it overwrites.
    """

    line: Definition
    rows: int | None
    large: bool
    along: frozenset[str]
    whole: frozenset[str]
    sums: bool = False
    writes: str | None = None

    @property
    def reads(self) -> frozenset[str]:
        return self.along | self.whole


@dataclass
class Group:
    """Lines that run together: by blocks of ``rows``, or one after another where that is None."""

    rows: int | None
    nodes: list[Node] = field(default_factory=list)

    @property
    def lines(self) -> list[Definition]:
        return [node.line for node in self.nodes]


def node_of(
    line: Definition,
    rows: int | None,
    large: bool,
    bases: Mapping[str, str],
    folded: Mapping[str, Definition],
    writes: str | None,
) -> Node:
    """What a line reads at its own row and otherwise. ``bases`` are what views lie in, ``folded`` lines that it takes in."""
    row, sums = row_index(line)
    along: set[str] = set()
    whole: set[str] = set()
    for occurrence in _occurrences(line, folded):
        name, at = slot_name(occurrence), slot_indices(occurrence)
        if rows is not None and name not in bases and at and at[0] == row and row not in at[1:]:
            along.add(name)
        else:
            whole.add(bases.get(name, name))
    if not isinstance(line.body, (Elementwise, Contraction)):
        whole |= {bases.get(name, name) for name in line.reads()}
    return Node(line, rows, large, frozenset(along - whole), frozenset(whole), sums, writes)


def row_index(line: Definition) -> tuple[object, bool]:
    """The index that counts the rows of a line, and whether its value is a sum over it."""
    if isinstance(line.body, Contraction) and is_row_sum(line):
        return line.body.bound[0][0], True
    return (line.indices[0] if line.indices else None), False


def is_row_sum(line: Definition) -> bool:
    """c[j] = Σ_r W[r, j] q[r]."""
    body = line.body
    if not isinstance(body, Contraction) or len(body.factors) != 2 or len(body.bound) != 1 or len(line.indices) != 1:
        return False
    bound, at = body.bound[0][0], [slot_indices(factor) for factor in body.factors]
    return sorted(at, key=len) == [(bound,), (bound, line.indices[0])]


def _occurrences(line: Definition, folded: Mapping[str, Definition]) -> Iterable[object]:
    body = line.body
    if isinstance(body, Contraction):
        yield from (*body.factors, *slots(body.coefficient))
    elif isinstance(body, Elementwise):
        for occurrence in slots(body.expression):
            source = folded.get(slot_name(occurrence))
            if source is None:
                yield occurrence
            else:
                yield from _occurrences(source, folded)  # its indices are the reader's own


def grouped(nodes: Sequence[Node], held: Collection[str]) -> list[Group]:
    """The groups in the order in which they run; every node stands as early as what it reads and overwrites allows."""
    made: dict[str, tuple[int, Node]] = {}
    readers: dict[str, list[tuple[int, Node]]] = {}
    levels: dict[tuple[int, int | None], Group] = {}
    for node in nodes:
        before = [
            (*made[name], name in node.along and not made[name][1].sums) for name in sorted(node.reads) if name in made
        ]
        if node.writes is not None and node.line.name not in held:
            before += [(level, reader, node.writes in reader.along) for level, reader in readers.get(node.writes, ())]
        level, rows = _placed(node, before)
        levels.setdefault((level, rows), Group(rows)).nodes.append(node)
        placed = level, replace(node, rows=rows)
        made[node.line.name] = placed
        for name in node.reads:
            readers.setdefault(name, []).append(placed)
    return [levels[key] for key in sorted(levels, key=lambda key: (key[0], key[1] is not None, key[1] or 0))]


def sunk(groups: Sequence[Group]) -> list[Group]:
    """The groups with lines that stand by themselves moved into a later loop over as many rows, where nothing between is in the
    way: what such a line makes is then read while it is near, or shares a loop."""
    left = [Group(group.rows, list(group.nodes)) for group in groups]
    for place, group in enumerate(left):
        if group.rows is not None:
            continue
        for node in reversed(group.nodes[:]):
            at = group.nodes.index(node)
            between = group.nodes[at + 1 :]
            for later in left[place + 1 :]:
                if later.rows is not None and later.rows == node.rows and not node.sums:
                    if all(_by_row(node, other) for other in later.nodes) and not any(meet(node, other) for other in between):
                        group.nodes.remove(node)
                        later.nodes.insert(0, node)
                    break
                between = [*between, *later.nodes]
    return [group for group in left if group.nodes]


def _by_row(node: Node, other: Node) -> bool:
    """Whether a line may stand in a loop by rows before another: what one reads of the other is at its own row."""
    if node.writes is not None and node.writes in other.reads:
        return False
    return (node.line.name not in other.reads or node.line.name in other.along) and (
        other.writes not in node.reads or other.writes in node.along
    )


def meet(node: Node, other: Node) -> bool:
    """Whether a line must stay above another."""
    return node.line.name in other.reads or other.writes in node.reads or node.writes in other.reads


NEAR = 2**18
"""Bytes of the tables of a loop up to which the first cache holds enough of them from one pass to the next."""


def turned(groups: Sequence[Group], table: Callable[[str], int]) -> dict[int, str]:
    """Of loops by rows, by their identity, those that go ``back`` from the last block, and those that do so in every other step
    (``to and fro``): a pass begins with what the last one has left in the cache. Sums over the rows keep their order.

    ``table`` gives the bytes of a table, 0 of what is none.
    """
    found: dict[int, str] = {}
    tables = [{name for node in group.nodes for name in node.along if table(name)} for group in groups]
    for place, group in enumerate(groups):
        own = tables[place]
        if group.rows is None or not own or any(node.sums for node in group.nodes) or sum(map(table, own)) > NEAR:
            continue
        if any(own & others for others in tables[:place]):
            found[id(group)] = "back"
        elif not any(own & others for others in tables[place + 1 :]):
            found[id(group)] = "to and fro"
    return found


def _placed(node: Node, before: Iterable[tuple[int, Node, bool]]) -> tuple[int, int | None]:
    """The level of a node, and its rows where it runs by blocks. Within a level what runs line by line comes first.

    ``before`` are the nodes that it follows, each with its level and whether row by row is enough.
    """
    level, joins = 0, False
    waits = list(before)
    for of, other, along in waits:
        together = node.rows is not None and other.rows == node.rows and along
        level = max(level, of if other.rows is None or together else of + 1)
    if node.rows is not None:
        joins = node.large or any(of == level and other.rows == node.rows for of, other, _ in waits)
    if joins:
        return level, node.rows
    for of, other, _ in waits:
        level = max(level, of if other.rows is None else of + 1)
    return level, None
