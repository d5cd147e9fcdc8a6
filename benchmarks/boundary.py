"""Two-point problems of growing size by scipy's collocation and by blocks: CPU seconds, nodes, and what came of it.

    python -m benchmarks.boundary [STATES …]

A regulator of a random net, ẋ = tanh(A x) + B a, with the costates of J = ½ ∫ ‖x‖² + ‖a‖²/2 dt + ½ ‖x(T)‖² and T = 3: 2n + 1
equations. Above `hdsl.runtime.boundary.two_point.MOST_EQUATIONS` the blocks are taken.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np

from hdsl.runtime.boundary import two_point
from hdsl.runtime.boundary.two_point import Array, Attempt, Path, TwoPoint, solve_from

NODES, END, TOL = 11, 3.0, 1e-6


def regulator(n: int, seed: int = 1) -> tuple[TwoPoint, Path]:
    """The problem of n states, and its guess: states as they begin, all else 0."""
    rng = np.random.default_rng(seed)
    A, B, begin = rng.normal(size=(n, n)) / np.sqrt(n) - 0.3 * np.eye(n), rng.normal(size=(n, 2)), rng.normal(size=n)

    def slope(t: Array, y: Array) -> Array:
        x, z = y[:n], y[n : 2 * n]
        a, s = -2 * (B.T @ z), np.tanh(A @ x)
        rate = ((x**2).sum(0) + (a**2).sum(0) / 2) / 2
        return np.concatenate([s + B @ a, -(x + A.T @ (z * (1 - s**2))), rate[None]])

    def ends(first: Array, last: Array, p: Array, end: Array) -> Array:
        return np.concatenate([first[:n] - begin[:, None], last[n : 2 * n] - last[:n], first[2 * n :]])

    y = np.zeros((2 * n + 1, NODES))
    y[:n] = begin[:, None]
    return TwoPoint(2 * n + 1, 0, slope, ends), Path(np.linspace(0, 1, NODES), y, np.zeros(0), END)


def measured(n: int, most: int) -> tuple[Attempt | None, float]:
    """What came of n states where up to ``most`` equations go to scipy, and the CPU seconds; None where memory ran out."""
    problem, guess = regulator(n)
    kept, two_point.MOST_EQUATIONS = two_point.MOST_EQUATIONS, most
    start = time.process_time()
    try:
        return solve_from(problem, guess, TOL), time.process_time() - start
    except MemoryError:
        return None, time.process_time() - start
    finally:
        two_point.MOST_EQUATIONS = kept


def main(sizes: Sequence[int]) -> list[str]:
    lines = [f"{'equations':>9}  {'by':<6}  {'CPU s':>7}  {'nodes':>5}  {'residual':>8}"]
    measured(2, 10**9)  # scipy is imported before the clock runs
    for n in sizes:
        for by, most in (("scipy", 10**9), ("blocks", 0)):
            attempt, seconds = measured(n, most)
            told = "out of memory" if attempt is None else f"{len(attempt.path.s):5}  {attempt.largest:8.1e}  {attempt.why}"
            lines.append(f"{2 * n + 1:9}  {by:<6}  {seconds:7.2f}  {told}".rstrip())
            print(lines[-1], flush=True)
    return lines


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [2, 5, 10, 15, 20, 30])
