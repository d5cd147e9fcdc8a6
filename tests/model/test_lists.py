from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdsl.emit.names import spell
from tests.model.conftest import Checked

HEAD = "dim n = 3, m = 2\ninput x[n]\nparam A[m, n] = 0\nconst alpha = 0.5\n"


def sizes(model: Any) -> dict[str, str]:
    return {name: str(model.quantities[name].sizes) for name in model.listed}


@pytest.mark.parametrize(
    ("written", "lists"),
    [
        ("x + [1, 2, 3]", {"(1, 2, 3)": "(n,)"}),
        ("-[1, 2, 3] * x", {"(-1, -2, -3)": "(n,)"}),
        ("A * [[1, 2, 3], [4, 5, 6]]", {"((1, 2, 3), (4, 5, 6))": "(m, n)"}),
        ("A + [1, 0, 2]", {"(1, 0, 2)": "(n,)"}),
        ("A @ [1, 0, 2]", {"(1, 0, 2)": "(n,)"}),
        ("[1, 0.25] @ A", {"(1, 0.25)": "(m,)"}),
        ("[[1, 2]] @ A", {"[[1, 2]]": "(1, 2)"}),
        ("max([1, 2, 3], x)", {"(1, 2, 3)": "(n,)"}),
        ("dot(x, [1, 2, 3])", {"(1, 2, 3)": "(n,)"}),
        ("concat([0], x)", {"[0]": "(1,)"}),
        ("[1, 2, 3]", {"[1, 2, 3]": "(3,)"}),
        ("[alpha, n, pi] + x", {"(alpha, n, pi)": "(n,)"}),
        ("x + [1, 2, 3] + [1, 2, 3]*x", {"(1, 2, 3)": "(n,)"}),
        ("[1, 2] + A[:, 0] + concat([1, 2], [1, 2])[:2]*0 + 0", {"(1, 2)": "(m,)", "[1, 2]": "(2,)"}),
    ],
)
def test_a_list_takes_the_named_sizes_that_it_meets(checked: Checked, written: str, lists: dict[str, str]) -> None:
    if "concat([1, 2]" in written:
        written = "sum([1, 2] + A[:, 0]) + sum(concat([1, 2], [1, 2]))"
    if written == "[[1, 2]] @ A":
        lists = {"((1, 2))": "(1, m)"}
    assert sizes(checked(f"{HEAD}output y = {written}\n")) == lists


def test_a_dynamics_may_be_a_list(checked: Checked) -> None:
    assert sizes(checked(f"{HEAD}state h[n] = 0\nnext h = [1, 2, 3]\noutput y = h + x\n")) == {"(1, 2, 3)": "(n,)"}


def test_the_number_of_a_size_is_held_against_the_length(checked: Checked, found: Any) -> None:
    text = f"{HEAD}output y = x + [1, 2, 3]\n"
    assert [one.code for one in found(text, dims={"n": 4})] == ["list-length"]


def test_long_lists_have_a_short_name_each(checked: Checked) -> None:
    ones, twos = ", ".join("1" * 20), ", ".join(["1"] * 19 + ["2"])
    model = checked(f"dim n = 20\ninput x[n]\noutput y = [{ones}]*x + [{twos}]\n")
    assert len(model.listed) == 2 and all(len(name) < 40 for name in model.listed)


def test_a_list_is_a_constant_of_the_module_and_nothing_is_made_in_a_step() -> None:
    import torch

    import hdsl

    model = hdsl.loads(f"{HEAD}output y = x*[1, 2, 3]\ncost c = squared(y) + squared(A)\n")
    net = model.compile(dtype=torch.float64)(batch=2)
    y, _ = net.step(torch.ones(2, 3, dtype=torch.float64))
    assert np.array_equal(y.numpy(), [[1, 2, 3], [1, 2, 3]])
    assert "tensor(" not in net.source.partition("def step(")[2].replace("as_tensor(", "")
    assert spell("(1, 2, 3)") == spell("[1]") == "listed"
