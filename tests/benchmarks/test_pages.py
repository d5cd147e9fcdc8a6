from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import large, pages, scaling, speed, start
from benchmarks.pages import Table, between, inside, markdown

HEADS = speed.HEADS | large.HEADS | scaling.HEADS | start.HEADS


@pytest.mark.parametrize(
    "text", ["", "<!-- end of table -->\n<!-- table -->\n", "<!-- table -->\n" * 2 + "<!-- end of table -->"]
)
def test_a_page_without_its_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs <!-- table -->"):
        between(text, "table", "| a |")


def test_a_table_has_as_many_cells_in_every_row() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    with pytest.raises(ValueError, match="1 cells below a head of 2"):
        markdown(["a", "b"], [["1"]])


def test_what_a_command_made_stands_between_its_marks_under_its_name(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- it -->\nold\n<!-- end of it -->\nAfter.\n", encoding="utf-8")
    made = Table("it", ("a", "b"), (("1", "2"),), ("A note.",))
    pages.publish("speed", [made], threads=1, load=0.5, page=page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n<!-- it -->\n`python -m benchmarks.speed")
    assert text.endswith("<!-- end of it -->\nAfter.\n")
    assert "at a load of 0.5" in text and "| 1 | 2 |\n\nA note.\n<!--" in text
    assert "A note." in made.text()


@pytest.mark.parametrize("mark", list(HEADS))
def test_the_page_of_speed_has_the_tables_of_its_commands(mark: str) -> None:
    there = inside(pages.SPEED.read_text(encoding="utf-8"), mark)
    assert f"| {' | '.join(HEADS[mark])} |" in there, f"{mark} in docs/speed.md is of other columns: make it again with --docs"


def test_no_mark_is_written_by_two_commands() -> None:
    assert len(HEADS) == sum(len(made.HEADS) for made in (speed, large, scaling, start))
