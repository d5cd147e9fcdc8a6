"""How moves are held back, as a user asks for it."""

from __future__ import annotations

import pytest

from hdsl.emit.holding import WHERE_IT_PAYS, holding_of


def test_nothing_asked_for_is_where_it_pays() -> None:
    assert holding_of(None) is WHERE_IT_PAYS
    assert WHERE_IT_PAYS.least > 500 * 500 and WHERE_IT_PAYS.turns > 0


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_a_number_holds_back_any_matrix_over_so_many_steps(steps: int) -> None:
    holding = holding_of(steps)
    assert (holding.steps, holding.least, holding.turns) == (steps, 1, 0)
