"""The numpy reference of a replay: tokens forward, then back one by one, with every line's value kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from hdsl.runtime.reference import given

Row = tuple[torch.Tensor, ...]


def token_back(net: Any, reference: Any, kept: list[tuple[Row, float]]) -> dict[str, Any]:
    """The cells after a replay of some tokens, from a module's present cells, which stay. What is put back is still to be.

    ``:known`` holds what the reference reads besides.
    """
    known, path = given(net, *kept[0]), []
    known |= {name: _plain(value) for name, value in zip(net.cells, net._begun(net._cells()), strict=True)}
    with np.errstate(all="ignore"):
        for row, tau in kept:
            now = known | sample_of(net, row) | {"tau": tau}
            moved = reference.observe(now)
            path.append((now, {name: value for name, value in moved.items() if name.endswith("+")}))
            known |= {state: moved[f"{state}+"] for state in net.kept_states}
        cells = _new(reference.turn(known | {"tau": net.tau}))
        chain: dict[str, Any] = {}
        for made in _back(net, reference, known, path, cells):
            new = _new(made)
            chain = {name: new[name] for name, _ in _chain(net) if name in new}
            cells |= {name: value for name, value in new.items() if name.startswith("w:")}
        for name, state in _chain(net):
            if name.startswith("z:") and name in chain:
                cells[name] = chain[name] if _own(net, state) else chain[name].mean(0)
        cells |= _new(reference.move(known | cells | {"tau": net.tau}))
    states = {state: known[state] for state in net.kept_states}
    return {**states, **cells, ":known": known}


def lines_back(net: Any, reference: Any) -> Iterator[dict[str, Any]]:
    """Of each token that a module keeps, from the last, the values of all lines of the way back."""
    known, path = given(net, *net._kept[0]), []
    states = _states_of(net, reference, known)
    for (row, tau), old, new in zip(net._kept, states[:-1], states[1:], strict=True):
        moved = {f"{state}+": value for state, value in new.items()}
        path.append((known | sample_of(net, row) | {"tau": tau} | old, moved))
    with np.errstate(all="ignore"):
        yield from _back(net, reference, known, path, _new(reference.turn(known | {"tau": net.tau})))


def _states_of(net: Any, reference: Any, known: dict[str, Any]) -> list[dict[str, Any]]:
    """The states before each token that a module keeps and after the last; those that it recomputes are made forward again."""
    states: list[dict[str, Any]] = []
    with np.errstate(all="ignore"):
        for (row, tau), kept in zip(net._kept, net._path, strict=False):
            if len(kept) == len(net.kept_states):
                states[len(states) - 1 :] = [dict(zip(net.kept_states, map(_plain, kept), strict=True))]
            moved = reference.observe(known | sample_of(net, row) | {"tau": tau} | states[-1])
            states.append({state: moved[f"{state}+"] for state in net.kept_states})
    return states


def _back(
    net: Any, reference: Any, known: dict[str, Any], path: list[tuple[dict[str, Any], dict[str, Any]]], cells: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The values of all lines of each token, from the last; ``path`` has what each reads, and the states it has moved to."""
    cells = dict(cells)
    chain = {name: np.zeros((net.batch, *known[f"z:{state}"].shape[_own(net, state) :])) for name, state in _chain(net)}
    for now, moved in reversed(path):
        made: dict[str, Any] = reference.token(_rows(net, now) | _rows(net, moved) | cells | chain)
        new = _new(made)
        chain = {name: new.get(name, chain[name]) for name in chain}
        cells |= {name: value for name, value in new.items() if name.startswith("w:")}
        yield made


def sample_of(net: Any, row: Row) -> dict[str, Any]:
    """A sample by hdsl's names."""
    return {name: _plain(value) for name, value in zip(net.sample, row, strict=True)}


def _rows(net: Any, values: dict[str, Any]) -> dict[str, Any]:
    """What moves, with an axis for the streams: here also what all of them share has it."""
    rows = dict(values)
    for name in ("tau", "t", "learn:first", "begins:all"):
        if name in rows:
            rows[name] = np.broadcast_to(np.asarray(rows[name], float), (net.batch,))
    for state in net.shared_states:
        for name in {state, f"{state}+", f"initial:{state}"} & rows.keys():
            rows[name] = np.broadcast_to(rows[name], (net.batch, *np.shape(rows[name])))
    rows["token:all"], rows["token:first"] = np.ones(net.batch), np.full(net.batch, float(net.replays == 0))
    return rows


def _chain(net: Any) -> list[tuple[str, str]]:
    """The costates that go from token to token, and what each hands back, with the state that they belong to."""
    taught = [name.removeprefix("z:") for name in net.cells if name.startswith("z:")]
    return [(f"{kind}:{state}", state) for kind in ("z", "back") for state in taught]


def _own(net: Any, state: str) -> int:
    """1 where each stream has a state of its own, 0 where all share it."""
    return int(state not in net.shared_states)


def _new(made: dict[str, Any]) -> dict[str, Any]:
    return {name[:-1]: value for name, value in made.items() if name.endswith("+")}


def _plain(value: torch.Tensor) -> np.ndarray:
    return value.detach().cpu().numpy().copy()
