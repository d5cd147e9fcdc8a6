"""The account of a path: arrays by name at a spacing of tau, what each part of the cost comes to, and violations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hdsl.derive.boundary import PENALTY, ROBUST, RUNNING, WHOLE
from hdsl.runtime.boundary.functions import COST, Functions
from hdsl.runtime.boundary.two_point import Array, Path
from hdsl.runtime.source.block import StreamError
from hdsl.terms.notation import Notation

MOST_POINTS = 1_000_000
GAUSS = np.polynomial.legendre.leggauss(5)


def times(end: float, tau: float) -> Array:
    """0, tau, 2 tau, … and the end."""
    count = int(np.floor(end / tau * (1 + 1e-12)))
    if count > MOST_POINTS:
        raise StreamError(f"a trajectory of {count} points, one every tau = {tau:g}, is more than {MOST_POINTS}; set tau")
    t = tau * np.arange(count + 1)
    return np.append(t, end) if end - t[-1] > 1e-9 * end else np.append(t[:-1], end)


def arrays(functions: Functions, path: Path, tau: float) -> tuple[dict[str, Array], dict[str, str]]:
    """Values by name, points first, and the role of each: time, state, costate, control, output, cost, param, H."""
    model, t = functions.model, times(path.end, tau)
    with np.errstate(all="ignore"):
        made = functions.along(t, path.at(t / path.end))
    found, roles = {"t": t}, {"t": "time"}

    def add(name: str, line: str, role: str) -> None:
        if name not in found:
            found[name], roles[name] = np.array(made[line]), role

    for name in model.dynamics:
        add(name, name, "state")
    for name in model.taught:
        add(f"z.{name}", f"z:{name}", "costate")
    for name in model.controls:
        add(name, name, "control")
    for name in model.outputs:
        add(name, name, "output")
    for name in asked(functions):
        add(name, name, "cost")
    for name in functions.params:
        add(name, name, "param")
        add(f"costate.{name}", f"w:{name}", "param costate")
    add("H", WHOLE, "H")
    return found, roles


def asked(functions: Functions) -> tuple[str, ...]:
    """The cost terms that the file asks for, without the penalties that the solver adds."""
    return tuple(name for name in functions.model.costs if not name.startswith(PENALTY))


def shares(functions: Functions, path: Path) -> tuple[dict[str, float], float]:
    """The integral of each cost term, by its name, of ½‖ν‖² as ``motion``, each terminal cost; and J, all of them together.

    By Gauss's rule of 5 points within each interval of the mesh, so that J as the solver integrated it has a judge. The
    integrand of a term is its part of J̇.
    """
    model, nodes = functions.model, path.s * path.end
    h = np.diff(nodes)
    t = (nodes[:-1, None] + h[:, None] * (GAUSS[0] + 1) / 2).reshape(-1)
    weights = (h[:, None] * GAUSS[1] / 2).reshape(-1)
    with np.errstate(all="ignore"):
        made = functions.along(t, path.at(t / path.end))
        scale = np.exp(functions.eta * t) * made.get("learn:phi", 1.0)
        found = {name: float((weights * scale * made[name]).sum()) for name in asked(functions)}
        whole = float((weights * made[RUNNING]).sum())
        motion = np.asarray(made[ROBUST]) - np.asarray(made[WHOLE])
        if np.any(motion):
            found["motion"] = float((weights * np.exp(functions.eta * t) * motion).sum())
        last = functions.at_end(path.y[:, -1:], path.p[:, None], np.full(1, path.end))
    for name in model.terminals:
        found[name] = float(np.reshape(last[name], -1)[0])
        whole += found[name]
    return found, whole


def cost(functions: Functions, path: Path) -> float:
    """J as the solver integrated it, with the terminal costs."""
    with np.errstate(all="ignore"):
        last = functions.at_end(path.y[:, -1:], path.p[:, None], np.full(1, path.end))
    ends = sum(float(np.reshape(last[name], -1)[0]) for name in functions.model.terminals)
    return float(path.y[functions.places[COST], -1][0]) + ends


def violations(functions: Functions, path: Path, points: int = 2001) -> dict[str, float]:
    """By how much each constraint is violated at most; 0 where it holds."""
    model, s = functions.model, np.union1d(np.linspace(0, 1, points), path.s)
    if not model.constraints:
        return {}
    with np.errstate(all="ignore"):
        made = functions.along(s * path.end, path.at(s))
    return {each.name: max(0.0, float(np.max(made[each.definition]))) for each in model.constraints}


def where_nonfinite(functions: Functions, path: Path) -> str:
    """The first line that is not finite at some node of a path, by its place and its equation; empty where none is."""
    t = path.s * path.end
    with np.errstate(all="ignore"):
        made: Mapping[str, Any] = functions.along(t, path.y)
    for line in functions.lines:
        value = np.asarray(made.get(line.name, 0.0), float)
        wrong = ~np.isfinite(value.reshape(len(value), -1)).all(1) if value.ndim else ~np.isfinite(value)[None]
        if wrong.any():
            notation = Notation("text", functions.lines, inline=(), states=list(functions.model.dynamics))
            number = functions.model.source.lines_of(line.spans)
            where = f" ({functions.model.source.name}:{number[0]})" if number else ""
            at = f" at t = {t[int(np.argmax(wrong))]:g}" if len(wrong) == len(t) else ""
            return f"{notation.equation(line)}{where}, which is not finite{at}"
    return ""
