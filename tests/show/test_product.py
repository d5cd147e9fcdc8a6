"""Any product as text: it holds what the product holds, and is the same at every run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import hdsl
from hdsl.compiler import PASSES
from hdsl.show.product import product_text

TEXT = """ham 1
dim n = 2
input u[n]
target c : index(n)
state h[n] = [0, 1]
param W[n, n] = normal(0, 1/sqrt(n))
const alpha = 0.5
h' = -alpha*h + W.T @ u
output y = clip(h, -1, 1)
cost class = cross_entropy(y, c)
learn
    eta.h = 0.25
"""


def shown(name: str) -> str:
    return product_text(hdsl.loads(TEXT).product(name))


def test_the_text_is_the_tree() -> None:
    lines = shown("text").splitlines()
    assert lines[0] == "   1  Version number=1"
    assert "   4  Declare role=target name=c index=n" in lines
    assert "   5  Declare role=state name=h shape=[n] value=[0 1]" in lines
    assert "   8  Dynamics kind=flow name=h value=(+ (* (- alpha) h) (@ (T W) u))" in lines
    assert "   9  Define role=output name=y value=(clip h (- 1) 1)" in lines
    assert "  11  Learn settings=[12:eta.h=1/4]" in lines


def test_the_model_names_every_quantity_with_its_line() -> None:
    lines = [" ".join(line.split()) for line in shown("model").splitlines()]
    assert "n = 2" in lines
    assert "target c below n 4" in lines
    assert "state h[n] = [0, 1] 5" in lines
    assert "param W[n, n] = normal(0, 1/sqrt(n)) (shared) 6" in lines
    assert "h flow f:h, reset sequence" in lines
    assert "class of c" in lines
    assert "eta of h: eta.h" in lines


@pytest.mark.parametrize("name", ["equations", "step", "program"])
def test_every_definition_has_a_line(name: str) -> None:
    product = hdsl.loads(TEXT).product(name)
    held = {
        "equations": lambda: (*product.definitions, *product.all),
        "step": lambda: product.lines,
        "program": lambda: [line for program in product.all for line in program.lines],
    }[name]()
    equations = [line for line in product_text(product).splitlines() if " = " in line]
    assert len(equations) == len(held) > 5
    assert any("ω_W" in line and line.endswith("  8") for line in equations)


def test_what_is_no_product_has_no_text() -> None:
    with pytest.raises(TypeError, match="no text for int"):
        product_text(3)


def test_the_text_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "import hdsl, sys\nfrom hdsl.compiler import PASSES\nfrom hdsl.show.product import product_text\n"
        "model = hdsl.loads(sys.argv[1])\nprint('\\n'.join(product_text(model.product(name)) for name in PASSES))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program, TEXT], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1
    assert len(PASSES) > 5
