"""What is kept on disk: whole or not at all, within bounds, in a folder that is the user's own, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hdsl import cache
from hdsl.cache import cache_folder, fetch, keep


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kept" / "here"
    monkeypatch.setenv("HDSL_CACHE", str(folder))
    return folder


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_kept_is_found_again(own: Path) -> None:
    assert fetch("a") is None
    keep("a", {"text": "h′ = −h", "numbers": [1, 2.5, None]})
    assert fetch("a") == {"text": "h′ = −h", "numbers": [1, 2.5, None]}
    assert fetch("b") is None
    keep("a", "other")
    assert fetch("a") == "other" and entries(own) == ["a.json"]


DAMAGES = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[:-3],
    "a character changed": lambda content: content.replace(b"hello", b"hallo"),
    "no text": lambda content: b"\xff\xfe" + content,
    "no JSON though its hash is right": lambda content: f"{cache._digest('{')}\n{{".encode(),
    "too deep": lambda content: f"{cache._digest('[' * 10**5)}\n{'[' * 10**5}".encode(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_not_there_and_is_written_again(damage: str, own: Path) -> None:
    keep("a", "hello")
    (own / "a.json").write_bytes(DAMAGES[damage]((own / "a.json").read_bytes()))
    assert fetch("a") is None
    keep("a", "hello")
    assert fetch("a") == "hello"


def test_a_folder_or_a_link_to_nothing_in_its_place_is_not_there(own: Path) -> None:
    (own / "a.json").mkdir(parents=True)
    own.chmod(0o700)
    assert fetch("a") is None
    keep("a", "hello")  # which cannot be written, and says nothing
    assert fetch("a") is None
    (own / "b.json").symlink_to(own / "nowhere")
    assert fetch("b") is None
    assert entries(own) == ["a.json", "b.json"]  # nothing half written is left


def test_off_keeps_nothing(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep("a", "hello")
    monkeypatch.setenv("HDSL_CACHE", "Off")
    assert cache_folder() is None and fetch("a") is None
    keep("b", "hello")
    assert entries(own) == ["a.json"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's")
def test_a_folder_that_others_can_write_to_is_not_used(own: Path) -> None:
    keep("a", "hello")
    assert own.stat().st_mode & 0o777 == 0o700 and (own / "a.json").stat().st_mode & 0o077 == 0
    own.chmod(0o777)
    assert fetch("a") is None
    keep("b", "hello")
    assert entries(own) == ["a.json"]


def test_a_file_in_place_of_the_folder_is_no_error(own: Path) -> None:
    own.parent.mkdir()
    own.write_text("not a folder")
    keep("a", "hello")
    assert fetch("a") is None


def test_what_was_used_longest_ago_goes_first(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 3 * 1200)
    for k, name in enumerate("abc"):
        keep(name, name * 1000)
        os.utime(own / f"{name}.json", ns=(k, k))
    assert fetch("a") == "a" * 1000  # used just now
    keep("d", "d" * 1000)
    assert entries(own) == ["a.json", "c.json", "d.json"]
    (own / "left.part").write_bytes(b"0" * 1000)
    os.utime(own / "left.part", ns=(0, 0))
    keep("e", "e")
    assert "left.part" not in entries(own)


@pytest.mark.parametrize(
    ("platform", "variable", "wanted"),
    [
        ("linux", "XDG_CACHE_HOME", "there/hdsl"),
        ("linux", "", "home/.cache/hdsl"),
        ("darwin", "", "home/Library/Caches/hdsl"),
        ("win32", "LOCALAPPDATA", "there/hdsl/cache"),
    ],
)
def test_the_folder_is_where_the_system_has_such_things(
    platform: str, variable: str, wanted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HDSL_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "there"))
    assert cache_folder() == tmp_path / wanted


MANY = """
import sys
from hdsl.cache import fetch, keep
text = sys.argv[1] * 200_000
for _ in range(20):
    keep("same", text)
    found = fetch("same")
    assert found is not None and len(found) == 200_000 and len(set(found)) == 1, (found or "")[:9]
"""


def test_processes_that_write_at_once_see_whole_entries(own: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", MANY, letter], stderr=subprocess.PIPE) for letter in "abcd"]
    assert [(one.communicate()[1], one.returncode) for one in running] == [(b"", 0)] * 4
    assert entries(own) == ["same.json"]
