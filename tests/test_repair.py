"""What `hdsl check --fix` does to a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdsl.compiler import Compiler
from hdsl.repair import Repaired, repaired
from hdsl.syntax.gather import gather
from hdsl.syntax.source import Source

WRONG = """model m
inpt u[3]
param weight[2, 3] = .5
let a == tanh(wieght @ u − +1)
dy/dt = a;
state y[2] = 0
output z = y² + wieght @ u + tahn(y)
learn
    bata = 0.01
"""
RIGHT = """ham 1
model m
input u[3]
param weight[2, 3] = 0.5
let a = tanh(weight @ u - 1)
y' = a
state y[2] = 0
output z = y^2 + weight @ u + tanh(y)
learn
    beta = 0.01
"""


def alone(source: Source) -> Repaired:
    """What becomes of a text that uses only what ships."""
    return repaired(source, lambda text: gather(text, None))


def test_all_that_can_only_be_meant_in_one_way() -> None:
    made = alone(Source(WRONG, "m.ham"))
    assert made.text == RIGHT
    assert set(made.done) == {
        "m.ham:2:1: `inpt` → `input` (unknown-statement)",
        "m.ham:3:22: `.5` → `0.5` (number)",
        "m.ham:4:7: `==` → `=` (equals)",
        "m.ham:5:1: `dy/dt` → `y'` (prime)",
        "m.ham:5:7: `;` left out (semicolon)",
        "m.ham:4:25: `−` → `-` (character)",
        "m.ham:4:27: `+` left out (unary-plus)",
        "m.ham:7:13: `²` → `^2` (character)",
        "m.ham:4:14: `wieght` → `weight` (unknown-name)",
        "m.ham:7:18: `wieght` → `weight` (unknown-name)",
        "m.ham:7:31: `tahn` → `tanh` (unknown-function)",
        "m.ham:9:5: `bata` → `beta` (unknown-setting)",
        "m.ham:1:1: `ham 1` put in front",
    }
    assert Compiler(Source(made.text)).model


def test_a_text_that_is_right_stays() -> None:
    made = alone(Source(RIGHT))
    assert (made.text, made.done) == (RIGHT, ())


@pytest.mark.parametrize(
    "text",
    [
        "ham 1\nlet a += 1\n",  # what it reads is not known
        "ham 1\nlet a = 2x\n",  # a product, or a name mistyped
        "ham 1\na = 1\n",  # a definition, or dynamics
        "ham 1\nlet a = x¹²\n",  # one power of two digits
        "ham 2\nlet a = 1\n",
        "ham 1\nlet a = f(1]\n",
    ],
)
def test_what_may_be_meant_in_two_ways_stays(text: str) -> None:
    assert alone(Source(text)).text == text


def test_ends_of_lines_stay() -> None:
    assert alone(Source("let a == 1\r\n")).text == "ham 1\r\nlet a = 1\r\n"
    assert alone(Source("ham 1\rlet a = 1")).text == "ham 1\nlet a = 1"


def test_what_cannot_be_seen_is_named() -> None:
    made = alone(Source("ham 1\nlet a\u200b = 1\n", "m.ham"))
    assert made.text == "ham 1\nlet a = 1\n"
    assert made.done == ("m.ham:2:6: `\\u200b` left out (character)",)


def test_what_a_file_that_is_used_declares_is_no_misspelling_and_nothing_in_it_is_changed(tmp_path: Path) -> None:
    (tmp_path / "part.ham").write_text("component tanhs(x) { return tanh(x) − 1 }\n", encoding="utf-8")
    text = 'ham 1\nuse "part.ham"\ninput u\noutput y = tanhs(u)\nlet e == tahn(u)\n'
    made = repaired(Source(text, "m.ham"), lambda source: gather(source, tmp_path))
    assert made.text == text.replace("==", "=").replace("tahn", "tanh")
    assert made.done == ("m.ham:5:7: `==` → `=` (equals)", "m.ham:5:9: `tahn` → `tanh` (unknown-function)")
