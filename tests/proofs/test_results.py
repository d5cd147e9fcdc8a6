"""The page of results: its figures stand on the pages that it names, its commands are there, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import hdsl
from hdsl.cli.main import status

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"
PAGE = (DOCS / "results.md").read_text(encoding="utf-8")
# Numbers as pages write them: 6.7e-16, 8.25, 68; not those within a name (`W1`, 2L) nor of a power.
NUMBER = re.compile(r"(?<![\w.^])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w.]*\w)")
VERDICTS = {"agrees", "in part", "not"}


class Row(NamedTuple):
    """A row of a table of the page; those beside the paper have no verdict, and the page is where the figures stand."""

    claim: str
    measured: str
    verdict: str | None
    command: str
    page: Path


def marked(text: str, mark: str) -> str:
    found = re.findall(rf"<!-- {mark} -->\n(.*?)<!-- end of {mark} -->", text, flags=re.DOTALL)
    assert len(found) == 1, mark
    return str(found[0])


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without heads and rules."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    heads = {at - 1 for at, row in enumerate(rows) if all(re.fullmatch(r":?-{3,}:?", cell) for cell in row)}
    return [row for at, row in enumerate(rows) if at not in heads and at - 1 not in heads]


def of(mark: str) -> list[Row]:
    found = []
    for claim, measured, *verdict, command, link in cells(marked(PAGE, mark)):
        (target,) = re.findall(r"\[[^]]+\]\(([^)]+)\)", link)
        found.append(Row(claim, measured, verdict[0] if verdict else None, command.strip("`"), DOCS / target))
    return found


CLAIMS, BESIDE = of("claims"), of("beside")
ROWS = [*CLAIMS, *BESIDE]


def named(row: Row) -> str:
    return f"{row.page.stem}: {row.claim}"


def told(page: Path) -> set[str]:
    """The numbers of a page, of tables and prose."""
    return set(NUMBER.findall(page.read_text(encoding="utf-8")))


def in_tables(page: Path) -> set[str]:
    """The numbers that stand between a page's marks, where it has any; else those of its tables."""
    text = page.read_text(encoding="utf-8")
    made = re.findall(r"<!-- (?!end of )([^>]+?) -->\n(.*?)<!-- end of \1 -->", text, flags=re.DOTALL)
    lines = text.splitlines() if not made else "\n".join(part for _, part in made).splitlines()
    return set(NUMBER.findall("\n".join(line for line in lines if made or line.startswith("|"))))


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_every_figure_stands_on_the_page_that_it_names(row: Row) -> None:
    """As the same text: a measurement that is made anew, with another figure, has to be told here as well."""
    figures = set(NUMBER.findall(row.measured))
    assert figures <= told(row.page), sorted(figures - told(row.page))
    exact = {figure for figure in figures if "e" in figure or re.search(r"\.\d\d", figure)}
    if row.page.parent.name == "paper":
        assert exact <= in_tables(row.page), sorted(exact - in_tables(row.page))


def test_a_figure_that_is_not_on_its_page_is_found() -> None:
    numbers = NUMBER.findall("at most 6.7e-16 in 68 cells, `W1`, 2L + 1, 10^6, 8.25 KiB beside 12.38, r = 1, 5, 20; 4%")
    assert numbers == ["6.7e-16", "68", "1", "10", "8.25", "12.38", "1", "5", "20", "4"]
    assert "6.7e-16" in in_tables(DOCS / "paper" / "campaign.md")
    assert "6.8e-16" not in told(DOCS / "paper" / "campaign.md")


def test_every_claim_has_a_verdict() -> None:
    assert {row.verdict for row in CLAIMS} == VERDICTS
    assert {row.verdict for row in BESIDE} == {None}


