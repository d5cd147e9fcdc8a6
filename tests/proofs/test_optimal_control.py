"""Optimal control problems that ship, against answers that were found in another way.

`benchmarks.control.answers` has the table: closed forms, and direct collocation of the same problem written by hand, on J, T,
states and costates. Tolerances were set before looking: hdsl solves to a residual of 1e-6, so J is asked for to 1e-6 of itself
and paths to 1e-5 of their largest value; where a control meets a bound, its kink lies within an interval of the collocation,
whose costates are then good to 1e-4.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdsl
from benchmarks.control import by_hand, closed_forms
from benchmarks.control.answers import ANSWERS, KINKED, SMOOTH, Answer, apart, columns, row, solved
from benchmarks.control.collocation import Problem, solve
from hdsl.resources import folder

ROOT = Path(__file__).parents[2]


def problems() -> list[str]:
    """The models that ship and are boundary problems."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in folder("models").glob("*.ham")}
    return sorted(name for name, text in texts.items() if "= boundary" in text)


def test_every_boundary_problem_that_ships_has_an_answer() -> None:
    assert sorted(answer.model for answer in ANSWERS) == problems()


def test_the_page_has_a_row_for_each_and_all_are_held() -> None:
    text = (ROOT / "docs" / "optimal_control.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in rows] == [answer.model for answer in ANSWERS]
    assert "NOT HELD" not in text


def test_the_readme_tells_each_with_its_cost() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for answer in ANSWERS:
        assert f"| `{answer.model}` | {answer.what} |" in text


@pytest.mark.parametrize("answer", [pytest.param(a, marks=[pytest.mark.slow] * a.slow, id=a.model) for a in ANSWERS])
def test_it_is_as_another_way_has_it(answer: Answer) -> None:
    found = row(answer)
    assert found.solution.solved, found.solution.message
    assert found.solution.residuals.largest <= found.solution.tol <= (1e-4 if answer.model == "bryson_denham" else 1e-6)
    assert found.cost < answer.cost
    assert found.solution.end == pytest.approx(found.reference.end, abs=1e-6)
    assert max(found.states or 0.0, found.costates or 0.0) < answer.path
    assert found.holds


def test_the_force_of_least_effort_is_linear_in_time() -> None:
    found = solved("double_integrator")
    assert found["a"] == pytest.approx(1.5 * (1 - found["t"]), abs=1e-5)


def test_ever_narrower_ramps_come_to_the_least_time() -> None:
    """As the model's doc comment says: each from the one before. T = 2 without a ramp, and costates are linear."""
    found = solved("minimum_time")
    for width in (0.03, 0.01, 0.003, 0.001):
        found = hdsl.load("minimum_time", settings={"width": width}).solve(warm=found)
        assert found.solved, found.message
        assert found.end == pytest.approx(closed_forms.minimum_time_smoothed(width), abs=1e-6)
    assert found.end == pytest.approx(2, abs=1e-6)
    answer = closed_forms.minimum_time(found["t"])
    assert apart(columns(found, ("x", "v"), found["t"]), answer.states) < 2e-3  # the ramp is 0.002 wide
    assert apart(columns(found, ("z.x", "z.v"), found["t"]), answer.costates) < SMOOTH
    assert set(np.sign(found["a"][np.abs(found["t"] - 1) > 0.01])) == {1, -1}


def test_it_turns_round_at_the_limit() -> None:
    """A penalty comes near to J = 4 from below: J at l + v, where v is how far it lets x go, is 4/(9 (l + v)) at least."""
    found = solved("bryson_denham")
    answer = closed_forms.bryson_denham(found["t"])
    beyond = found.violations["wall"]
    assert beyond <= 1e-4
    assert closed_forms.bryson_denham(found["t"], 1 / 9 + beyond).cost < found.J < 4.0
    assert np.abs(columns(found, ("x", "v"), found["t"]) - answer.states).max() < 5e-3
    away = np.min(np.abs(found["t"][:, None] - [1 / 3, 2 / 3]), axis=1) > 0.05
    assert apart(columns(found, ("z.x", "z.v"), found["t"])[away], answer.costates[away]) < 2e-2


def test_values_from_the_literature() -> None:
    """PROPT's manual has 2.8672595 for case study 6.1 of Balsa-Canto et al. (2002); dymos has 58.884 on a coarse mesh."""
    assert pytest.approx(2.8672595, abs=1e-5) == solved("van_der_pol").J
    assert pytest.approx(58.884, rel=2e-3) == solved("cart_pole").J


def test_controls_keep_their_bounds_and_meet_them() -> None:
    force, torque = solved("van_der_pol")["a"], solved("swing_up")["a"]
    assert (force.min(), force.max()) == (-0.3, 1.0)
    assert (torque.min(), torque.max()) == (-0.5, 0.5)
    assert np.mean(np.abs(torque) == 0.5) == pytest.approx(0.39, abs=0.02)


def test_a_soft_limit_is_that_of_direct_collocation() -> None:
    """With a given weight the penalty is part of the problem, and both solve the same one."""
    text = (folder("models") / "bryson_denham.ham").read_text(encoding="utf-8")
    found = hdsl.loads(text.replace(" penalty", " soft 1000")).solve()
    plain = by_hand.bryson_denham()

    def running(x: Any, a: Any, t: Any) -> Any:
        return plain.running(x, a, t) + 500 * by_hand.above(x[0] - 1 / 9) ** 2

    other = solve(Problem(**{**vars(plain), "running": running, "path": None}), 100)
    assert found.solved
    assert pytest.approx(other.cost, rel=1e-6) == found.J
    assert apart(columns(found, ("x", "v"), other.times), other.states) < KINKED
    assert apart(columns(found, ("z.x", "z.v"), other.times), other.costates) < KINKED
