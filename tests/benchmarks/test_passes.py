from __future__ import annotations

import pytest

from benchmarks.passes import PASSES, main
from benchmarks.start import TRANSFORMER
from hdsl.compiler import Compiler
from hdsl.syntax.gather import gather
from hdsl.syntax.read import read


def test_a_model_is_told_with_every_pass(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--models", "leaky_neuron", "--turns", "1"])
    head, row = (line.split() for line in capsys.readouterr().out.splitlines()[-3::2])
    assert head[2 : 2 + len(PASSES)] == [*PASSES] and row[0] == "leaky_neuron" and len(row) == 3 + len(PASSES)


def test_the_deep_model_is_one_of_twelve_layers() -> None:
    source, _ = read(TRANSFORMER.read_bytes(), TRANSFORMER.name)
    compiler = Compiler(gather(source, TRANSFORMER.parent))
    assert compiler.model.dims["layers"] == 12 and sum(name.endswith(".Wq") for name in compiler.model.quantities) == 12
