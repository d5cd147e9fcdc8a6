"""Answers that are known on paper, derived in the docstrings: J, T, states and costates at given times.

Costates are those of the Lagrangian as `models/` state it, with H = L + <z, f>. Each function takes times (points,) and gives
a `Known`, whose states and costates are (points, states) in the order of the problem of the same name in `by_hand`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """J as `cost`, T, and states and costates (points, states) at the times that were asked for."""

    cost: float
    end: float
    states: Array
    costates: Array


def lqr(times: Array) -> Known:
    """Linear dynamics A, B and the quadratic cost ½∫(|x|² + r a²) + ½|x(T)|², T = 5.

    H = ½|x|² + ½ r a² + <z, A x + B a> gives a = -Bᵀz/r, so (x, z) follows the linear system of matrix
    M = [[A, -B Bᵀ/r], [-I, -Aᵀ]]: with E = exp(M (t - T)) and z(T) = x(T), (x, z)(t) = E (I, I) x(T), hence
    P(t) = (E21 + E22)(E11 + E12)⁻¹, which is Riccati's solution, z = P x and J = ½ x(0)ᵀ P(0) x(0).
    """
    A, B, r, end = np.array([[0, 1], [-1, -0.2]]), np.array([[0], [1]]), 0.1, 5.0
    begin = np.array([1.0, 0.0])
    flow = np.block([[A, -B @ B.T / r], [-np.eye(2), -A.T]])
    both = np.vstack([np.eye(2), np.eye(2)])
    last = np.linalg.solve((expm(-flow * end) @ both)[:2], begin)
    path = np.array([expm(flow * (t - end)) @ both @ last for t in times])
    P = expm(-flow * end) @ both
    return Known(begin @ P[2:] @ np.linalg.solve(P[:2], begin) / 2, end, path[:, :2], path[:, 2:])


def double_integrator(times: Array, distance: float = 1.0, end: float = 2.0) -> Known:
    """From rest to rest over a distance d in T with least ½∫a².

    H = ½a² + p v + q a: a = -q, p' = 0, q' = -p, so a is linear in t and x is a cubic. From rest to rest it is
    x = d (3 s² - 2 s³) with s = t/T, a = 6 d/T² (1 - 2 s), q = -a, p = -q' = -12 d/T³, and J = ½ (6 d/T²)² T/3 = 6 d²/T³.
    """
    s = times / end
    x, v = distance * (3 * s**2 - 2 * s**3), 6 * distance / end * (s - s**2)
    p, q = np.full_like(s, -12 * distance / end**3), -6 * distance / end**2 * (1 - 2 * s)
    return Known(6 * distance**2 / end**3, end, np.stack([x, v], 1), np.stack([p, q], 1))


def minimum_time(times: Array, distance: float = 1.0, most: float = 1.0) -> Known:
    """From rest to rest over a distance d as soon as |a| <= m lets it, J = T.

    H = 1 + p v + q a is least at a = -m sign(q), p' = 0, q' = -p: q changes sign once, and by symmetry at T/2, where half
    the way is done: m (T/2)²/2 = d/2, T = 2 √(d/m). T is free, so H = 0 at the beginning: 1 + q(0) m = 0, hence
    q = -(1 - 2 t/T)/m and p = -q' = -2/(m T).
    """
    end = 2 * np.sqrt(distance / most)
    first = times <= end / 2
    left = end - times
    x = np.where(first, most * times**2 / 2, distance - most * left**2 / 2)
    v = np.where(first, most * times, most * left)
    p, q = np.full_like(times, -2 / (most * end)), -(1 - 2 * times / end) / most
    return Known(end, end, np.stack([x, v], 1), np.stack([p, q], 1))


def bryson_denham(times: Array, limit: float = 1 / 9) -> Known:
    """Out from x = 0 with velocity 1, back with -1, in unit time and within x <= l, with least ½∫a²; l <= 1/6.

    Where x < l, a is linear in t as in `double_integrator`. It reaches l at 3 l with v = 0 and a = 0 (H is continuous there):
    with s = t/(3 l), x = l (1 - (1 - s)³), v = (1 - s)², a = -2/(3 l) (1 - s); it rests at l, and comes back mirrored.
    So J = 2 · ½ (2/(3 l))² · 3 l/3 = 4/(9 l). q = -a, and p = -q' = 2/(9 l²) on the way out and -2/(9 l²) on the way
    back; it jumps where l is reached and left, with p = q = 0 between.
    """
    out, back = times < 3 * limit, times > 1 - 3 * limit
    left = 1 - np.clip(np.where(back, 1 - times, times) / (3 * limit), 0, 1)
    x, v = limit * (1 - left**3), np.where(back, -1, 1) * left**2
    p = 2 / (9 * limit**2) * (out.astype(float) - back)
    return Known(4 / (9 * limit), 1.0, np.stack([x, v], 1), np.stack([p, 2 / (3 * limit) * left], 1))


def minimum_time_smoothed(width: float) -> float:
    """T of `minimum_time` with d = m = 1 where the jump of a is a ramp, a = clip(-q/width, -1, 1), as `models/` declares it.

    a = clip(-q/width, -1, 1) stays odd about T/2, so v(T) = 0, and T is longer, since a ramps for a time 2 c about T/2.
    q = -q0 (1 - 2 t/T); |a| < 1 for |t - T/2| < c = width T/(2 q0). The distance is then T²/4 - c²/3 = 1. At the beginning
    1 + q(0) a(0) = 0 with a(0) = 1 still gives q0 = 1, so T² (1/4 - width²/12) = 1.
    """
    return float(1 / np.sqrt(0.25 - width**2 / 12))
