"""Dynamics of states. What is wrong with them stands in tests/bad."""

from __future__ import annotations

from typing import Any


def test_each_state_has_one_definition(checked: Any) -> None:
    model = checked("ham 1\nstate x = 1\nstate y[2] = 0\nstate z = 2\nx' = -x\nnext y = [1, 2]*x\n")
    told = {name: (one.kind, one.definition) for name, one in model.dynamics.items()}
    assert told == {"x": ("flow", "f:x"), "y": ("next", "F:y"), "z": ("flow", "f:z")}


def test_a_state_without_dynamics_stands_still(checked: Any, numbers: Any) -> None:
    model = checked("ham 1\nstate z[2] = 2\noutput y = z\n")
    assert numbers(model, {"z": [2.0, 2.0]})["f:z"].tolist() == [0.0, 0.0]