@pytest.mark.parametrize("command", sorted({row.command for row in ROWS}))
def test_every_command_is_there(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *rest = shlex.split(command)
    if program == "python":
        flag, module, *options = rest
        assert flag == "-m" and options == [] and find_spec(module) is not None
    else:
        assert program == "hdsl"
        verb, model, *_ = rest
        assert status([verb, "--help"]) == 0 and verb in capsys.readouterr().out
        assert hdsl.load(model).diagnostics == ()


@pytest.mark.parametrize("row", [row for row in ROWS if "benchmarks." in row.command], ids=named)
def test_the_page_says_that_the_command_made_it(row: Row) -> None:
    assert row.command in row.page.read_text(encoding="utf-8")


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", PAGE)
    for target in targets:
        assert target.startswith("https://") or (DOCS / target).is_file(), target


def test_every_page_on_the_paper_is_linked_and_the_readme_links_this_one() -> None:
    linked = {(DOCS / target).name for target in re.findall(r"\]\((paper/[^)\s]+)\)", PAGE)}
    assert linked == {page.name for page in (DOCS / "paper").glob("*.md")}
    assert "(docs/results.md)" in (TOP / "README.md").read_text(encoding="utf-8")


def test_the_largest_difference_of_the_campaign_is_the_one_told() -> None:
    text = (DOCS / "paper" / "campaign.md").read_text(encoding="utf-8")
    differences = [cell for row in cells(marked(text, "table")) for cell in row[2:5] if cell]
    assert max(map(float, differences)) == 6.7e-16 and len(differences) == 68
    (row,) = [row for row in CLAIMS if "68 cells" in row.measured]
    assert NUMBER.findall(row.measured)[:2] == [max(differences, key=float), str(len(differences))]


def test_the_largest_error_of_replay_is_the_one_told() -> None:
    text = (DOCS / "paper" / "bptt.md").read_text(encoding="utf-8")
    worst = max((cell for row in cells(marked(text, "table")) for cell in row[3:]), key=float)
    (row,) = [row for row in CLAIMS if row.page.stem == "bptt"]
    assert NUMBER.findall(row.measured)[0] == worst


def test_ticks_of_delayed_and_of_layerwise_nets_are_those_told() -> None:
    held = cells(marked((DOCS / "paper" / "delayed.md").read_text(encoding="utf-8"), "held"))
    assert [(int(row[1]), row[4]) for row in held] == [(2 * int(row[0]) + 1, "0") for row in held]
    assert (held[0][0], held[-1][0]) == ("1", "100")
    turns = cells(marked((DOCS / "paper" / "layerwise.md").read_text(encoding="utf-8"), "table"))
    simultaneous = [row for row in turns if row[0] == "simultaneous"]
    assert all(row[1] == row[2] and row[4] == f"{int(row[1]) + 2} = L + 2" for row in simultaneous)
    assert (simultaneous[0][1], simultaneous[-1][1]) == ("1", "20")


def test_boundary_problems_are_as_near_as_is_told() -> None:
    found = cells((DOCS / "optimal_control.md").read_text(encoding="utf-8"))
    off = {row[0].strip("`"): row[5].split()[0] for row in found}
    (row,) = [row for row in CLAIMS if row.page.stem == "optimal_control"]
    worst = max((figure for name, figure in off.items() if name != "bryson_denham"), key=float)
    assert len(off) == 9 and row.measured.startswith("nine")
    assert NUMBER.findall(row.measured) == ["1", worst, off["bryson_denham"]]


def test_margins_of_the_nets_that_ship_are_those_told() -> None:
    nets = {
        "state_space",
        "diagonal",
        "complex_diagonal",
        "skew",
        "oscillators",
        "autonomous",
        "skew_tanh",
        "leaky_layers",
    }
    nets |= {"rnn", "gru", "lstm_online"}
    found = cells((DOCS / "models.md").read_text(encoding="utf-8"))
    margins = {row[0].strip("`"): int(row[5].split("%")[0]) for row in found if row[0].strip("`") in nets}
    (row,) = [row for row in CLAIMS if row.page.stem == "models"]
    assert set(margins) == nets and len(nets) == 11 and row.measured.startswith("eleven")
    assert [int(figure) for figure in NUMBER.findall(row.measured)] == [min(margins.values()), max(margins.values())]
