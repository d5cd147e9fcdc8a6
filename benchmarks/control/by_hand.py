"""The problems of `models/`, each written by hand in CasADi: from its source, not from its .ham file."""

from __future__ import annotations

from math import pi
from typing import Any

import casadi
import numpy as np
from casadi import vertcat

from benchmarks.control.collocation import Array, Problem


def above(x: Any) -> Any:
    """What is above 0, for penalties."""
    return casadi.fmax(x, 0)


def lqr() -> Problem:
    """A damped oscillator pushed to rest; Riccati's equation has the answer (Bryson & Ho 1975, 5.2)."""
    return Problem(
        ("x[0]", "x[1]"),
        ("a",),
        (1, 0),
        rate=lambda x, a, t: vertcat(x[1], -x[0] - 0.2 * x[1] + a),
        running=lambda x, a, t: (casadi.sumsqr(x) + 0.1 * a**2) / 2,
        goal=lambda x: casadi.sumsqr(x) / 2,
        guess=lambda s: ((1 - s, 0), (0,)),
        end=5,
    )


def double_integrator() -> Problem:
    """From rest at 0 to rest at 1 in two units of time, with least ½∫a² (Bryson & Ho 1975, 2.4)."""
    return Problem(
        ("x", "v"),
        ("a",),
        (0, 0),
        rate=lambda x, a, t: vertcat(x[1], a),
        running=lambda x, a, t: a**2 / 2,
        ends=lambda x: vertcat(x[0] - 1, x[1]),
        guess=lambda s: ((s, 0), (0,)),
        end=2,
    )


def minimum_time() -> Problem:
    """From rest at 0 to rest at 1 as soon as |a| <= 1 lets it (Pontryagin et al. 1962, chapter 1, example 1)."""
    return Problem(
        ("x", "v"),
        ("a",),
        (0, 0),
        rate=lambda x, a, t: vertcat(x[1], a),
        running=lambda x, a, t: 1,
        ends=lambda x: vertcat(x[0] - 1, x[1]),
        guess=lambda s: ((s, min(s, 1 - s)), (1 - 2 * s,)),
        lower=-1,
        upper=1,
        guess_end=3,
    )


def van_der_pol() -> Problem:
    """Case study 6.1 of Balsa-Canto, Banga, Alonso & Vassiliadis (2002), after Vassiliadis (1993): -0.3 <= a <= 1."""
    return Problem(
        ("v", "x"),
        ("a",),
        (0, 1),
        rate=lambda x, a, t: vertcat((1 - x[1] ** 2) * x[0] - x[1] + a, x[0]),
        running=lambda x, a, t: casadi.sumsqr(x) + a**2,
        guess=lambda s: ((0, 1 - s), (0,)),
        lower=-0.3,
        upper=1,
        end=5,
    )


def bryson_denham(limit: float = 1 / 9) -> Problem:
    """Turn round within ``limit`` with least ½∫a² (Bryson, Denham & Dreyfus 1963; Bryson & Ho 1975, 3.11)."""
    return Problem(
        ("x", "v"),
        ("a",),
        (0, 1),
        rate=lambda x, a, t: vertcat(x[1], a),
        running=lambda x, a, t: a**2 / 2,
        ends=lambda x: vertcat(x[0], x[1] + 1),
        path=lambda x: x[0] - limit,
        guess=lambda s: ((4 * limit * s * (1 - s), 1 - 2 * s), (-2,)),
        end=1,
    )


def swing_up(torque: float = 0.5, end: float = 9.0) -> Problem:
    """A pendulum of unit mass, length and gravity from hanging (0) to standing (pi) with least ½∫a², |a| <= ``torque``.

    Holding it level would take a torque of 1, so it swings away first and then up. Of 12 random guesses 11
    found this optimum (at T = 9) and one none; at T = 10 there are two.
    """
    return Problem(
        ("q", "v"),
        ("a",),
        (0, 0),
        rate=lambda x, a, t: vertcat(x[1], a - casadi.sin(x[0])),
        running=lambda x, a, t: a**2 / 2,
        ends=lambda x: vertcat(x[0] - pi, x[1]),
        guess=lambda s: ((pi * s, 0), (0,)),
        lower=-torque,
        upper=torque,
        end=end,
    )


