"""Native text: what it tells its caller, the same at every run, and a sentence where there is none."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

import hdsl
from hdsl.emit.native_module import NativeText, NotNative, emit_native, laid_out, why_not

SUNSPOTS = hdsl.load("sunspots").product("program")


def made(batch: int = 1) -> NativeText:
    return emit_native(SUNSPOTS, "0", {"n": 32}, batch, "float")


def test_it_tells_what_is_handed_over_in_order() -> None:
    text = made(2)
    assert text.cells[:3] == ("h", "z:h", "w:W") and "turned:W" not in text.cells
    assert text.sample == ("u", "v", "present:v")
    assert set(text.numbers) == {"learn:eta", "learn:beta"}
    assert text.begun == (0, 1)
    assert [(each.sizes, each.shared) for each in text.results["learn"]] == [((1,), False), ((1,), False)]
    assert text.results.keys() == {"learn", "observe"}


def test_it_tells_how_its_cells_are_shaped() -> None:
    shapes = dict(zip(made(2).cells, made(2).shapes, strict=True))
    assert shapes["h"] == shapes["z:h"] == (2, 32) and shapes["w:W"] == (32, 32)


def test_it_is_read_again_as_it_was_told() -> None:
    assert NativeText.read(made().told()) == made()
    with pytest.raises((KeyError, ValueError)):
        NativeText.read("{}")


def test_it_is_the_same_under_another_hash_seed() -> None:
    code = (
        "import hashlib, hdsl; from hdsl.emit.native_module import emit_native; "
        "text = emit_native(hdsl.load('sunspots').product('program'), '0', {'n': 32}, 1, 'float').told(); "
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    told = subprocess.run([sys.executable, "-c", code], env=_env("7"), capture_output=True, text=True, check=True).stdout
    assert told.strip() == hashlib.sha256(made().told().encode()).hexdigest()


def _env(seed: str) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONHASHSEED": seed}


@pytest.mark.parametrize(("line", "word"), [("conv2d(x, K)", "conv2d"), ("expm(x[0])", "expm")])
def test_convolutions_and_exponentials_of_matrices_are_left_to_torch(line: str, word: str) -> None:
    text = f"ham 1\ninput x[1, 4, 4]\nparam K[1, 1, 2, 2] = 0.1\noutput y = sum({line}) + sum(K)\ncost c = y^2\n"
    programs = hdsl.loads(text).product("program")
    assert word in (why_not(programs) or "")
    with pytest.raises(NotNative, match=word):
        emit_native(programs, "0", {}, 1, "float")


def test_replay_is_left_to_torch() -> None:
    text = hdsl.loads(
        "ham 1\ninput u\ntarget v\nstate h = 0\nparam w = 0.5\nnext h = w*h + u\ncost c = (h - v)^2\nlearn\n"
        "    schedule = replay\n    eta.param = 1\n"
    )
    assert "replay" in (why_not(text.product("program")) or "")


def test_braces_are_laid_out() -> None:
    lines = ["a {", "b;", "#pragma p", "c {", "d;", "}", "}"]
    assert laid_out(lines) == "a {\n    b;\n#pragma p\n    c {\n        d;\n    }\n}\n"
