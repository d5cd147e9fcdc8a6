"""Methods: what is known of each step of a mechanical system, by the word after ``step =``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hdsl.derive.integrators import TABLEAUS
from hdsl.derive.mechanical_step import SPLITTINGS


@dataclass(frozen=True)
class Method:
    """One of ``order`` p errs by τ^(p+1) in a step. A ``symplectic`` one keeps the symplectic form, so that energy does not
    drift; of a ``reversible`` one a step of −τ undoes one of τ."""

    order: int
    symplectic: bool
    reversible: bool

    @property
    def words(self) -> str:
        kept = ["symplectic"] * self.symplectic + ["time-reversible"] * self.reversible
        return f"of order {self.order}, {' and '.join(kept) or 'neither symplectic nor time-reversible'}"


METHODS: Mapping[str, Method] = {
    "euler": Method(1, False, False),
    **{word: Method(tableau.order, False, False) for word, tableau in TABLEAUS.items()},
    **{word: Method(rule.order, True, True) for word, rule in SPLITTINGS.items()},
    "implicit-midpoint": Method(2, True, True),
}