def cart_pole() -> Problem:
    """M. Kelly, *An introduction to trajectory optimization*, SIAM Review 59 (2017), section 6 and its appendix E.

    Cart 1 kg, pole 0.3 kg at 0.5 m, |force| <= 20 N, 1 m to the side in 2 s, least ∫a².
    """
    m, p, length, g = 1.0, 0.3, 0.5, 9.81

    def rate(x: Any, a: Any, t: Any) -> Any:
        s, c, w = casadi.sin(x[1]), casadi.cos(x[1]), x[3]
        mass = m + p * s**2
        cart = (length * p * s * w**2 + a + p * g * c * s) / mass
        pole = -(length * p * c * s * w**2 + a * c + (m + p) * g * s) / (length * mass)
        return vertcat(x[2], x[3], cart, pole)

    return Problem(
        ("x", "q", "v", "w"),
        ("a",),
        (0, 0, 0, 0),
        rate=rate,
        running=lambda x, a, t: a**2,
        ends=lambda x: x - vertcat(1, pi, 0, 0),
        guess=lambda s: ((s, pi * s, 0.5, pi / 2), (0,)),
        lower=-20,
        upper=20,
        end=2,
    )


def leaky_neuron(eta: float = 0.1, beta: float = 1.0) -> Problem:
    """Learning as control (Melacci et al. 2025, section 2): a leaky neuron's parameters move so that it follows its input.

    J = ∫ e^{ηt} (½ (h - 0.8 sin t)² + ½|ν|²) dt up to T = 12, h' = -h + tanh(w h + v sin t + b), (w, v, b)' = √β ν, and all
    begin at 0. Left alone a leaky neuron lags behind; only recurrence, w, lets it keep up.
    """
    return Problem(
        ("h", "w", "v", "b"),
        ("nu.w", "nu.v", "nu.b"),
        (0, 0, 0, 0),
        rate=lambda x, a, t: vertcat(-x[0] + casadi.tanh(x[1] * x[0] + x[2] * casadi.sin(t) + x[3]), beta**0.5 * a),
        running=lambda x, a, t: casadi.exp(eta * t) * ((x[0] - 0.8 * casadi.sin(t)) ** 2 + casadi.sumsqr(a)) / 2,
        guess=lambda s: ((0, 0, 0, 0), (0, 0, 0)),
        end=12,
        eta=eta,
    )


def rnn(W: Array, U: Array, b: Array, C: Array, eta: float, beta: float, end: float) -> Problem:
    """A recurrent net of n states whose parameters all move while it turns (sin t, cos t) into sin 2t.

    h' = -h + tanh(W h + U u + b), y = C h, J = ∫ e^{ηt} (½ (y - sin 2t)² + ½|ν|²) dt; states are h, then W, U, b, C
    row by row, whose beginnings are W (n, n), U (n, 2), b (n,), C (n,).
    """
    n = b.size
    begin = np.concatenate([np.zeros(n), W.ravel(), U.ravel(), b, C])

    def rate(x: Any, a: Any, t: Any) -> Any:
        h = x[:n]
        weights, inwards = (casadi.reshape(part, -1, n).T for part in (x[n : n + n * n], x[n + n * n : 3 * n + n * n]))
        drive = weights @ h + inwards @ vertcat(casadi.sin(t), casadi.cos(t)) + x[-2 * n : -n]
        return vertcat(-h + casadi.tanh(drive), beta**0.5 * a)

    def running(x: Any, a: Any, t: Any) -> Any:
        error = casadi.dot(x[-n:], x[:n]) - casadi.sin(2 * t)
        return casadi.exp(eta * t) * (error**2 + casadi.sumsqr(a)) / 2

    states = tuple(f"x[{k}]" for k in range(begin.size))
    return Problem(
        states,
        states[n:],
        tuple(begin),
        rate=rate,
        running=running,
        guess=lambda s: (begin, np.zeros(begin.size - n)),
        end=end,
        eta=eta,
    )
