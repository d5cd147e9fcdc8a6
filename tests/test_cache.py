"""What is kept on disk: whole or not at all, within bounds, in a folder that is the user's own, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hdsl import cache
from hdsl.cache import cache_folder, fetch, is_off, keep


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kept" / "here"
    monkeypatch.setenv("HDSL_CACHE", str(folder))
    return folder


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_kept_is_found_again(own: Path) -> None:
    assert fetch("a") is None
    keep("a", b"\x00hello\nand\xff")
    assert fetch("a") == b"\x00hello\nand\xff"
    assert fetch("b") is None
    keep("a", b"")
    assert fetch("a") == b"" and entries(own) == ["a"]


DAMAGES = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[:-3],
    "a character changed": lambda content: content.replace(b"hello", b"hallo"),
    "longer": lambda content: content + b"!",
    "without its hash": lambda content: content.partition(b"\n")[2],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_not_there_and_is_written_again(damage: str, own: Path) -> None:
    keep("a", b"hello")
    (own / "a").write_bytes(DAMAGES[damage]((own / "a").read_bytes()))
    assert fetch("a") is None
    keep("a", b"hello")
    assert fetch("a") == b"hello"


def test_a_folder_or_a_link_to_nothing_in_its_place_is_not_there(own: Path) -> None:
    (own / "a").mkdir(parents=True)
    own.chmod(0o700)
    assert fetch("a") is None
    keep("a", b"hello")  # which cannot be written, and says nothing
    assert fetch("a") is None
    (own / "b").symlink_to(own / "nowhere")
    assert fetch("b") is None
    assert entries(own) == ["a", "b"]  # nothing half written is left


def test_off_is_of_models_and_names_no_folder(own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not is_off()
    monkeypatch.setenv("HDSL_CACHE", "Off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert is_off() and cache_folder() != Path("Off")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's")
def test_a_folder_that_others_can_write_to_is_not_used(own: Path) -> None:
    keep("a", b"hello")
    assert own.stat().st_mode & 0o777 == 0o700 and (own / "a").stat().st_mode & 0o077 == 0
    own.chmod(0o777)
    assert fetch("a") is None
    keep("b", b"hello")
    assert entries(own) == ["a"]
    own.chmod(0o700)
    (own / "a").chmod(0o666)
    assert fetch("a") is None


def test_a_file_in_place_of_the_folder_is_no_error(own: Path) -> None:
    own.parent.mkdir()
    own.write_text("not a folder")
    keep("a", b"hello")
    assert fetch("a") is None


def test_what_was_used_longest_ago_goes_first(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 3 * 1200)
    for k, name in enumerate("abc"):
        keep(name, b"0" * 1000)
        os.utime(own / name, ns=(k, k))
    assert fetch("a") is not None  # used just now
    keep("d", b"0" * 1000)
    assert entries(own) == ["a", "c", "d"]
    (own / "left.part").write_bytes(b"0" * 1000)
    os.utime(own / "left.part", ns=(0, 0))
    keep("e", b"e")
    assert "left.part" not in entries(own)


@pytest.mark.parametrize(
    ("platform", "variable", "wanted"),
    [
        ("linux", "XDG_CACHE_HOME", "there/hdsl"),
        ("linux", "", "home/.cache/hdsl"),
        ("darwin", "", "home/Library/Caches/hdsl"),
        ("win32", "LOCALAPPDATA", "there/hdsl"),
    ],
)
def test_the_folder_is_where_the_system_has_such_things(
    platform: str, variable: str, wanted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HDSL_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os.path, "expanduser", lambda path: str(tmp_path / "home"))
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "there"))
    assert cache_folder() == tmp_path / wanted


MANY = """
import sys
from hdsl.cache import fetch, keep
text = sys.argv[1].encode() * 200_000
for _ in range(20):
    keep("same", text)
    found = fetch("same")
    assert found is not None and len(found) == 200_000 and len(set(found)) == 1, (found or b"")[:9]
"""


def test_processes_that_write_at_once_see_whole_entries(own: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", MANY, letter], stderr=subprocess.PIPE) for letter in "abcd"]
    assert [(one.communicate()[1], one.returncode) for one in running] == [(b"", 0)] * 4
    assert entries(own) == ["same"]


def test_a_file_of_its_own_is_found_whole_or_not_at_all(own: Path) -> None:
    path = cache.keep_file("f", b"hello")
    assert path == own / "f" and cache.fetch_file("f") == path
    assert path.read_bytes() == b"hello"
    path.write_bytes(b"hell")
    assert cache.fetch_file("f") is None and cache.fetch_file("g") is None
    assert cache.keep_file("f", b"hello") == path
