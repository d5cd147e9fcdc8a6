"""The judge is judged: direct collocation against closed forms and against values from the literature.

Tolerances were set before looking. Collocation at K = 4 points is of order 8 where the control is smooth, so 1e-9. Where
it has a kink inside an interval, as at a bound, J and costates are of a low order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.control import by_hand, closed_forms
from benchmarks.control.closed_forms import Known
from benchmarks.control.collocation import Optimum, Problem, gauss, solve


def test_gauss_integrates_polynomials_of_twice_its_degree() -> None:
    for degree in (1, 2, 3, 5):
        c, b, A = gauss(degree)
        for power in range(2 * degree):
            assert b @ c**power == pytest.approx(1 / (power + 1), abs=1e-14)
        for power in range(degree):
            assert A @ c**power == pytest.approx(c ** (power + 1) / (power + 1), abs=1e-14)


def errors(found: Optimum, known: Known) -> tuple[float, float, float]:
    """How far J, states and costates are from what is known, the last two at most over the mesh."""
    states, costates = np.abs(found.states - known.states), np.abs(found.costates - known.costates)
    return abs(found.cost - known.cost), float(states.max()), float(costates.max())


@pytest.mark.parametrize(
    ("problem", "known", "intervals"),
    [
        (by_hand.lqr, closed_forms.lqr, 20),
        (by_hand.double_integrator, closed_forms.double_integrator, 10),
        (by_hand.minimum_time, closed_forms.minimum_time, 10),  # an even mesh, so that a jumps at a knot
    ],
)
def test_collocation_has_the_closed_form(
    problem: Callable[[], Problem], known: Callable[[np.ndarray], Known], intervals: int
) -> None:
    found = solve(problem(), intervals)
    assert found.end == pytest.approx(known(found.times).end, abs=1e-9)
    assert max(errors(found, known(found.times))) < 1e-9


def test_collocation_turns_round_within_a_limit() -> None:
    """Where p jumps it has two values, so it is compared away from these times only."""
    found = solve(by_hand.bryson_denham(), 30)
    known = closed_forms.bryson_denham(found.times)
    assert found.cost == pytest.approx(4, abs=1e-6)
    assert np.abs(found.states - known.states).max() < 1e-5
    away = np.min(np.abs(found.times[:, None] - [1 / 3, 2 / 3]), axis=1) > 0.05
    assert np.abs(found.costates - known.costates)[away].max() < 1e-2


def test_the_costate_is_the_slope_of_the_least_cost() -> None:
    """p(0) = dJ/dx(0): what the multipliers mean, seen by solving twice more from displaced beginnings."""
    problem, nudge = by_hand.van_der_pol(), 1e-4
    beginnings = [(0, 1), (nudge, 1), (-nudge, 1), (0, 1 + nudge), (0, 1 - nudge)]
    found = [solve(Problem(**{**vars(problem), "begin": b}), 60) for b in beginnings]
    slopes = [(found[1].cost - found[2].cost) / (2 * nudge), (found[3].cost - found[4].cost) / (2 * nudge)]
    assert found[0].costates[0] == pytest.approx(slopes, abs=1e-5)


def test_van_der_pol_is_as_in_the_literature() -> None:
    """2.86726: Balsa-Canto et al. (2002), as the manual of PROPT prints it for their case study, 2.8672595 by 60 points."""
    found = solve(by_hand.van_der_pol(), 200)
    assert found.cost == pytest.approx(2.8672595, abs=1e-5)


def test_cart_pole_is_as_in_the_literature() -> None:
    """58.884 is what dymos tests for, on 40 cubic segments and with the further condition that the force ends at 0."""
    assert solve(by_hand.cart_pole()).cost == pytest.approx(58.884, rel=2e-3)


def test_finer_meshes_agree() -> None:
    for problem, tolerance in ((by_hand.cart_pole, 1e-7), (by_hand.swing_up, 1e-5)):
        coarse, fine = solve(problem(), 40), solve(problem(), 80)
        assert coarse.cost == pytest.approx(fine.cost, rel=tolerance)


def test_a_problem_without_an_answer_is_told() -> None:
    with pytest.raises(RuntimeError, match="IPOPT: Infeasible"):
        solve(by_hand.swing_up(torque=0.01, end=1.0), 10)
