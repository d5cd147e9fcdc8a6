from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.literals import literal, whole


def tree(text: str):
    return parse(Source(f"let x = {text}"))[0].statements[0].value


@pytest.mark.parametrize(("text", "exact"), [("1/3", Fraction(1, 3)), ("-2", Fraction(-2)), ("n", None), ("1/0", None)])
def test_exact_numbers_are_written_ones(text, exact):
    assert literal(tree(text)) == exact


@pytest.mark.parametrize(("text", "number"), [("n", 4), ("n - 1", 3), ("-(n*2 + 1)", -9), ("(n - 2)/2", 1), ("n/8*6", 3)])
def test_whole_numbers_are_made_of_sizes(text, number):
    assert whole(tree(text), {"n": torch.tensor(4.0)}.__getitem__) == number


def test_anything_else_is_no_whole_number():
    with pytest.raises(ValueError, match="whole number"):
        whole(tree("n/3"), {"n": torch.tensor(4.0)}.__getitem__)
