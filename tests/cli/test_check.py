"""`hdsl check`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hdsl.cli.main import status
from hdsl.lint.allow import warning_codes
from hdsl.resources import folder

BAD = "ham 1\ninput u\nparam w = 0\noutput y = wieght * u\noutput z = uu\n"


def test_all_findings_of_all_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.ham").write_text(BAD)
    path = str(tmp_path / "bad.ham")
    assert status(["check", path, "sunspots", path]) == 1
    shown = capsys.readouterr().out
    assert shown.count("`wieght` is not declared") == 2
    assert shown.count(f"--> {path}:4:12") == 2
    assert shown.splitlines()[-1] == "3 models checked: 4 errors, no warnings"


def test_nothing_wrong_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "sunspots"]) == 0
    assert capsys.readouterr().out == "1 model checked: no errors, no warnings\n"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("component part(x) { return x }\n", 0, "1 file of components checked: no errors, no warnings\n"),
        ('use "layers.ham"\ndef twice(x) = 2*x\n', 0, "1 file of components checked: no errors, no warnings\n"),
        ("component part(x) { return y }\n", 1, "1 file of components checked: 1 error, no warnings\n"),
        ("component part(x) { return }\n", 1, "1 file of components checked: 1 error, no warnings\n"),
        ("component part(x) { return x }\nparam w = 0\n", 1, "1 model checked: 1 error, no warnings\n"),
        ('use "layers.ham"\n', 1, "1 model checked: 1 error, no warnings\n"),
        ("", 1, "1 model checked: 1 error, no warnings\n"),
    ],
)
def test_a_file_of_components_need_hold_no_model(
    text: str, code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "parts.ham").write_text(f"ham 1\n{text}" if text else "")
    assert status(["check", str(tmp_path / "parts.ham")]) == code
    assert capsys.readouterr().out.endswith(told)


def test_what_needs_a_model_refuses_a_file_of_components(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "parts.ham").write_text("component part(x) { return x }\n")
    assert status(["check", "sunspots", str(tmp_path / "parts.ham")]) == 0
    assert capsys.readouterr().out == "1 model and 1 file of components checked: no errors, no warnings\n"
    assert status(["derive", str(tmp_path / "parts.ham")]) == 1
    assert "it holds components, for other files to `use`; a model has" in capsys.readouterr().err


def test_a_warning_is_no_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ham").write_text("ham 1\ndim n = 3\ninput u\nparam w = 0\noutput y = w * u\ncost c = squared(y)\n")
    assert status(["check", str(tmp_path / "a.ham")]) == 0
    shown = capsys.readouterr().out
    assert "warning[" in shown and "no errors, 1 warning\n" in shown


WARNED = "input u\ninput w\nparam r = 1\noutput y = r*u\ncost c = squared(y)\n"


@pytest.mark.parametrize(
    ("deny", "code", "told"),
    [
        (["unused"], 1, "error[unused]"),
        (["idle-cost, unused"], 1, "error[unused]"),
        (["idle-cost", "--deny", "all"], 1, "error[unused]"),
        (["idle-cost"], 0, "warning[unused]"),
    ],
)
def test_a_denied_warning_is_a_mistake(
    deny: list[str], code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.ham").write_text(WARNED)
    assert status(["check", str(tmp_path / "a.ham"), "--deny", *deny]) == code
    assert told in capsys.readouterr().out


def test_what_is_allowed_in_the_file_is_not_denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ham").write_text(WARNED.replace("input w", "input w  # ham: allow unused"))
    assert status(["check", str(tmp_path / "a.ham"), "--deny", "all"]) == 0
    assert capsys.readouterr().out == "1 model checked: no errors, no warnings\n"


def test_only_warnings_can_be_denied(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "sunspots", "--deny", "unusd"]) == 2
    assert "there is no warning `unusd`; did you mean `unused`?" in capsys.readouterr().err


def test_warnings_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.ham").write_text("state h = 1\nh' = -3*h\noutput y = h\n")
    assert status(["check", str(tmp_path / "a.ham"), "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["code"], entry["severity"], entry["line"]) == ("unstable-step", "warning", 2)


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.ham").write_text(BAD)
    assert status(["check", str(tmp_path / "bad.ham"), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(entry["code"], entry["line"], entry["column"]) for entry in found] == [
        ("unknown-name", 4, 12),
        ("unknown-name", 5, 12),
    ]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"ham 1\n\x00", b"(" * 5000])
def test_no_file_is_a_fault(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ham").write_bytes(content)
    assert status(["check", str(tmp_path / "a.ham")]) == 1
    assert "error[" in capsys.readouterr().out


def test_a_missing_file_stops_before_anything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "sunspots", "nowhere.ham"]) == 2
    assert capsys.readouterr().out == ""


def test_fix_writes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.ham"
    path.write_text("param weight = 0\ninput u\noutput y == wieght * u\noutput z = q\n")
    assert status(["check", "--fix", str(path)]) == 1
    assert path.read_text() == "ham 1\nparam weight = 0\ninput u\noutput y = weight * u\noutput z = q\n"
    shown = capsys.readouterr().out
    assert shown.splitlines()[:3] == [
        f"{path}:3:10: `==` → `=` (equals)",
        f"{path}:3:12: `wieght` → `weight` (unknown-name)",
        f"{path}:1:1: `ham 1` put in front",
    ]
    assert shown.splitlines()[-1] == "1 model checked: 1 error, no warnings"
    assert [file.name for file in tmp_path.iterdir()] == ["bad.ham"]


def test_fix_with_json_tells_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.ham"
    path.write_text("ham 1\noutput y == q\n")
    assert status(["check", "--fix", str(path), "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert [entry["code"] for entry in json.loads(shown.out)] == ["unknown-name"]
    assert shown.err == f"{path}:2:10: `==` → `=` (equals)\n"


def test_fix_leaves_what_ships_and_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "--fix", "sunspots"]) == 2
    assert "a model that ships" in capsys.readouterr().err
    path = tmp_path / "bad.ham"
    path.write_bytes(b"\xff\n")
    assert status(["check", "--fix", str(path)]) == 1
    assert path.read_bytes() == b"\xff\n"


def test_fixes_are_edits_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.ham"
    path.write_text("ham 1\noutput y == 1\n")
    assert status(["check", str(path), "--format", "json"]) == 1
    (entry,) = json.loads(capsys.readouterr().out)
    edit = {"file": str(path), "line": 2, "column": 10, "end_line": 2, "end_column": 12, "text": "="}
    assert entry["fixes"] == [{"title": "write `=`", "safe": True, "edits": [edit]}]
    assert path.read_text() == "ham 1\noutput y == 1\n"


PAGE = folder("models").parent / "docs" / "lints.md"


def test_the_page_on_warnings_shows_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    command, _, shown = block.partition("\n")
    monkeypatch.chdir(tmp_path)
    Path("leaky.ham").write_text("ham 1\ninput u\nstate h = 0\nconst k = 2.5\nh' = u - k*h\noutput y = h\n")
    assert status(command.removeprefix("$ hdsl ").split()) == 0
    assert capsys.readouterr().out == shown


def test_the_page_on_warnings_has_them_all() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| code | warns of |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `([\w-]+)`", table, flags=re.MULTILINE)) == sorted(warning_codes())
