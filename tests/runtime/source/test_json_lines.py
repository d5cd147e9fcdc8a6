"""JSON lines: values by name, of files and pipes, and the place of whatever is wrong."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsl.runtime.source.block import BROKEN, CELLS, CUT, SIZE, TYPE, StreamError
from hdsl.runtime.source.json_lines import JsonSource
from hdsl.runtime.source.lines import FileLines, PipeLines


def source(folder: Path, content: str | bytes) -> JsonSource:
    path = folder / "s.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return JsonSource(FileLines(path))


def test_objects_by_name(tmp_path: Path) -> None:
    lines = ["", '{"u": [1, 2.5], "v": null, "A": [[1, 2]], "note": "x"}', '{"v": 3, "u": [4, null], "A": [[5, 6]]}', ""]
    found = source(tmp_path, "\n".join(lines))
    assert found.header == ("u[0]", "u[1]", "v", "A[0,0]", "A[0,1]", "note")
    (block,) = found.blocks(["u[0]", "u[1]", "v", "A[0,1]"])
    assert str(block.numbers["u[1]"].tolist()) == "[2.5, nan]"
    assert [block.numbers[name].tolist() for name in ("u[0]", "A[0,1]")] == [[1, 4], [2, 6]]
    assert np.isnan(block.numbers["v"][0]) and block.numbers["v"][1] == 3
    assert (block.places.tolist(), block.faults) == ([2, 3], {})
    assert block.tell(1, "v", "more") == f"{found.name}:3: found `3` for `v`, expected more"
    assert block.tell(1, "u[1]", "more") == f"{found.name}:3: found nothing for `u[1]`, expected more"


BAD: list[tuple[str, str, str]] = [
    ('{"u": 1', BROKEN, ":2:8: this is no JSON (Expecting ',' delimiter)"),
    ("[1, 2]", BROKEN, ':2: found `[1, 2]`, expected a JSON object, for example {"u": 1.5, "v": 2}'),
    ('{"u": "1", "l": [1, 2]}', TYPE, ':2: found `"1"` for `u`, expected a number, or nothing where it is missing'),
    ('{"u": true, "l": [1, 2]}', TYPE, ":2: found `true` for `u`, expected a number"),
    ('{"u": Infinity, "l": [1, 2]}', SIZE, ":2: found `Infinity` for `u`, expected a number that a float64 can hold"),
    (f'{{"u": 1{"0" * 400}, "l": [1, 2]}}', SIZE, f":2: found `1{'0' * 39}…` for `u`, expected a number that"),
    ('{"u": 1, "l": [1]}', CELLS, ":2: found a list of 1, expected one of 2 for `l`, as in the first line"),
    ('{"u": 1, "l": 7}', CELLS, ":2: found `7`, expected a list of 2 for `l`, as in the first line"),
    ('{"u": 1, "l": [1, 2], "e": "yes"}', TYPE, ':2: found `"yes"` for `e`, expected 0, 1, false or true'),
    ("[" * 100_000, BROKEN, ":2: this is no JSON (it is nested too deep)"),
]


@pytest.mark.parametrize(("line", "kind", "message"), BAD, ids=[line[:20] for line, _, _ in BAD])
def test_a_bad_line_is_pointed_at_and_the_next_one_is_read(tmp_path: Path, line: str, kind: str, message: str) -> None:
    found = source(tmp_path, f'{{"u": 0, "l": [0, 0], "e": false}}\n{line}\n{{"u": 5, "l": [6, 7], "e": 1}}\n')
    (block,) = found.blocks(["u", "l[0]", "l[1]", "e"], truths=["e"])
    assert list(block.faults) == [1]
    assert block.faults[1].message.startswith(found.name + message)
    assert block.faults[1].kind == kind
    assert [block.numbers[name][2] for name in ("u", "l[1]", "e")] == [5, 7, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "s.jsonl: the file is empty; expected a JSON object a line"),
        ("u,v\n1,2\n", "s.jsonl:1:1: this is no JSON (Expecting value)"),
        (b'{"\xff": 1}\n', "s.jsonl:1: this is no UTF-8 text (byte 0xff)"),
    ],
)
def test_a_file_without_an_object_says_so(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(StreamError) as wrong:
        source(tmp_path, content)
    assert message in str(wrong.value)


@pytest.mark.parametrize(("end", "cut"), [('{"u": 3', True), ('{"u": 3}', False)])
def test_a_pipe_that_ends_within_an_object_is_cut_off(end: str, cut: bool) -> None:
    reader, writer = os.pipe()
    os.write(writer, f'{{"u": 1}}\n{{"u": 2}}\n{end}'.encode())
    os.close(writer)
    found = JsonSource(PipeLines("<pipe>", reader))
    assert found.live and found.expected() is None
    blocks = list(found.blocks(["u"]))
    faults = [(fault.kind, fault.message) for block in blocks for fault in block.faults.values()]
    assert faults == ([(CUT, "<pipe>:3: the stream ends in the middle of this line")] if cut else [])
    assert [v for b in blocks for k, v in enumerate(b.numbers["u"]) if k not in b.faults] == ([1, 2] if cut else [1, 2, 3])
    with pytest.raises(StreamError, match="cannot be read a second time"):
        found.blocks(["u"])
    os.close(reader)


VALUE = st.one_of(st.none(), st.floats(allow_infinity=False), st.integers(-(10**20), 10**20))


@given(rows=st.lists(VALUE, min_size=1, max_size=12), size=st.integers(1, 5))
def test_what_python_writes_is_read_however_it_is_cut(rows: list[Any], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = source(Path(folder), "".join(json.dumps({"u": value}) + "\n" for value in rows))
        read = np.concatenate([block.numbers["u"] for block in found.blocks(["u"], size=size)])
    np.testing.assert_array_equal(read, [np.nan if value is None else float(value) for value in rows])
