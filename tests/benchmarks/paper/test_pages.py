from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.paper import pages


def test_what_a_command_made_stands_between_the_marks_and_prose_stays(tmp_path: Path) -> None:
    page = tmp_path / "this.md"
    page.write_text("# This\n\n<!-- table -->\nold\n<!-- end of table -->\n\nProse.\n", encoding="utf-8")
    for made in ("| a |\n", "| b |\n"):  # a second run finds the marks again
        pages.write("this", {"table": made}, tmp_path)
    assert page.read_text(encoding="utf-8") == "# This\n\n<!-- table -->\n| b |\n<!-- end of table -->\n\nProse.\n"


def test_a_page_is_of_a_whole_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    reader = pages.arguments("this", "What is measured.\n\nHow.")
    assert "How." not in reader.format_help()
    assert pages.read(reader, ["--quick"]).quick
    with pytest.raises(SystemExit):
        pages.read(reader, ["--quick", "--docs"])
    assert "leave out --quick" in capsys.readouterr().err


def test_a_page_names_its_command_and_the_machine() -> None:
    said = pages.made_by("this", ["--docs"])
    assert said.startswith("`python -m benchmarks.paper.this --docs`, on ")
    assert "1 thread," in said


def test_the_same_drawing_gives_the_same_bytes(tmp_path: Path) -> None:
    drawn = []
    for _ in range(2):
        with pages.drawing("this", columns=2, folder=tmp_path, sharey=True) as (left, right):
            left.loglog([1, 10], [1, 100], marker="o", label="error")
            left.legend()
            right.set_title("τ = 0.5")
        drawn.append((tmp_path / "this.svg").read_bytes())
    assert drawn[0] == drawn[1]
    assert b"<dc:date>" not in drawn[0]
