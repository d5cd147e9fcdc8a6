"""Opening: the source of whatever a user names."""

from __future__ import annotations

from pathlib import Path

from hdsl.runtime.source.csv_rows import CsvSource
from hdsl.runtime.source.opening import open_source


def test_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("a,b\n1,2\n")
    source = open_source(path)
    assert isinstance(source, CsvSource) and source.header == ("a", "b")
