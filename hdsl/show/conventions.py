"""Conventions: the first half of a derivation, from the cost functional to the robust Hamiltonian.

The sympy objects of `hdsl.derive.hamiltonian` hold every state and every parameter by itself, which would say the same
thing once a parameter. Here they are printed once for all of them together: θ is all parameters, ν their control, ω their
costates, and one state stands for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from hdsl.derive.hamiltonian import Hamiltonian
from hdsl.model.model import Model, Quantity
from hdsl.show.page import Equation, Row
from hdsl.terms.notation import Notation
from hdsl.terms.spelling import Style
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, indices, setting_name, slot

RESCALING = "z and ω rescaled by exp(η t), β² named β"
_FACTORS = ("all:omega", "all:beta", "all:nu", "all:z", "all:f")
_ORDER = ("t", "all:L", "all:beta", "all:nu", "all:omega")


class Conventions:
    """Prints the parts of a Hamiltonian."""

    def __init__(self, hamiltonian: Hamiltonian, style: Style) -> None:
        self._hamiltonian, self._style = hamiltonian, style
        model = hamiltonian.model
        self._params = model.of_role("param")
        self._states = [model.quantities[name] for name in model.taught]
        self._names = {name: setting_name(name) for name in ("eta", "phi")}
        self._dropped: set[str] = set()
        self._stand_for(self._params, {"nu": "nu", "omega": "omega", "beta": "beta", "dot": "theta"})
        self._stand_for(self._states, {"z": "z", "f": "f"})
        self._parts: list[Definition] = []
        self._others, self._latex = tuple(model.quantities), model.latex

    def rows(self) -> tuple[Row, ...]:
        """J, H, its stationarity in ν, ν, what the rescaling leaves, and H′."""
        h = self._hamiltonian
        param = _widest(self._params)
        functional = self._right(h.functional.function)
        nu, dot = self._look("all:nu"), self._look("dot:all:theta")
        integral = f"∫ {functional} dt" if self._style == "text" else rf"\int {functional} \, \mathrm{{d}}t"
        if _has_terminal(h.model):
            integral += " + Φ" if self._style == "text" else r" + \Phi"
        slope = rf"\frac{{\partial H}}{{\partial {nu}}}" if self._style == "latex" else f"∂H/∂{nu}"
        rows = [
            _row("J", f"J[{nu}]", integral, "cost functional"),
            _row("H", "H", self._right(h.hamiltonian), "Hamiltonian of Pontryagin"),
        ]
        if param is not None:
            at = indices(len(param.sizes))
            stationary, control, rescaled = (eqs[param.name] for eqs in (h.stationarity, h.control, h.rescaled))
            rows += [
                _row("stationarity", slope, f"{self._right(stationary.lhs, at)} = 0", "stationary in the control"),
                _row("control", nu, self._right(control.rhs, at), "the control that makes it so"),
                _row("rescaled", dot, self._right(rescaled.rhs, at), RESCALING),
            ]
        return tuple(rows)

    def robust(self) -> str:
        """The right side of H′ = φ L + ⟨z, f⟩."""
        return self._right(self._hamiltonian.robust)

    def _stand_for(self, quantities: Sequence[Quantity], letters: dict[str, str]) -> None:
        """Let one quantity, of the highest rank, stand for all of them."""
        chosen = _widest(quantities)
        for quantity in quantities:
            for prefix, letter in letters.items():
                self._names[f"{prefix}_{quantity.name}"] = f"all:{letter}" if prefix != "dot" else "dot:all:theta"
                if quantity is not chosen:
                    self._dropped.add(f"{prefix}_{quantity.name}")

    def _right(self, expression: Any, at: tuple[sympy.Symbol, ...] = ()) -> str:
        self._parts = []
        whole = self._read(expression.subs(self._hamiltonian.lagrangian, sympy.Symbol("all:L")), at)
        return self._print(Definition("all:H", Elementwise(whole), tuple(sympy.Integer(1) for _ in at)))

    def _print(self, definition: Definition) -> str:
        parts = [part.name for part in self._parts]
        notation = Notation(
            self._style,
            (*self._parts, definition),
            inline=parts,
            order=_ORDER,
            mean=False,
            names=self._others,
            latex=self._latex,
        )
        return notation.sides(definition)[1]

    def _look(self, name: str) -> str:
        return Notation(self._style, (), names=(name, *self._others), latex=self._latex).name(name)

    def _read(self, expression: Any, at: tuple[sympy.Symbol, ...]) -> Scalar:
        """A sympy object as an expression in slots; its sums become contractions."""
        if isinstance(expression, sympy.Sum):
            return self._contract(expression)
        if isinstance(expression, sympy.Indexed):
            return slot(self._names[str(expression.base.label)], tuple(expression.indices))
        if isinstance(expression, sympy.Symbol):
            name = self._names.get(expression.name, expression.name)
            # β is one number a parameter, and so a vector over all of them.
            return slot(name, at if name == "all:beta" else ())
        if not expression.args:
            return expression
        kept = [a for a in expression.args if not (expression.is_Add and self._is_repeated(a))]
        return expression.func(*(self._read(argument, at) for argument in kept))

    def _is_repeated(self, term: Any) -> bool:
        """True for a summand about one of those for which another stands."""
        met = _symbols(term) & self._names.keys()
        return bool(met) and met <= self._dropped

    def _contract(self, expression: Any) -> Scalar:
        bound = tuple((i, upper - lower + 1) for i, lower, upper in expression.limits)
        at = tuple(i for i, _ in bound)
        factors: list[Scalar] = []
        for factor in sympy.Mul.make_args(expression.function):
            base, exponent = factor.as_base_exp()
            factors += [self._read(base, at)] * int(exponent)
        factors.sort(key=lambda f: _FACTORS.index(str(f.base.label)))
        name = f"part:{len(self._parts)}"
        self._parts.append(Definition(name, Contraction(tuple(factors), bound)))
        return slot(name)


def _has_terminal(model: Model) -> bool:
    """Whether a terminal cost, Φ, is a part of J."""
    return bool(model.terminals) and model.learning.schedule == "boundary"


def _row(path: str, left: str, right: str, note: str) -> Row:
    return Row((Equation(left, right),), note=note, paths=(path,))


def _widest(quantities: Sequence[Quantity]) -> Quantity | None:
    return max(quantities, key=lambda q: len(q.sizes), default=None)


def _symbols(expression: Any) -> set[str]:
    return {str(s.name) for s in expression.free_symbols if isinstance(s, sympy.Symbol)}
