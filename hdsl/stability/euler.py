"""Limits of a step of explicit Euler, as formulas (1-mathematics.md, section 3). No other step has its formulas here.

A state of linear dynamics λ is multiplied by 1 + τλ a step, its costate by 1 + τλ − τη. A parameter under a cost of curvature
λ and its costate are two numbers that a step maps linearly; Jury's conditions give where they settle.
"""

from __future__ import annotations

from hdsl.model.model import Model

CONDITIONS = {
    "simultaneous": "τβφλ < η",
    "sequential": "τ²βφλ < 2(2 − τη)",
    "semi-implicit": "τ²βφλ < 2(2 − τη)",
}


def moves(model: Model) -> bool:
    """Whether a model steps as the formulas here have it: states and costates both by explicit Euler."""
    return model.learning.step == "euler"


def growth(pole: complex, tau: float, eta: float = 0.0) -> float:
    """By what a step multiplies a state of linear dynamics λ, or its costate: |1 + τλ − τη|."""
    return abs(1 + tau * (pole - eta))


def critical_curvature(order: str, tau: float, eta: float, beta: float, phi: float) -> float:
    """The curvature above which a parameter and its costate grow; 0 where every one does."""
    if order == "simultaneous":
        return eta / (tau * beta * phi)
    return max(0.0, 2 * (2 - tau * eta) / (tau * tau * beta * phi))


def largest_curvature(order: str, tau: float, eta: float, beta: float, phi: float) -> float:
    """The curvature below which a step on a quadratic cost settles; 0 where none does: no dissipation, or too much."""
    return critical_curvature(order, tau, eta, beta, phi) if eta > 0 else 0.0


def least_curvature(order: str, tau: float, eta: float, beta: float, phi: float) -> float:
    """The curvature above which it settles, where dissipation is so much that there is one: τη < 2 + τ²βφλ/2."""
    beyond = tau * eta - 2
    return 2 * beyond / (tau * tau * beta * phi) if order == "simultaneous" and beyond > 0 else 0.0
