"""The text of every pass for every model that ships, pinned: a change of sign, order or wording is seen in a diff.

``GOLDEN=write make test`` writes the files anew, and fails, so that nobody leaves it on; then read the diff.
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import hdsl
from hdsl.compiler import PASSES, VERSION
from hdsl.resources import folder
from hdsl.show.product import product_text

GOLDEN = Path(__file__).resolve().parent / "golden"
MODELS = sorted(path.stem for path in folder("models").glob("*.ham"))
SOME = ["diagonal", "gru", "lqr", "sunspots"]


@cache
def model_of(name: str) -> hdsl.api.Model:
    return hdsl.load(name)


def text_of(model: str, name: str) -> str:
    """What ``hdsl show --pass`` prints, whichever version of hdsl it is."""
    return product_text(model_of(model).product(name)).replace(f"by hdsl {VERSION} ", "by hdsl VERSION ")


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("model", MODELS)
def test_a_pass_gives_the_text_it_gave(model: str, name: str) -> None:
    path, found = GOLDEN / model / f"{name}.txt", text_of(model, name)
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
        pytest.fail(f"wrote golden/{model}/{name}.txt; read the diff, then run without GOLDEN")
    wanted = path.read_text(encoding="utf-8")
    lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), "golden", "now", lineterm="")
    assert found == wanted, "\n" + "\n".join(lines)


def test_there_is_a_golden_file_for_each_model_and_pass_and_no_other() -> None:
    found = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert found == {f"{model}/{name}.txt" for model in MODELS for name in PASSES}


@pytest.mark.parametrize("models", [SOME, pytest.param(MODELS[::2], marks=pytest.mark.slow)], ids=["some", "half"])
def test_nothing_depends_on_the_order_of_hashes(models: list[str]) -> None:
    # In one process for each seed; hashes of str differ between them, and with them the order of every set. They differ
    # between two runs of the tests as well, so that a text that hangs on them will not be the golden one for long.
    program = (
        "import hashlib, hdsl\nfrom hdsl.compiler import PASSES\nfrom hdsl.show.product import product_text\n"
        f"for name in {models!r}:\n"
        "    model = hdsl.load(name)\n"
        "    for one in PASSES:\n"
        "        text = product_text(model.product(one))\n"
        "        print(name, one, hashlib.sha256(text.encode()).hexdigest())\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    one, two = (process.communicate()[0].splitlines() for process in running)
    assert [process.returncode for process in running] == [0, 0]
    assert len(one) == len(models) * len(PASSES)
    assert one == two
