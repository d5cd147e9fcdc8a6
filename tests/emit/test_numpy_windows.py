"""What these functions give is judged in `tests/terms/test_row.py`; here that a module holds what it calls."""

from __future__ import annotations

import re

import hdsl
from hdsl.emit.names import TAKEN
from hdsl.emit.numpy_windows import WINDOWS

TEXT = "input u[1, 4, 4]\nparam K[1, 1, 2, 2] = 1\noutput y = {}\ncost c = squared(y)\n"


def functions(formula: str) -> set[str]:
    return set(re.findall(r"^def (\w+)\(", hdsl.loads(TEXT.format(formula)).product("numpy"), re.M)) & WINDOWS.keys()


def test_a_module_holds_the_functions_that_it_calls_and_those_that_these_call() -> None:
    assert functions("conv2d(u, K)") == {"windows", "convolved", "correlated"}
    assert functions("conv2d(conv2d(u, K), K)") == {"windows", "convolved", "correlated", "convolved_back", "laid_back"}
    pooled = {"windows", "convolved", "correlated", "largest", "to_largest", "first_largest", "laid_back"}
    assert functions("maxpool2d(conv2d(u, K), 2)") == pooled
    assert functions("u*sum(K)") == set()


def test_each_function_bears_its_name_and_no_quantity_has_one_of_them() -> None:
    for name, text in WINDOWS.items():
        assert text.startswith(f"\ndef {name}(")
    assert WINDOWS.keys() <= TAKEN
