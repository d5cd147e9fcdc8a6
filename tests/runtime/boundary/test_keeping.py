"""A solution that is written is the one that is read, and no other problem begins from it."""

from __future__ import annotations

from pathlib import Path as File

import numpy as np
import pytest

import hdsl
from hdsl.runtime.boundary.keeping import SolutionError, load_solution, save_solution
from hdsl.runtime.boundary.numbers import numbered
from hdsl.runtime.boundary.solve import solve_boundary

MODEL = "ham 1\nstate x = 1\nparam k = 2\nx' = -k*x\ncost c = x^2\nfinal x == 1/2\nhorizon 1\nlearn\n    schedule = boundary\n"


def test_a_solution_is_read_as_it_was_written(tmp_path: File) -> None:
    problem = numbered(hdsl.loads(MODEL).compiler)
    solution = solve_boundary(problem)
    assert solution.solved
    save_solution(tmp_path / "a.npz", solution.path, problem.functions)
    path = load_solution(tmp_path / "a.npz", problem.functions)
    for name in ("s", "y", "p", "f"):
        np.testing.assert_array_equal(getattr(path, name), getattr(solution.path, name))
    again = solve_boundary(problem, None, path)
    assert again.solved and again.way == "a former solution" and pytest.approx(solution.J, abs=1e-9) == again.J


def test_what_is_of_another_problem_or_none_is_refused(tmp_path: File) -> None:
    problem = numbered(hdsl.loads(MODEL).compiler)
    save_solution(tmp_path / "a.npz", solve_boundary(problem).path, problem.functions)
    other = numbered(hdsl.loads(MODEL.replace("state x = 1", "state x = 1\nstate y = 0\ny' = -y")).compiler)
    with pytest.raises(SolutionError, match="other cells: `y` differs"):
        load_solution(tmp_path / "a.npz", other.functions)
    for text in (b"", b"PK\x03\x04 no archive", b"{}"):
        (tmp_path / "b.npz").write_bytes(text)
        with pytest.raises(SolutionError, match="holds no solution"):
            load_solution(tmp_path / "b.npz", problem.functions)
    np.savez(tmp_path / "c.npz", told=np.array([{"a": 1}], dtype=object))  # what would be run when it is read
    with pytest.raises(SolutionError, match="holds no solution"):
        load_solution(tmp_path / "c.npz", problem.functions)
