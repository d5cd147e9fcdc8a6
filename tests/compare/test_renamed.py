from __future__ import annotations

from collections.abc import Mapping

from hdsl.compare.renamed import Renamed, renamings
from hdsl.compiler import Compiler
from hdsl.model.model import Model
from hdsl.syntax.source import Source


def model(names: str, sizes: str = "[2]") -> Model:
    text = "".join(f"param {name}{sizes} = ones\n" for name in names)
    return Compiler(Source(f"{text}cost k = {' + '.join(f'sum({name})' for name in names)}\n")).model


def test_the_pair_that_leaves_fewest_differences_is_taken() -> None:
    def distance(renamed: Mapping[str, str]) -> int:
        return 4 - sum({"a": "d", "b": "e"}.get(old) == new for old, new in renamed.items())

    found = renamings(model("abc"), model("edc"), distance)
    assert found == (Renamed("param", "a", "d"), Renamed("param", "b", "e"))


def test_what_helps_nothing_or_is_not_alike_is_not_taken() -> None:
    assert renamings(model("a"), model("d"), lambda renamed: 3) == ()
    assert renamings(model("a"), model("d", "[3]"), lambda renamed: 3 - len(renamed)) == ()
