"""In which order definitions can be made, and which need one another so that none comes first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence


def in_order(needs: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The names, each after all that it needs, and the cycles among them, each as a path back to its first name.

    ``needs`` has its names in the order of the text, which is kept where it can be; needs that are no names of it are
    left out. This is Tarjan's algorithm without recursion: groups come out after the groups that they need.
    """
    place: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    order: list[str] = []
    cycles: list[tuple[str, ...]] = []
    rank = {name: position for position, name in enumerate(needs)}
    for root in needs:
        if root in place:
            continue
        walk: list[tuple[str, Iterator[str]]] = []
        _enter(root, needs, place, low, stack, on_stack, walk)
        while walk:
            name, rest = walk[-1]
            following = next((other for other in rest if other in needs), None)
            if following is not None:
                if following not in place:
                    _enter(following, needs, place, low, stack, on_stack, walk)
                elif following in on_stack:
                    low[name] = min(low[name], place[following])
                continue
            walk.pop()
            if walk:
                low[walk[-1][0]] = min(low[walk[-1][0]], low[name])
            if low[name] == place[name]:
                group = _leave(name, stack, on_stack)
                order.extend(sorted(group, key=rank.__getitem__))
                if len(group) > 1 or name in needs[name]:
                    cycles.append(_path(min(group, key=rank.__getitem__), group, needs))
    return tuple(order), tuple(sorted(cycles, key=lambda path: rank[path[0]]))


def _enter(
    name: str,
    needs: Mapping[str, Sequence[str]],
    place: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    on_stack: set[str],
    walk: list[tuple[str, Iterator[str]]],
) -> None:
    place[name] = low[name] = len(place)
    stack.append(name)
    on_stack.add(name)
    walk.append((name, iter(needs[name])))


def _leave(name: str, stack: list[str], on_stack: set[str]) -> set[str]:
    """Take a finished group off the stack."""
    group: set[str] = set()
    while name not in group:
        other = stack.pop()
        on_stack.discard(other)
        group.add(other)
    return group


def _path(first: str, group: set[str], needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The shortest way from a name through its group back to itself."""
    came: dict[str, str] = {}
    waiting = deque([first])
    while waiting:
        name = waiting.popleft()
        for other in needs[name]:
            if other == first:
                path = [name]
                while path[-1] != first:
                    path.append(came[path[-1]])
                return (*reversed(path), first)
            if other in group and other not in came:
                came[other] = name
                waiting.append(other)
    raise ValueError(f"{first} is in no cycle")
